"""docs/POLICY.md says what the code does."""

import json
import re
from dataclasses import fields

from services.triage.conditions import FORBIDDEN, PROFILING, Facts
from services.triage.legal_path import STAGES
from services.triage.proofreading.notify_section import ABOUT
from services.triage.simulation.sides import NO_CASE
from services.triage.trials import Generated, over_generated
from shared.contracts.signals import PartnerKind
from shared.contracts.triage import ContactKind
from shared.policy import NotifyPolicy, SignalsPolicy, TriagePolicy
from tests.builders import POLICY
from tests.paths import DEMO, REPOSITORY

PAGE = (REPOSITORY / "docs/POLICY.md").read_text()
TYPES = {int: "whole number", bool: "yes/no", str: "word", list[str]: "list of words"}


def rows(heading: str) -> list[str]:
    """The first cells of the table under a heading."""
    part = PAGE.split(f"\n## {heading}")[1].split("\n## ")[0]
    return [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]


def test_the_closed_list_of_facts_is_closed() -> None:
    part = PAGE.split("\n## What rules may ask")[1].split("\n## ")[0]
    listed = re.findall(r"^\| `(\w+)` \| ([\w/ ]+) \|", part, re.MULTILINE)
    assert listed == [(field.name, TYPES[field.type]) for field in fields(Facts)]
    assert all(f"`{stage}`" in part for stage in STAGES)


def test_every_forbidden_fact_is_listed_with_why() -> None:
    listed = {name for cell in rows("What they may not") for name in re.findall(r"\w+", cell)}
    assert listed == FORBIDDEN - PROFILING


def test_every_part_of_every_section_is_there() -> None:
    for heading, model in (
        ("signals", SignalsPolicy), ("triage", TriagePolicy), ("notify", NotifyPolicy),
    ):  # fmt: skip
        assert [cell.strip(" `") for cell in rows(heading)] == list(model.model_fields)
    for word in (*PartnerKind, *ContactKind, *ABOUT):
        assert f"`{word}`" in PAGE


def test_what_a_simulation_tells_programs_is_listed() -> None:
    told = over_generated(POLICY, POLICY, Generated(50, 1), print)
    listed = PAGE.split("before and after:\n")[1].split("\nEstimates")[0]
    for name in (*told, *told["moves"], *told["over"], *told["costs"][0], *told["candidate"]):
        assert re.search(rf"\b{name}\b", listed), name
    assert NO_CASE in told["tracks"]
    json.dumps(told)


def sources(text: str) -> set[int]:
    """Every source that a text names, ranges such as S14-S16 in full."""
    found = set()
    for first, last in re.findall(r"\bS([0-9]+)(?:[-\u2013]S([0-9]+))?", text):
        found |= set(range(int(first), int(last or first) + 1))
    return found


def test_every_source_of_a_number_can_be_looked_up() -> None:
    page = (REPOSITORY / "docs/SOURCES.md").read_text()
    listed = sources("\n".join(line.split("|")[1] for line in page.splitlines() if "| S" in line))
    files = [*DEMO.glob("policies*/*.yaml"), REPOSITORY / "services/triage/simulation/figures.py"]
    for file in files:
        assert sources(file.read_text()) <= listed, sources(file.read_text()) - listed
    assert len(files) == 3
