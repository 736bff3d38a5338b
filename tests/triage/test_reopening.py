"""A case that goes on is somebody's, who hears of it, as of a new one."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.triage.commands.tracks import EndResult, reopen
from shared.contracts import triage
from tests.builders import TODAY, arrears_reported
from tests.triage import office
from tests.triage.office import Office

LEAD = "noor-de-wit"


@pytest.fixture
async def desk(servers: Servers, stepped_clock: Clock) -> AsyncIterator[Office]:
    """An office with one case, which is closed."""
    async with office.opened(servers, stepped_clock) as found:
        await found.tell(arrears_reported(1, arrears_since=date(2025, 12, 1)))
        await found.close(1, EndResult.NO_CONTACT)
        found.said.clear()
        yield found


async def again(desk: Office, who: str) -> dict[str, Any]:
    return await desk.act_in(await desk.case(1), lambda one: reopen(one, "Toch niet."), who)


async def test_who_had_the_case_hears_that_it_goes_on_and_is_asked_again(desk: Office) -> None:
    before = await desk.case(1)
    await again(desk, LEAD)
    now = await desk.case(1)
    reopened, assigned = desk.said
    assert isinstance(reopened, triage.CaseReopened)
    assert isinstance(assigned, triage.GeneralistAssigned)
    assert assigned.assignee.id == now["assignee_id"] == before["assignee_id"]
    assert (now["is_open"], now["answer"]) == (True, "awaited")
    rows = await desk.fetch(
        "select revision, assignee_id, reason from assignment order by revision"
    )
    told = (assigned.revision, before["assignee_id"], assigned.reason)
    assert (len(rows), tuple(rows[-1])) == (2, told)
    loads = await desk.fetch("select id, load_tenths from worker where load_tenths > 0")
    assert [tuple(one) for one in loads] == [(now["assignee_id"], now["weight_tenths"])]


async def test_who_reopens_a_case_of_theirs_has_it(desk: Office) -> None:
    before = await desk.case(1)
    await again(desk, before["assignee_id"])
    names = [type(one) for one in desk.said]
    assert names == [triage.CaseReopened, triage.GeneralistAssigned, triage.AssignmentAccepted]
    assert (await desk.case(1))["answer"] == "accepted"
    (row,) = await desk.fetch("select assignee_id, answer from assignment_answer")
    assert tuple(row) == (before["assignee_id"], "accepted")


@pytest.mark.parametrize(
    "gone",
    [
        "update worker set left_on = $2 where id = $1",
        "update worker set absent_from = $2 where id = $1",
        # They work in another municipality by now.
        "with other as (insert into team (id, municipality, name, districts, lead_id)"
        " select 'west', 'GM9902', 'West', '{9950}', 'nobody' where $2::date is not null)"
        " update worker set team_id = 'west' where id = $1",
    ],
)
async def test_where_who_had_it_is_gone_it_is_assigned_as_a_new_one(
    desk: Office, gone: str
) -> None:
    before = await desk.case(1)
    await desk.fetch(gone, before["assignee_id"], TODAY)
    await again(desk, LEAD)
    now = await desk.case(1)
    assert now["assignee_id"] != before["assignee_id"]
    (assigned,) = desk.heard(triage.GeneralistAssigned)
    assert (assigned.assignee.id, assigned.lead.id) == (now["assignee_id"], now["lead_id"])
    loads = await desk.fetch("select id, load_tenths from worker where load_tenths > 0")
    assert [tuple(one) for one in loads] == [(now["assignee_id"], now["weight_tenths"])]
