"""What `policy run` decides: both sides of each border, absence, precedence, errors."""

from pathlib import Path
from typing import Any

import pytest

from tests.triage.policy_runs import Ran, run

FACTS = """
facts:
  rent: optional number
  arrears: optional number
  name: optional text
  is_new: optional yes/no
  since: optional date
  seen_at: optional instant
  tags: optional list of text
  days: optional list of dates
  home.rooms: optional number
  home.owner.since: optional date
  pause: {type: record, optional: yes, fields: {from: date, until: optional date}}
  payments:
    type: optional list of records
    fields:
      amount: optional number
      on: optional date
      bank: {type: optional record, fields: {name: text}}
      parts: {type: optional list of records, fields: {share: number}}
precedence: first
default: none
"""


def fires(folder: Path, when: str, case: str, more: str = "") -> str:
    """What a rule with a condition says of a case: yes, silent, or error."""
    document = f"{more}{FACTS}rules:\n  - name: it\n    outcome: yes\n    when: |\n      {when}\n"
    ran = run(folder, document, f"- {{id: 1, {case}}}")
    assert ran.exit_code == (1 if ran.said else 0), ran.said
    assert ran.lines, ran.said
    if ran.said:
        assert ran.lines[0]["outcome"] == "needs_person"
        return "error"
    return "yes" if ran.lines[0]["fired"] == ["it"] else "silent"


PAYMENTS = "payments: [{amount: 100, on: 2026-01-31}, {on: 2026-02-01}, {amount: 50, parts: []}]"


