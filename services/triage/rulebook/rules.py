"""The rules of a document: what must hold, what may not, and what follows."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from services.triage.rulebook.checking import Checker
from services.triage.rulebook.dates import date_from
from services.triage.rulebook.derived import Checked
from services.triage.rulebook.faults import Fault
from services.triage.rulebook.numbers import Trouble
from services.triage.rulebook.outcomes import Outcomes, require_known
from services.triage.rulebook.rewriting import rewrite
from services.triage.rulebook.sections import Section
from services.triage.rulebook.tree import Items, Node, Scalar

RULES_MAX = 1_000
CONDITIONS_MAX = 50
PARTS = (
    "name", "when", "unless", "outcome", "weight", "reason", "source", "valid_from", "valid_until",
)  # fmt: skip


@dataclass(frozen=True)
class Period:
    """From the first day to the last, both included; None where it is open."""

    first: date | None = None
    last: date | None = None

    def has(self, day: date) -> bool:
        """Whether a day is in it."""
        return (self.first or date.min) <= day <= (self.last or date.max)


@dataclass(frozen=True)
class Rule:
    """A rule whose conditions CEL has accepted."""

    name: str
    when: tuple[Checked, ...]  # all must hold
    unless: tuple[Checked, ...]  # none may hold
    outcome: str
    weight: float
    period: Period

    def conditions(self) -> tuple[Checked, ...]:
        """All of them."""
        return self.when + self.unless


def read_period(section: Section) -> Period:
    """`valid_from` and `valid_until` of a document or a rule."""
    first, last = _day(section, "valid_from"), _day(section, "valid_until")
    if first and last and last < first:
        section.fault(section.node, "valid_until is before valid_from")
    return Period(first, last)


def _day(section: Section, name: str) -> date | None:
    node = section.part(name)
    text = section.text(name)
    if node is None or text is None:
        return None
    try:
        return date.fromordinal(date_from(text))
    except Trouble as trouble:
        section.fault(node, f"{name}: {trouble}")
        return None


def read_rules(node: Node, outcomes: Outcomes, checker: Checker, faults: list[Fault]) -> list[Rule]:
    """Every rule, in order; what is wrong is added to `faults`."""
    rules: list[Rule] = []
    names: set[str] = set()
    if not isinstance(node, Items) or not 1 <= len(node.items) <= RULES_MAX:
        faults.append(Fault(node.line, node.column, f"expected a list of 1 to {RULES_MAX} rules"))
        return rules
    for one in node.items:
        found: list[Fault] = []
        rule = _rule(Section(one, PARTS, found), outcomes, checker)
        if rule.name in names:
            found.append(Fault(one.line, one.column, "its name is that of another rule too"))
        names.add(rule.name)
        rules.append(rule)
        which = f"rule {rule.name}" if rule.name else "rule without name"
        faults += [replace(fault, text=f"{which}: {fault.text}") for fault in found]
    return rules


def _rule(section: Section, outcomes: Outcomes, checker: Checker) -> Rule:
    """A rule; what is wrong with it is added to the faults of its section."""
    name = section.text("name") if section.required("name") else None
    when, unless = (tuple(_conditions(section, part, checker)) for part in ("when", "unless"))
    section.required("when")
    outcome = section.text("outcome") if section.required("outcome") else None
    node = section.part("outcome")
    if node and outcome:
        require_known(outcome, outcomes.weights, section, node)
    weight = _weight(section, outcome or "", outcomes)
    section.text("reason")
    section.text("source")
    return Rule(name or "", when, unless, outcome or "", weight, read_period(section))


def _weight(section: Section, outcome: str, outcomes: Outcomes) -> float:
    """The rule's own weight, else that of its outcome; 0 where weights do not count."""
    weight, node = section.number("weight"), section.part("weight")
    if not outcomes.is_heaviest:
        if node:
            section.fault(node, "a weight says nothing with precedence: first")
        return 0
    if node is None and outcomes.weights is None:
        section.fault(section.node, "a weight is missing: give the rule one, or list the outcomes")
    return (outcomes.weights or {}).get(outcome, 0) if weight is None else weight


def _conditions(section: Section, part: str, checker: Checker) -> Iterator[Checked]:
    """One condition, or a list of them."""
    node = section.part(part)
    nodes = node.items if isinstance(node, Items) else () if node is None else (node,)
    if node and not 1 <= len(nodes) <= CONDITIONS_MAX:
        section.fault(node, f"{part}: expected 1 to {CONDITIONS_MAX} conditions")
        return
    for one in nodes:
        if not isinstance(one, Scalar):
            section.fault(one, f"{part}: expected a condition; put it in quotes, or after |")
            continue
        said = rewrite(one.text, checker.names())
        checker.check_condition(one, said, section.faults)
        yield Checked(one, said)
