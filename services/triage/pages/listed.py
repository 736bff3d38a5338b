"""What a line of a list says of a case: what next, by when, and how pressing that is. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.triage.api.cases import Case
from services.triage.deadlines import ENDINGS
from shared.clock import amsterdam_day

FAR = date.max


@dataclass(frozen=True)
class Term:
    """A term that is not met yet."""

    name: str
    clock: str  # legal, service or pause: never mixed on screen
    due_on: date
    starting_fact: str
    starts_on: date
    days_left: int  # below 0: it is over

    @property
    def is_missed(self) -> bool:
        return self.days_left < 0 and self.name not in ENDINGS


@dataclass(frozen=True)
class CaseLine:
    """A case in a list."""

    case: Case
    terms: tuple[Term, ...]
    visit: dict[str, Any] | None  # that is planned
    next_step: str  # accept, record, wait, visit, plan or closed
    is_new: bool

    @property
    def rank(self) -> tuple[Any, ...]:
        """Overdue first, then what waits for an answer, then by term and priority."""
        first = self.terms[0].due_on if self.terms else FAR
        return not self.is_late, not self.is_new, self.case.priority, first, self.case.reference

    @property
    def is_late(self) -> bool:
        """Whether something should have been done by now."""
        return any(one.is_missed for one in self.terms)

    def of_clock(self, *clocks: str) -> list[Term]:
        """The terms of a clock."""
        return [one for one in self.terms if one.clock in clocks]


def listed(case: Case, today: date) -> CaseLine:
    """The line of a case on a day."""
    open_terms = [one for one in case.deadlines if one["met_at"] is None]
    terms = sorted((_term(one, today) for one in open_terms), key=lambda one: one.due_on)
    planned = [one for one in case.visits if one["state"] == "planned"]
    visit = _visit(planned[0]) if planned else None
    is_new = case.is_open and case.answer == "awaited"
    step = _next_step(case, visit, today, is_new=is_new)
    return CaseLine(case, tuple(terms), visit, step, is_new)


def _next_step(case: Case, visit: dict[str, Any] | None, today: date, *, is_new: bool) -> str:
    if not case.is_open:
        return "closed"
    if is_new:
        return "accept"
    if visit and amsterdam_day(visit["ends_at"]) < today:
        return "record"
    if case.paused_until:
        return "wait"
    return "visit" if visit else "plan"


def _term(told: dict[str, Any], today: date) -> Term:
    due_on = date.fromisoformat(told["due_on"])
    return Term(
        name=told["name"],
        clock=told["clock"],
        due_on=due_on,
        starting_fact=told["starting_fact"],
        starts_on=date.fromisoformat(told["starts_on"]),
        days_left=(due_on - today).days,
    )


def _visit(told: dict[str, Any]) -> dict[str, Any]:
    return {
        **told,
        "starts_at": datetime.fromisoformat(told["starts_at"]),
        "ends_at": datetime.fromisoformat(told["ends_at"]),
    }


def at_the_door(visit: dict[str, Any] | None, now: datetime) -> dict[str, Any] | None:
    """The planned visit that what happens at the door now belongs to: of today, or overdue."""
    if visit is None or amsterdam_day(visit["starts_at"]) > amsterdam_day(now):
        return None
    day = amsterdam_day(visit["starts_at"])
    return {**visit, "day": day.isoformat(), "is_over": day < amsterdam_day(now)}


def with_days(rows: Sequence[Mapping[str, Any]], *names: str) -> list[dict[str, Any]]:
    """Rows as the API has them, in which these fields are days."""
    return [{**row, **{name: date.fromisoformat(row[name]) for name in names}} for row in rows]
