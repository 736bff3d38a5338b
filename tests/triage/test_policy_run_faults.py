"""What `policy run` refuses, and how it says what and where."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import REPOSITORY
from tests.triage.policy_runs import run

HEAD = "facts: {n: number, t: text, d: date, l: list of number}\nprecedence: first\ndefault: x\n"
REST = "precedence: first\ndefault: x\nrules: [{name: r, when: true, outcome: o}]\n"
RECORD = "facts: {l: {type: list of records, fields: {a: number, b: date}}, g.x: number}\n"


def said(folder: Path, document: str) -> list[str]:
    ran = run(folder, document, "[]")
    assert ran.exit_code == 2
    assert ran.lines == []
    return ran.said.splitlines()


@pytest.mark.parametrize(
    ("scalar", "place"),
    [
        ("n > foo", "6:15"),
        ("'n > foo'", "6:16"),
        ("'''a'' == t && n > foo'", "6:30"),
        ('"n > foo"', "6:16"),
        ('"\\"a\\" == t &&\\n n > foo"', "6:32"),
        ("n > 1 &&\n      n > foo", "7:11"),
        ("|\n      n > 1 &&\n\n        n > foo", "9:13"),
        (">-\n      n > 1 &&\n      n > foo", "8:11"),
        ('"n > 1 &&\n      n > foo"', "7:11"),
        ("|\n      n > 1  // 'é\n      && t == 'é' && n > foo", "8:26"),
        ("|\n      // n\n      n > foo", "8:11"),
        ("has(t) && n > foo", "6:25"),
        ("n > 1 && n > 2 && n > foo", "6:33"),
    ],
)
def test_a_fault_is_told_where_it_stands(tmp_path: Path, scalar: str, place: str) -> None:
    document = f"{HEAD}rules:\n  - name: r\n    when: {scalar}\n    outcome: o\n"
    assert said(tmp_path, document) == [f"policy.yaml:{place}: rule r: there is no fact foo"]


@pytest.mark.parametrize(
    ("when", "fault"),
    [
        ("n", "a condition says yes or no; this is a number"),
        ("l.map(x, x > 1)", "this is a list of yes/no"),
        ("n > t", "> takes (number, number) or"),
        ("t + 1 == t", "+ takes"),
        ("d > '2026-01-01'", 'a date is written date("2026-01-31")'),
        ("d == instant('2026-01-01T00:00Z')", "date_of(instant) is its date"),
        ("n = 1", "equal is written =="),
        ("n > 1 and n < 3", "and is written &&"),
        ("n > 1 & n < 3", "and is written &&"),
        ("not (n > 1)", "there is no not here"),
        ("t == null", "there is no null here"),
        ("{1: 2}.size() > 1", "maps are not offered"),
        ("t == b'x'", "bytes are not offered"),
        ("n > 1u", "write a number without u"),
        ("n > 1e16", "a number above"),
        ("n > 0x" + "f" * 400, "a number above"),
        ("nn > 1", "there is no fact nn"),
        ("has(nn)", "there is no fact nn"),
        ("has(n > 1)", "has() asks for a fact, a group, or a field"),
        ("has(today)", "today is always there"),
        ("n.foo > 1", "there is no field foo"),
        ("n.foo() > 1", "there is no foo here"),
        ("l.exists(x, x > 1) && x > 1", "there is no x here"),
        ("sume(l) > 1", "there is no sume here; did you mean sum?"),
        ("sum(t) > 1", "sum takes (list of number), not (text)"),
        ("sum(l, l) > 1", "sum takes (list of number)"),
        ("t.exists(x, true)", "go through a list, not a text"),
        ("l.exists(n, n > 1)", "n is a fact; name the element otherwise"),
        ("l.exists(x, has(x))", "x is always there"),
        ("l.exists(x, x.a > 1)", "there is no field a"),
        ("date('2026-02-29') > d", "no such day in the calendar"),
        ("date('1-2-2026') > d", "a date is written as 2026-01-31"),
        ("instant('2026-01-01') > d", "an instant is written as"),
        ("t.matches('(')", "not a pattern"),
        ("t.matches(r'\\')", "not a pattern"),
        ("n > 1 &&", "the expression ends too early"),
        ("(n > 1", "missing ')'"),
        ("", "an expression is missing"),
        ("// nothing", "an expression is missing"),
        ("n ? 1 : 2", "?: takes (yes/no, any, any), not (number, number, number)"),
        ("true ? n > 1 : t", "?: takes"),
        ("n in t", "in takes (any, list of any), not (number, text)"),
        ("n in ['a']", "in takes (any, list of any), not (number, list of text)"),
        ("__unknown > 1", "no name has a double _"),
        ("l.__has__a()", "no name has a double _"),
        ("l .", "expected a name behind the dot"),
        ("(" * 40 + "true" + ")" * 40, "nested more than 32 deep"),
        (" + ".join(["n"] * 40) + " > 1", "nested more than 32 deep"),
        ("true || " * 600 + "true", "more than 4000 characters"),
        ("today.year == 2026", "there is no field year"),
        ('"\\ud800" == t', "Unicode value"),
    ],
)
def test_an_expression_that_does_not_fit_is_refused(tmp_path: Path, when: str, fault: str) -> None:
    document = f"{HEAD}rules:\n  - name: r\n    outcome: o\n    when: |\n      {when}\n"
    lines = said(tmp_path, document)
    assert any(fault in line for line in lines), lines
    assert all(line.startswith("policy.yaml:") for line in lines)


@pytest.mark.parametrize(
    ("scalar", "is_refused"),
    [
        ("n > 3 // why", False),
        ("|\n      n > 3 // why\n      && true", False),
        ("n > 3 // why\n      && true", True),
        (">\n      n > 3 // why\n      && true", True),
        ('"n > 3 // why\n      && true"', True),
        ("t == 'a//b' &&\n      true", False),
    ],
)
def test_a_comment_does_not_swallow_a_condition(
    tmp_path: Path, scalar: str, is_refused: bool
) -> None:
    document = f"{HEAD}rules:\n  - name: r\n    when: {scalar}\n    outcome: o\n"
    ran = run(tmp_path, document, "[]")
    assert ("a comment takes all that follows" in ran.said) is is_refused
    assert ran.exit_code == (2 if is_refused else 0)


def test_conditions_in_a_row_have_no_end_but_their_length(tmp_path: Path) -> None:
    when = " && ".join(["n > 1"] * 60)
    document = f"{HEAD}rules:\n  - name: r\n    outcome: o\n    when: |\n      {when}\n"
    ran = run(tmp_path, document, "a: {n: 2, t: t, d: 2026-01-01, l: []}")
    assert ran.lines == [{"id": "a", "outcome": "o", "fired": ["r"]}]


@pytest.mark.parametrize(
    ("document", "faults"),
    [
        ("[]", ["1:1: expected a mapping"]),
        ("", ["1:1: the file is empty"]),
        ("a: [", ["not YAML"]),
        ("a: b ? c : d", ["1:10: not YAML:", "goes in quotes or after |"]),
        ('a: "b" == c', ["1:8: not YAML:", "goes in quotes or after |"]),
        ("a: !x y\nb: !z\n", ["1:4: !x:", "2:4: !z:"]),
        ("facts: {}\n", ["precedence is missing", "default is missing", "rules is missing"]),
        (REST, ["facts is missing"]),
        (f"facts: {{n: number}}\nfacts: {{}}\n{REST}", ["2:1: facts is there twice"]),
        (f"facts: [n]\n{REST}", ["expected names of facts"]),
        (f"facts: {{n: nummer}}\n{REST}", ["1:12: not a type: 'nummer'"]),
        (f"facts: {{n: list of}}\n{REST}", ["not a type"]),
        (f"facts: {{n: dates}}\n{REST}", ["not a type"]),
        (f"facts: {{n: [number]}}\n{REST}", ["not a type"]),
        (f"facts: {{n: {{optional: yes}}}}\n{REST}", ["type is missing"]),
        (f"facts: {{n: {{type: number, optional: maybe}}}}\n{REST}", ["optional is yes or no"]),
        (f"facts: {{n: {{type: number, optinal: yes}}}}\n{REST}", ["did you mean optional?"]),
        (f"facts: {{n: {{type: number, fields: {{a: text}}}}}}\n{REST}", ["only a record has"]),
        (f"facts: {{n: record}}\n{REST}", ["a record needs fields"]),
        (f"facts: {{n: {{type: list of records, fields: {{a.b: text}}}}}}\n{REST}",
         ["a.b: among fields, a record says"]),
        (f"facts: {{n: {{type: record, fields: {{a b: text, in: text}}}}}}\n{REST}",
         ["'a b' cannot be a name", "in is a word of the language"]),
        (f"facts: {{n: number, n.a: number}}\n{REST}", ["n is declared, so n.a cannot be"]),
        (f"facts: {{n.a: number, n: number}}\n{REST}", ["n is declared twice, as a group too"]),
        (f"facts: {{n: number, n: text}}\n{REST}", ["n is declared twice"]),
        (f"facts: {{today: date, id: text, x-y: text, a__b: text, _a: text, 1a: text}}\n{REST}",
         ["today is taken", "id is taken", "'x-y'", "'a__b'", "'_a'", "'1a'"]),
        (f"facts: {{a.b.c.d.e.f.g: text}}\n{REST}", ["more than 6 names"]),
        (f"{RECORD}derived: {{l: '1'}}\n{REST}", ["l is declared twice"]),
        (f"{RECORD}derived: {{g: '1', l.x: '1'}}\n{REST}", ["g is declared twice", "cannot both"]),
        (f"{RECORD}derived: {{x: '1', x.y: '1'}}\n{REST}", ["x.y and x cannot both be"]),
        (f"{RECORD}derived: {{x: x}}\n{REST}", ["x builds on itself: x -> x"]),
        (f"{RECORD}derived: {{x: y, y: has(x), z: y}}\n{REST}",
         ["x builds on itself: x -> y -> x", "y builds on itself: y -> x -> y"]),
        (f"{RECORD}derived: {{x: 'l.map(p, [p.a])'}}\n{REST}", ["x: a derived fact cannot be a"]),
        (f"{RECORD}derived: {{x: 'l.exists(p, p.b > 3)'}}\n{REST}", ["x: > takes"]),
        (f"{RECORD}derived: {{x: [1]}}\n{REST}", ["x: expected an expression"]),
        (f"{RECORD}derived: [x]\n{REST}", ["expected names, each with an expression"]),
        (f"{RECORD}derived: {{today: '1'}}\n{REST}", ["today is taken"]),
        (f"{RECORD}holidays: [2026-02-30, x]\n{REST}", ["no such day", "a date is written as"]),
        (f"{RECORD}holidays: 2026-02-28\n{REST}", ["holidays are a list of dates"]),
        (f"{RECORD}time_zone: Europe/Rotterdam\n{REST}", ["no time zone Europe/Rotterdam"]),
        (f"{RECORD}time_zone: ../../etc/passwd\n{REST}", ["no time zone"]),
        (f"{RECORD}valid_from: 2026-04-01\nvalid_until: 2026-03-01\n{REST}", ["is before"]),
        (f"{RECORD}valid_from: soon\n{REST}", ["valid_from: a date is written as"]),
        (f"{RECORD}valid_from: 2026-03-02\n{REST}", ["1:1: the document is not valid on"]),
        (f"{RECORD}valid_until: 2026-02-28\n{REST}", ["1:1: the document is not valid on"]),
        (f"{RECORD}polcy: x\n{REST}", ["polcy is not known here; did you mean policy?"]),
        (f"{RECORD}outcomes: [o]\n{REST}", ["x is none of the outcomes"]),
        (f"{RECORD}outcomes: [x, x]\n{REST}", ["x is there twice", "o is none"]),
        (f"{RECORD}outcomes: {{x: heavy, o: 1}}\n{REST}", ["x: its weight is a number"]),
        (f"{RECORD}outcomes: x\n{REST}", ["outcomes are a list"]),
        (f"{RECORD}outcomes: [x, o]\non_error: y\n{REST}", ["y is none of the outcomes"]),
        (f"{RECORD}precedence: last\ndefault: ~\nrules: []\n",
         ["precedence is first or heaviest", "default is a text", "a list of 1 to 1000 rules"]),
        (f"{RECORD}precedence: heaviest\ndefault: x\nrules: [{{name: r, when: true, outcome: o}}]",
         ["a weight is missing"]),
        (f"{RECORD}precedence: first\ndefault: x\nrules:\n- {{name: r, when: [], outcome: o}}\n"
         "- {name: r, unless: {}, wen: 'true', weight: 1}\n- 3",
         ["5:19: rule r: when: expected 1 to 50", "6:3: rule r: its name is that of another",
          "6:21: rule r: unless: expected", "6:25: rule r: wen is not known here",
          "rule r: when is missing", "rule r: outcome is missing",
          "6:46: rule r: a weight says nothing", "7:3: rule without name: expected a mapping"]),
    ],
)  # fmt: skip
def test_every_fault_of_a_document_is_told(
    tmp_path: Path, document: str, faults: list[str]
) -> None:
    lines = said(tmp_path, document)
    for fault in faults:
        assert any(fault in line for line in lines), lines


FACTS = """
facts:
  n: optional number
  t: optional text
  y: optional yes/no
  d: optional date
  i: optional instant
  l: optional list of dates
  g: {type: record, optional: yes, fields: {a: number, b: {type: record, fields: {c: text}}}}
  r:
    type: optional list of records
    fields: {a: number, s: {type: list of records, fields: {b: date}}}
  x.y: optional number
