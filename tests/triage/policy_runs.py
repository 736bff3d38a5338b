"""Runs the command `policy run` on texts."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from services.triage.__main__ import app


@dataclass(frozen=True)
class Ran:
    """What a run printed, and how it ended."""

    lines: list[dict[str, Any]]
    said: str  # on stderr, without the folder of the files
    exit_code: int


def run(
    folder: Path, document: str, cases: str, as_of: str = "2026-03-01", suffix: str = ".yaml"
) -> Ran:
    """Run a policy on cases."""
    policy_file, cases_file = folder / "policy.yaml", folder / f"cases{suffix}"
    policy_file.write_text(document)
    cases_file.write_text(cases, errors="surrogateescape")
    arguments = [str(policy_file), str(cases_file), "--as-of", as_of]
    result = CliRunner().invoke(app, ["policy", "run", *arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    return Ran(lines, result.stderr.replace(f"{folder}/", ""), result.exit_code)
