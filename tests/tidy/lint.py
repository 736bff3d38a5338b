"""`make lint`: every check of form, one after the other, all of them even if one fails."""

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.paths import REPOSITORY

# Rules of squawk that do not fit here, each with its reason.
SQUAWK_LEFT_OUT = {
    "require-lock-timeout": "the runner sets it for every migration",
    "require-statement-timeout": "a migration may last; what others wait for is its lock",
    "prefer-bigint-over-int": "revisions, attempts and tenths of a load stay far below 2^31",
}
CHECKS = {
    "style": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "types": ["mypy"],
    "imports": ["lint-imports", "--no-cache"],
    "migrations": [
        "squawk",
        "--assume-in-transaction",  # the runner opens one
        f"--exclude={','.join(SQUAWK_LEFT_OUT)}",
        *sorted(str(path.relative_to(REPOSITORY)) for path in REPOSITORY.glob("s*/**/*.sql")),
    ],
    "generated": ["python", "-m", "tests.tidy.generated"],
}
SECONDS_MAX = 300


def passes(name: str, command: list[str]) -> bool:
    """Run a check and say how it went; its output only when it failed."""
    began_at = time.monotonic()
    program = Path(sys.executable).with_name(command[0])
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [program, *command[1:]], cwd=REPOSITORY, env=environment, timeout=SECONDS_MAX,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    verdict = "failed" if done.returncode else "ok"
    print(f"{name:<11} {verdict:<7} {time.monotonic() - began_at:5.1f} s  {' '.join(command[:3])}")
    if done.returncode:
        print(done.stdout)
    return not done.returncode


if __name__ == "__main__":
    verdicts = {name: passes(name, command) for name, command in CHECKS.items()}
    raise SystemExit(not all(verdicts.values()))
