"""A household that turned out to be another: what was asked and forbidden of it holds for both."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.triage.cases import BY_MERGE
from services.triage.commands import assigning, households, tracks, visits
from services.triage.commands import help as help_commands
from services.triage.commands.assigning import Decline
from services.triage.commands.desk import Desk, Refused
from services.triage.commands.visits import Window
from services.triage.families import homes
from shared.contracts import triage
from shared.contracts.envelope import Event
from shared.contracts.triage import ContactRestriction
from tests.builders import NOW, TODAY, arrears_reported
from tests.triage import office
from tests.triage.office import Office

NO_APPROACH = ContactRestriction.NO_APPROACH
REVIEW = TODAY + timedelta(days=60)
AHEAD = NOW + timedelta(days=2)
A, B, C, D = (UUID(int=no) for no in range(4))


@pytest.fixture
async def desk(servers: Servers, stepped_clock: Clock) -> AsyncIterator[Office]:
    async with office.opened(servers, stepped_clock) as found:
        yield found


async def two_doors(desk: Office, **second: Any) -> None:
    """Two front doors of one building, each with a case; the first was told of first."""
    for no, door in enumerate("AB"):
        told = {"arrears_since": date(2025, 12, 1), "house_addition": door, "contract": door}
        changes = second if door == "B" else {}
        reported_on = TODAY - timedelta(days=2 - no)
        await desk.tell(arrears_reported(1, reported_on=reported_on, **told, **changes))


async def at(desk: Office, door: str, act: Any) -> dict[str, Any]:
    """Have the assignee do something behind one of the doors."""
    case = (await desk.doors())[door]
    return await desk.act_in(case, act)


async def merge(desk: Office, one: str = "A", other: str = "B") -> dict[str, Any]:
    cases = await desk.doors()
    ids = cases[one]["household_id"], cases[other]["household_id"]
    desk.said.clear()
    return await desk.judge(lambda judge: households.merge(judge, *ids, "Zelfde gezin."))


def restrict(kind: ContactRestriction, review_on: date = REVIEW) -> Any:
    return lambda desk: help_commands.restrict(desk, kind, review_on, "Agressie.")


async def plan(desk: Desk) -> dict[str, Any]:
    return await visits.plan_visit(desk, Window(AHEAD, AHEAD + timedelta(hours=1)))


def said(desk: Office, *classes: type[Event]) -> list[Any]:
    return [one for one in desk.said if isinstance(one, classes)]


async def running_review(desk: Office, case: asyncpg.Record) -> list[date]:
    rows = await desk.fetch(
        "select due_on from deadline where case_id = $1 and name = 'review'"
        " and dropped_at is null and met_at is null",
        case["id"],
    )
    return [row["due_on"] for row in rows]


async def test_what_is_forbidden_of_one_is_forbidden_of_both_and_of_each_again(
    desk: Office,
) -> None:
    await two_doors(desk)
    await at(desk, "B", restrict(NO_APPROACH))
    planned = await at(desk, "A", plan)
    verdict = await merge(desk)
    case = (await desk.doors())["A"]
    assert case["is_open"]
    (told,) = said(desk, triage.ContactRestricted)
    assert (told.case_id, told.restrictions) == (case["id"], (NO_APPROACH,))
    (off,) = said(desk, triage.VisitCancelled)
    assert (str(off.visit_id), off.case_id) == (planned["visit_id"], case["id"])
    assert await running_review(desk, case) == [REVIEW]
    await at(desk, "A", lambda one: help_commands.state_need(one, "language", "tr"))
    assert await running_review(desk, case) == [REVIEW], "it runs on"
    with pytest.raises(Refused, match="Nobody approaches"):
        await at(desk, "A", plan)

    # Taken back, each has what was said of it.
    desk.said.clear()
    verdict_id = UUID(verdict["verdict_id"])
    await desk.judge(lambda judge: households.undo(judge, verdict_id, "Toch niet."))
    cases = await desk.doors()
    told = {one.case_id: one.restrictions for one in said(desk, triage.ContactRestricted)}
    assert told == {cases["A"]["id"]: (), cases["B"]["id"]: (NO_APPROACH,)}
    await at(desk, "A", plan)
    with pytest.raises(Refused, match="Nobody approaches"):
        await at(desk, "B", plan)


async def test_a_restriction_is_lifted_where_its_household_went(desk: Office) -> None:
    await two_doors(desk)
    made = await at(desk, "B", restrict(NO_APPROACH))
    await merge(desk)
    restriction_id = UUID(made["restriction_id"])
    await at(desk, "A", lambda one: help_commands.lift_restriction(one, restriction_id))
    assert said(desk, triage.ContactRestricted)[-1].restrictions == ()
    await at(desk, "A", plan)


async def test_the_visits_of_a_case_that_a_merge_closes_are_called_off(desk: Office) -> None:
    await two_doors(desk)
    planned = await at(desk, "B", plan)
    await merge(desk)
    cases = await desk.doors()
    assert (cases["B"]["is_open"], cases["B"]["closed_by"]) == (False, BY_MERGE)
    off, closed = said(desk, triage.VisitCancelled, triage.CaseClosed)
    assert (str(off.visit_id), off.case_id) == (planned["visit_id"], cases["B"]["id"])
    assert (off.revision + 1, closed.case_id) == (closed.revision, cases["B"]["id"])
    rows = await desk.fetch(
        "select state, what, revision, changed_by from visit"
        " join visit_change on visit_id = visit.id order by revision"
    )
    assert tuple(rows[-1]) == ("cancelled", "cancelled", off.revision, BY_MERGE)


async def test_who_knows_one_household_too_well_does_not_keep_the_other(desk: Office) -> None:
    await two_doors(desk)
    who = (await desk.doors())["A"]["assignee_id"]
    # The second household is handed to the same person, who then says that they know it.
    if (await desk.doors())["B"]["assignee_id"] != who:
        await at(desk, "B", lambda one: assigning.hand_over(one, who, "Een gezicht."))
    knows = Decline("Mijn zus.", has_conflict=True)
    await at(desk, "B", lambda one: assigning.decline(one, knows))
    await merge(desk)
    case = (await desk.doors())["A"]
    assert case["assignee_id"] != who
    (given,) = said(desk, triage.GeneralistReassigned)
    assert (given.previous_assignee_id, given.assignee.id) == (who, case["assignee_id"])
    rows = await desk.fetch(
        "select assignee_id from assignment where case_id = $1 order by revision", case["id"]
    )
    assert [row["assignee_id"] for row in rows] == [who, case["assignee_id"]]
    with pytest.raises(Refused, match="conflict"):
        await at(desk, "A", lambda one: assigning.hand_over(one, who, "Toch maar."))
    loads = await desk.fetch(
        "select id from worker where load_tenths <> (select coalesce(sum(weight_tenths), 0)"
        " from household_case where assignee_id = worker.id and is_open)"
    )
    assert not loads


async def test_the_case_that_goes_on_goes_to_who_has_the_household(desk: Office) -> None:
    await two_doors(desk)
    # The first household's case was over; the second's runs, with somebody of the next team.
    await at(desk, "A", lambda one: tracks.close(one, tracks.EndResult.PAID, "Betaald."))
    await at(desk, "B", lambda one: assigning.hand_over(one, "daan-smit", "Spreekt de taal."))
    await merge(desk)
    (case,) = await desk.fetch("select * from household_case where is_open")
    assert case["household_id"] == (await desk.doors())["A"]["household_id"]
    assert case["assignee_id"] == "daan-smit"


async def test_a_need_goes_along_with_its_household(desk: Office) -> None:
    await two_doors(desk)
    await at(desk, "B", lambda one: help_commands.state_need(one, "language", "tr"))
    await merge(desk)
    await at(desk, "A", lambda one: assigning.hand_over(one, None, "Spreekt geen Nederlands."))
    (given,) = said(desk, triage.GeneralistReassigned)
    assert given.assignee.id == "bram-yilmaz"
    assert "spreekt de taal van de bewoner" in given.reason


async def test_who_became_a_household_is_told_with_how_to_reach_it_and_no_more_once_undone(
    desk: Office,
) -> None:
    await two_doors(desk)
    for door in "AB":
        await at(desk, door, tracks.confirm)
    assert [one.kin for one in said(desk, triage.ContactDetailsKnown)] == [(), ()]
    before = await desk.doors()
    mine, theirs = before["A"], before["B"]["household_id"]
    verdict = await merge(desk)
    if not (await desk.doors())["A"]["confirmed_by"]:
        await at(desk, "A", tracks.confirm)
    (told,) = said(desk, triage.ContactDetailsKnown)
    assert (told.case_id, told.household_id) == (mine["id"], mine["household_id"])
    assert told.kin == (theirs,)
    await at(desk, "A", plan)
    assert len(said(desk, triage.ContactDetailsKnown)) == 1, "that is no news"

    desk.said.clear()
    verdict_id = UUID(verdict["verdict_id"])
    await desk.judge(lambda judge: households.undo(judge, verdict_id, "Toch niet."))
    told = {one.case_id: one.kin for one in said(desk, triage.ContactDetailsKnown)}
    assert told[mine["id"]] == ()


@pytest.mark.parametrize(
    ("moved_to", "alive", "found"),
    [
        ({}, {A}, {}),
        ({B: A}, {A}, {B: A}),
        ({C: B, B: A}, {A}, {C: A, B: A}),
        ({C: B, B: A}, {A, B}, {C: B}),
        ({B: A}, {C}, {}),
        ({B: C, C: B}, {A}, {}),
        ({B: A, A: D}, {A, B, D}, {}),
    ],
)
def test_a_household_is_where_its_reports_went_in_the_end(
    moved_to: dict[UUID, UUID], alive: set[UUID], found: dict[UUID, UUID]
) -> None:
    assert homes(moved_to, alive) == found
