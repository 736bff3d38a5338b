"""A fortnight in parts of the day: what is free, and what somebody has already. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from shared.clock import AMSTERDAM, amsterdam_day
from shared.workdays import at_hour, is_workday

DAYS = 14
# The window that a resident hears, per part of the day.
PARTS = {
    "morning": (time(9), time(12)),
    "afternoon": (time(13), time(17)),
    "evening": (time(18), time(21)),
}
NOON, EVENING = 12, 18


class NoWindow(ValueError):
    """A form named no window."""


@dataclass(frozen=True)
class Slot:
    """One part of one day."""

    part: str
    starts_at: datetime
    ends_at: datetime
    taken: tuple[Mapping[str, Any], ...]  # visits that begin in it
    is_offered: bool

    @property
    def value(self) -> str:
        return f"{amsterdam_day(self.starts_at)}/{self.part}"


@dataclass(frozen=True)
class DayOf:
    """One day of a fortnight."""

    day: date
    slots: tuple[Slot, ...]
    is_workday: bool
    is_away: bool


def fortnight(
    now: datetime, visits: Sequence[Mapping[str, Any]], is_there: Callable[[date], bool]
) -> list[DayOf]:
    """Two weeks from today on; what began already is offered no more."""
    today = amsterdam_day(now)
    return [_day(today + timedelta(days=one), now, visits, is_there) for one in range(DAYS)]


def _day(
    day: date,
    now: datetime,
    visits: Sequence[Mapping[str, Any]],
    is_there: Callable[[date], bool],
) -> DayOf:
    works, here = is_workday(day), is_there(day)
    of_day = [one for one in visits if amsterdam_day(one["starts_at"]) == day]
    slots = []
    for part, (begins, ends) in PARTS.items():
        starts_at = at_hour(day, begins)
        taken = tuple(one for one in of_day if _part_of(one["starts_at"]) == part)
        offered = works and here and starts_at > now
        slots.append(Slot(part, starts_at, at_hour(day, ends), taken, offered))
    return DayOf(day, tuple(slots), works, not here)


def _part_of(instant: datetime) -> str:
    hour = instant.astimezone(AMSTERDAM).hour
    if hour < NOON:
        return "morning"
    return "afternoon" if hour < EVENING else "evening"


def window_of(slot: str, day: str, begins: str, ends: str) -> tuple[datetime, datetime]:
    """The window that was chosen: of a part of a day, else between two hours. Raises NoWindow."""
    try:
        if slot:
            day, _, part = slot.partition("/")
            first, last = PARTS[part]
        else:
            first, last = time.fromisoformat(begins), time.fromisoformat(ends)
        chosen = date.fromisoformat(day)
    except (KeyError, ValueError):
        raise NoWindow from None
    return at_hour(chosen, first), at_hour(chosen, last)
