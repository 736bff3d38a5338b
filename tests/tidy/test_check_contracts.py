"""`make check-contracts` and `make check-pages` do not pass by having checked nothing."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.paths import REPOSITORY

CONTRACTS, PAGES = (REPOSITORY / f"tests/{one}/check.sh" for one in ("interface", "browser"))


def check(
    folder: Path, *tools: str, script: Path = CONTRACTS, **environment: str
) -> tuple[int, str]:
    """Run one where only these tools are; `npm` and `node` are there and fail."""
    for name in ("dirname", "timeout", *tools):
        if name in {"npm", "node"}:
            (folder / name).write_text("#!/bin/sh\nexit 3\n")
            (folder / name).chmod(0o700)
        else:
            (folder / name).symlink_to(shutil.which(name) or name)
    bash = shutil.which("bash")
    assert bash
    done = subprocess.run(
        [bash, str(script)], check=False, capture_output=True, text=True, timeout=60,
        env={"PATH": str(folder), "HOME": os.environ.get("HOME", "/"), **environment},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_it_fails_in_ci_where_node_is_absent(tmp_path: Path) -> None:
    code, out = check(tmp_path, CI="1")
    assert (code, "NOT CHECKED" in out, "npm" in out) == (1, True, True)


def test_it_fails_in_ci_where_the_rules_are_not_in_their_folder(tmp_path: Path) -> None:
    code, out = check(tmp_path, "npm", "node", CI="1", STANDARDS=str(tmp_path))
    assert (code, f"there is no {tmp_path}" in out, "npm" in out) == (1, True, False)


@pytest.mark.parametrize("ci", ["", "1"])
def test_it_fails_where_a_tool_fails(tmp_path: Path, ci: str) -> None:
    assert check(tmp_path, "npm", "node", CI=ci)[0] == 3


def test_pages_fail_in_ci_where_there_is_no_browser_or_no_node(tmp_path: Path) -> None:
    code, out = check(tmp_path, script=PAGES, CI="1")
    assert (code, out.count("NOT CHECKED")) == (1, 2)
    assert "everything: no chromium" in out


def test_pages_that_cannot_be_checked_are_said_where_it_is_no_ci(tmp_path: Path) -> None:
    code, out = check(tmp_path, script=PAGES, CI="")
    assert (code, out.count("NOT CHECKED")) == (0, 2)
