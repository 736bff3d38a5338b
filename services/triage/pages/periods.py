"""Which months somebody wants to see: a month, a quarter, a year, or some in a row. Pure.

Counts are kept by month, so every period is whole months. In an address it is `2026-03`, `2026-Q1`
or `2026`, or two months.
"""

import re
from dataclasses import dataclass
from datetime import date

from services.triage.counts import (
    MONTHS_A_YEAR,
    PERIOD_MONTHS_MAX,
    Period,
    PeriodFault,
    last_day,
    whole_months,
)

MONTHS_OFFERED, QUARTERS_OFFERED, YEARS_OFFERED = 13, 5, 4
YEAR_MIN, YEAR_MAX = 2000, 2100
MONTHS_A_QUARTER = 3
MONTH = re.compile(r"(\d{4})-(\d{2})")
QUARTER = re.compile(r"(\d{4})-Q([1-4])")
YEAR = re.compile(r"\d{4}")


def _(text: str) -> str:
    """Marks a text for the catalogues; it is translated where it is shown."""
    return text


NO_PERIOD = _("Dit is geen periode. Kies een maand, een kwartaal of een jaar.")
NO_MONTH = _("Vul twee maanden in, zoals 2026-01 en 2026-03.")
TURNED = _("De eerste maand ligt na de laatste.")
TOO_LONG = _("Een periode is hoogstens 60 maanden.")


@dataclass(frozen=True)
class Asked:
    """What an address says of the period; all may be empty."""

    period: str = ""
    first: str = ""
    last: str = ""


@dataclass(frozen=True)
class Offer:
    """A period that can be chosen."""

    value: str
    kind: str  # month, quarter, year
    starts_on: date


def choose(asked: Asked) -> Period | None:
    """The period that was asked for, None when none was; raises PeriodFault with Dutch words."""
    if asked.first or asked.last:
        return _between(asked.first, asked.last)
    return named(asked.period) if asked.period else None


def named(text: str) -> Period:
    """The period of a word in an address; raises PeriodFault."""
    if found := QUARTER.fullmatch(text):
        first = (int(found[2]) - 1) * MONTHS_A_QUARTER + 1
        return _months(int(found[1]), first, first + MONTHS_A_QUARTER - 1)
    if YEAR.fullmatch(text):
        return _months(int(text), 1, MONTHS_A_YEAR)
    if found := MONTH.fullmatch(text):
        return _months(int(found[1]), int(found[2]), int(found[2]))
    raise PeriodFault(NO_PERIOD)


def _months(year: int, first: int, last: int) -> Period:
    if not (YEAR_MIN <= year <= YEAR_MAX and 1 <= first <= last <= MONTHS_A_YEAR):
        raise PeriodFault(NO_PERIOD)
    return Period(date(year, first, 1), last_day(date(year, last, 1)))


def _between(first: str, last: str) -> Period:
    if not (MONTH.fullmatch(first) and MONTH.fullmatch(last)):
        raise PeriodFault(NO_MONTH)
    starts_on, ends_on = named(first).starts_on, named(last).ends_on
    if starts_on > ends_on:
        raise PeriodFault(TURNED)
    try:
        return whole_months(starts_on, ends_on)
    except PeriodFault:
        raise PeriodFault(TOO_LONG) from None


def month_of(day: date) -> Period:
    """The month that a day lies in."""
    return _months(day.year, day.month, day.month)


def months_back(day: date, months: int) -> date:
    """The first day of the month so many months before that of a day."""
    whole = day.year * MONTHS_A_YEAR + day.month - 1 - months
    return date(whole // MONTHS_A_YEAR, whole % MONTHS_A_YEAR + 1, 1)


def last_year_until(today: date) -> Period:
    """The twelve months that were over last."""
    return Period(months_back(today, MONTHS_A_YEAR), last_day(months_back(today, 1)))


def offers(today: date) -> list[Offer]:
    """What the chooser offers, the newest of each kind first."""
    months = [months_back(today, back) for back in range(MONTHS_OFFERED)]
    quarter = months_back(today, (today.month - 1) % MONTHS_A_QUARTER)
    quarters = [months_back(quarter, MONTHS_A_QUARTER * back) for back in range(QUARTERS_OFFERED)]
    years = [date(today.year - back, 1, 1) for back in range(YEARS_OFFERED)]
    return [
        *(Offer(f"{one:%Y-%m}", "month", one) for one in months),
        *(Offer(f"{one:%Y}-Q{quarter_of(one)}", "quarter", one) for one in quarters),
        *(Offer(f"{one:%Y}", "year", one) for one in years),
    ]


def quarter_of(day: date) -> int:
    """The number of the quarter that a day lies in."""
    return (day.month - 1) // MONTHS_A_QUARTER + 1


def word_of(period: Period) -> str:
    """The period as a name in an address or of a file."""
    first, last = period.starts_on, period.ends_on
    whole = [f"{first:%Y-%m}", f"{first:%Y}-Q{quarter_of(first)}", f"{first:%Y}"]
    found = next((word for word in whole if named(word) == period), None)
    return found or f"{first:%Y-%m}_{last:%Y-%m}"


assert PERIOD_MONTHS_MAX == 60, "the words of TOO_LONG say so"
