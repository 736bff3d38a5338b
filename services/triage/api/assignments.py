"""Assignments, visits and attempts."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import Field

from services.triage.api.bounded import WorkerId
from services.triage.api.taking import Body, CaseId, Counter, Done, Shared, Take
from services.triage.commands import assigning, visits
from services.triage.commands.assigning import Decline
from services.triage.commands.desk import Desk
from services.triage.commands.visits import Tried, Window
from services.triage.sql import work as work_sql
from shared.contracts.triage import AttemptResult, ContactKind
from shared.web.bounded import Instant, Reason, Text
from shared.web.problems import Problem

router = APIRouter()

VisitId = Annotated[UUID, Path(alias="visitId")]


class AssignmentAnswer(Body):
    """What the assignee says; who declines says why."""

    answer: Literal["accepted", "declined"]
    reason: Text = Field("", max_length=500)
    has_conflict: bool = Field(
        False, description="they know the household: they never get its cases again"
    )


class HandOver(Body):
    """To whom a case goes, and why; nobody named: to who comes next."""

    to: WorkerId | None = None
    reason: Reason


class VisitWindow(Body):
    """Between which instants the generalist comes, and who goes along."""

    starts_at: Instant
    ends_at: Instant
    second_worker_id: WorkerId | None = None

    def window(self) -> Window:
        """As commands take it."""
        return Window(self.starts_at, self.ends_at, self.second_worker_id)


class ContactAttempt(Body):
    """How somebody tried to reach the household, and what came of it."""

    kind: ContactKind
    attempted_at: Instant
    result: AttemptResult
    visit_id: UUID | None = None
    is_first_talk: bool = Field(
        False, description="the call for help was settled in it (Wgs art. 4)"
    )


@router.post(
    "/cases/{caseId}/assignment-answers",
    operation_id="answerAssignment",
    tags=["assignments"],
    response_model=Done,
    summary="Accept or decline an assignment",
)
async def answer_assignment(case_id: CaseId, body: AssignmentAnswer, take: Take) -> Response:
    """Accepting confirms the track; who declines says why, and the case goes to the next."""
    if body.answer == "declined" and not body.reason.strip():
        missing = [{"field": "body.reason", "fault": "missing"}]
        raise Problem(400, "Say why you decline; nothing was changed.", errors=missing)

    async def act(desk: Desk) -> dict[str, Any]:
        if body.answer == "accepted":
            return await assigning.accept(desk)
        return await assigning.decline(desk, Decline(body.reason, body.has_conflict))

    return await take.carry_out(case_id, act)


@router.post(
    "/cases/{caseId}/hand-overs",
    operation_id="handOver",
    tags=["assignments"],
    response_model=Done,
    summary="Give a case to somebody else",
)
async def hand_over(case_id: CaseId, body: HandOver, take: Take) -> Response:
    """To who is named, or to who comes next; who gets it is asked to accept."""

    async def act(desk: Desk) -> dict[str, Any]:
        return await assigning.hand_over(desk, body.to, body.reason)

    return await take.carry_out(case_id, act)


@router.post(
    "/cases/{caseId}/visits",
    operation_id="planVisit",
    tags=["visits"],
    response_model=Done,
    summary="Plan a visit",
)
async def plan_visit(case_id: CaseId, body: VisitWindow, take: Take) -> Response:
    """A case has one planned visit at a time; where two must go, somebody else goes along."""

    async def act(desk: Desk) -> dict[str, Any]:
        return await visits.plan_visit(desk, body.window())

    return await take.carry_out(case_id, act)


async def _case_of_visit(counter: Counter, visit_id: UUID) -> UUID:
    async with counter.core.pool.acquire() as connection:
        case_id = await work_sql.find_visit_case(connection, visit_id)
    if case_id is None:
        # As of a visit in somebody else's case: whether it exists is not theirs to know.
        raise Problem(404, "No such case.")
    return case_id


@router.post(
    "/visits/{visitId}/moves",
    operation_id="moveVisit",
    tags=["visits"],
    response_model=Done,
    summary="Give a planned visit another window",
)
async def move_visit(visit_id: VisitId, body: VisitWindow, take: Take, counter: Shared) -> Response:
    """Everybody who was told of the old window is told of the new one."""

    async def act(desk: Desk) -> dict[str, Any]:
        return await visits.move_visit(desk, visit_id, body.window())

    return await take.carry_out(await _case_of_visit(counter, visit_id), act)


@router.post(
    "/visits/{visitId}/cancellations",
    operation_id="cancelVisit",
    tags=["visits"],
    response_model=Done,
    summary="Call a planned visit off",
)
async def cancel_visit(visit_id: VisitId, take: Take, counter: Shared) -> Response:
    """Everybody who was told of it is told that it is off."""

    async def act(desk: Desk) -> dict[str, Any]:
        return await visits.cancel_visit(desk, visit_id)

    return await take.carry_out(await _case_of_visit(counter, visit_id), act)


@router.post(
    "/cases/{caseId}/contact-attempts",
    operation_id="recordAttempt",
    tags=["visits"],
    response_model=Done,
    summary="Record that somebody tried to reach the household",
)
async def record_attempt(case_id: CaseId, body: ContactAttempt, take: Take) -> Response:
    """Also late, never ahead; "just talked" is a result too."""

    async def act(desk: Desk) -> dict[str, Any]:
        tried = Tried(body.kind, body.attempted_at, body.result, body.visit_id, body.is_first_talk)
        return await visits.record_attempt(desk, tried)

    return await take.carry_out(case_id, act)
