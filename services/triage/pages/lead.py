"""The team lead's first page: who has how much, which terms are at risk, what waits."""

from dataclasses import dataclass
from typing import Any

import asyncpg
from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.triage.api import staff
from services.triage.api.staff import Load
from services.triage.api.taking import Counter
from services.triage.commands.desk import WorkerAccount
from services.triage.pages.desk import At, PageLead
from services.triage.pages.leading import TermLine, term_lines, worker_lines
from services.triage.sql import leading as leading_sql
from services.triage.sql import reading as reading_sql
from services.triage.sql.leading import Led
from services.triage.sql.reading import Note
from shared import clock

router = APIRouter(include_in_schema=False)

PURPOSE = "terms and assignments"  # of reading
FEW, MANY = 10, 200


@dataclass(frozen=True)
class AtRisk:
    """Terms that are near or over, and assignments without an answer."""

    terms: list[TermLine]
    unaccepted: list[asyncpg.Record]
    limit: int

    def of_clock(self, *clocks: str) -> list[TermLine]:
        """Legal terms and those of the municipality are never mixed."""
        return [one for one in self.terms[: self.limit] if one.clock in clocks]

    @property
    def has_more(self) -> bool:
        return max(len(self.terms), len(self.unaccepted)) > self.limit


def note_of(request: Request) -> Note:
    """How a reading is noted: a page that asks again by itself is one reading."""
    is_live = "x-live" in request.headers
    return reading_sql.note_still_read if is_live else reading_sql.note_read


async def read_at_risk(
    request: Request, who: WorkerAccount, counter: Counter, limit: int
) -> AtRisk:
    """What is at risk among the cases of a lead; that it is read is noted."""
    led, note = led_by(who), note_of(request)
    async with counter.core.pool.acquire() as connection, connection.transaction():
        terms = await leading_sql.list_terms(connection, led, limit)
        unaccepted = await leading_sql.list_unaccepted(connection, led, limit)
        seen = {row["id"] for row in (*terms[:limit], *unaccepted[:limit])}
        await note(connection, who.id, PURPOSE, seen, clock.now())
    return AtRisk(term_lines(map(dict, terms), led.today), unaccepted, limit)


def led_by(who: WorkerAccount) -> Led:
    """What a lead leads today."""
    return Led(who.id, who.municipality, clock.today())


async def read_loads(who: WorkerAccount, counter: Counter) -> list[Load]:
    """Everybody of the municipality, the own team first."""
    found = (await staff.list_loads(who, counter)).workers
    return sorted(found, key=lambda one: (one.team_id != who.team_id, one.team_id, one.name))


def names_of(loads: list[Load]) -> dict[str, str]:
    """What people are called."""
    return {one.worker_id: one.name for one in loads}


@router.get("/lead")
async def show_team(request: Request, desk: At, who: PageLead) -> Response:
    """Everything that asks for a lead, with where to do something about it."""
    loads = await read_loads(who, desk.counter)
    async with desk.counter.core.pool.acquire() as connection:
        counts = await leading_sql.count_waiting(connection, led_by(who))
    return desk.shell.page(
        request,
        "lead.html",
        counts=counts,
        most=leading_sql.COUNT_MAX,
        risk=await read_at_risk(request, who, desk.counter, FEW),
        **people(loads, who),
    )


@router.get("/lead/terms")
async def show_terms(request: Request, desk: At, who: PageLead) -> Response:
    """All terms at risk and assignments without an answer."""
    loads = await read_loads(who, desk.counter)
    risk = await read_at_risk(request, who, desk.counter, MANY)
    return desk.shell.page(request, "lead_terms.html", risk=risk, names=names_of(loads))


def people(loads: list[Load], who: WorkerAccount) -> dict[str, Any]:
    """What lists of people show: the own team, the others, and names."""
    lines = worker_lines(loads, clock.today())
    return {
        "team": [one for one in lines if one.load.team_id == who.team_id],
        "others": [one for one in lines if one.load.team_id != who.team_id],
        "names": names_of(loads),
    }
