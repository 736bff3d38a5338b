"""What a lead looks at and does: proposals as a list, loads, tasks, the weekly sample, absences."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from services.triage.api.bounded import PathWorkerId, WorkerId
from services.triage.api.cases import Case, Cases
from services.triage.api.taking import Body, Counter, Lead, Shared, Take, Who, lead_only
from services.triage.commands import assigning, staff, tracks
from services.triage.commands.desk import Desk, WorkerAccount
from services.triage.sql import lists as list_sql
from services.triage.sql import reading as reading_sql
from services.triage.sql import verdicts as verdict_sql
from services.triage.sql.reading import Note
from services.triage.sql.verdicts import Review
from shared import clock
from shared.db import Tx
from shared.web.bounded import Day, Reason, Text
from shared.web.problems import Problem

router = APIRouter()

LIST_MAX = 500
PROPOSALS = "proposals"  # purpose of reading


class SeenCase(Body):
    """A case, with its revision as the lead saw it."""

    case_id: UUID
    revision: int = Field(ge=0, le=999_999_999)


class ListConfirmation(Body):
    """Proposals that a lead agrees with."""

    cases: tuple[SeenCase, ...] = Field(min_length=1, max_length=LIST_MAX)


class ListHandOver(Body):
    """Cases that go to somebody else, and why; nobody named: each to who comes next."""

    cases: tuple[SeenCase, ...] = Field(min_length=1, max_length=LIST_MAX)
    to: WorkerId | None = None
    reason: Reason


class HandOverAll(Body):
    """Why all cases of somebody go to others; nobody named: to who comes next, each."""

    to: WorkerId | None = None
    reason: Reason


class Absence(Body):
    """From when somebody is away, until which day; none of both: they are back."""

    absent_from: Day | None = None
    absent_until: Day | None = None


class Outcome(Body):
    """What came of a task."""

    outcome: Reason


class SampleReview(Body):
    """What a lead thinks of a decision that arithmetic made alone."""

    week: Day
    signal_id: UUID
    is_right: bool
    remark: Text = Field("", max_length=500)


class CaseResult(BaseModel):
    """What became of one case of a list."""

    case_id: UUID
    status: int
    detail: str


class ListResult(BaseModel):
    """What became of each case, in order."""

    results: list[CaseResult]


class Load(BaseModel):
    """Somebody's load, in cases of weight 1, against the band that the team agreed."""

    worker_id: str
    name: str
    team_id: str
    role: str
    load: float
    load_min: float
    load_max: float
    open_cases: int
    unaccepted: int
    absent_from: date | None
    absent_until: date | None


class Loads(BaseModel):
    """Everybody's load."""

    workers: list[Load]


class Task(BaseModel):
    """What a person has to look at."""

    id: UUID
    kind: str
    household_id: UUID | None
    case_id: UUID | None
    reason: str
    signal_ids: list[UUID] = Field(description="of which it is uncertain whose they are")
    made_at: datetime


class Tasks(BaseModel):
    """What people have to look at, the oldest first."""

    tasks: list[Task]


class Sampled(BaseModel):
    """A decision that arithmetic made alone, with what it looked at."""

    signal_id: UUID
    status: str
    partner_id: str
    arrears_cents: int
    arrears_since: date
    reported_on: date
    reviewed_by: str | None
    is_right: bool | None
    remark: str | None


class Sample(BaseModel):
    """The sample of a week."""

    week: date
    decisions: list[Sampled]


@router.get(
    "/proposals",
    operation_id="listProposals",
    tags=["staff"],
    summary="Cases in which a person has to say yes or no",
)
async def list_proposals(
    who: Lead, counter: Shared, limit: Annotated[int, Query(ge=1, le=LIST_MAX)] = 100
) -> Cases:
    """The most pressing first; who read which is noted."""
    return await read_proposals(who, counter, limit)


async def read_proposals(
    who: WorkerAccount, counter: Counter, limit: int, note: Note = reading_sql.note_read
) -> Cases:
    """The same for a page, which may ask again every few seconds."""
    async with counter.core.pool.acquire() as connection, connection.transaction():
        rows = await list_sql.list_proposals(connection, who.id, limit)
        await note(connection, who.id, PROPOSALS, [row["id"] for row in rows], clock.now())
    return Cases(cases=[Case(**row) for row in rows])


@router.post(
    "/track-confirmations",
    operation_id="confirmList",
    tags=["decisions"],
    response_model=ListResult,
    dependencies=[Depends(lead_only)],
    summary="Confirm proposals as a list",
)
async def confirm_list(body: ListConfirmation, take: Take) -> Response:
    """Each on its own: one that has changed in the meantime is said to have, the others go on."""

    async def plan(_: Tx) -> list[tuple[UUID, int]]:
        return [(seen.case_id, seen.revision) for seen in body.cases]

    return await take.carry_out_each(plan, tracks.confirm_as_lead)


