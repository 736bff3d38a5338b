"""Statements on what workers do: commands, visits, attempts, their lists."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.triage.casework import Case
from services.triage.reports import Status
from shared.contracts.triage import ContactKind, PartOfDay
from shared.db import Tx


@dataclass(frozen=True)
class Taken:
    """A command that was taken before, by its key."""

    request_hash: bytes
    status: int
    answer: dict[str, Any]


@dataclass(frozen=True)
class Visit:
    """A visit of a case."""

    id: UUID
    case_id: UUID
    starts_at: datetime
    ends_at: datetime
    state: str  # planned, cancelled or made


async def claim_command(
    tx: Tx, actor: str, key: str, request_hash: bytes, now: datetime
) -> Taken | None:
    """Claim a key; what was answered when it was taken before, else None.

    Waits for a transaction that is taking the same command right now.
    """
    inserted = await tx.fetchval(
        """
        insert into command (actor, key, request_hash, taken_at) values ($1, $2, $3, $4)
        on conflict do nothing returning true
        """,
        actor,
        key,
        request_hash,
        now,
    )
    if inserted:
        return None
    row = await tx.fetchrow(
        "select request_hash, status, answer from command where actor = $1 and key = $2", actor, key
    )
    assert row is not None
    return Taken(**row)


async def save_answer(tx: Tx, actor: str, key: str, status: int, answer: dict[str, Any]) -> None:
    """Keep the answer to a command with its key."""
    await tx.execute(
        "update command set status = $3, answer = $4 where actor = $1 and key = $2",
        actor,
        key,
        status,
        answer,
    )


async def find_case_address(tx: Tx, case_id: UUID) -> UUID | None:
    """The address to lock before a case is loaded."""
    address_id: UUID | None = await tx.fetchval(
        "select address_id from household_case where id = $1", case_id
    )
    return address_id


async def find_visit_case(tx: Tx, visit_id: UUID) -> UUID | None:
    """The case of a visit."""
    case_id: UUID | None = await tx.fetchval("select case_id from visit where id = $1", visit_id)
    return case_id


async def load_visit(tx: Tx, visit_id: UUID) -> Visit | None:
    """A visit; its case is locked."""
    row = await tx.fetchrow(
        "select id, case_id, starts_at, ends_at, state from visit where id = $1", visit_id
    )
    return Visit(**row) if row else None


async def has_planned_visit(tx: Tx, case_id: UUID) -> bool:
    """Whether a visit of this case is still to be made."""
    found: bool = await tx.fetchval(
        "select exists (select from visit where case_id = $1 and state = 'planned')", case_id
    )
    return found


async def save_visit(
    tx: Tx, visit: Visit, what: str, case: Case, *, by: str, now: datetime
) -> None:
    """Write a visit, and add what was done to it; `case` has the revision after it."""
    await tx.execute(
        """
        insert into visit (id, case_id, starts_at, ends_at, state, planned_by, changed_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (id) do update
          set starts_at = $3, ends_at = $4, state = $5, changed_at = $7
        """,
        visit.id,
        visit.case_id,
        visit.starts_at,
        visit.ends_at,
        visit.state,
        by,
        now,
    )
    await tx.execute(
        """
        insert into visit_change
          (visit_id, revision, what, starts_at, ends_at, changed_by, changed_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        """,
        visit.id,
        case.revision,
        what,
        visit.starts_at,
        visit.ends_at,
        by,
        now,
    )


@dataclass(frozen=True)
class Attempt:
    """Somebody tried to reach a household."""

    id: UUID
    case_id: UUID
    visit_id: UUID | None
    kind: ContactKind
    part_of_day: PartOfDay
    was_reached: bool
    attempted_at: datetime


async def insert_attempt(tx: Tx, attempt: Attempt, by: str, now: datetime) -> None:
    """Add a contact attempt."""
    await tx.execute(
        """
        insert into contact_attempt (id, case_id, visit_id, kind, part_of_day, was_reached,
          attempted_at, recorded_by, recorded_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        attempt.id,
        attempt.case_id,
        attempt.visit_id,
        attempt.kind.value,
        attempt.part_of_day.value,
        attempt.was_reached,
        attempt.attempted_at,
        by,
        now,
    )


async def insert_assignment_answer(
    tx: Tx, case: Case, worker_id: str, answer: str, reason: str, *, now: datetime
) -> None:
    """Add what an assignee said; `case` has the revision after it."""
    await tx.execute(
        """
        insert into assignment_answer (case_id, revision, assignee_id, answer, reason, answered_at)
        values ($1, $2, $3, $4, $5, $6)
        """,
        case.id,
        case.revision,
        worker_id,
        answer,
        reason,
        now,
    )


async def load_declined(tx: Tx, case_id: UUID) -> frozenset[str]:
    """Who declined this case before."""
    rows = await tx.fetch(
        "select assignee_id from assignment_answer where case_id = $1 and answer = 'declined'",
        case_id,
    )
    return frozenset(row["assignee_id"] for row in rows)


async def meet_deadline(tx: Tx, case_id: UUID, name: str, now: datetime) -> None:
    """Note that a term was met, if it runs and was not met before."""
    await tx.execute(
        "update deadline set met_at = $3 where case_id = $1 and name = $2 and met_at is null",
        case_id,
        name,
        now,
    )


async def load_taken_up(tx: Tx, household_id: UUID) -> list[tuple[UUID, str | None]]:
    """The signals of a household that count now, with the language that was stated."""
    rows = await tx.fetch(
        """
        select id, language from signal where household_id = $1 and $2 = (
          select status from signal_status where signal_id = signal.id
          order by status_no desc limit 1)
        order by id
        """,
        household_id,
        Status.TAKEN_UP.value,
    )
    return [(row["id"], row["language"]) for row in rows]


LISTED_CASE = """
    select household_case.id, reference, revision, is_open, track, priority, legal_stage, reason,
      answer, opened_on, assignee_id, lead_id, household_id, was_reached, has_objection,
      postcode, house_number, suffix,
      (select coalesce(jsonb_agg(jsonb_build_object('id', visit.id, 'starts_at', starts_at,
         'ends_at', ends_at, 'state', state) order by starts_at), '[]')
       from visit where case_id = household_case.id) as visits,
      (select coalesce(jsonb_agg(jsonb_build_object('name', name, 'due_on', due_on,
         'met_at', met_at) order by due_on), '[]')
       from deadline where case_id = household_case.id) as deadlines,
      (select count(*) from contact_attempt where case_id = household_case.id) as attempts
    from household_case join address on address.id = address_id
    """


async def list_cases(tx: Tx, worker_id: str, limit: int, offset: int) -> list[asyncpg.Record]:
    """The open cases of an assignee, the most pressing first."""
    return await tx.fetch(
        f"""
        {LISTED_CASE} where is_open and assignee_id = $1
        order by priority, opened_at, reference limit $2 offset $3
        """,
        worker_id,
        limit,
        offset,
    )


async def show_case(tx: Tx, case_id: UUID) -> asyncpg.Record | None:
    """One case as lists show it."""
    return await tx.fetchrow(f"{LISTED_CASE} where household_case.id = $1", case_id)
