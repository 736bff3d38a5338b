"""Lists of cases, mine and the team's, and one case with all that the team sees of it."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from services.triage.api.bounded import WorkerId
from services.triage.api.casefile import (
    Assigned,
    Attempted,
    Consulted,
    Contact,
    FiredRule,
    Granted,
    HelpAnswered,
    Replied,
    StatedNeed,
    fired_rules,
)
from services.triage.api.taking import Body, CaseId, Counter, Shared, Who
from services.triage.commands.desk import WorkerAccount
from services.triage.ladder import NextAttempt, Tried, next_attempt
from services.triage.sql import casefile as file_sql
from services.triage.sql import lists as list_sql
from services.triage.sql import reading as reading_sql
from services.triage.sql import roster as roster_sql
from services.triage.sql import work as work_sql
from services.triage.sql.lists import Page
from services.triage.sql.reading import Note
from shared import clock
from shared.contracts.triage import ContactKind, PartOfDay, Track
from shared.db import Tx
from shared.web.problems import Problem

router = APIRouter()

PAGE_MAX = 500
CASE, VISIT = "case work", "visit with two"  # purposes of reading


class Which(StrEnum):
    """Which cases a list has."""

    MINE = "mine"
    VISITS = "visits"  # where I go along on a planned visit
    TEAM = "team"  # that I lead


PURPOSES = {
    Which.MINE: "own list",
    Which.VISITS: "visits with two",
    Which.TEAM: "team list",
}


class State(StrEnum):
    """Open cases, or those that are over."""

    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"


class Asked(Body):
    """Which cases, and which page of them."""

    of: Which = Which.MINE
    state: State = State.OPEN
    assignee: WorkerId | None = Field(None, description="of the team: whose")
    limit: int = Field(100, ge=1, le=PAGE_MAX)
    after: UUID | None = Field(None, description="`next` of the page before")


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
    next: UUID | None = Field(None, description="`after` of the next page; null: that was all")


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
    reasons: list[FiredRule]
    contacts: list[Contact]
    contact_attempts: list[Attempted]
    needs: list[StatedNeed]
    help_answers: list[HelpAnswered]
    consultations: list[Consulted]
    moratoria: list[Granted]
    resident_replies: list[Replied]
    assignments: list[Assigned]
    next_attempt: Proposed | None


@router.get(
    "/cases",
    operation_id="listCases",
    tags=["cases"],
    summary="My open cases, or those of the team that I lead; the most pressing first",
)
async def list_cases(
    who: Who,
    counter: Shared,
    asked: Annotated[Asked, Query()],
) -> Cases:
    """Mine: that I am the assignee of. Who read which is noted, as for a single case."""
    if asked.of is Which.TEAM and not who.is_lead:
        raise Problem(403, "Only a team lead has a list of the team.")
    if asked.of is not Which.TEAM and asked.assignee not in {None, who.id}:
        raise Problem(403, "Ask for the list of the team to see what others have.")
    async with counter.core.pool.acquire() as connection, connection.transaction():
        if asked.after and await work_sql.find_case_address(connection, asked.after) is None:
            raise Problem(400, "after is no case any more: begin again.")
        rows = await _page(connection, who.id, asked)
        shown = [row["id"] for row in rows[: asked.limit]]
        await reading_sql.note_read(connection, who.id, PURPOSES[asked.of], shown, clock.now())
    cases = [Case(**row) for row in rows[: asked.limit]]
    return Cases(cases=cases, next=shown[-1] if len(rows) > asked.limit else None)


async def _page(tx: Tx, worker_id: str, asked: Asked) -> list[asyncpg.Record]:
    """One case more than was asked for, if there is one: then another page follows."""
    is_open = None if asked.state is State.ALL else asked.state is State.OPEN
    page = Page(worker_id, is_open, asked.after, asked.limit + 1)
    match asked.of:
        case Which.TEAM:
            return await list_sql.list_team_cases(tx, page, asked.assignee)
        case Which.VISITS:
            return await list_sql.list_visited_cases(tx, page)
        case Which.MINE:
            return await list_sql.list_cases(tx, page)


@router.get(
    "/cases/{caseId}",
    operation_id="showCase",
    tags=["cases"],
    response_model=CaseInFull,
    summary="One case of mine, with its revision as ETag",
)
async def show_case(case_id: CaseId, who: Who, counter: Shared) -> Response:
    """Also for who goes along on its planned visit. Who reads a case is noted, with the purpose."""
    case = await read_case(case_id, who, counter)
    return JSONResponse(case.model_dump(mode="json"), headers={"ETag": f'"{case.revision}"'})


async def read_case(
    case_id: UUID, who: WorkerAccount, counter: Counter, note: Note = reading_sql.note_read
) -> CaseInFull:
    """A case with everything that the team sees of it; raises Problem for who may not."""
    async with counter.core.pool.acquire() as connection, connection.transaction():
        row = await list_sql.show_case(connection, case_id)
        leads = await roster_sql.load_leads(connection, case_id)
        purpose = row and _purpose(row, who.id, leads)
        if row is None or not purpose:
            raise Problem(404, "No such case.")
        details = await list_sql.load_details(connection, case_id, row["household_id"])
        file = await file_sql.load_file(connection, case_id, row["household_id"])
        reasons = await _reasons(connection, counter, row["municipality"], details["decision"])
        proposed = await _next_attempt(connection, counter, dict(row))
        await note(connection, who.id, purpose, [case_id], clock.now())
    return CaseInFull(**row, **details, **file, reasons=reasons, next_attempt=proposed)


def _purpose(row: asyncpg.Record, reader_id: str, leads: Collection[str]) -> str:
    """Why somebody may read a case; empty when they may not."""
    if reader_id in {row["assignee_id"], *leads}:
        return CASE
    goes_along = any(
        visit["state"] == "planned" and visit["second_worker_id"] == reader_id
        for visit in row["visits"]
    )
    return VISIT if goes_along else ""


async def _reasons(
    tx: Tx, counter: Counter, municipality: str, decision: Mapping[str, Any] | None
) -> list[FiredRule]:
    """Why the case is where it is, in the words of the policy that decided."""
    if decision is None:
        return []
    policies = (await counter.shelf.policies.current(tx)).by_municipality.get(municipality, ())
    wanted = decision["policy_sha256"]
    decided = next((policy for policy in policies if policy.sha256 == wanted), None)
    return fired_rules(decision["fired"], decided)


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