@router.post(
    "/hand-overs",
    operation_id="handOverList",
    tags=["assignments"],
    response_model=ListResult,
    dependencies=[Depends(lead_only)],
    summary="Give cases to somebody else as a list",
)
async def hand_over_list(body: ListHandOver, take: Take) -> Response:
    """Each on its own: one that has changed in the meantime stays, and the others go."""

    async def plan(_: Tx) -> list[tuple[UUID, int]]:
        return [(seen.case_id, seen.revision) for seen in body.cases]

    async def act(desk: Desk) -> dict[str, Any]:
        return await assigning.hand_over(desk, body.to, body.reason)

    return await take.carry_out_each(plan, act)


@router.post(
    "/workers/{workerId}/hand-overs",
    operation_id="handOverAll",
    tags=["assignments"],
    response_model=ListResult,
    summary="Give all cases of somebody to others",
)
async def hand_over_all(
    worker_id: PathWorkerId, body: HandOverAll, take: Take, who: Who
) -> Response:
    """A lead does it for the cases that they lead, everybody for their own; others stay unsaid."""
    if not who.is_lead and who.id != worker_id:
        raise Problem(403, "Only a team lead may do this for somebody else.")

    async def act(desk: Desk) -> dict[str, Any]:
        return await assigning.hand_over(desk, body.to, body.reason)

    async def plan(tx: Tx) -> list[tuple[UUID, int]]:
        return await staff.plan_hand_overs(tx, who, worker_id, body.to)

    return await take.carry_out_each(plan, act)


@router.get(
    "/workers",
    operation_id="listLoads",
    tags=["staff"],
    summary="Everybody's load against the band",
)
async def list_loads(who: Lead, counter: Shared) -> Loads:
    """Of the municipality of the lead."""
    async with counter.core.pool.acquire() as connection:
        rows = await list_sql.list_loads(connection, who.municipality, clock.today())
    return Loads(
        workers=[
            Load(
                worker_id=row["id"],
                load=row["load_tenths"] / 10,
                load_min=row["load_min_tenths"] / 10,
                load_max=row["load_max_tenths"] / 10,
                **{name: row[name] for name in ("name", "team_id", "role", "open_cases",
                                                "unaccepted", "absent_from", "absent_until")},
            )
            for row in rows
        ]
    )  # fmt: skip


@router.post(
    "/workers/{workerId}/absences",
    operation_id="noteAbsence",
    tags=["staff"],
    summary="Somebody is away, or back",
)
async def note_absence(worker_id: PathWorkerId, body: Absence, take: Take, who: Who) -> Response:
    """Who is away gets nothing new; what they have is handed over apart.

    It goes over what the roster file says now, also when that is loaded again.
    """
    if not who.is_lead and who.id != worker_id:
        raise Problem(403, "Only a team lead may do this for somebody else.")
    if body.absent_until and body.absent_from is None:
        raise Problem(400, "absent_from is missing.")
    if body.absent_from and body.absent_until and body.absent_until < body.absent_from:
        raise Problem(400, "absent_until lies before absent_from.")
    absence = list_sql.Absence(worker_id, body.absent_from, body.absent_until)
    return await take.judge(lambda judge: staff.note_absence(judge, absence))


@router.get(
    "/tasks",
    operation_id="listTasks",
    tags=["staff"],
    summary="What a person has to look at",
)
async def list_tasks(
    who: Lead, counter: Shared, limit: Annotated[int, Query(ge=1, le=LIST_MAX)] = 100
) -> Tasks:
    """Uncertain matches, facts without a cause, answers of residents; the oldest first."""
    async with counter.core.pool.acquire() as connection:
        rows = await verdict_sql.list_tasks(connection, who.municipality, limit)
    return Tasks(tasks=[Task(**row) for row in rows])


@router.post(
    "/tasks/{taskId}/outcomes",
    operation_id="closeTask",
    tags=["staff"],
    dependencies=[Depends(lead_only)],
    summary="Say what came of a task",
)
async def close_task(
    task_id: Annotated[UUID, Path(alias="taskId")], body: Outcome, take: Take
) -> Response:
    """An uncertain match is closed by a verdict instead: a merge, a split or a confirmation."""
    return await take.judge(lambda judge: staff.close_task(judge, task_id, body.outcome))


@router.get(
    "/samples/{week}",
    operation_id="showSample",
    tags=["staff"],
    summary="Ten decisions of a week that arithmetic made alone",
)
async def show_sample(week: Day, who: Lead, counter: Shared) -> Sample:
    """The week by any of its days."""
    monday = week - timedelta(days=week.weekday())
    async with counter.core.pool.acquire() as connection:
        rows = await verdict_sql.list_sample(connection, who.municipality, monday)
    return Sample(week=monday, decisions=[Sampled(**row) for row in rows])


@router.post(
    "/sample-reviews",
    operation_id="reviewSample",
    tags=["staff"],
    summary="Say what is thought of one decision of a sample",
)
async def review_sample(body: SampleReview, take: Take, who: Lead) -> Response:
    """Whether the arithmetic was right, with a remark."""
    monday = body.week - timedelta(days=body.week.weekday())
    review = Review(who.municipality, monday, body.signal_id, body.is_right, body.remark)
    return await take.judge(lambda judge: staff.review_sample(judge, review))
