"""No document and no case makes `policy run` fail otherwise than with clear faults, or run on."""

import json
from contextlib import suppress
from datetime import date
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.triage.rulebook.cases import from_json, from_lines, from_yaml
from services.triage.rulebook.decide import CaseFault, decide
from services.triage.rulebook.document import read
from services.triage.rulebook.faults import DocumentFault

DOCUMENT = """
facts:
  rent: number
  name: optional text
  since: optional date
  seen_at: optional instant
  is_new: optional yes/no
  tags: optional list of text
  home:
    type: record
    optional: yes
    fields: {rooms: number, owner: {type: record, optional: yes, fields: {since: date}}}
  payments:
    type: optional list of records
    fields: {amount: number, on: date, bank: {type: optional record, fields: {name: text}}}
derived:
  total: sum(payments.map(p, p.amount))
  other: total / rent
precedence: heaviest
outcomes: [none, letter]
default: none
rules:
  - name: first
    when: '%s'
    outcome: letter
  - name: second
    when: other > 3
    unless: is_new
    outcome: none
"""
WORDS = [
    "rent", "name", "since", "seen_at", "is_new", "tags", "home", "home.rooms", "home.owner.since",
    "payments", "total", "other", "today", "p", "p.amount", "p.on", "p.bank.name", "p.bank", "x",
    "has(", "has(p.bank)", "payments.exists(p,", "payments.filter(p,", "payments.map(p,", "tags[",
    "sum(", "latest(", "date(", '"2026-01-31"', '"\\u0000é"', "'a", "add_months(", "round(", "1",
    "0", "1e300", "0x1F", "2u", "-", "!", "+", "*", "/", "%", "&&", "||", "==", "!=", ">=", "<",
    "in", "?", ":", "(", ")", "[", "]", "{", "}", ",", ".", "//", "\n", "null", "true", "r'", '"""',
    "matches(", ".size()", ".all(p,", "__has_rent", "p.__amount()", "b'x'",
    "\u2028", "\ud800", "\\",
]  # fmt: skip
expressions = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8)
    | st.sampled_from(["2026-01-31", "2026-02-30", "2026-01-31T10:00:00Z", "0001-01-01"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["amount", "on", "bank", "name", "rooms", "owner", "a.b"]), inner
    ),
    max_leaves=12,
)  # fmt: skip
names = st.sampled_from(
    ["rent", "name", "since", "seen_at", "is_new", "tags", "home", "payments", "home.rooms", "id",
     "facts", "x", "home.rooms.x", ".", "rent."]
)  # fmt: skip
cases = st.dictionaries(names, values, max_size=8)
SLOW = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=100)


def decided(document: str, case: dict[str, Any]) -> None:
    """Read and decide: what cannot be is told as a fault."""
    with suppress(DocumentFault, CaseFault):
        book = read(document)
        for one in from_json(json.dumps([case])):
            if not one.faults:
                decide(book, one.given, date(2026, 3, 1))


@SLOW
@given(expressions)
def test_no_expression_makes_it_crash(expression: str) -> None:
    case = {"id": 1, "rent": 0, "payments": [{"amount": 1, "on": "2026-01-31"}]}
    decided(DOCUMENT % expression.replace("'", "''"), case)


@SLOW
@given(cases)
def test_no_case_makes_it_crash(case: dict[str, Any]) -> None:
    decided(DOCUMENT % "rent > 3 || total > rent", case)


@SLOW
@given(st.text(max_size=60), st.integers(0, len(DOCUMENT)), st.integers(0, 40))
def test_no_slip_in_a_document_makes_it_crash(slip: str, at: int, length: int) -> None:
    document = DOCUMENT % "rent > 3"
    decided(document[:at] + slip + document[at + length :], {"id": 1, "rent": 3})


@SLOW
@given(st.text() | st.lists(values).map(json.dumps))
def test_no_file_of_cases_makes_it_crash(text: str) -> None:
    for reader in (from_yaml, from_json, lambda lines: from_lines(lines.split("\n"))):
        with suppress(DocumentFault):
            list(reader(text))