"""


@pytest.mark.parametrize(
    ("case", "fault"),
    [
        ("n: x", "n: expected a number, found text"),
        ("n: '1'", "n: expected a number, found text"),
        ("n: yes", "n: expected a number, found yes or no"),
        ("n: 10:30", "n: expected a number, found text"),
        ("n: 1_000", "n: expected a number, found text"),
        ("n: 1,5", None),  # two values in a flow mapping
        ("n: .nan", "n: expected a number, found text"),
        ("n: 1e15", ""),
        ("n: 1.1e15", "n: a number above 1,000,000,000,000,000"),
        ("t: 12", "t: expected text, found a number; write it in quotes"),
        ("t: no", "t: expected text, found yes or no; write it in quotes"),
        ("t: [a]", "t: expected text, found a list"),
        ("t: 2026-01-01", ""),
        ("y: 1", "y: expected yes or no, found a number"),
        ("y: 'yes'", "y: expected yes or no, found text"),
        ("d: 2026-02-30", "d: no such day in the calendar"),
        ("d: 2026-2-3", "d: a date is written as 2026-01-31"),
        ("d: 2026-01-31T00:00:00Z", "d: a date is written as 2026-01-31"),
        ("d: 20260131", "d: expected a date, found a number"),
        ("d: 9999-12-31", ""),
        ("i: 2026-01-31", "i: an instant is written as"),
        ("i: 2026-01-31T10:00:00", "i: an instant is written as"),
        ("i: 2026-01-31T25:00:00Z", "i: no such instant in the calendar"),
        ("i: 2026-01-31T10:00:00+01:00", ""),
        ("l: 2026-01-31", "l: expected a list, found text"),
        ("l: [2026-01-31, x]", "l[1]: a date is written as 2026-01-31"),
        ("l: [2026-01-31, ~]", "l[1]: expected a date, found nothing"),
        ("g: {}", "g.a: is missing, and not optional"),
        ("g: {a: 1}", "g.b: is missing, and not optional"),
        ("g: {a: 1, b: {c: x}}", ""),
        ("g: {a: 1, b: {c: x, d: 1}}", "g.b.d: no such fact is declared"),
        ("g: 3", "g: expected names with values, found a number"),
        ("g.a: 1, g: {b: {c: x}}", ""),
        ("g.a: 1, g: {a: 1, b: {c: x}}", "a: is there twice"),
        ("r: {a: 1}", "r: expected a list, found names"),
        ("r: [3]", "r[0]: expected names with values, found a number"),
        ("r: [{a: 1, s: []}, {s: [{b: x}]}]", "r[1].a: is missing, and not optional"),
        ("r: [{a: 1, s: []}, {a: 1, s: [{b: x}]}]", "r[1].s[0].b: a date is written as"),
        ("r: [{a: 1, s: [], z: 1}]", "r[0].z: no such fact is declared"),
        ("x: 3", "x: expected names with values, found a number"),
        ("x: {z: 3}", "x.z: no such fact is declared"),
        ("nn: 3", "nn: no such fact is declared"),
        ("n: 3, n: 3", "n: is there twice"),
        ("m.n.o.p.q.r.s.t: 3", "m.n.o.p.q.r.s.t: no such fact is declared"),
        ("facts: {n: x}", "n: expected a number, found text"),
        ("facts: {n: 1}, t: x", "facts: no such fact is declared"),
    ],
)
def test_a_case_that_does_not_fit_is_told_with_its_path(
    tmp_path: Path, case: str, fault: str | None
) -> None:
    ran = run(tmp_path, FACTS + REST, f"- {{id: A7, {case}}}\n- {{id: 2}}")
    if fault is None:
        assert ran.exit_code == 1
        return
    ids = [line["id"] for line in ran.lines]
    assert ids == ([2] if fault else ["A7", 2])
    assert ran.exit_code == (1 if fault else 0)
    assert not fault or f"cases.yaml:1: case A7: {fault}" in ran.said


@pytest.mark.parametrize(
    ("cases", "suffix", "fault"),
    [
        ("- {n: 1}", ".yaml", "cases.yaml:1: case without id: id: is missing"),
        ("- {id: [1]}", ".yaml", "id: expected text or a whole number"),
        ("- {id: yes}", ".yaml", "id: expected text or a whole number"),
        ("- {id: 1.5}", ".yaml", "id: a number that is not whole"),
        ("- {id: 12345678901234567890}", ".yaml", "or too large; write it in quotes"),
        ("- {id: 1}\n- {id: '1'}", ".yaml", "cases.yaml:2: case 1: id: is that of another case"),
        ("a: {n: 1}\na: {n: 1}", ".yaml", "cases.yaml:2: case a: id: is that of another case"),
        ("a: {id: b}", ".yaml", "case a: id: differs from the name"),
        ("- x", ".yaml", "cases.yaml:1: case without id: expected names with values"),
        ('{"id": 1, "n": 1, "n": 2}', ".jsonl", "cases.jsonl:1: case without id: n: is there"),
        ('{"id": 1}\n{"id": 2', ".jsonl", "cases.jsonl:2: case without id: not JSON"),
        ('{"id": 1, "n": NaN}', ".jsonl", "NaN is not a number"),
        ('{"id": 1, "n": ' + "9" * 5000 + "}", ".jsonl", "case 1: n: a number above"),
        ('{"id": "\udcff"}', ".jsonl", "or some that may not be"),
        ('{"id": 1, "t": "\\ud800"}', ".jsonl", "case 1: t: has a character that may not be"),
        ('{"id": "a\\u001b[2J"}\n{"id": "a\\u001b[2J"}', ".jsonl", "case 'a\\x1b[2J'"),
        ("[" * 100_000, ".jsonl", "nested more than 20 deep"),
    ],
)
def test_a_case_that_cannot_be_read_stops_no_other(
    tmp_path: Path, cases: str, suffix: str, fault: str
) -> None:
    ran = run(tmp_path, FACTS + REST, cases, suffix=suffix)
    assert fault in ran.said
    assert ran.exit_code == 1


@pytest.mark.parametrize(
    ("cases", "suffix", "fault"),
    [
        ("", ".yaml", "cases.yaml:1:1: the file is empty"),
        ("3", ".yaml", "cases.yaml:1:1: expected a list of cases"),
        ("a: [", ".yaml", "not YAML"),
        ("[" * 1000, ".yaml", "cases.yaml:1:22: nested more than 20 deep"),
        ("[] []", ".json", "not JSON"),
        ("3", ".json", "expected a list of cases"),
        ("[" * 100_000, ".json", "nested more than 20 deep"),
        ("- \udcff", ".yaml", "cases.yaml:1:1: not UTF-8"),
    ],
)
def test_a_file_of_cases_that_cannot_be_read_is_refused(
    tmp_path: Path, cases: str, suffix: str, fault: str
) -> None:
    ran = run(tmp_path, FACTS + REST, cases, suffix=suffix)
    assert fault in ran.said
    assert ran.exit_code == 2
    assert ran.lines == []


def test_a_bomb_of_aliases_is_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    for at in range(1, 9):
        lines.append(f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 10)}]")
    assert "more than 50000 values" in said(tmp_path, "\n".join(lines))[0]
    assert "stands for nothing" in said(tmp_path, "a: &a [*a]")[0]


@pytest.mark.parametrize(
    ("when", "fault"),
    [
        ("l.exists(a, l.exists(b, a * b < 0))", "more than 10,000 steps"),
        ("l.map(a, l.map(b, b)).size() < 0", "it takes too much work"),
        ("l.exists(a, [l, l, l, l, l].size() < 0)", "it takes too much work"),
        ("l.map(a, t).size() < 0", "it takes too much work"),
        ("t + t == t", "a text that is too long"),
        ("l + l == l", "a list that is too long"),
    ],
)
def test_evaluation_ends(tmp_path: Path, when: str, fault: str) -> None:
    document = f"{HEAD}rules:\n  - name: r\n    outcome: o\n    when: |\n      {when}\n"
    numbers = ", ".join(map(str, range(1000)))
    case = f"- {{id: 1, n: 1, d: 2026-01-01, t: {'x' * 9000}, l: [{numbers}]}}"
    ran = run(tmp_path, document, case)
    assert ran.lines == [{"id": 1, "outcome": "needs_person", "fired": []}]
    assert fault in ran.said


def test_it_needs_no_settings_and_no_database(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(FACTS + REST)
    (tmp_path / "cases.yaml").write_text("é: {n: 1}")
    command = [sys.executable, "-m", "services.triage", "policy", "run", "policy.yaml"]
    bare = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), "LC_ALL": "C"}
    done = subprocess.run(
        [*command, "cases.yaml", "--as-of", "2026-03-01"],
        cwd=tmp_path, env=bare, timeout=60, capture_output=True, check=True,
    )  # fmt: skip
    assert done.stdout.decode() == '{"id": "é", "outcome": "o", "fired": ["r"]}\n'
    wrong = subprocess.run(
        [*command, "missing.yaml", "--as-of", "2026-03-01"],
        cwd=tmp_path, env=bare, timeout=60, capture_output=True, check=False,
    )  # fmt: skip
    assert wrong.returncode == 2
    assert wrong.stderr.decode() == "missing.yaml:1:1: cannot be read: No such file or directory\n"
