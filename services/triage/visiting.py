"""Whether a planned visit may be made, and who may go along: pure; the same whoever asks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.triage.assignment import Roster, Wanted, may_go_along
from services.triage.cases import Visit
from shared.clock import amsterdam_day
from shared.contracts.triage import ContactRestriction


@dataclass(frozen=True)
class Visitors:
    """Who goes by, and what is asked of who comes."""

    first_id: str
    wanted: Wanted
    restrictions: frozenset[ContactRestriction]
    roster: Roster

    @property
    def must_be_two(self) -> bool:
        return ContactRestriction.VISIT_WITH_TWO in self.restrictions

    def may_come(self, worker_id: str, day: date) -> bool:
        """Whether somebody may go along on this day."""
        return may_go_along(worker_id, self.first_id, self.wanted, self.roster, day)


def why_not(who: Visitors, day: date) -> str | None:
    """Why nobody may go by on this day; None when the assignee may."""
    if ContactRestriction.NO_APPROACH in who.restrictions:
        return "Nobody approaches this household: a restriction says so."
    if not who.roster.workers[who.first_id].is_there(day):
        return "The assignee is away on that day, or has left by then."
    return None


def as_it_may_go_on(visit: Visit, who: Visitors) -> Visit | None:
    """A planned visit without who may not go along any more; None: it may not be made at all."""
    day = amsterdam_day(visit.starts_at)
    second = visit.second_worker_id
    if second and not who.may_come(second, day):
        second = None
    if why_not(who, day) or (who.must_be_two and second is None):
        return None
    return replace(visit, second_worker_id=second)


def off(visits: Sequence[Visit], who: Visitors) -> tuple[Visit, ...]:
    """The planned visits that may not be made as they are planned."""
    return tuple(visit for visit in visits if as_it_may_go_on(visit, who) != visit)
