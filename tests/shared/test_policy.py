"""A policy with a fault never loads, and says which line is at fault."""

from datetime import date
from pathlib import Path

import pytest

from shared import policy
from shared.policy import PolicyFault
from shared.settings import StartupFault
from tests.builders import MUNICIPALITY, POLICY, POLICY_FILE
from tests.paths import POLICIES

TEXT = POLICY_FILE.read_text()


def line_with(part: str) -> int:
    return next(n for n, line in enumerate(TEXT.splitlines(), 1) if part in line)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("priority: 9", "priority: 10", "triage.rules.10.priority"),
        ("none\n      priority: 9", "call\n      priority: 9", "triage.rules.10.track"),
        ('digest_at: "08:00"', 'digest_at: "8 uur"', "notify.digest_at"),
        ("offsets: [digest], source: \"DESIGN 6\"", "offsets: [soms], source: x y z", "offsets"),
        ("floor_cents: {value: 7500", "floor_cents: {value: -1", "triage.floor_cents.value"),
        ("municipality: GM9901", "municipality: Voorbeeldstad", "municipality"),
        ("consecutive_months: {value: 6, source", "consecutive_months: {value: 6, bron", "source"),
        ("unknown_hours: {value: 96", "unknown_hours: {value: 71", "notify.residents.receipts.sms"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_line_and_field(old: str, new: str, fault: str) -> None:
    assert old in TEXT
    with pytest.raises(PolicyFault) as raised:
        policy.parse(TEXT.replace(old, new, 1), "x.yaml")
    assert fault in str(raised.value)
    assert str(raised.value).startswith("x.yaml:")


def test_the_line_is_that_of_the_fault() -> None:
    with pytest.raises(PolicyFault) as raised:
        policy.parse(TEXT.replace("priority: 9", "priority: 10", 1), "x.yaml")
    assert str(raised.value).startswith(f"x.yaml:{line_with('priority: 9')}:17: ")


def test_every_fault_is_told_at_once() -> None:
    text = TEXT.replace("priority: 9", "priority: 10").replace("digest_at", "digset_at")
    with pytest.raises(PolicyFault) as raised:
        policy.parse(text, "x.yaml")
    assert len(str(raised.value).splitlines()) == 3


@pytest.mark.parametrize("text", ["", "- 1", "a: [", "&a [*a]"])
def test_what_is_no_policy_at_all_is_said_to_be_so(text: str) -> None:
    with pytest.raises(PolicyFault, match=r"x\.yaml"):
        policy.parse(text, "x.yaml")


def test_a_folder_without_a_policy_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartupFault, match="no policy in POLICY_FOLDER"):
        policy.load(tmp_path)


def test_the_newest_policy_that_is_valid_counts() -> None:
    newer = POLICY.model_copy(update={"valid_from": date(2026, 7, 1)})
    known = policy.Policies({MUNICIPALITY: [newer, POLICY]})
    assert known.on(MUNICIPALITY, date(2026, 6, 30)) is POLICY
    assert known.on(MUNICIPALITY, date(2026, 7, 1)) is newer
    assert known.on(MUNICIPALITY, date(2020, 1, 1)) is POLICY
    assert known.on("GM0001", date(2026, 7, 1)) is None


def test_the_hash_is_that_of_the_file() -> None:
    assert policy.load(POLICIES).all()[0].sha256 == POLICY.sha256
    assert policy.parse(TEXT + "\n# a remark\n", "x.yaml").sha256 != POLICY.sha256


def test_a_policy_from_before_receipts_had_terms_has_ours() -> None:
    lines = TEXT.splitlines(keepends=True)
    first = next(n for n, line in enumerate(lines) if line.strip() == "receipts:")
    older = policy.parse("".join(lines[:first] + lines[first + 7 :]), "x.yaml").notify.residents
    assert older
    assert older.receipts is policy.RECEIPTS
    assert "receipts" not in older.model_fields_set
