"""Statements on help, pauses, restrictions, the plan, advice and needs."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from shared.db import Tx


@dataclass(frozen=True)
class HelpRow:
    """What a household said to the offer of help."""

    id: UUID
    case_id: UUID
    answer: str
    answered_on: date
    paused_until: date | None


async def insert_help_answer(tx: Tx, row: HelpRow, by: str, now: datetime) -> None:
    """Add an answer."""
    await tx.execute(
        """
        insert into help_answer
          (id, case_id, answer, answered_on, paused_until, recorded_by, recorded_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        """,
        row.id,
        row.case_id,
        row.answer,
        row.answered_on,
        row.paused_until,
        by,
        now,
    )


async def end_pauses(tx: Tx, case_id: UUID, now: datetime) -> list[UUID]:
    """Note that pauses of collection ended, and return the answers that they came from."""
    rows = await tx.fetch(
        """
        update help_answer set pause_ended_at = $2
        where case_id = $1 and paused_until is not null and pause_ended_at is null
        returning id
        """,
        case_id,
        now,
    )
    return [row["id"] for row in rows]


async def save_pause(tx: Tx, case_id: UUID, reason: str | None) -> None:
    """Note why a case rests; None: it goes on."""
    await tx.execute("update household_case set pause_reason = $2 where id = $1", case_id, reason)


@dataclass(frozen=True)
class RestrictionRow:
    """What nobody does towards a household."""

    id: UUID
    household_id: UUID
    kind: str
    reason: str
    review_on: date


async def insert_restriction(tx: Tx, row: RestrictionRow, by: str, now: datetime) -> None:
    """Add a restriction."""
    await tx.execute(
        """
        insert into restriction (id, household_id, kind, reason, review_on, made_by, made_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        """,
        row.id,
        row.household_id,
        row.kind,
        row.reason,
        row.review_on,
        by,
        now,
    )


async def lift(tx: Tx, restriction_id: UUID, household_id: UUID, by: str, now: datetime) -> bool:
    """Lift a restriction; False when this household has no such one."""
    status: str = await tx.execute(
        """
        update restriction set lifted_by = $3, lifted_at = $4
        where id = $1 and household_id in (select kin_of($2)) and lifted_at is null
        """,
        restriction_id,
        household_id,
        by,
        now,
    )
    return status.endswith(" 1")


@dataclass(frozen=True)
class PlanRow:
    """A line of a household's plan."""

    id: UUID
    case_id: UUID
    layer: str
    words: str
    written_by: str


async def insert_plan_item(tx: Tx, row: PlanRow, by: str, now: datetime) -> None:
    """Add a line."""
    await tx.execute(
        """
        insert into plan_item (id, case_id, layer, words, written_by, recorded_by, written_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        """,
        row.id,
        row.case_id,
        row.layer,
        row.words,
        row.written_by,
        by,
        now,
    )


async def remove_plan_item(tx: Tx, item_id: UUID, case_id: UUID, now: datetime) -> bool:
    """Take a line off a plan; False when it has no such one."""
    status: str = await tx.execute(
        """
        update plan_item set removed_at = $3
        where id = $1 and case_id = $2 and removed_at is null
        """,
        item_id,
        case_id,
        now,
    )
    return status.endswith(" 1")


@dataclass(frozen=True)
class ConsultationRow:
    """Whom a worker asked, and what came of it."""

    id: UUID
    case_id: UUID
    kind: str
    with_whom: str
    held_on: date
    outcome: str


async def insert_consultation(tx: Tx, row: ConsultationRow, by: str, now: datetime) -> None:
    """Add advice that was asked."""
    await tx.execute(
        """
        insert into consultation
          (id, case_id, kind, with_whom, held_on, outcome, recorded_by, recorded_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        row.id,
        row.case_id,
        row.kind,
        row.with_whom,
        row.held_on,
        row.outcome,
        by,
        now,
    )


async def insert_need(
    tx: Tx, household_id: UUID, kind: str, value: str, by: str, *, now: datetime
) -> None:
    """Note what a resident asks for; stated again, it is the newest."""
    await tx.execute(
        """
        insert into need (household_id, kind, value, stated_at, recorded_by)
        values ($1, $2, $3, $4, $5)
        on conflict (household_id, kind, value) do update set stated_at = $4, recorded_by = $5
        """,
        household_id,
        kind,
        value,
        now,
        by,
    )
