"""Door 3 of triage: the workers' lists and commands, as JSON over HTTP.

Every command has an `Idempotency-Key`, so that sending it again does no harm, and an `If-Match`
with the revision of the case that its sender saw.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.triage import commands
from services.triage.commands import Act, Desk, Order, Refused
from services.triage.rules import PolicyBook
from services.triage.sql import work as work_sql
from shared.contracts.triage import ContactKind
from shared.db import Pool
from shared.door import Door
from shared.web.problems import Problem
from shared.web.session import Account

router = APIRouter(prefix="/v1")

PAGE_MAX = 500
Key = Annotated[str, Header(alias="Idempotency-Key", min_length=8, max_length=100)]
Seen = Annotated[str | None, Header(alias="If-Match", pattern=r'^"[0-9]{1,9}"$')]


class Body(BaseModel):
    """Base of every request: a field that we do not know is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AssignmentAnswer(Body):
    """What the assignee says; who declines says why."""

    answer: Literal["accepted", "declined"]
    reason: str = Field("", max_length=500)


class VisitWindow(Body):
    """Between which instants the generalist comes."""

    starts_at: AwareDatetime
    ends_at: AwareDatetime


class ContactAttempt(Body):
    """How somebody tried to reach the household, and whether they did."""

    kind: ContactKind
    attempted_at: AwareDatetime
    was_reached: bool
    visit_id: UUID | None = None


class Done(BaseModel):
    """The answer to a command: the case's new revision, and what was done."""

    model_config = ConfigDict(extra="allow")

    case_id: UUID
    revision: int


class Case(BaseModel):
    """A case as a worker's list shows it."""

    id: UUID
    reference: str
    revision: int
    is_open: bool
    track: str
    priority: int
    legal_stage: str
    reason: str
    answer: str
    opened_on: date
    assignee_id: str
    lead_id: str
    household_id: UUID
    was_reached: bool
    has_objection: bool
    postcode: str
    house_number: int
    suffix: str
    attempts: int
    visits: list[dict[str, Any]]
    deadlines: list[dict[str, Any]]


class Cases(BaseModel):
    """A page of cases."""

    cases: list[Case]


@dataclass(frozen=True)
class Taking:
    """A command on its way in: who sends it, its key, and what its sender saw."""

    door: Door
    books: Mapping[str, PolicyBook]
    actor_id: str
    key: str
    revision: int
    request_hash: bytes

    async def carry_out(self, case_id: UUID, act: Act) -> Response:
        """Have it done, and answer."""
        order = Order(self.actor_id, self.key, self.request_hash, self.revision, case_id)
        try:
            status, answer = await commands.take(self.door, order, self.books, act)
        except Refused as refused:
            raise Problem(refused.status, refused.detail) from None
        return JSONResponse(answer, status, {"ETag": f'"{answer["revision"]}"'})


async def who_asks(request: Request) -> Account:
    """The worker who signed in."""
    account: Account = await request.app.state.account_of(request)
    return account


Who = Annotated[Account, Depends(who_asks)]


async def taking(request: Request, who: Who, key: Key, seen: Seen = None) -> Taking:
    """What every command needs."""
    if seen is None:
        raise Problem(428, "Send If-Match with the revision of the case as you saw it.")
    told = f"{request.method} {request.url.path}\n".encode() + await request.body()
    return Taking(
        door=request.app.state.core.door,
        books=request.app.state.books,
        actor_id=who.id,
        key=key,
        revision=int(seen.strip('"')),
        request_hash=hashlib.sha256(told).digest(),
    )


Take = Annotated[Taking, Depends(taking)]


async def _case_of_visit(pool: Pool, visit_id: UUID) -> UUID:
    async with pool.acquire() as connection:
        case_id = await work_sql.find_visit_case(connection, visit_id)
    if case_id is None:
        raise Problem(404, "No such visit.")
    return case_id


@router.get("/cases", operation_id="listCases", tags=["cases"])
async def list_cases(
    request: Request,
    who: Who,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 100,
    offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Cases:
    """My open cases, the most pressing first."""
    async with request.app.state.core.pool.acquire() as connection:
        rows = await work_sql.list_cases(connection, who.id, limit, offset)
    return Cases(cases=[Case(**row) for row in rows])


@router.get("/cases/{case_id}", operation_id="showCase", tags=["cases"], response_model=Case)
async def show_case(request: Request, case_id: UUID, who: Who) -> Response:
    """One case of mine, with its revision as ETag."""
    async with request.app.state.core.pool.acquire() as connection:
        row = await work_sql.show_case(connection, case_id)
    if row is None or who.id not in {row["assignee_id"], row["lead_id"]}:
        raise Problem(404, "No such case.")
    case = Case(**row)
    return JSONResponse(case.model_dump(mode="json"), headers={"ETag": f'"{case.revision}"'})


@router.post(
    "/cases/{case_id}/assignment-answers",
    operation_id="answerAssignment",
    tags=["cases"],
    response_model=Done,
)
async def answer_assignment(case_id: UUID, body: AssignmentAnswer, take: Take) -> Response:
    """Accept or decline an assignment."""
    if body.answer == "declined" and not body.reason.strip():
        missing = [{"field": "body.reason", "fault": "missing"}]
        raise Problem(400, "Say why you decline; nothing was changed.", errors=missing)

    async def act(desk: Desk) -> dict[str, Any]:
        if body.answer == "accepted":
            return await commands.accept(desk)
        return await commands.decline(desk, body.reason)

    return await take.carry_out(case_id, act)


@router.post(
    "/cases/{case_id}/visits", operation_id="planVisit", tags=["visits"], response_model=Done
)
async def plan_visit(case_id: UUID, body: VisitWindow, take: Take) -> Response:
    """Plan a visit."""

    async def act(desk: Desk) -> dict[str, Any]:
        return await commands.plan_visit(desk, body.starts_at, body.ends_at)

    return await take.carry_out(case_id, act)


@router.put("/visits/{visit_id}", operation_id="moveVisit", tags=["visits"], response_model=Done)
async def move_visit(visit_id: UUID, body: VisitWindow, take: Take) -> Response:
    """Give a planned visit another window."""

    async def act(desk: Desk) -> dict[str, Any]:
        return await commands.move_visit(desk, visit_id, body.starts_at, body.ends_at)

    return await take.carry_out(await _case_of_visit(take.door.pool, visit_id), act)


@router.post(
    "/visits/{visit_id}/cancellations",
    operation_id="cancelVisit",
    tags=["visits"],
    response_model=Done,
)
async def cancel_visit(visit_id: UUID, take: Take) -> Response:
    """Call a planned visit off."""

    async def act(desk: Desk) -> dict[str, Any]:
        return await commands.cancel_visit(desk, visit_id)

    return await take.carry_out(await _case_of_visit(take.door.pool, visit_id), act)


@router.post(
    "/cases/{case_id}/contact-attempts",
    operation_id="recordAttempt",
    tags=["cases"],
    response_model=Done,
)
async def record_attempt(case_id: UUID, body: ContactAttempt, take: Take) -> Response:
    """Record that somebody tried to reach the household."""

    async def act(desk: Desk) -> dict[str, Any]:
        return await commands.record_attempt(
            desk,
            body.kind,
            body.attempted_at,
            was_reached=body.was_reached,
            visit_id=body.visit_id,
        )

    return await take.carry_out(case_id, act)
