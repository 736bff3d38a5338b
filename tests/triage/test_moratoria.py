"""A moratorium lasts six calendar months at most (Fw art. 287b), however many days these have."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.triage.commands.desk import Refused
from services.triage.commands.facts import record_moratorium
from tests.builders import arrears_reported
from tests.triage import office
from tests.triage.office import Office


@pytest.fixture
async def desk(servers: Servers, stepped_clock: Clock) -> AsyncIterator[Office]:
    async with office.opened(servers, stepped_clock) as found:
        await found.tell(arrears_reported(1, arrears_since=date(2025, 12, 1)))
        yield found


async def record(desk: Office, granted_on: date, until: date) -> None:
    await desk.act(1, lambda one: record_moratorium(one, granted_on, until, "vonnis"))


@pytest.mark.parametrize(
    ("granted_on", "last"),
    [
        (date(2026, 3, 1), date(2026, 9, 1)),  # 184 days
        (date(2026, 1, 15), date(2026, 7, 15)),  # 181
        (date(2025, 8, 31), date(2026, 2, 28)),  # February is too short
    ],
)
async def test_six_months_are_no_number_of_days(desk: Office, granted_on: date, last: date) -> None:
    with pytest.raises(Refused, match="within 6 months"):
        await record(desk, granted_on, last + timedelta(days=1))
    await record(desk, granted_on, last)
    (row,) = await desk.fetch("select until from fact where kind = 'moratorium'")
    assert row["until"] == last
    with pytest.raises(Refused, match="within 6 months"):
        await record(desk, granted_on, granted_on - timedelta(days=1))
