"""`policy check` finds what a careful reader would, all at once, where it stands in the file."""

import asyncio
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.triage.conditions import FORBIDDEN, PROFILING
from services.triage.proofreading import proofread
from services.triage.proofreading.places import place_in
from shared.policy import read_draft
from shared.policy.document import node_at
from tests.builders import POLICY, POLICY_FILE
from tests.paths import DEMO, REPOSITORY

TEXT = POLICY_FILE.read_text()
OTHER_FILE = next((DEMO / "policies-other").glob("*.yaml"))
HIGH = "when: arrears_cents >= 150000"


def faults(text: str) -> list[str]:
    """Every fault: what stands at its place in the file, then its words."""
    lines = text.splitlines()
    return [
        f"{lines[one.line - 1][one.column - 1 :]} | {one.text}" for one in proofread(text).faults
    ]


@pytest.mark.parametrize("file", [POLICY_FILE, OTHER_FILE], ids=lambda file: file.parent.name)
def test_what_is_shipped_has_no_fault_and_no_remark(file: Path) -> None:
    found = proofread(file.read_text())
    assert (found.faults, found.remarks) == ((), ())
    assert found.policy


# How a condition may be written, each with a fault in it.
STYLES = {
    "plain": "when: arrears_cents >= 1 && FAULT",
    "plain, folded": "when: arrears_cents >= 1\n\n        && FAULT || is_crisis",
    "single": "when: '\"Huur\" in partner_kinds && FAULT'",
    "single, doubled": "when: 'legal_stage == ''none'' && FAULT'",
    "single, folded": "when: 'legal_stage\n        == ''none''\n\n        && FAULT'",
    "double": 'when: "legal_stage == \\"none\\" && FAULT"',
    "double, escaped": 'when: "legal_stage ==\\n \\x27none\\u0027 \\\n        && FAULT"',
    "literal": "when: |  # as it is\n        arrears_cents >= 1\n\n          && FAULT",
    "folded": "when: >-\n        arrears_cents >= 1\n        && FAULT\n          || is_crisis",
    "flow": "when: &x arrears_cents >= 1 && FAULT",
}


@pytest.mark.parametrize("name", STYLES)
def test_a_fault_of_cel_is_put_where_it_stands(name: str) -> None:
    text = TEXT.replace(HIGH, STYLES[name].replace("&x ", "").replace("FAULT", "is_sad"))
    (fault,) = faults(text)
    assert fault.startswith("is_sad")
    assert "rule high_amount: undeclared reference to 'is_sad'" in fault


def test_every_fault_of_a_condition_is_told() -> None:
    text = TEXT.replace(HIGH, "when: legal_stage == 'é' && foo > 1 && is_crysis")
    assert [one.partition(" | ")[2] for one in faults(text)] == [
        "rule high_amount: legal_stage is never 'é'",
        "rule high_amount: undeclared reference to 'foo'",
        "rule high_amount: undeclared reference to 'is_crysis'; did you mean is_crisis?",
    ]


def test_an_expression_that_ends_too_early_is_faulted_at_its_end() -> None:
    text = TEXT.replace(HIGH, "when: arrears_cents >=")
    (one,) = proofread(text).faults
    assert text.splitlines()[one.line - 1][: one.column - 1].endswith("when: arrears_cents >=")


WORDS = st.lists(
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1), min_size=1
)


@given(WORDS, st.sampled_from(["'", '"', "|", ">"]))
def test_a_place_is_found_whatever_the_characters(words: list[str], style: str) -> None:
    text = {
        "'": "a: '" + "\n   ".join(words).replace("'", "''") + "'",
        '"': 'a: "' + "\n   ".join(words).replace("\\", "\\\\").replace('"', '\\"') + '"',
        "|": "a: |2\n  " + "\n    ".join(words),
        ">": "a: >2\n  " + "\n  ".join(words),
    }[style]
    draft = read_draft(text)
    node = node_at(draft.tree, "a")
    for at, word in enumerate(words):
        before = node.value[: _nth(node.value, words, at)]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        row, place = place_in(text, node, line, column)
        there = text.split("\n")[row - 1][place - 1 :]
        first = {"'": "''", '"': '\\"', "\\": "\\\\"}
        is_escaped = (style, word[0]) in {("'", "'"), ('"', '"'), ('"', "\\")}
        assert there.startswith(first[word[0]] if is_escaped else word[0])


def _nth(value: str, words: list[str], at: int) -> int:
    """Where the word at a number begins in a value that has them in order."""
    place = 0
    for word in words[:at]:
        place = value.index(word, place) + len(word)
    return value.index(words[at], place)


