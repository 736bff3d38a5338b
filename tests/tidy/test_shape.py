"""The system's own shape, and proof that each check can fail."""

from pathlib import Path

import pytest

from shared import topology
from tests.paths import REPOSITORY
from tests.tidy.shape import (
    BUSINESS_CLOCK,
    CLOCK_READS,
    CODE,
    calls,
    foreign_to_contracts,
    made_by_others,
    python_files,
    too_long,
    undocumented,
)
from tests.town import SERVICES

OWNERS = {event.__name__: event.owner for event in topology.EVENTS}
PURE = {
    "signals": ("arrivals", "cells", "reading", "receipts", "rules", "texts", "vera"),
    "triage": ("addresses", "announcements", "assignment", "cases", "casework", "conditions",
               "counts", "ddas", "deadlines", "ladder", "legal_path", "matches", "matching",
               "monitor", "persons", "proofreading/document", "proofreading/rules", "reports",
               "rulebook/dates", "rulebook/decide", "rulebook/document", "rulebook/functions",
               "rules", "simulation/comparing", "simulation/generated", "simulation/sides",
               "suppression", "traces"),
    "notify": ("appointments", "facts", "gate", "recipients", "schedule", "subjects",
               "writing/facts", "writing/loading", "writing/paragraphs",
               "writing/sentences", "writing/sms", "writing/texts", "writing/words"),
}  # fmt: skip


def planted(folder: Path, text: str) -> Path:
    path = folder / "planted.py"
    path.write_text(text)
    return path


def test_no_function_and_no_file_is_too_long() -> None:
    files = python_files(REPOSITORY, *CODE)
    assert len(files) > 100
    assert not [fault for path in files for fault in too_long(path)]


def test_a_long_function_and_a_long_file_are_found(tmp_path: Path) -> None:
    text = "def long():\n" + "    x = 1\n" * 40
    assert list(too_long(planted(tmp_path, text))) == ["planted.py:1: long has 41 lines"]
    assert list(too_long(planted(tmp_path, "x = 1\n" * 401))) == ["planted.py: 401 lines"]


def test_nobody_reads_a_clock_but_the_clock() -> None:
    clock = REPOSITORY / "shared/clock.py"
    files = [path for path in python_files(REPOSITORY, "shared", "services") if path != clock]
    assert not [fault for path in files for fault in calls(path, CLOCK_READS)]
    assert list(calls(clock, CLOCK_READS))


def test_pure_modules_do_not_even_ask_the_clock(tmp_path: Path) -> None:
    for service, names in PURE.items():
        for name in names:
            path = REPOSITORY / f"services/{service}/{name}.py"
            assert not list(calls(path, BUSINESS_CLOCK))
    broken = planted(tmp_path, "from shared import clock\nnow = clock.now()\n")
    assert list(calls(broken, BUSINESS_CLOCK)) == ["planted.py:2: clock.now"]


def test_contracts_import_pydantic_and_each_other_only(tmp_path: Path) -> None:
    for path in python_files(REPOSITORY, "shared/contracts"):
        assert not foreign_to_contracts(path), path
    broken = planted(tmp_path, "import json\nimport asyncpg\nfrom shared import db\n")
    assert foreign_to_contracts(broken) == {"asyncpg", "shared"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_makes_only_its_own_events(service: str, tmp_path: Path) -> None:
    files = python_files(REPOSITORY, f"services/{service}")
    assert not [fault for path in files for fault in made_by_others(path, service, OWNERS)]
    name, owner = next((n, owner) for n, owner in OWNERS.items() if owner != service)
    broken = planted(tmp_path, f"event = {owner}.{name}(x=1)\n")
    assert list(made_by_others(broken, service, OWNERS)) == [f"planted.py:1: {name} is {owner}'s"]


def test_every_event_has_a_consumer_or_a_reason_for_none() -> None:
    for event in topology.EVENTS:
        assert bool(event.consumers) != bool(event.no_consumer_because), event.__name__


def test_every_event_has_a_row_in_the_architecture() -> None:
    page = (REPOSITORY / "docs/ARCHITECTURE.md").read_text()
    assert not undocumented(page, OWNERS)
    assert undocumented("| `CaseOpened` | triage |", ["CaseOpened", "CaseClosed"]) == ["CaseClosed"]
