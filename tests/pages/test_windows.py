"""What is free in a fortnight, which window a form names, and what lies ahead on the legal path."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.triage.pages.listed import at_the_door
from services.triage.pages.windows import NoWindow, fortnight, window_of

NOON = datetime(2026, 4, 2, 11, 0, tzinfo=UTC)  # Thursday 13:00 in Amsterdam, before Good Friday


def test_only_parts_of_working_days_that_lie_ahead_are_offered() -> None:
    visit = {"starts_at": NOON + timedelta(hours=6), "ends_at": NOON + timedelta(hours=7)}
    away = date(2026, 4, 8)
    days = fortnight(NOON, [visit], lambda day: day != away)
    assert [one.day for one in days] == [NOON.date() + timedelta(days=n) for n in range(14)]
    today = {slot.part: slot for slot in days[0].slots}
    assert [slot.is_offered for slot in days[0].slots] == [False, False, True]
    assert today["evening"].taken == (visit,)
    assert [one.day.day for one in days if not one.is_workday] == [3, 4, 5, 6, 11, 12]
    assert [one.day for one in days if one.is_away] == [away]
    offered = {one.day for one in days for slot in one.slots if slot.is_offered}
    assert not {date(2026, 4, 3), date(2026, 4, 6), away} & offered


@pytest.mark.parametrize(
    ("told", "hours"),
    [
        (("2026-03-28/morning", "", "", ""), (8, 11)),
        (("2026-03-30/morning", "", "", ""), (7, 10)),  # summer time began
        (("", "2026-03-30", "18:30", "20:00"), (16.5, 18)),
    ],
)
def test_a_window_is_of_the_amsterdam_clock(
    told: tuple[str, ...], hours: tuple[float, ...]
) -> None:
    found = [one.astimezone(UTC) for one in window_of(*told)]
    assert tuple(one.hour + one.minute / 60 for one in found) == hours


@pytest.mark.parametrize(
    "told", [("", "", "", ""), ("2026-03-30/night", "", "", ""), ("x/morning", "", "", ""),
             ("", "2026-03-30", "18:30", "")],
)  # fmt: skip
def test_what_names_no_window_is_refused(told: tuple[str, ...]) -> None:
    with pytest.raises(NoWindow):
        window_of(*told)


def test_what_happens_now_belongs_to_a_visit_of_today_or_one_that_is_overdue() -> None:
    def planned(days: int) -> dict[str, datetime]:
        at = NOON + timedelta(days=days)
        return {"starts_at": at, "ends_at": at + timedelta(hours=1)}

    assert at_the_door(None, NOON) is None
    assert at_the_door(planned(1), NOON) is None
    today, overdue = at_the_door(planned(0), NOON), at_the_door(planned(-1), NOON)
    assert today
    assert overdue
    assert (today["is_over"], overdue["is_over"]) == (False, True)
    assert overdue["day"] == "2026-04-01"
