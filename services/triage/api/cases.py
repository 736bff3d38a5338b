"""My list, and one case with all that the team sees of it."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from services.triage.api.taking import CaseId, Counter, Shared, Who
from services.triage.ladder import NextAttempt, Tried, next_attempt
from services.triage.sql import lists as list_sql
from services.triage.sql import reading as reading_sql
from services.triage.sql import roster as roster_sql
from services.triage.sql import work as work_sql
from shared import clock
from shared.contracts.triage import ContactKind, PartOfDay, Track
from shared.db import Tx
from shared.web.problems import Problem

router = APIRouter()

PAGE_MAX = 500
CASE, LIST = "case work", "own list"  # purposes of reading


class Case(BaseModel):
    """A case as a worker's list shows it."""

    id: UUID
    reference: str
    revision: int
    is_open: bool
    track: str
    priority: int
    proposed_track: str
    proposed_priority: int
    confirmed_by: str | None
    override_reason: str | None
    legal_stage: str
    reason: str
    answer: str
    opened_on: date
    assignee_id: str
    lead_id: str
    household_id: UUID
    was_reached: bool
    has_objection: bool
    help: str
    paused_until: date | None
    pause_reason: str | None
    result: str | None
    postcode: str
    house_number: int
    suffix: str
    attempts: int
    visits: list[dict[str, Any]]
    deadlines: list[dict[str, Any]]


class Cases(BaseModel):
    """A page of cases."""

    cases: list[Case]


class Proposed(BaseModel):
    """The next attempt, as the policy's ladder has it."""

    kind: ContactKind
    part_of_day: PartOfDay | None
    not_before: date
    step: int
    steps: int


class CaseInFull(Case):
    """A case with everything that the team sees of it."""

    signals: list[dict[str, Any]]
    legal_path: list[dict[str, Any]]
    restrictions: list[dict[str, Any]]
    plan: list[dict[str, Any]]
    decision: dict[str, Any] | None
    next_attempt: Proposed | None


@router.get(
    "/cases",
    operation_id="listCases",
    tags=["cases"],
    summary="My open cases, the most pressing first",
)
async def list_cases(
    who: Who,
    counter: Shared,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 100,
    offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Cases:
    """Those that I am the assignee of; who read which is noted, as for a single case."""
    async with counter.core.pool.acquire() as connection, connection.transaction():
        rows = await list_sql.list_cases(connection, who.id, limit, offset)
        seen = [row["id"] for row in rows]
        await reading_sql.note_read(connection, who.id, LIST, seen, clock.now())
    return Cases(cases=[Case(**row) for row in rows])


@router.get(
    "/cases/{caseId}",
    operation_id="showCase",
    tags=["cases"],
    response_model=CaseInFull,
    summary="One case of mine, with its revision as ETag",
)
async def show_case(case_id: CaseId, who: Who, counter: Shared) -> Response:
    """Who reads a case is noted, with the purpose."""
    async with counter.core.pool.acquire() as connection, connection.transaction():
        row = await list_sql.show_case(connection, case_id)
        leads = await roster_sql.load_leads(connection, case_id)
        if row is None or who.id not in {row["assignee_id"], *leads}:
            raise Problem(404, "No such case.")
        details = await list_sql.load_details(connection, case_id, row["household_id"])
        proposed = await _next_attempt(connection, counter, dict(row))
        await reading_sql.note_read(connection, who.id, CASE, [case_id], clock.now())
    case = CaseInFull(**row, **details, next_attempt=proposed)
    return JSONResponse(case.model_dump(mode="json"), headers={"ETag": f'"{case.revision}"'})


async def _next_attempt(tx: Tx, counter: Counter, row: dict[str, Any]) -> Proposed | None:
    """The next attempt of an open case where nobody was reached yet."""
    if not row["is_open"] or row["was_reached"]:
        return None
    books = await counter.shelf.current(tx)
    ladder = (
        books[row["municipality"]].on(clock.today()).policy.triage.ladder_of(Track(row["track"]))
    )
    tried = [_tried(one["kind"], one["part_of_day"], one["attempted_at"])
             for one in await list_sql.list_attempts(tx, row["id"])]  # fmt: skip
    restrictions = await work_sql.load_restrictions(tx, row["household_id"])
    found: NextAttempt | None = next_attempt(ladder, tried, restrictions, clock.today())
    return Proposed(**vars(found)) if found else None


def _tried(kind: str, part: str, at: datetime) -> Tried:
    return Tried(ContactKind(kind), PartOfDay(part), clock.amsterdam_day(at))
