"""Nobody who has left keeps a case or leads one; who leads now may act on it."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import asyncpg
import orjson
import pytest

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.triage.commands import assigning
from services.triage.commands.desk import Refused
from services.triage.commands.help import restrict
from services.triage.commands.visits import Window, plan_visit
from services.triage.leaving import Leaving
from shared.contracts.triage import ContactRestriction
from shared.door import Door
from shared.outbox import LeftToRelay, Outbox
from tests.builders import NOW, TODAY, arrears_reported
from tests.triage import office
from tests.triage.office import Office

OTHERS = {"anna-jansen", "bram-yilmaz", "chaima-el-idrissi", "daan-smit"}


@pytest.fixture
async def desk(servers: Servers, stepped_clock: Clock) -> AsyncIterator[Office]:
    async with office.opened(servers, stepped_clock) as found:
        await found.tell(arrears_reported(1, arrears_since=date(2025, 12, 1)))
        yield found


async def sweep(desk: Office) -> list[tuple[str, dict[str, Any]]]:
    """Look for cases that nobody has; what was said of them since the last time, in order."""
    outbox = Outbox("urn:nld:oin:0:systeem:triage", desk.pool, LeftToRelay(), 1000)
    await Leaving(Door("triage", desk.pool, outbox), desk.shelf).sweep()
    rows = await desk.fetch("delete from outbox returning id, routing_key, body")
    said = sorted(rows, key=lambda row: row["id"])
    return [(row["routing_key"].split(".")[1], orjson.loads(row["body"])["data"]) for row in said]


async def leave(desk: Office, who: str, on: date) -> None:
    await desk.fetch("update worker set left_on = $2 where id = $1", who, on)


async def case(desk: Office) -> asyncpg.Record:
    return (await desk.doors())[""]


async def test_the_cases_of_who_leaves_go_to_who_comes_next_on_that_day(desk: Office) -> None:
    before = await case(desk)
    await leave(desk, before["assignee_id"], TODAY + timedelta(days=1))
    assert not await sweep(desk)
    assert (await case(desk))["assignee_id"] == before["assignee_id"]

    desk.at(TODAY.month, TODAY.day + 1)
    ((name, told),) = await sweep(desk)
    now = await case(desk)
    assert name == "generalist_reassigned"
    assert told["previous_assignee_id"] == before["assignee_id"]
    assert told["assignee"]["id"] == now["assignee_id"] in OTHERS - {before["assignee_id"]}
    assert "werkt hier niet meer" in told["reason"]
    assert (now["answer"], now["revision"]) == ("awaited", told["revision"])
    (row,) = await desk.fetch(
        "select assignee_id, reason from assignment where revision = $1", now["revision"]
    )
    assert tuple(row) == (now["assignee_id"], told["reason"])
    (terms,) = await desk.fetch(
        "select count(*) filter (where starts_on = $1) as runs, count(*) as n from deadline"
        " where name = 'acceptance' and dropped_at is null",
        now["assigned_on"],
    )
    assert tuple(terms) == (1, 1), "who gets it has the whole term"
    loads = await desk.fetch("select id, load_tenths from worker where load_tenths > 0")
    assert [tuple(one) for one in loads] == [(now["assignee_id"], now["weight_tenths"])]
    assert not await sweep(desk)


async def test_another_lead_leads_what_a_lead_who_left_led(desk: Office) -> None:
    before = await case(desk)
    assert before["lead_id"] == "noor-de-wit"
    await leave(desk, "noor-de-wit", TODAY)
    ((name, told),) = await sweep(desk)
    assert name == "lead_replaced"
    assert (told["previous_lead_id"], told["lead"]["id"]) == ("noor-de-wit", "zeger-bos")
    assert told["assignee"]["id"] == before["assignee_id"]
    now = await case(desk)
    assert (now["lead_id"], now["answer"]) == ("zeger-bos", before["answer"])
    await desk.act_in(now, hand_over, "zeger-bos")


async def hand_over(one: Any) -> dict[str, Any]:
    return await assigning.hand_over(one, None, "Beter verdeeld.")


async def test_who_leads_the_team_now_may_act_and_who_led_it_may_not(desk: Office) -> None:
    await desk.fetch(
        "insert into worker (id, team_id, name, email, role, load_max_tenths)"
        " values ('nina-bos', 'noord', 'Nina Bos', 'nina.bos@voorbeeldstad.example', 'lead', 0)"
    )
    await desk.fetch("update team set lead_id = 'nina-bos' where id = 'noord'")
    with pytest.raises(Refused, match="No such case"):
        await desk.act_in(await case(desk), hand_over, "noor-de-wit")
    await desk.act_in(await case(desk), hand_over, "nina-bos")
    assert (await case(desk))["lead_id"] == "nina-bos"


@pytest.mark.parametrize("lead", ["zeger-bos", "noor-de-wit"])
async def test_the_lead_of_a_team_that_helps_out_may_act_too(desk: Office, lead: str) -> None:
    await desk.fetch("update household_case set assignee_id = 'daan-smit'")
    with pytest.raises(Refused, match="No such case"):
        await desk.act_in(await case(desk), hand_over, "anna-jansen")
    await desk.act_in(await case(desk), hand_over, lead)


async def test_a_visit_is_called_off_when_who_must_go_along_leaves(desk: Office) -> None:
    review_on, at = TODAY + timedelta(days=60), NOW + timedelta(days=3)
    window = Window(at, at + timedelta(hours=1))
    kind = ContactRestriction.VISIT_WITH_TWO
    await desk.act(1, lambda one: restrict(one, kind, review_on, "Agressie."))
    planned = await desk.act(1, lambda one: plan_visit(one, window))
    await leave(desk, planned["second_worker_id"], TODAY)
    ((name, told),) = await sweep(desk)
    assert (name, told["visit_id"]) == ("visit_cancelled", planned["visit_id"])
    assert not await sweep(desk)


async def test_where_everybody_left_a_case_stays_as_it_is(desk: Office) -> None:
    before = await case(desk)
    await desk.fetch("update worker set left_on = $1", TODAY)
    assert not await sweep(desk)
    assert await case(desk) == before