@pytest.mark.parametrize(
    ("when", "case", "said"),
    [
        # the border of an amount, in decimals that are not exact
        ("arrears >= 3 * rent", "rent: 733.33, arrears: 2199.99", "yes"),
        ("arrears >= 3 * rent", "rent: 733.33, arrears: 2199.98", "silent"),
        ("arrears > 3 * rent", "rent: 733.33, arrears: 2199.99", "silent"),
        ("arrears > 3 * rent", "rent: 733.33, arrears: 2200", "yes"),
        ("arrears <= 13 * (rent / 13)", "rent: 300, arrears: 300", "yes"),
        ("arrears < 13 * (rent / 13)", "rent: 300, arrears: 300", "silent"),
        ("arrears == rent * 0.1 + rent * 0.2", "rent: 1, arrears: 0.3", "yes"),
        ("arrears != 0.3", "arrears: 0.300001", "yes"),
        ("arrears in [0.1 + 0.2]", "arrears: 0.3", "yes"),
        ("floor(arrears / 0.1) == 3", "arrears: 0.3", "yes"),
        ("arrears % 0.1 == 0", "arrears: 0.3", "yes"),
        ("round(arrears, 2) == 2.68", "arrears: 2.675", "yes"),
        ("round(-arrears) == -3", "arrears: 2.5", "yes"),
        ("ceil(-arrears) == -2 && floor(-arrears) == -3", "arrears: 2.5", "yes"),
        ("0x10 == 16 && 1e3 == 1000 && .5 == 0.5", "", "yes"),
        ("- arrears < -(1) && 3 - -2 == 5", "arrears: 2", "yes"),
        ("3 * arrears >= 3000000000.99", "arrears: 1000000000.33", "yes"),
        # dates
        ("days_between(since, today) > 28", "since: 2026-02-01", "silent"),
        ("days_between(since, today) > 28", "since: 2026-01-31", "yes"),
        ("today - since >= 29 && since + 29 == today", "since: 2026-01-31", "yes"),
        ("add_months(since, 1) <= today", "since: 2026-02-01", "yes"),
        ("add_months(since, 1) <= today", "since: 2026-02-02", "silent"),
        ("add_months(since, 1) == date(2026, 2, 28)", "since: 2026-01-31", "yes"),
        ("months_between(since, today) == 1", "since: 2026-02-01", "yes"),
        ("months_between(since, today) == 0", "since: 2026-02-02", "yes"),
        ("months_between(today, since) == -1", "since: 2026-02-01", "yes"),
        ("years_between(since, today) >= 18", "since: 2008-03-01", "yes"),
        ("years_between(since, today) >= 18", "since: 2008-03-02", "silent"),
        ("years_between(today, since) == 0", "since: 2008-03-02", "silent"),
        ("since.add_workdays(1) == today", "since: 2026-02-27", "silent"),
        ("since.add_workdays(1) == today.next_workday()", "since: 2026-02-27", "yes"),
        ("workdays_between(since, today) == 20", "since: 2026-01-31", "yes"),
        ("workdays_between(since, date(2027, 1, 4)) == 1", "since: 2026-12-31", "yes"),
        ("add_workdays(since, 2) == date(2027, 1, 5)", "since: 2026-12-31", "yes"),
        ("add_workdays(since, 2) == date(2027, 1, 4)", "since: 2026-12-30", "yes"),
        ("add_workdays(since, -2) == date(2026, 12, 30)", "since: 2027-01-01", "yes"),
        ("since < date(\"2026-03-01\")", "since: 2026-02-28", "yes"),
        ("since in days", "since: 2026-02-28, days: [2026-02-28]", "yes"),
        ("since in days", "since: 2026-02-28, days: []", "silent"),
        ("date_of(seen_at) == today", "seen_at: 2026-02-28T23:00:00Z", "yes"),
        ("date_of(seen_at) == today", "seen_at: 2026-02-28T22:59:59Z", "silent"),
        ("date_of(seen_at) == today", "seen_at: 2026-03-01 22:59:59.999+00:00", "yes"),
        ("seen_at == instant(\"2026-03-01T00:00:00Z\")", "seen_at: 2026-03-01T01:00+01:00", "yes"),
        ("date(name) == today", 'name: "2026-03-01"', "yes"),
        # text
        ('name == "a\\"b"', "name: 'a\"b'", "yes"),
        ('name == "A"', "name: a", "silent"),
        ("lower(name) == 'ä'", "name: Ä", "yes"),
        ("size(name) == 1 && name.size() == size(['x'])", "name: é", "yes"),
        ("name in ['x', 'y'] ? true : name == 'z'", "name: z", "yes"),
        ("name.matches('^x+$')", "name: xxy", "silent"),
        # yes and no
        ("is_new", "is_new: yes", "yes"),
        ("is_new", "is_new: false", "silent"),
        ("!is_new", "is_new: no", "yes"),
        ("is_new == false && is_new != true", "is_new: No", "yes"),
        # absence: only what decides is needed, on whichever side
        ("arrears > 3", "", "silent"),
        ("!(arrears > 3)", "", "silent"),
        ("arrears == arrears", "", "silent"),
        ("arrears > 3 || rent > 3", "rent: 4", "yes"),
        ("rent > 3 || arrears > 3", "rent: 4", "yes"),
        ("arrears > 3 || rent > 3", "rent: 3", "silent"),
        ("!(arrears > 3 && rent > 3)", "rent: 3", "yes"),
        ("!(rent > 3 && arrears > 3)", "rent: 3", "yes"),
        ("has(arrears)", "", "silent"),
        ("!has(arrears)", "", "yes"),
        ("!has(arrears)", "arrears: ~", "yes"),
        ("has(arrears)", "arrears: 0", "yes"),
        ("has(arrears) ? arrears > 3 : rent > 3", "rent: 4", "yes"),
        ("(has(arrears) ? arrears : 0) + rent > 3", "rent: 4", "yes"),
        ("add_days(since, 1) < today || true", "", "yes"),
        ("size(tags) == 0", "", "silent"),
        ("size(tags) == 0", "tags: []", "yes"),
        ("latest(days) < today", "days: []", "silent"),
        ("!has(home)", "", "yes"),
        ("has(home) && has(home.owner) && !has(home.rooms)", "home: {owner: {since: 2020-01-01}}",
         "yes"),
        ("has(home.owner.since)", "home: {rooms: 3}", "silent"),
        ("home.rooms == 3", "home.rooms: 3", "yes"),
        ("has(pause) && !has(pause.until)", "pause: {from: 2026-01-01}", "yes"),
        ("has(pause)", "pause: ", "silent"),
        # lists, and what is absent in them
        ("payments.exists(p, p.amount == 50)", PAYMENTS, "yes"),
        ("payments.exists(p, p.amount == 51)", PAYMENTS, "silent"),
        ("!payments.exists(p, p.amount == 51)", PAYMENTS, "silent"),
        ("!payments.exists(p, has(p.amount) && p.amount == 51)", PAYMENTS, "yes"),
        ("!payments.all(p, p.amount == 50)", PAYMENTS, "yes"),
        ("payments.all(p, p.amount >= 50)", PAYMENTS, "silent"),
        ("payments.all(p, !has(p.amount) || p.amount >= 50)", PAYMENTS, "yes"),
        ("payments.filter(p, p.amount > 60).size() == 1", PAYMENTS, "silent"),
        ("payments.filter(p, has(p.amount) && p.amount > 60).size() == 1", PAYMENTS, "yes"),
        ("sum(payments.map(p, p.amount)) == 150", PAYMENTS, "silent"),
        ("sum(payments.map(p, has(p.amount) ? p.amount : 0)) == 150", PAYMENTS, "yes"),
        ("sum(payments.map(p, has(p.amount), p.amount)) == 150", PAYMENTS, "yes"),
        ("payments.exists_one(p, has(p.amount) && p.amount > 60)", PAYMENTS, "yes"),
        ("payments.exists_one(p, p.amount > 60)", PAYMENTS, "silent"),
        ("payments[0].amount == 100 && payments[2].amount == 50", PAYMENTS, "yes"),
        ("payments[3].amount == 100", PAYMENTS, "silent"),
        ("payments[-1].amount == 50", PAYMENTS, "silent"),
        ("payments[1].amount == 100", PAYMENTS, "silent"),
        ("payments.exists(p, has(p.bank.name))", PAYMENTS, "silent"),
        ("payments.exists(p, has(p.bank.name))", "payments: [{bank: {name: x}}]", "yes"),
        ("payments.exists(p, p.bank.name == 'x')", "payments: [{}, {bank: {name: x}}]", "yes"),
        ("payments.exists(p, p.parts.exists(q, q.share > 3))", "payments: [{parts: [{share: 4}]}]",
         "yes"),
        ("payments.exists(p, tags.exists(t, t == p.bank.name))",
         "tags: [x], payments: [{bank: {name: x}}]", "yes"),
        ("tags.exists(t, t.startsWith('a')) && startsWith('ab', 'a')", "tags: [b, ab]", "yes"),
        ("[payments, payments].all(l, l.size() == 3)", PAYMENTS, "yes"),
        # errors are never silence, unless they decide nothing
        ("arrears / rent > 3", "rent: 0, arrears: 1", "error"),
        ("rent > 0 && arrears / rent > 3", "rent: 0, arrears: 1", "silent"),
        ("arrears / rent > 3 || true", "rent: 0, arrears: 1", "yes"),
        ("arrears / 0 > 3 && rent > 3", "arrears: 1", "error"),
        ("rent > 3 && arrears / 0 > 3", "arrears: 1", "error"),
        ("arrears / 0 > 3", "", "silent"),
        ("arrears % 0 > 3", "arrears: 1", "error"),
        ("add_days(today, arrears) > today", "arrears: 1.5", "error"),
        ("add_days(today, arrears) > today", "arrears: 1", "yes"),
        ("add_days(today, arrears) > today", "arrears: 100001", "error"),
        ("add_years(today, arrears) > today", "arrears: 7973", "yes"),
        ("add_years(today, arrears) > today", "arrears: 7974", "error"),
        ("date(name) > today", "name: soon", "error"),
        ("instant(name) > seen_at", "name: soon, seen_at: 2026-01-01T00:00Z", "error"),
        ("date(2026, arrears, 1) > today", "arrears: 13", "error"),
        ("arrears * 1000 > 0", "arrears: 1000000000000", "yes"),
        ("arrears * 1001 > 0", "arrears: 1000000000000", "error"),
        ("tags[arrears] == 'x'", "tags: [x], arrears: 0.5", "error"),
        ("payments.exists(p, p.amount / 0 > 3)", PAYMENTS, "error"),
        ("name.matches(name)", "name: (", "error"),
    ],
)  # fmt: skip
def test_a_condition_says(tmp_path: Path, when: str, case: str, said: str) -> None:
    assert fires(tmp_path, when, case) == said


