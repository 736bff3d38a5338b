"""Statements on what workers do: commands, visits, attempts, their lists."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.triage.addresses import Address
from services.triage.cases import Case, Visit
from services.triage.casework import Needs
from services.triage.reports import Status
from shared.contracts.triage import AttemptResult, ContactKind, ContactRestriction, PartOfDay
from shared.db import Tx


@dataclass(frozen=True)
class Taken:
    """A command that was taken before, by its key."""

    request_hash: bytes
    status: int
    answer: dict[str, Any]


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


async def find_case_address(tx: Tx, case_id: UUID) -> Address | None:
    """Where a case is of: the building to lock before it is loaded."""
    row = await tx.fetchrow(
        """
        select address.municipality, postcode, house_number, suffix
        from household_case join address on address.id = address_id
        where household_case.id = $1
        """,
        case_id,
    )
    return Address(*row) if row else None


async def find_visit_case(tx: Tx, visit_id: UUID) -> UUID | None:
    """The case of a visit."""
    case_id: UUID | None = await tx.fetchval("select case_id from visit where id = $1", visit_id)
    return case_id


async def load_visit(tx: Tx, visit_id: UUID) -> Visit | None:
    """A visit; its case is locked."""
    row = await tx.fetchrow(
        """
        select id, case_id, starts_at, ends_at, state, second_worker_id from visit where id = $1
        """,
        visit_id,
    )
    return Visit(**row) if row else None


async def has_planned_visit(tx: Tx, case_id: UUID) -> bool:
    """Whether a visit of this case is still to be made."""
    found: bool = await tx.fetchval(
        "select exists (select from visit where case_id = $1 and state = 'planned')", case_id
    )
    return found


async def load_planned_visits(tx: Tx, case_ids: Collection[UUID]) -> list[Visit]:
    """The visits of these cases that are still to be made."""
    rows = await tx.fetch(
        """
        select id, case_id, starts_at, ends_at, state, second_worker_id from visit
        where case_id = any($1::uuid[]) and state = 'planned' order by case_id, id
        """,
        list(case_ids),
    )
    return [Visit(**row) for row in rows]


async def cancel_visits(
    tx: Tx, cancelled: Sequence[tuple[UUID, int]], by: str, now: datetime
) -> None:
    """Write that visits were called off, each with the case's revision that says so."""
    await tx.execute(
        """
        with off as (
          update visit set state = 'cancelled', changed_at = $4
          from unnest($1::uuid[], $2::int[]) as said (id, revision) where visit.id = said.id
          returning visit.id, revision, starts_at, ends_at)
        insert into visit_change
          (visit_id, revision, what, starts_at, ends_at, changed_by, changed_at)
        select id, revision, 'cancelled', starts_at, ends_at, $3, $4 from off
        """,
        [visit_id for visit_id, _ in cancelled],
        [revision for _, revision in cancelled],
        by,
        now,
    )


async def save_visit(
    tx: Tx, visit: Visit, what: str, case: Case, *, by: str, now: datetime
) -> None:
    """Write a visit, and add what was done to it; `case` has the revision after it."""
    await tx.execute(
        """
        insert into visit
          (id, case_id, starts_at, ends_at, state, planned_by, changed_at, second_worker_id)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (id) do update
          set starts_at = $3, ends_at = $4, state = $5, changed_at = $7, second_worker_id = $8
        """,
        visit.id,
        visit.case_id,
        visit.starts_at,
        visit.ends_at,
        visit.state,
        by,
        now,
        visit.second_worker_id,
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
    result: AttemptResult
    is_first_talk: bool
    attempted_at: datetime


async def insert_attempt(tx: Tx, attempt: Attempt, by: str, now: datetime) -> None:
    """Add a contact attempt."""
    await tx.execute(
        """
        insert into contact_attempt (id, case_id, visit_id, kind, part_of_day, was_reached,
          attempted_at, recorded_by, recorded_at, result, is_first_talk)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
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
        attempt.result.value,
        attempt.is_first_talk,
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


async def load_taken_up(tx: Tx, household_id: UUID) -> list[UUID]:
    """The signals of a household that count now and that no closed case dealt with."""
    rows = await tx.fetch(
        """
        select id from signal where household_id = $1 and case_id is null and $2 = (
          select status from signal_status where signal_id = signal.id
          order by status_no desc limit 1)
        order by id
        """,
        household_id,
        Status.TAKEN_UP.value,
    )
    return [row["id"] for row in rows]


async def list_signals(tx: Tx, household_id: UUID) -> list[UUID]:
    """All signals of a household."""
    rows = await tx.fetch(
        "select id from signal where household_id = $1 order by id limit 10000", household_id
    )
    return [row["id"] for row in rows]


async def find_any_report(tx: Tx, household_id: UUID) -> UUID | None:
    """A signal or fact of a partner about a household, always the same: its earliest."""
    found: UUID | None = await tx.fetchval(
        """
        select id from (
          select id, reported_on from signal where household_id = $1
          union all
          select id, reported_on from fact where household_id = $1 and recorded_by = '')
          as report
        order by reported_on, id limit 1
        """,
        household_id,
    )
    return found


async def last_reported_on(tx: Tx, household_id: UUID) -> date | None:
    """The day of the last report of a partner about a household."""
    found: date | None = await tx.fetchval(
        """
        select max(reported_on) from (
          select reported_on from signal where household_id = $1
          union all
          select reported_on from fact where household_id = $1 and recorded_by = '') as report
        """,
        household_id,
    )
    return found


async def load_needs(tx: Tx, household_id: UUID) -> Needs:
    """What a household asks of who comes, and who may not come."""
    row = await tx.fetchrow(
        """
        select coalesce(
            (select value from need where household_id in (select kin_of($1))
             and kind = 'language' order by stated_at desc limit 1),
            (select language from signal where household_id = $1 and language is not null
             order by reported_on desc, id limit 1)) as language,
          array(select value from need where household_id in (select kin_of($1))
                and kind = 'skill') as skills,
          array(select worker_id from conflict where household_id in (select kin_of($1)))
            as conflicts
        """,
        household_id,
    )
    assert row is not None
    return Needs(row["language"], frozenset(row["skills"]), frozenset(row["conflicts"]))


async def insert_conflict(
    tx: Tx, worker_id: str, household_id: UUID, reason: str, now: datetime
) -> None:
    """Somebody knows a household too well."""
    await tx.execute(
        """
        insert into conflict (worker_id, household_id, reason, declared_at)
        values ($1, $2, $3, $4) on conflict do nothing
        """,
        worker_id,
        household_id,
        reason,
        now,
    )


async def load_restrictions(tx: Tx, household_id: UUID) -> frozenset[ContactRestriction]:
    """What nobody does towards a household now."""
    rows = await tx.fetch(
        """
        select distinct kind from restriction
        where household_id in (select kin_of($1)) and lifted_at is null
        """,
        household_id,
    )
    return frozenset(ContactRestriction(row["kind"]) for row in rows)


async def insert_choice(
    tx: Tx, case: Case, worker_id: str, proposed: str, reason: str | None, *, now: datetime
) -> None:
    """Add what a person decided about the track; `case` has the revision after it."""
    await tx.execute(
        """
        insert into track_choice (case_id, revision, chosen_by, proposed_track, track, priority,
          reason, chosen_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        case.id,
        case.revision,
        worker_id,
        proposed,
        case.track.value,
        case.priority,
        reason,
        now,
    )
