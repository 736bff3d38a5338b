"""Dutch working days, and the hour of the day over both clock changes."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clock import AMSTERDAM
from shared.workdays import (
    add_workdays,
    at_hour,
    count_workdays,
    is_workday,
    next_digest,
    workday_on_or_after,
)

DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))
EIGHT = time(8, 0)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 1, 1), False),  # New Year
        (date(2026, 1, 2), True),
        (date(2026, 4, 3), False),  # Good Friday, equated by the Algemene termijnenwet
        (date(2026, 4, 6), False),  # Easter Monday
        (date(2026, 4, 7), True),
        (date(2026, 4, 27), False),  # King's Day
        (date(2025, 4, 26), False),  # King's Day on the Saturday, for the 27th is a Sunday
        (date(2026, 5, 5), False),  # Liberation Day, every year
        (date(2026, 5, 14), False),  # Ascension
        (date(2026, 5, 25), False),  # Whit Monday
        (date(2026, 12, 25), False),
        (date(2026, 12, 28), True),
        (date(2026, 3, 7), False),  # Saturday
        (date(2026, 3, 9), True),  # Monday
    ],
)
def test_a_working_day_is_what_the_law_says(day: date, works: bool) -> None:
    assert is_workday(day) is works


def test_working_days_are_counted_over_weekend_and_holiday() -> None:
    assert add_workdays(date(2026, 4, 2), 1) == date(2026, 4, 7)
    assert add_workdays(date(2026, 4, 7), -1) == date(2026, 4, 2)
    assert add_workdays(date(2026, 3, 3), 0) == date(2026, 3, 3)


@pytest.mark.parametrize(
    ("after", "until", "count"),
    [
        (date(2026, 3, 6), date(2026, 3, 6), 0),
        (date(2026, 3, 6), date(2026, 3, 5), 0),
        (date(2026, 3, 6), date(2026, 3, 8), 0),  # Friday to Sunday
        (date(2026, 3, 6), date(2026, 3, 9), 1),  # Friday to Monday
        (date(2026, 4, 2), date(2026, 4, 7), 1),  # over Easter
    ],
)
def test_working_days_between_two_days(after: date, until: date, count: int) -> None:
    assert count_workdays(after, until) == count


@given(DAYS, st.integers(0, 30))
def test_counting_there_and_back_ends_where_it_began(day: date, count: int) -> None:
    start = workday_on_or_after(day)
    assert add_workdays(add_workdays(start, count), -count) == start


@given(DAYS, st.times())
def test_the_digest_is_later_on_a_working_day_at_its_hour(day: date, clock: time) -> None:
    after = datetime.combine(day, clock, UTC)
    due = next_digest(after, EIGHT)
    local = due.astimezone(AMSTERDAM)
    assert due > after
    assert local.time() == EIGHT
    assert is_workday(local.date())
    # Nothing shorter would do: no earlier working day has its eight o'clock after `after`.
    earlier = local.date() - timedelta(days=1)
    while earlier >= after.astimezone(AMSTERDAM).date():
        assert not (is_workday(earlier) and at_hour(earlier, EIGHT) > after)
        earlier -= timedelta(days=1)