@pytest.mark.parametrize("name", sorted(FORBIDDEN - PROFILING))
def test_a_forbidden_fact_is_refused_by_name(name: str) -> None:
    (fault,) = faults(TEXT.replace(HIGH, f"when: resident.{name} == 1 || open_signals > 0"))
    assert f"a rule may not ask for {name}" in fault


def test_an_age_band_takes_a_ground_and_a_dpia() -> None:
    asked = TEXT.replace(HIGH, "when: age_band == '18-22'")
    assert "unless `profiling` names ground and DPIA" in faults(asked)[0]
    named = "profiling: {facts: [age_band], ground: a decision, dpia: on a shelf}\n  costs:"
    assert not faults(asked.replace("costs:", named, 1))
    assert "age_band is never '18-23'; did you mean" in faults(
        asked.replace("costs:", named, 1).replace("18-22", "18-23")
    )[0]  # fmt: skip


TERM = "- {name: acceptance, track: visit, workdays: 2, source: ours}"
# What is changed, and what is then said, with what stands at its place.
CHANGED = [
    ("kinds: [Huur, Energie, Water], days_min", "kinds: [Huur, Energie], days_min",
     "Water: may signal (signals.evidences) and has no window"),
    ("kinds: [Zorg], days_min: 30", "kinds: [Zorg, Huur], days_min: 30",
     "Huur: has a window already"),
    ("days_max: 100", "days_max: 29",
     "29, source: \"DDAS detailmodel (S7)\"} | days_max: 29 is before"),
    ("kinds: [Hypotheek], days_min", "kinds: [], days_min", "no kinds: the window is nobody's"),
    (TERM, "", "acceptance of track visit: has no term"),
    (TERM, f"{TERM}\n    {TERM}", "is here already: one term of a name and track"),
    ("track: visit, workdays: 2", "track: letter, workdays: 2", "is not asked on track letter"),
    ("track: visit, workdays: 2", "track: none, workdays: 2", "nobody works on track none"),
    (TERM, TERM.replace("workdays: 2", "workdays: 2, near_workdays: 3"), "longer than the term"),
    ("- {track: letter, tenths: 1,", "- {track: visit, tenths: 1,", "track letter has no weight"),
    ("- {track: letter, tenths: 1,", "- {track: visit, tenths: 1,", "has a weight already"),
    ("    - track: letter\n      source", "    - track: visit\n      source",
     "track letter has no ladder"),
    ("value: 28", "value: 29", "29, source: \"Wgs art. 4(1), four weeks from acceptance of help "
     "(S14-S16)\"} | first_talk_days: the law asks 28 days at most"),
    ("workdays: {value: 3,", "workdays: {value: 4,", "the law asks 3 at most"),
    ('"9901-9949"', '"9901-9949", "9949-9950"', '"9949-9950"] | 9949-9950: overlaps'),
    ('"9901-9949"', '"9949-9901"', "ends before it begins"),
    ("[dagvaarding-betekend", "[dagvaarding-betekent", "did you mean dagvaarding-betekend?"),
    ("kinds: [Energie]\n      ground: bgs\n      required: [personal_contact_on, reminder_sent_on,"
     " offer_made_on]\n      valid_from: 2026-01-01", "kinds: [Energie]\n      ground: bgs\n"
     "      required: []\n      valid_from: 2021-01-01",
     "Energie on bgs has a rule from 2021-01-01"),
    ("about: summons, offsets: [at once]", "about: summons, offsets: [at once, 7 days]",
     "summons has no day of its own to count back from"),
    ("{about: judgment,", "{about: summons,", "judgment: say when, or that nobody hears of it"),
    ("{about: judgment,", "{about: summons,", "this recipient has a rule about it already"),
    ("[at once, 1 workdays, 1 hours]", "[at once, 1 hours, 1 hours]", "is here already"),
    ("name: high_amount", "name: crisis", "rule crisis: another rule has this name"),
    (HIGH, "when: is_multiple", "is_multiple | rule multiple: has the condition of high_amount"),
    ("name: Voorbeeldstad", "name: ' '", "name: is empty"),
    ("name: Voorbeeldstad", "name: A\nname: B", "name: B | name: is here twice"),
    ("track: visit\n      priority: 4\n      reason:\n        nl: De ach",
     "track: visit\n      track: legal\n      priority: 4\n      reason:\n        nl: De ach",
     "track: is here twice"),
    ("valid_from: 2026-01-01\n\nsig", "valid_from: 2026-02-30\n\nsig",
     "valid_from: Input should be"),
    ('digest_at: "08:00"', "digest_at: 8:00", "write the time in quotes"),
    ("kinds: [Huur]\n", "kinds: &rent [Huur]\n", "&rent: write out what holds here"),
    ("source: ours\n    - name: any_signal", "sorce: ours\n    - name: any_signal",
     "sorce: is unknown here"),
    ("source: ours\n    - name: any_signal", "sorce: ours\n    - name: any_signal",
     "source: is missing"),
    ("nl: De huurder is gedagvaard.", "nl: [", "not YAML"),
    ("nl: De huurder is gedagvaard.", f"nl: {'[' * 99}{']' * 99}", "nested more than 20 deep"),
    ("municipality: GM9901", "municipality: GM9901\nsha256: '0'", "sha256: is that of the file"),
    ("name: Voorbeeldstad", f"name: Voorbeeldstad # {'x' * 70_000}", "an event can carry"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "said"), CHANGED, ids=[f"{no} {row[2][-30:]}" for no, row in enumerate(CHANGED)]
)
def test_what_a_careful_reader_finds(old: str, new: str, said: str) -> None:
    assert old in TEXT
    text = TEXT.replace(old, new, 1)
    assert any(said in one for one in faults(text)), faults(text)
    assert proofread(text).policy is None