@pytest.mark.parametrize(
    ("more", "when", "case", "said"),
    [
        ("time_zone: America/New_York\n", "date_of(seen_at) == today && hour_of(seen_at) == 23",
         "seen_at: 2026-03-02T04:30:00Z", "yes"),
        ("", "date_of(seen_at) == today + 1 && hour_of(seen_at) == 5",
         "seen_at: 2026-03-02T04:30:00Z", "yes"),
        ("", "is_workday(date(2026, 4, 27))", "", "silent"),  # King's Day
        ("holidays: []\n", "is_workday(date(2026, 4, 27))", "", "yes"),
        ("holidays: [2026-04-28]\n", "next_workday(date(2026, 4, 27)) == date(2026, 4, 29)", "",
         "yes"),
    ],
)  # fmt: skip
def test_a_document_has_its_own_clock_and_holidays(
    tmp_path: Path, more: str, when: str, case: str, said: str
) -> None:
    assert fires(tmp_path, when, case, more) == said


def decided(folder: Path, rules: str, case: str = "a: 1", as_of: str = "2026-03-01") -> Ran:
    facts = "facts: {a: optional number, b: optional number}\n"
    return run(folder, facts + rules, f"- {{id: 1, {case}}}", as_of)


RULE = "- {{name: {0}, when: '{1}', outcome: {2}}}\n"
HEAVIEST = "precedence: heaviest\noutcomes: [low, middle, high]\ndefault: low\nrules:\n"


