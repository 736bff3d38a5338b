"""Which attempt comes next: pure. Another channel and another part of day than the last.

A step of the policy's ladder that a restriction forbids is passed over; after the last step there
is no next, and a person decides how the case ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from shared.contracts.triage import ContactKind, ContactRestriction, PartOfDay
from shared.policy import LadderStep
from shared.workdays import add_workdays, workday_on_or_after

FORBIDS = {
    ContactKind.LETTER: ContactRestriction.NO_LETTERS,
    ContactKind.MAIL: ContactRestriction.NO_LETTERS,
    ContactKind.TEXT: ContactRestriction.NO_LETTERS,
    ContactKind.PHONE: ContactRestriction.NO_CALLS,
}


@dataclass(frozen=True)
class Tried:
    """An attempt that was made, in vain."""

    kind: ContactKind
    part_of_day: PartOfDay
    on: date


@dataclass(frozen=True)
class NextAttempt:
    """What is proposed."""

    kind: ContactKind
    part_of_day: PartOfDay | None
    not_before: date
    step: int  # of how many it is which, from 1
    steps: int


def next_attempt(
    ladder: Sequence[LadderStep],
    tried: Sequence[Tried],
    restrictions: frozenset[ContactRestriction],
    today: date,
) -> NextAttempt | None:
    """The next attempt; None when the ladder is at its end, or nobody may approach."""
    if ContactRestriction.NO_APPROACH in restrictions:
        return None
    allowed = [step for step in ladder if FORBIDS.get(step.kind) not in restrictions]
    if len(tried) >= len(allowed):
        return None
    step = allowed[len(tried)]
    last = max((one.on for one in tried), default=today)
    not_before = max(today, add_workdays(last, step.after_workdays) if tried else today)
    return NextAttempt(
        step.kind,
        _other_part(step, tried),
        workday_on_or_after(not_before),
        len(tried) + 1,
        len(allowed),
    )


def _other_part(step: LadderStep, tried: Sequence[Tried]) -> PartOfDay | None:
    """The step's part of day, unless this channel was tried in vain then just before."""
    alike = [one for one in tried if one.kind is step.kind]
    if step.part_of_day is None or not alike or alike[-1].part_of_day is not step.part_of_day:
        return step.part_of_day
    parts = list(PartOfDay)
    return parts[(parts.index(step.part_of_day) + 1) % len(parts)]
