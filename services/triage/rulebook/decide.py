"""Decides one case by the rules of a document, on a day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.triage.rulebook.asking import Unanswered
from services.triage.rulebook.derived import Checked
from services.triage.rulebook.document import Rulebook
from services.triage.rulebook.rewriting import presence
from services.triage.rulebook.rules import Rule
from services.triage.rulebook.values import Typed


class CaseFault(Exception):
    """A case cannot be decided: it does not fit the facts of the document."""

    def __init__(self, faults: list[str]) -> None:
        assert faults, "a case without a fault was refused"
        self.faults = faults
        super().__init__("; ".join(faults))


@dataclass(frozen=True)
class Decision:
    """What follows for a case."""

    outcome: str
    fired: tuple[str, ...]  # the names of all rules that fired, in the order of the document
    troubles: tuple[str, ...] = ()  # rules that could not be evaluated, and why


@dataclass
class _Known:
    """What is known of a case while it is decided."""

    values: dict[str, Any]
    troubles: dict[str, str] = field(default_factory=dict)  # of derived facts, by name


def decide(book: Rulebook, given: Mapping[str, Any], as_of: date) -> Decision:
    """Decide a case; raises CaseFault naming every fault."""
    typed = Typed()
    typed.group(book.facts, given)
    if typed.faults:
        raise CaseFault(typed.faults)
    book.asker.records = typed.records
    known = _Known(typed.values | {"today": as_of.toordinal()})
    _derive(book, known)
    activation = book.asker.activation(known.values)
    fired, troubles = [], []
    for rule in book.rules:
        if rule.period.has(as_of):
            answer = _fires(book, rule, known, activation)
            if answer is True:
                fired.append(rule)
            elif isinstance(answer, Unanswered) and answer.trouble:
                troubles.append(f"rule {rule.name}: {answer.trouble}")
    outcome = book.outcomes.on_error if troubles else _outcome(book, fired)
    return Decision(outcome, tuple(rule.name for rule in fired), tuple(troubles))


def _derive(book: Rulebook, known: _Known) -> None:
    """Work out the derived facts; one without a value is absent, or in trouble."""
    for name, checked in book.derived.items():
        answer = _answer(book, checked, known, book.asker.activation(known.values))
        known.values[presence(name)] = not isinstance(answer, Unanswered)
        if not isinstance(answer, Unanswered):
            known.values[name] = answer
        elif answer.trouble:
            known.troubles[name] = answer.trouble
            del known.values[presence(name)]


def _answer(book: Rulebook, checked: Checked, known: _Known, activation: Any) -> Any:
    """The value of an expression; one without, that speaks of trouble, is in trouble."""
    answer = book.asker.ask(checked.said.text, activation)
    if isinstance(answer, Unanswered) and answer.trouble is None:
        for name in sorted(checked.said.uses & known.troubles.keys()):
            return Unanswered(f"derived fact {name}: {known.troubles[name]}")
    return answer


def _fires(book: Rulebook, rule: Rule, known: _Known, activation: Any) -> Any:
    """Whether a rule fires; Unanswered when that cannot be said.

    As with && in CEL, one condition that fails decides, whatever the others are.
    """
    unanswered = None
    for conditions, wanted in ((rule.when, True), (rule.unless, False)):
        for checked in conditions:
            answer = _answer(book, checked, known, activation)
            if isinstance(answer, Unanswered):
                if unanswered is None or unanswered.trouble is None:
                    unanswered = answer
            elif answer is not wanted:
                return False
    return unanswered or True


def _outcome(book: Rulebook, fired: list[Rule]) -> str:
    """The outcome of the rule that counts: of equally heavy ones, the first."""
    if not fired:
        return book.outcomes.default
    if book.outcomes.is_heaviest:
        return max(fired, key=lambda rule: rule.weight).outcome
    return fired[0].outcome
