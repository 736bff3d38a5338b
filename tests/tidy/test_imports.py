"""The import contracts hold, and each is seen to fail when it is broken on purpose."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import REPOSITORY
from tests.tidy.generated import generated, stale

BROKEN = {
    "No service knows another": ("services/signals/sql/events.py", "import services.triage.rules"),
    "What is shared knows no service": ("shared/clock.py", "import services.notify.texts"),
    "A local tool is an outsider": ("deploy/local/story.py", "import shared.clock"),
    "Layers of signals": ("services/signals/texts.py", "import services.signals.rules"),
    "Layers of triage": ("services/triage/sql/work.py", "import services.triage.commands"),
    "Figures never feed rules": (
        "services/triage/deciding.py",
        "import services.triage.sql.monitor",
    ),
    "Layers of notify": ("services/notify/sql/alerts.py", "import services.notify.settings"),
    "Pure modules do no I/O": ("services/triage/rules.py", "import asyncpg"),
}


def lint_imports(folder: Path) -> str:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [program, "--no-cache"], cwd=folder, env={"PYTHONPATH": str(folder)}, timeout=100,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    return done.stdout


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for name in ("shared", "services", "deploy"):
        shutil.copytree(REPOSITORY / name, tmp_path / name)
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_contracts_hold_and_a_stray_file_breaks_one(copied: Path) -> None:
    said = lint_imports(copied)
    assert " 0 broken" in said
    assert all(f"{name} KEPT" in said for name in BROKEN)
    (copied / "services/signals/utils.py").write_text('"""Strays."""\n')
    assert "Layers of signals BROKEN" in lint_imports(copied)


@pytest.mark.parametrize("contract", BROKEN)
def test_a_broken_contract_is_found(copied: Path, contract: str) -> None:
    name, line = BROKEN[contract]
    path = copied / name
    path.write_text(path.read_text() + f"\n{line}\n")
    assert f"{contract} BROKEN" in lint_imports(copied)


async def test_the_generated_files_are_current_and_a_stale_one_is_found(tmp_path: Path) -> None:
    assert not stale(generated())
    old = tmp_path / "old.json"
    old.write_text("{}")
    assert stale(iter([(old, "{}\n"), (tmp_path / "missing.json", "{}")])) == [
        old, tmp_path / "missing.json",
    ]  # fmt: skip