REMARKED = [
    ("    - {about: eviction, offsets: [at once, 14 days, 7 days, 3 days, 1 days]",
     "    - {about: eviction, offsets: []", "nobody hears of a eviction"),
    ("offsets: [at once, 10 days,", "offsets: [10 days,", "hearing: reminders only"),
    ("when: open_signals > 0\n", "when: open_signals > 5\n",
     "no rule fires for: one small signal of Zorg"),
    ("case_days: {value: 183", "case_days: {value: 60", "is purged before"),
    ("events: [dagvaarding-betekend, ", "events: [", "dagvaarding-betekend has no ground"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), REMARKED, ids=[row[2][:30] for row in REMARKED])
def test_what_is_allowed_and_worth_a_second_look_is_remarked(old: str, new: str, said: str) -> None:
    assert old in TEXT
    found = proofread(TEXT.replace(old, new, 1))
    assert not found.faults
    assert any(said in one.text for one in found.remarks), found.remarks
    assert found.policy


def test_faults_of_form_of_rules_and_between_sections_are_told_at_once() -> None:
    text = TEXT.replace(HIGH, "when: surname == 'x'").replace("priority: 9", "priority: 10")
    text = text.replace("value: 28", "value: 30").replace('"9901-9949"', '"9949-9901"')
    told = faults(text.replace("days_min: 60", "days_min: zestig"))
    assert len(told) == 5
    assert "ends before it begins" in told[0]
    assert "triage.windows.2.days_min" in told[1]
    assert "may not ask for surname" in told[2]
    assert "triage.rules.10.priority" in told[3]
    assert "28 days at most" in told[4]


@pytest.mark.parametrize(
    "text",
    [
        "a: 1",
        "signals: [1]\ntriage: x\nnotify:",
        "triage: {rules: 3}",
        "triage: {rules: [{when: [1]}, 2, {name: [x], when: 1}]}",
    ],
)
def test_what_has_no_form_at_all_is_said_to_have_none(text: str) -> None:
    assert proofread(text).faults


async def run(*arguments: str) -> tuple[int, str, str]:
    """The command, with nothing in its environment."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.triage", "policy", *arguments,
        cwd=REPOSITORY, env={"PATH": ""},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert "Traceback" not in err.decode()
    return process.returncode or 0, out.decode(), err.decode()


async def test_the_command_needs_nothing_but_the_file(tmp_path: Path) -> None:
    code, out, _ = await run("check", str(POLICY_FILE))
    assert code == 0
    assert out.startswith("ok: Voorbeeldstad, GM9901, from 2026-01-01\n")
    assert POLICY.sha256 in out
    assert f"{len(POLICY.triage.rules)} rules" in out
    broken = tmp_path / "broken.yaml"
    broken.write_text(TEXT.replace(HIGH, "when: surname == 'x'").replace("value: 28", "value: 30"))
    code, out, err = await run("check", str(broken))
    assert (code, out) == (1, "")
    line = next(no for no, one in enumerate(TEXT.splitlines(), 1) if HIGH in one)
    assert f"{broken}:{line}:13: rule high_amount: undeclared reference to 'surname'" in err
    assert len(err.splitlines()) == 2
    assert (await run("check", str(tmp_path / "none.yaml")))[0] == 2