@pytest.mark.parametrize(
    ("head", "rules", "outcome", "fired"),
    [
        ("precedence: first\ndefault: d\nrules:\n", [("x", "a > 3", "o")], "d", []),
        ("precedence: first\ndefault: d\nrules:\n",
         [("x", "a > 3", "o"), ("y", "a > 0", "p"), ("z", "a > 0", "q")], "p", ["y", "z"]),
        (HEAVIEST, [("x", "a > 0", "middle"), ("y", "a > 0", "high"), ("z", "a > 0", "low")],
         "high", ["x", "y", "z"]),
        (HEAVIEST, [("x", "a > 0", "low")], "low", ["x"]),
        (HEAVIEST, [("x", "a > 3", "high")], "low", []),
        ("precedence: heaviest\noutcomes: {m: 2, n: 2, d: 9}\ndefault: d\nrules:\n",
         [("x", "a > 0", "n"), ("y", "a > 0", "m")], "n", ["x", "y"]),
        ("precedence: heaviest\noutcomes: {m: -2, n: -1.5, d: 9}\ndefault: d\nrules:\n",
         [("x", "a > 0", "m"), ("y", "a > 0", "n")], "n", ["x", "y"]),
    ],
)  # fmt: skip
def test_which_rule_counts(
    tmp_path: Path, head: str, rules: list[tuple[str, str, str]], outcome: str, fired: list[str]
) -> None:
    ran = decided(tmp_path, head + "".join(RULE.format(*rule) for rule in rules))
    assert ran.lines == [{"id": 1, "outcome": outcome, "fired": fired}]


def test_a_rule_has_a_weight_of_its_own(tmp_path: Path) -> None:
    rules = (
        "precedence: heaviest\ndefault: d\nrules:\n"
        "- {name: x, when: a > 0, outcome: o, weight: 1}\n"
        "- {name: y, when: a > 0, outcome: p, weight: 2.5}\n"
        "- {name: z, when: a > 0, outcome: o, weight: 2}\n"
    )
    assert decided(tmp_path, rules).lines[0]["outcome"] == "p"


@pytest.mark.parametrize(
    ("parts", "case", "is_fired"),
    [
        ("when: [a > 0, b > 0]", "a: 1, b: 1", True),
        ("when: [a > 0, b > 0]", "a: 1, b: 0", False),
        ("when: [a > 0, b > 0]", "a: 1", False),
        ("when: a > 0, unless: b > 0", "a: 1, b: 0", True),
        ("when: a > 0, unless: b > 0", "a: 1, b: 1", False),
        ("when: a > 0, unless: b > 0", "a: 1", False),
        ("when: a > 0, unless: has(b) && b > 0", "a: 1", True),
        ("when: a > 0, unless: [b > 0, b < 0]", "a: 1, b: 0", True),
        ("when: a > 0, unless: [b > 0, b < 0]", "a: 1, b: -1", False),
        ("when: true", "a: 1", True),
        ("when: a > 0, valid_from: 2026-03-01", "a: 1", True),
        ("when: a > 0, valid_from: 2026-03-02", "a: 1", False),
        ("when: a > 0, valid_until: 2026-03-01", "a: 1", True),
        ("when: a > 0, valid_until: 2026-02-28", "a: 1", False),
        ("when: a > 0, valid_from: 2026-03-01, valid_until: 2026-03-01", "a: 1", True),
        ("when: a / 0 > 1, valid_until: 2026-02-28", "a: 1", False),
        ("when: [a / 0 > 1, a > 1]", "a: 1", False),
    ],
)
def test_when_a_rule_fires(tmp_path: Path, parts: str, case: str, is_fired: bool) -> None:
    rules = f"precedence: first\ndefault: d\nrules: [{{name: x, outcome: o, {parts}}}]"
    ran = decided(tmp_path, rules, case)
    assert ran.lines == [
        {"id": 1, "outcome": "o" if is_fired else "d", "fired": ["x"] if is_fired else []}
    ]


