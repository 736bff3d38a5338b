"""Calendar arithmetic of the rule language. A date is its ordinal, an instant is microseconds.

CEL has no dates, and its instants cannot stand in records here; whole numbers can. An ordinal is
that of `date.toordinal`; an instant counts from 1970 in UTC.
"""

import re
from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from services.triage.rulebook.numbers import Trouble, whole

YEARS_OF_WORKDAYS = range(1900, 2200)
_HOUR = 3_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)"
    r"(Z|[+-][0-9]{2}:[0-9]{2})"
)


def date_from(text: str) -> int:
    """Read a date; raises Trouble."""
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text).toordinal()
    except ValueError:
        raise Trouble("no such day in the calendar") from None
    raise Trouble("a date is written as 2026-01-31")


def instant_from(text: str) -> int:
    """Read an instant; raises Trouble."""
    found = _INSTANT.fullmatch(text)
    if not found:
        raise Trouble("an instant is written as 2026-01-31T10:00:00+01:00, or with Z for UTC")
    day, at, offset = found.groups()
    try:
        instant = datetime.fromisoformat(f"{day}T{at}{'+00:00' if offset == 'Z' else offset}")
        return (instant - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        raise Trouble("no such instant in the calendar") from None


def date_of(year: str | float, month: float = 1, day: float = 1) -> int:
    """A date from its text, or from its three numbers; raises Trouble."""
    if isinstance(year, str):
        return date_from(year)
    try:
        return date(whole(year), whole(month), whole(day)).toordinal()
    except ValueError:
        raise Trouble("no such day in the calendar") from None


def _ordinal(ordinal: int) -> int:
    if not date.min.toordinal() <= ordinal <= date.max.toordinal():
        raise Trouble("a date before the year 1 or after 9999")
    return ordinal


def add_days(day: int, count: float) -> int:
    """So many days later."""
    return _ordinal(day + whole(count))


def add_weeks(day: int, count: float) -> int:
    """So many weeks later."""
    return add_days(day, count * 7)


def add_months(day: int, count: float) -> int:
    """The same day of the month so many months later, or the last of that month."""
    start = date.fromordinal(day)
    year, month = divmod(start.year * 12 + start.month - 1 + whole(count), 12)
    if not 1 <= year <= 9999:
        raise Trouble("a date before the year 1 or after 9999")
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1])).toordinal()


def add_years(day: int, count: float) -> int:
    """The same day so many years later; 28 February for 29 February."""
    return add_months(day, count * 12)


def days_between(start: int, end: int) -> float:
    """Days from one date to another; below 0 when the second is the earlier."""
    return float(end - start)


def months_between(start: int, end: int) -> float:
    """Whole calendar months from one date to another: as many as add_months can add."""
    if end < start:
        return -months_between(end, start)
    first, last = date.fromordinal(start), date.fromordinal(end)
    months = (last.year - first.year) * 12 + last.month - first.month
    return float(months if add_months(start, months) <= end else months - 1)


def years_between(start: int, end: int) -> float:
    """Whole years from one date to another; of a birthday: the age."""
    months = int(months_between(start, end))
    return float(months // 12 if months >= 0 else -(-months // 12))


def start_of_month(day: int) -> int:
    """The first day of its month."""
    return day - date.fromordinal(day).day + 1


def end_of_month(day: int) -> int:
    """The last day of its month."""
    one = date.fromordinal(day)
    return day - one.day + monthrange(one.year, one.month)[1]


def add_hours(instant: int, count: float) -> int:
    """So many hours later, parts of an hour too."""
    if abs(count) > 1e6:
        raise Trouble("more than 1,000,000 hours")
    later = instant + round(count * _HOUR)
    moment_of(later, UTC)
    return later


def hours_between(start: int, end: int) -> float:
    """Hours from one instant to another, with decimals."""
    return (end - start) / _HOUR


def moment_of(instant: int, zone: tzinfo) -> datetime:
    """The instant on the clock of a time zone; raises Trouble outside of the calendar."""
    try:
        return (_EPOCH + timedelta(microseconds=instant)).astimezone(zone)
    except OverflowError:
        raise Trouble("an instant before the year 1 or after 9999") from None


def instant_of(day: int, zone: tzinfo) -> int:
    """The instant at which a day begins on the clock of a time zone; raises Trouble."""
    try:
        start = datetime.combine(date.fromordinal(day), time(), zone)
        return (start - _EPOCH) // timedelta(microseconds=1)
    except OverflowError:
        raise Trouble("an instant before the year 1 or after 9999") from None


class Workdays:
    """Counting working days, by a table of each year."""

    def __init__(self, is_workday: Callable[[date], bool]) -> None:
        self._is_workday = is_workday
        self._by_year: dict[int, list[int]] = {}

    def _year(self, year: int) -> list[int]:
        """The ordinals of a year's working days."""
        if year not in YEARS_OF_WORKDAYS:
            raise Trouble("working days are known from 1900 to 2199")
        if year not in self._by_year:
            days = range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal())
            self._by_year[year] = [d for d in days if self._is_workday(date.fromordinal(d))]
        return self._by_year[year]

    def is_workday(self, day: int) -> bool:
        """Whether it is a working day."""
        return self.on_or_after(day) == day

    def add(self, day: int, count: float) -> int:
        """The working day so many working days later, or earlier; the day itself for 0."""
        steps = whole(count)
        year = date.fromordinal(day).year
        while steps > 0:
            days = self._year(year)
            at = bisect_right(days, day) + steps - 1
            if at < len(days):
                return days[at]
            steps, year = at - len(days) + 1, year + 1
        while steps < 0:
            days = self._year(year)
            at = bisect_left(days, day) + steps
            if at >= 0:
                return days[at]
            steps, year = at, year - 1
        return day

    def between(self, start: int, end: int) -> float:
        """Working days after the first date, up to and with the second; below 0 the other way."""
        if end < start:
            return -self.between(end, start)
        first, last = date.fromordinal(start).year, date.fromordinal(end).year
        within = sum(len(self._year(year)) for year in range(first, last))
        before = bisect_right(self._year(first), start)
        return float(within - before + bisect_right(self._year(last), end))

    def on_or_after(self, day: int) -> int:
        """The day itself when it is a working day, else the first one after it."""
        return self.add(_ordinal(day - 1), 1)

    def on_or_before(self, day: int) -> int:
        """The day itself when it is a working day, else the last one before it."""
        return self.add(_ordinal(day + 1), -1)

    def next(self, day: int) -> int:
        """The first working day after the day."""
        return self.add(day, 1)


def seven_days(free: frozenset[date]) -> Callable[[date], bool]:
    """Working days are Monday to Friday, but for these."""
    return lambda day: day.weekday() < 5 and day not in free
