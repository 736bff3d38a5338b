"""A visit is made by who may make it, or not at all: when it is planned, moved, and thereafter."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.triage.cases import Visit
from services.triage.commands import assigning, visits
from services.triage.commands import help as help_commands
from services.triage.commands.desk import Refused
from services.triage.commands.visits import Window
from services.triage.visiting import Visitors, as_it_may_go_on
from shared.contracts import triage
from shared.contracts.triage import ContactRestriction
from tests.builders import NOW, TODAY, arrears_reported, roster, worker
from tests.triage import office
from tests.triage.office import Office
from tests.triage.test_assignment import wanted

NO_APPROACH, WITH_TWO = ContactRestriction.NO_APPROACH, ContactRestriction.VISIT_WITH_TWO
AHEAD = NOW + timedelta(days=2)
LATER = NOW + timedelta(days=4)


@pytest.fixture
async def desk(servers: Servers, stepped_clock: Clock) -> AsyncIterator[Office]:
    """An office with one case, of Anna Jansen."""
    async with office.opened(servers, stepped_clock) as found:
        await found.tell(arrears_reported(1, arrears_since=date(2025, 12, 1)))
        await found.fetch("update household_case set assignee_id = 'anna-jansen'")
        await found.fetch("update worker set load_tenths = case id when 'anna-jansen' then 10"
                          " else 0 end")  # fmt: skip
        yield found


def hour(at: datetime, second: str | None = None) -> Window:
    return Window(at, at + timedelta(hours=1), second)


async def plan(desk: Office, window: Window) -> UUID:
    answer = await desk.act(1, lambda one: visits.plan_visit(one, window))
    return UUID(answer["visit_id"])


async def move(desk: Office, visit_id: UUID, window: Window) -> dict[str, Any]:
    return await desk.act(1, lambda one: visits.move_visit(one, visit_id, window))


async def restrict(desk: Office, kind: ContactRestriction) -> None:
    review_on = TODAY + timedelta(days=60)
    await desk.act(1, lambda one: help_commands.restrict(one, kind, review_on, "Agressie."))


async def hand_over(desk: Office, to: str) -> None:
    await desk.act(1, lambda one: assigning.hand_over(one, to, "Omdat."))


async def away(desk: Office, who: str, begins: datetime, until: datetime | None = None) -> None:
    last = until.date() if until else None
    query = "update worker set absent_from = $2, absent_until = $3 where id = $1"
    await desk.fetch(query, who, begins.date(), last)


async def the_visit(desk: Office) -> asyncpg.Record:
    (row,) = await desk.fetch("select * from visit")
    return row


async def changes(desk: Office) -> list[str]:
    return [
        row["what"] for row in await desk.fetch("select what from visit_change order by revision")
    ]


async def test_a_visit_moves_only_to_where_it_could_be_planned(desk: Office) -> None:
    visit_id = await plan(desk, hour(AHEAD))
    await away(desk, "anna-jansen", LATER)
    await away(desk, "bram-yilmaz", LATER)
    for window, fault in (
        (hour(NOW - timedelta(hours=1)), "lies in the past"),
        (hour(LATER), "away on that day"),
        (hour(AHEAD, "nobody"), "second_worker_id"),
        (hour(AHEAD, "anna-jansen"), "second_worker_id"),
    ):
        with pytest.raises(Refused, match=fault):
            await move(desk, visit_id, window)
    moved = await move(desk, visit_id, hour(AHEAD + timedelta(hours=1), "bram-yilmaz"))
    assert moved["second_worker_id"] == "bram-yilmaz"
    kept = await move(desk, visit_id, hour(AHEAD + timedelta(hours=2)))
    assert kept["second_worker_id"] == "bram-yilmaz"
    await away(desk, "anna-jansen", NOW - timedelta(days=9), NOW - timedelta(days=8))
    alone = await move(desk, visit_id, hour(LATER))
    assert alone["second_worker_id"] is None, "Bram is away then"


async def test_a_visit_with_two_is_moved_with_two(desk: Office) -> None:
    await restrict(desk, WITH_TWO)
    visit_id = await plan(desk, hour(AHEAD, "bram-yilmaz"))
    await away(desk, "bram-yilmaz", LATER)
    moved = await move(desk, visit_id, hour(LATER))
    assert moved["second_worker_id"] in {"chaima-el-idrissi", "daan-smit"}
    await desk.fetch("update worker set left_on = $1 where id <> 'anna-jansen'", LATER.date())
    with pytest.raises(Refused, match="nobody else is there"):
        await move(desk, visit_id, hour(LATER + timedelta(hours=2)))


@pytest.mark.parametrize("who", ["anna-jansen", "bram-yilmaz"])
async def test_who_counts_is_who_is_there_on_the_day_of_the_visit(desk: Office, who: str) -> None:
    await away(desk, who, NOW, AHEAD - timedelta(days=1))
    await plan(desk, hour(AHEAD, "bram-yilmaz"))
    await away(desk, who, LATER)
    with pytest.raises(Refused, match="that day"):
        await move(desk, (await the_visit(desk))["id"], hour(LATER, "bram-yilmaz"))


async def test_a_restriction_calls_off_what_it_forbids(desk: Office) -> None:
    visit_id = await plan(desk, hour(AHEAD))
    await restrict(desk, ContactRestriction.NO_CALLS)
    assert (await the_visit(desk))["state"] == "planned"
    desk.said.clear()
    await restrict(desk, WITH_TWO)
    assert (await the_visit(desk))["state"] == "cancelled", "it was planned alone"
    restricted, off = desk.said
    assert isinstance(restricted, triage.ContactRestricted)
    assert isinstance(off, triage.VisitCancelled)
    assert off.visit_id == visit_id
    assert await changes(desk) == ["planned", "cancelled"]


async def test_a_restriction_leaves_what_was_and_what_fits(desk: Office) -> None:
    await plan(desk, hour(AHEAD, "bram-yilmaz"))
    await restrict(desk, WITH_TWO)
    assert (await the_visit(desk))["state"] == "planned", "two go already"
    desk.at(AHEAD.month, AHEAD.day, AHEAD.hour + 1)
    await restrict(desk, NO_APPROACH)
    assert (await the_visit(desk))["state"] == "planned", "it was made, and may be recorded"


async def test_a_hand_over_checks_who_goes(desk: Office) -> None:
    await plan(desk, hour(AHEAD, "bram-yilmaz"))
    await hand_over(desk, "bram-yilmaz")
    visit = await the_visit(desk)
    assert (visit["state"], visit["second_worker_id"]) == ("planned", None)
    assert await changes(desk) == ["planned", "alone"]
    await away(desk, "daan-smit", AHEAD)
    desk.said.clear()
    await hand_over(desk, "daan-smit")
    assert (await the_visit(desk))["state"] == "cancelled"
    assert [type(one) for one in desk.said] == [triage.GeneralistReassigned, triage.VisitCancelled]


async def test_where_two_must_go_a_hand_over_to_the_second_calls_the_visit_off(
    desk: Office,
) -> None:
    await restrict(desk, WITH_TWO)
    await plan(desk, hour(AHEAD, "bram-yilmaz"))
    await hand_over(desk, "bram-yilmaz")
    assert (await the_visit(desk))["state"] == "cancelled"


def visit(second: str | None = None) -> Visit:
    return Visit(UUID(int=1), UUID(int=2), AHEAD, AHEAD + timedelta(hours=1), "planned", second)


@pytest.mark.parametrize(
    ("restrictions", "second", "goes_on", "with_second"),
    [
        ((), None, True, None),
        ((), "bram", True, "bram"),
        ((), "anna", True, None),
        ((), "left", True, None),
        ((), "knows", True, None),
        ((WITH_TWO,), "bram", True, "bram"),
        ((WITH_TWO,), None, False, None),
        ((WITH_TWO,), "left", False, None),
        ((WITH_TWO,), "back", True, "back"),
        ((NO_APPROACH,), "bram", False, None),
        ((ContactRestriction.NO_CALLS,), None, True, None),
    ],
)
def test_a_visit_goes_on_with_who_may_come_or_not_at_all(
    restrictions: tuple[ContactRestriction, ...],
    second: str | None,
    goes_on: bool,
    with_second: str | None,
) -> None:
    day = AHEAD.date()
    staff = roster(
        worker("anna"), worker("bram"), worker("knows"), worker("left", left_on=day),
        worker("back", absent_from=TODAY, absent_until=day - timedelta(days=1)),
    )  # fmt: skip
    asked = wanted(excluded_ids=frozenset({"knows"}))
    who = Visitors("anna", asked, frozenset(restrictions), staff)
    found = as_it_may_go_on(visit(second), who)
    assert (found is not None) == goes_on
    assert found is None or found.second_worker_id == with_second


def test_a_visit_is_off_when_its_generalist_is_away_on_that_day() -> None:
    staff = roster(worker("anna", absent_from=AHEAD.date()), worker("bram"))
    assert as_it_may_go_on(visit(), Visitors("anna", wanted(), frozenset(), staff)) is None
    assert as_it_may_go_on(visit(), Visitors("bram", wanted(), frozenset(), staff)) == visit()
