"""What pages for workers read, and that it was read.

A page that is open asks again every few seconds (`X-Live`): that is one reading, not a thousand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request

from services.triage.api import cases
from services.triage.api.cases import PURPOSES, Case, CaseInFull, Which
from services.triage.assignment import Roster
from services.triage.commands.desk import WorkerAccount
from services.triage.deadlines import ENDINGS
from services.triage.pages.desk import At, PageDesk, Worker
from services.triage.pages.listed import with_days
from services.triage.pages.windows import DAYS
from services.triage.sql import agenda as agenda_sql
from services.triage.sql import lists as list_sql
from services.triage.sql import reading as reading_sql
from services.triage.sql import roster as roster_sql
from services.triage.sql.lists import Page, Pressing
from services.triage.sql.reading import Note
from shared import clock
from shared.policy import ResidentRules
from shared.workdays import at_hour

LIST_MAX = 50  # cases on a page
WEEK = "own week"  # a purpose of reading


@dataclass(frozen=True)
class Reader:
    """Somebody who looks at pages, and how that is noted."""

    who: WorkerAccount
    desk: PageDesk
    note: Note


def reader_of(request: Request, desk: At, who: Worker) -> Reader:
    """Who looks."""
    is_live = "x-live" in request.headers
    return Reader(who, desk, reading_sql.note_still_read if is_live else reading_sql.note_read)


Reads = Annotated[Reader, Depends(reader_of)]


@dataclass(frozen=True)
class MyList:
    """A page of somebody's cases."""

    cases: Sequence[Case]
    along: Sequence[Case]
    ahead: Mapping[UUID, tuple[str, datetime]]  # a hearing or eviction, by case
    has_more: bool


async def read_mine(reader: Reader, page_no: int) -> MyList:
    """My open cases, what is overdue first; and where I go along."""
    me = reader.who.id
    asked = Pressing(me, clock.today(), ENDINGS, LIST_MAX + 1, LIST_MAX * (page_no - 1))
    async with reader.desk.counter.core.pool.acquire() as tx, tx.transaction():
        rows = await list_sql.list_pressing(tx, asked)
        mine = [Case(**row) for row in rows[:LIST_MAX]]
        rest = await list_sql.list_visited_cases(tx, Page(me, True, None, LIST_MAX))
        along = [Case(**row) for row in rest]
        ids, now = [one.id for one in mine], clock.now()
        steps = await agenda_sql.list_ahead(tx, ids, now)
        await reader.note(tx, me, PURPOSES[Which.MINE], ids, now)
        await reader.note(tx, me, PURPOSES[Which.VISITS], [one.id for one in along], now)
    ahead = {row["case_id"]: (row["kind"], row["at"]) for row in steps}
    return MyList(mine, along, ahead, len(rows) > LIST_MAX)


@dataclass(frozen=True)
class CaseFile:
    """A case with what else its page shows."""

    case: CaseInFull
    alerts: Sequence[Mapping[str, Any]]
    roster: Roster
    may_act: bool
    residents: ResidentRules | None  # how the municipality writes to them

    def name(self, worker_id: str | None) -> str:
        """A worker's name; who left long ago is called by the id."""
        worker = self.roster.workers.get(worker_id or "")
        return worker.name if worker else worker_id or ""

    @property
    def signals(self) -> list[dict[str, Any]]:
        """What partners reported, with days as days."""
        return with_days(self.case.signals, "arrears_since", "reported_on")

    @property
    def restrictions(self) -> list[dict[str, Any]]:
        """What nobody does, with days as days."""
        return with_days(self.case.restrictions, "review_on")

    @property
    def decided_at(self) -> datetime:
        """When the machine proposed last; the case has a decision."""
        assert self.case.decision
        return datetime.fromisoformat(self.case.decision["decided_at"])

    def others(self) -> list[tuple[str, str]]:
        """Everybody here but the assignee, by name."""
        today = clock.today()
        found = [
            (one.name, one.id)
            for one in self.roster.workers.values()
            if one.id != self.case.assignee_id and not one.has_left(today)
        ]
        return [(worker_id, name) for name, worker_id in sorted(found)]

    def is_there(self, day: date) -> bool:
        """Whether the assignee works on a day."""
        worker = self.roster.workers.get(self.case.assignee_id)
        return worker is not None and worker.is_there(day)


async def read_file(case_id: UUID, reader: Reader) -> CaseFile:
    """A case in full; raises Problem for who may not see it."""
    case = await cases.read_case(case_id, reader.who, reader.desk.counter, reader.note)
    async with reader.desk.counter.core.pool.acquire() as tx, tx.transaction():
        alerts = await agenda_sql.list_alerts(tx, case_id)
        leads = await roster_sql.load_leads(tx, case_id)
        roster = await roster_sql.load_roster(tx, reader.who.municipality)
        books = await reader.desk.counter.shelf.current(tx)
    book = books.get(reader.who.municipality)
    return CaseFile(
        case=case,
        alerts=[dict(row) for row in alerts],
        roster=roster,
        may_act=reader.who.id in {case.assignee_id, *leads},
        residents=book.on(clock.today()).policy.notify.residents if book else None,
    )


@dataclass(frozen=True)
class Agenda:
    """Somebody's planned visits of the coming fortnight."""

    visits: Sequence[Mapping[str, Any]]
    roster: Roster

    def name(self, worker_id: str) -> str:
        """A worker's name; who left long ago is called by the id."""
        worker = self.roster.workers.get(worker_id)
        return worker.name if worker else worker_id

    def is_there(self, worker_id: str, day: date) -> bool:
        """Whether somebody works on a day."""
        worker = self.roster.workers.get(worker_id)
        return worker is not None and worker.is_there(day)


def _fortnight() -> tuple[datetime, datetime]:
    """From the first hour of today."""
    first = at_hour(clock.today(), time(0))
    return first, at_hour(clock.today() + timedelta(days=DAYS), time(0))


async def read_week(reader: Reader) -> Agenda:
    """My own fortnight, with whom I visit."""
    me = reader.who.id
    async with reader.desk.counter.core.pool.acquire() as tx, tx.transaction():
        rows = await agenda_sql.list_agenda(tx, me, *_fortnight())
        roster = await roster_sql.load_roster(tx, reader.who.municipality)
        ids = sorted({row["case_id"] for row in rows})
        await reader.note(tx, me, WEEK, ids, clock.now())
    return Agenda([dict(row) for row in rows], roster)


async def read_hours(worker_id: str, reader: Reader) -> list[Mapping[str, Any]]:
    """When somebody has visits, and not where: to plan another one."""
    async with reader.desk.counter.core.pool.acquire() as tx:
        rows = await agenda_sql.list_agenda(tx, worker_id, *_fortnight())
    told = ("id", "starts_at", "ends_at")
    return [{name: row[name] for name in told} for row in rows]
