"""What a person has to look at: BAG ids that contradict addresses, and a week's sample."""

from datetime import UTC, datetime, timedelta

import pytest

from deploy.local.driver import Clock
from services.triage.books import BookShelf
from services.triage.timer import Calendar
from shared import db
from shared.contracts.signals import ArrearsReported
from shared.door import Door
from tests.builders import arrears_reported
from tests.triage.planting import POLICIES, take

BAG = "0164010000047847"


@pytest.mark.parametrize(
    ("other", "is_task"),
    [
        (arrears_reported(2, bag_id=BAG), True),
        (arrears_reported(1, bag_id=BAG, postcode="9901AC"), True),
        (arrears_reported(1, bag_id=BAG), False),
        (arrears_reported(1, bag_id=BAG, house_letter="A"), False),
        (arrears_reported(2, bag_id="0164010000047848"), False),
        (arrears_reported(2), False),
    ],
)
async def test_a_bag_id_in_two_buildings_is_a_task_and_joins_nobody(
    pool: db.Pool, door: Door, other: ArrearsReported, is_task: bool
) -> None:
    await take(door, arrears_reported(1, bag_id=BAG), other)
    tasks = await pool.fetch("select kind, household_id, reason from task")
    assert [task["kind"] for task in tasks] == ["bag_at_two_addresses"] * is_task
    if is_task:
        households = await pool.fetch("select household_id from signal")
        assert len({row[0] for row in households}) == 2
        assert not any(text in tasks[0]["reason"] for text in (BAG, "9901"))
        again = other.model_copy(update={"fact_id": arrears_reported().fact_id})
        await take(door, again)
        assert await pool.fetchval("select count(*) from task") == 1


SUMMER_TIME = datetime(2026, 3, 29, 22, tzinfo=UTC)  # midnight of Monday 30 March in Amsterdam


@pytest.mark.parametrize(
    ("decided_at", "week"),
    [
        (datetime(2026, 3, 22, 22, 59, tzinfo=UTC), "2026-03-16"),
        (datetime(2026, 3, 22, 23, tzinfo=UTC), "2026-03-23"),
        (SUMMER_TIME - timedelta(minutes=1), "2026-03-23"),
        (SUMMER_TIME, "2026-03-30"),
    ],
)
async def test_a_week_s_sample_is_of_a_week_in_amsterdam_also_when_the_clock_moves(
    pool: db.Pool, door: Door, stepped_clock: Clock, decided_at: datetime, week: str
) -> None:
    stepped_clock.move(decided_at)
    await take(door, arrears_reported(1, arrears_cents=100))
    for days in (1, 8, 15):
        stepped_clock.move(decided_at + timedelta(days=days))
        await Calendar(door, BookShelf(POLICIES)).draw_samples()
    rows = await pool.fetch("select week::text from sample")
    assert [row["week"] for row in rows] == [week], "in one week, and once"
