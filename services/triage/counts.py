"""What the monitor counts: rows are counts by month, of nobody in particular. Pure.

Counts of what is in the database and counts that were kept before a purge have one form, so that
they can be added up and a figure does not change when a household is purged.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from services.triage.rules import AGE_BANDS, OLDEST_BAND
from shared.workdays import count_workdays

UNKNOWN_AGE = "unknown"
PERIOD_MONTHS_MAX = 60
MONTHS_A_YEAR = 12


class PeriodFault(ValueError):
    """The dates are no period that figures are given of; the text says what is."""


@dataclass(frozen=True)
class Period:
    """Whole calendar months: counts are kept by month."""

    starts_on: date
    ends_on: date


def whole_months(starts_on: date, ends_on: date) -> Period:
    """A period of whole months; raises PeriodFault."""
    if starts_on > ends_on:
        raise PeriodFault(f"from {starts_on} lies after to {ends_on}.")
    if starts_on.day != 1 or (ends_on + timedelta(days=1)).day != 1:
        raise PeriodFault(
            "A period is whole months, because counts are kept by month: from is the first day of "
            "one, to the last day of the same or a later one."
        )
    months = (ends_on.year - starts_on.year) * MONTHS_A_YEAR + ends_on.month - starts_on.month + 1
    if months > PERIOD_MONTHS_MAX:
        raise PeriodFault(f"A period is {PERIOD_MONTHS_MAX} months at most.")
    return Period(starts_on, ends_on)


def last_day(month: date) -> date:
    """Of a month by its first day."""
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)


class Measure(StrEnum):
    """What is counted."""

    SIGNALS = "signals"  # by kind of partner, and how far it came
    CASES = "cases"  # by how far it came
    ATTEMPTS = "attempts"  # by channel and part of day, and what came of it
    FIRST_ATTEMPT = "first_attempt"  # cases by working days since their first signal
    FIRST_REACHED = "first_reached"
    TERMS = "terms"  # by clock, name and outcome
    EVICTIONS = "evictions"  # by outcome
    BY_DISTRICT = "households_by_district"  # signalled, and whether a home visit was made
    BY_AGE = "households_by_age"


@dataclass(frozen=True)
class Counted:
    """So many, in a month, with these facets."""

    municipality: str
    month: date  # its first day
    measure: Measure
    facets: Mapping[str, Any]
    count: int


def refine(rows: Iterable[Counted], today: date) -> list[Counted]:
    """Rows as they are kept: what the database cannot work out is filled in, the same added up."""
    added: dict[tuple[Any, ...], Counted] = {}
    for row in rows:
        facets = dict(_refined(row, today))
        key = (row.municipality, row.month, row.measure, *sorted(facets.items()))
        before = added.get(key)
        added[key] = replace(row, facets=facets, count=row.count + (before.count if before else 0))
    return list(added.values())


def _refined(row: Counted, today: date) -> Iterator[tuple[str, Any]]:
    """The facets with days, ages and running terms made into what is counted."""
    facets = dict(row.facets)
    match row.measure:
        case Measure.FIRST_ATTEMPT | Measure.FIRST_REACHED:
            since, until = (date.fromisoformat(facets.pop(name)) for name in ("since", "until"))
            yield "workdays", count_workdays(since, until)
        case Measure.BY_AGE:
            yield "age_band", age_band(facets.pop("age"))
        case Measure.TERMS:
            due_on = facets.pop("due_on")
            if due_on and date.fromisoformat(due_on) < today:
                facets["outcome"] = "missed"  # over, though nobody has said so yet
    yield from facets.items()


def age_band(age: int | None) -> str:
    """The band of an age in years, the same that a policy with grounds may ask for."""
    if age is None:
        return UNKNOWN_AGE
    return next((name for under, name in AGE_BANDS if age < under), OLDEST_BAND)
