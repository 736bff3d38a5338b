"""Dutch working days and the hours of the day on the Amsterdam clock.

Not a working day: Saturday, Sunday and the days of the Algemene termijnenwet, art. 3, which equates
Good Friday with a holiday and counts 5 May every year.
"""

from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache

import holidays

from shared.clock import AMSTERDAM


@cache
def _holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("NL", years=year, categories=("public", "optional")))


def is_workday(day: date) -> bool:
    """Whether Dutch offices work on this day."""
    return day.weekday() < 5 and day not in _holidays(day.year)


@lru_cache(4096)
def add_workdays(day: date, count: int) -> date:
    """The working day `count` working days after `day`; negative counts back."""
    step = timedelta(days=1 if count >= 0 else -1)
    for _ in range(abs(count)):
        day += step
        while not is_workday(day):
            day += step
    return day


def workday_on_or_after(day: date) -> date:
    """`day` itself, or the first working day after it."""
    while not is_workday(day):
        day += timedelta(days=1)
    return day


def workday_before(day: date) -> date:
    """The last working day before `day`."""
    return add_workdays(day, -1)


def count_workdays(after: date, until: date) -> int:
    """The working days after `after` up to and including `until`; 0 when `until` is not later."""
    days = (after + timedelta(days=one) for one in range(1, (until - after).days + 1))
    return sum(map(is_workday, days))


def at_hour(day: date, hour: time) -> datetime:
    """The instant of an hour on the Amsterdam clock; a skipped hour is the one after it."""
    return datetime.combine(day, hour, AMSTERDAM)


def next_digest(after: datetime, hour: time) -> datetime:
    """The first instant later than `after` that is `hour` on a working day."""
    day = after.astimezone(AMSTERDAM).date()
    while not (is_workday(day) and at_hour(day, hour) > after):
        day += timedelta(days=1)
    return at_hour(day, hour)
