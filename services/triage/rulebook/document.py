"""A document of the rule language, read and checked as a whole: all of it, or every fault."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from services.triage.rulebook.asking import Asker
from services.triage.rulebook.checking import Checker
from services.triage.rulebook.dates import Workdays, date_from, seven_days
from services.triage.rulebook.derived import Checked, checked_in_order, named_expressions
from services.triage.rulebook.facts import Facts, declared
from services.triage.rulebook.faults import DocumentFault, Fault
from services.triage.rulebook.functions import Function, functions
from services.triage.rulebook.numbers import Trouble
from services.triage.rulebook.outcomes import Outcomes, read_outcomes
from services.triage.rulebook.rules import Period, Rule, read_period, read_rules
from services.triage.rulebook.sections import Section
from services.triage.rulebook.tree import Items, parse
from shared.clock import AMSTERDAM
from shared.workdays import is_workday

VALUES_MAX = 50_000
HOLIDAYS_MAX = 5_000
PARTS = (
    "policy", "description", "version", "source", "valid_from", "valid_until", "time_zone",
    "holidays", "facts", "derived", "precedence", "outcomes", "default", "on_error", "rules",
)  # fmt: skip
_TEXTS = ("policy", "description", "version", "source")


@dataclass(frozen=True)
class Rulebook:
    """A document that can decide cases."""

    facts: Facts
    derived: Mapping[str, Checked]  # each after those that it builds on
    rules: tuple[Rule, ...]
    outcomes: Outcomes
    period: Period
    asker: Asker

    def require_valid(self, day: date) -> None:
        """Raise DocumentFault when the document does not hold on a day."""
        if not self.period.has(day):
            raise DocumentFault([Fault(1, 1, f"the document is not valid on {day}")])


def read(text: str) -> Rulebook:
    """Read a document; raises DocumentFault naming every fault."""
    faults: list[Fault] = []
    document = Section(parse(text, VALUES_MAX), PARTS, faults)
    for name in _TEXTS:
        document.text(name)
    period = read_period(document)
    available = _functions(document)
    of_facts = document.required("facts")
    facts = declared(of_facts, faults) if of_facts else {}
    checker = Checker(facts, available)
    of_derived = document.part("derived")
    expressions = named_expressions(of_derived, facts, faults) if of_derived else {}
    derived = checked_in_order(expressions, checker, faults)
    outcomes = read_outcomes(document)
    of_rules = document.required("rules")
    rules = read_rules(of_rules, outcomes, checker, faults) if of_rules else []
    if faults:
        raise DocumentFault(faults)
    asker = _asker(checker, available, derived, rules)
    return Rulebook(facts, derived, tuple(rules), outcomes, period, asker)


def _asker(
    checker: Checker,
    available: Mapping[str, Function],
    derived: Mapping[str, Checked],
    rules: list[Rule],
) -> Asker:
    asker = Asker(checker.names(), available)
    for checked in (*derived.values(), *(one for rule in rules for one in rule.conditions())):
        asker.learn(checked.said.text)
    return asker


def _functions(document: Section) -> Mapping[str, Function]:
    """The functions, with the working days and the clock of the document, else the Dutch ones."""
    holidays = _holidays(document)
    zone = AMSTERDAM
    said = document.text("time_zone")
    if said:
        try:
            zone = ZoneInfo(said)
        except (KeyError, ValueError, OSError):
            document.fault(document.part("time_zone") or document.node, f"no time zone {said}")
    return functions(Workdays(is_workday if holidays is None else seven_days(holidays)), zone)


def _holidays(document: Section) -> frozenset[date] | None:
    """The days off that a document lists; None when it keeps to the Dutch ones."""
    node = document.part("holidays")
    if node is None:
        return None
    if not isinstance(node, Items) or len(node.items) > HOLIDAYS_MAX:
        document.fault(node, f"holidays are a list of dates, at most {HOLIDAYS_MAX}")
        return None
    days = set()
    for one in node.items:
        text = document.text_of(one, "a holiday")
        try:
            days |= {date.fromordinal(date_from(text))} if text else set()
        except Trouble as trouble:
            document.fault(one, str(trouble))
    return frozenset(days)
