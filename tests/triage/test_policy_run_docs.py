"""Every example of docs/POLICY-RUN.md, and those under docs/examples, come out as they say."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from services.triage.rulebook.cases import from_yaml
from services.triage.rulebook.decide import decide
from services.triage.rulebook.document import read
from tests.paths import REPOSITORY
from tests.triage.policy_runs import run

PAGE = (REPOSITORY / "docs/POLICY-RUN.md").read_text()
BLOCKS = re.findall(r"^```(\S+ \S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
EXAMPLES = REPOSITORY / "docs/examples/policy-run"
AS_OF = "2026-03-01"


@dataclass(frozen=True)
class Example:
    """A policy of the page, with its cases, and what is printed for them."""

    policy: str
    cases: str
    lines: str
    faults: str


def examples() -> Iterator[Example]:
    starts = [at for at, (kind, _) in enumerate(BLOCKS) if kind == "yaml policy"]
    for start in starts:
        kinds, texts = zip(*BLOCKS[start : start + 4], strict=True)
        assert kinds[1:3] == ("yaml cases", "json lines")
        has_faults = kinds[-1] == "text case-faults"
        yield Example(*texts[:3], texts[-1] if has_faults else "")


@pytest.mark.parametrize(
    "example", list(examples()), ids=lambda example: example.policy.split("\n")[1]
)
def test_an_example_prints_what_the_page_says(example: Example, tmp_path: Path) -> None:
    ran = run(tmp_path, example.policy, example.cases, AS_OF)
    assert ran.lines == [json.loads(line) for line in example.lines.splitlines()]
    assert ran.said == example.faults
    assert ran.exit_code == (1 if example.faults else 0)


def test_the_faulty_policy_has_the_faults_that_the_page_tells(tmp_path: Path) -> None:
    blocks = dict(BLOCKS)
    ran = run(tmp_path, blocks["yaml faulty-policy"], "[]", AS_OF)
    assert ran.said == blocks["text faults"]
    assert ran.exit_code == 2


def rows() -> Iterator[tuple[str, str]]:
    tables = "".join(re.findall(r"^\| Expression .*\n((?:\|.*\n)+)", PAGE, re.MULTILINE))
    for row in re.findall(r"^\| `(.+?)` \| (`.+?`|absent) \|", tables, re.MULTILINE):
        yield row[0].replace(r"\|", "|"), row[1].strip("`")


@pytest.mark.parametrize(("expression", "result"), list(rows()))
def test_an_expression_gives_what_the_page_says(expression: str, result: str) -> None:
    blocks = dict(BLOCKS)
    facts = blocks["yaml sample-facts"].replace("\n", "\n  ")
    equal = "has(answer)" if result == "absent" else f"answer == {result}"
    book = read(
        f"facts:\n  {facts}\nderived:\n  answer: |\n    {expression}\nprecedence: first\n"
        f"default: none\nrules:\n  - name: equal\n    when: |\n      {equal}\n    outcome: found\n"
    )
    case = blocks["yaml sample-case"].replace("\n", "\n  ")
    (sample,) = from_yaml(f"sample:\n  {case}")
    decision = decide(book, sample.given, date.fromisoformat(AS_OF))
    assert decision.troubles == ()
    assert decision.fired == (() if result == "absent" else ("equal",))


@pytest.mark.parametrize("name", ["income-ladder", "diversion"])
def test_an_example_on_file_prints_what_stands_beside_it(name: str, tmp_path: Path) -> None:
    (cases,) = EXAMPLES.glob(f"{name}.cases.*")
    expected = (EXAMPLES / f"{name}.expected.jsonl").read_text().splitlines()
    policy = (EXAMPLES / f"{name}.yaml").read_text()
    ran = run(tmp_path, policy, cases.read_text(), "2026-03-02", cases.suffix)
    assert ran.lines == [json.loads(line) for line in expected]
    assert "division by zero" in ran.said  # of the one case that a person has to look at
    assert len({line["outcome"] for line in ran.lines}) > 6


def test_the_page_has_rows_and_examples_enough_to_be_found() -> None:
    assert len(list(rows())) > 110
    assert len(list(examples())) >= 6