def test_an_error_goes_to_a_person_whatever_else_fires(tmp_path: Path) -> None:
    rules = (
        "precedence: first\ndefault: d\n{}rules:\n"
        "- {{name: x, when: a > 0, outcome: o}}\n- {{name: y, when: a / b > 0, outcome: p}}\n"
    )
    for on_error, outcome in (("", "needs_person"), ("on_error: ask\n", "ask")):
        ran = decided(tmp_path, rules.format(on_error), "a: 1, b: 0")
        assert ran.lines == [{"id": 1, "outcome": outcome, "fired": ["x"]}]
        assert "case 1: rule y: division by zero" in ran.said
        assert ran.exit_code == 1


DERIVED = """
derived:
  fourth: third + a
  third: second * 2
  second: a + first
  first: '1'
  broken: a / b
  guarded: 'b > 0 ? broken : 0'
  known: has(broken)
  group.high: fourth > 3
"""


@pytest.mark.parametrize(
    ("when", "case", "fired", "said"),
    [
        ("fourth == 5", "a: 1", True, ""),
        ("has(fourth)", "b: 1", False, ""),
        ("!has(fourth) && !has(second) && has(first)", "b: 1", True, ""),
        ("group.high", "a: 1", True, ""),
        ("guarded == 0", "a: 1, b: 0", True, ""),
        ("broken == 2", "a: 4, b: 2", True, ""),
        ("broken == 2", "a: 4", False, ""),
        ("b == 0 || broken > 3", "a: 4, b: 0", True, ""),
        ("broken > 3", "a: 4, b: 0", False, "derived fact broken: division by zero"),
        ("has(broken)", "a: 4, b: 0", False, "derived fact broken: division by zero"),
        ("known", "a: 4, b: 0", False, "derived fact known: derived fact broken: division"),
    ],
)
def test_derived_facts_build_on_each_other(
    tmp_path: Path, when: str, case: str, fired: bool, said: str
) -> None:
    rules = f"precedence: first\ndefault: d\nrules: [{{name: x, outcome: o, when: '{when}'}}]"
    ran = decided(tmp_path, DERIVED + rules, case)
    assert (ran.lines[0]["fired"] == ["x"]) is fired
    assert said in ran.said
    assert bool(ran.said) is bool(said)


@pytest.mark.parametrize(
    ("suffix", "cases", "ids"),
    [
        (".yaml", "- {id: a, a: 1}\n- {id: 2, facts: {a: 1}}", ["a", 2]),
        (".yaml", "a: {a: 1}\n2: {facts: {a: 1}}\n'3': {a: 1}", ["a", 2, "3"]),
        (".yaml", "cases:\n- {id: 007, a: 1}", ["007"]),
        (".yaml", "cases: {x: {a: 1}}", ["x"]),
        (".yaml", "- &one {id: 1, facts: &f {a: 1}}\n- {id: 2, facts: *f}", [1, 2]),
        (".json", '[{"id": "a", "a": 1}, {"id": 2, "facts": {"a": 1.0}}]', ["a", 2]),
        (".json", '{"a": {"a": 1}}', ["a"]),
        (".jsonl", '{"id": "a", "a": 1}\n\n{"id": 2, "a": 1}', ["a", 2]),
    ],
)
def test_cases_come_in_several_forms(
    tmp_path: Path, suffix: str, cases: str, ids: list[Any]
) -> None:
    rules = "facts: {a: number}\nprecedence: first\ndefault: d\n"
    rules += "rules: [{name: x, when: a == 1, outcome: o}]"
    ran = run(tmp_path, rules, cases, suffix=suffix)
    assert ran.lines == [{"id": one, "outcome": "o", "fired": ["x"]} for one in ids]
    assert ran.exit_code == 0
