"""Statements on what people decided about who belongs together, and on tasks and samples."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from services.triage.addresses import Address, Building
from services.triage.matching import Verdict, VerdictKind
from shared.db import Tx


@dataclass(frozen=True)
class VerdictRow:
    """What a person decided about a building's households."""

    id: UUID
    building: Building
    kind: VerdictKind
    fact_ids: Sequence[UUID]
    reason: str


async def insert(tx: Tx, row: VerdictRow, by: str, now: datetime) -> None:
    """Add a verdict, with what is known of its building by now; the building is locked."""
    await tx.execute(
        """
        with door as (
          select id from address where (municipality, postcode, house_number) = ($2, $3, $4))
        insert into verdict (id, municipality, postcode, house_number, kind, fact_ids, known_ids,
          reason, made_by, made_at)
        values ($1, $2, $3, $4, $5, $6, array(
          select id from signal where address_id in (select id from door)
          union all select id from fact where address_id in (select id from door)), $7, $8, $9)
        """,
        row.id,
        *row.building,
        row.kind.value,
        list(row.fact_ids),
        row.reason,
        by,
        now,
    )


async def load_standing(tx: Tx, buildings: Collection[Building]) -> list[tuple[Building, Verdict]]:
    """What people decided about buildings and did not undo, in order."""
    rows = await tx.fetch(
        """
        select municipality, postcode, house_number, id, kind, fact_ids, known_ids
        from verdict join unnest($1::text[], $2::text[], $3::int[])
          as wanted (municipality, postcode, house_number)
          using (municipality, postcode, house_number)
        where undone_at is null order by made_at, id
        """,
        [one.municipality for one in buildings],
        [one.postcode for one in buildings],
        [one.house_number for one in buildings],
    )
    return [
        (
            Building(*row[:3]),
            Verdict(
                row["id"],
                VerdictKind(row["kind"]),
                tuple(row["fact_ids"]),
                frozenset(row["known_ids"]),
            ),
        )
        for row in rows
    ]


async def undo(tx: Tx, verdict_id: UUID, by: str, reason: str, now: datetime) -> bool:
    """Take a verdict back; False when it was already."""
    status: str = await tx.execute(
        """
        update verdict set undone_by = $2, undone_reason = $3, undone_at = $4
        where id = $1 and undone_at is null
        """,
        verdict_id,
        by,
        reason,
        now,
    )
    return status.endswith(" 1")


async def find(tx: Tx, verdict_id: UUID) -> tuple[Building, list[UUID]] | None:
    """The building of a verdict, and the facts that it is about."""
    row = await tx.fetchrow(
        """
        select municipality, postcode, house_number, fact_ids from verdict where id = $1
        """,
        verdict_id,
    )
    return (Building(*row[:3]), row["fact_ids"]) if row else None


async def find_household(tx: Tx, household_id: UUID) -> Address | None:
    """Where a household lives."""
    row = await tx.fetchrow(
        """
        select municipality, postcode, house_number, suffix
        from household join address on address.id = address_id where household.id = $1
        """,
        household_id,
    )
    return Address(*row) if row else None


async def list_contracts(tx: Tx, household_id: UUID) -> list[asyncpg.Record]:
    """The signals of a household: id, partner, contract."""
    return await tx.fetch(
        """
        select id, partner_id, contract from signal where household_id = $1
        order by reported_on, id limit 1000
        """,
        household_id,
    )


async def households_of(tx: Tx, fact_ids: Sequence[UUID]) -> list[UUID]:
    """The households that these facts are put in now."""
    rows = await tx.fetch(
        """
        select distinct household_id from (
          select id, household_id from signal union all select id, household_id from fact)
          as report
        where id = any($1::uuid[]) order by household_id
        """,
        list(fact_ids),
    )
    return [row["household_id"] for row in rows]


async def close_tasks(
    tx: Tx, household_ids: Sequence[UUID], by: str, outcome: str, now: datetime
) -> None:
    """A person looked: the tasks about whose signals these are, are done."""
    await tx.execute(
        """
        update task set closed_at = $4, closed_by = $2, outcome = $3
        where household_id = any($1::uuid[]) and closed_at is null
          and kind in ('two_leases', 'bag_disagrees', 'addition_missing')
        """,
        list(household_ids),
        by,
        outcome,
        now,
    )


async def lock_doubted(tx: Tx, task_id: UUID, municipality: str) -> Sequence[UUID]:
    """Lock an open task; its signals, if it is about signals of which it is uncertain whose."""
    found: Sequence[UUID] | None = await tx.fetchval(
        """
        select signal_ids from task
        where id = $1 and municipality = $2 and closed_at is null for update
        """,
        task_id,
        municipality,
    )
    return found or ()


async def has_doubt(tx: Tx, signal_ids: Sequence[UUID]) -> bool:
    """Whether it is still uncertain whose one of these signals is."""
    found: bool = await tx.fetchval(
        "select exists (select from signal where id = any($1::uuid[]) and is_match_uncertain)",
        list(signal_ids),
    )
    return found


async def close_task(
    tx: Tx, task_id: UUID, municipality: str, by: str, outcome: str, *, now: datetime
) -> bool:
    """Close one task of a municipality; False when there is no such open one."""
    status: str = await tx.execute(
        """
        update task set closed_at = $5, closed_by = $3, outcome = $4
        where id = $1 and municipality = $2 and closed_at is null
        """,
        task_id,
        municipality,
        by,
        outcome,
        now,
    )
    return status.endswith(" 1")


async def list_tasks(tx: Tx, municipality: str, limit: int) -> list[asyncpg.Record]:
    """The open tasks of a municipality, the oldest first."""
    return await tx.fetch(
        """
        select id, kind, household_id, case_id, reason, signal_ids, made_at from task
        where municipality = $1 and closed_at is null order by made_at, id limit $2
        """,
        municipality,
        limit,
    )


async def draw_sample(
    tx: Tx, municipality: str, monday: date, span: tuple[datetime, datetime], size: int
) -> None:
    """Draw the sample of a week, once: what arithmetic alone decided from one instant to another.

    Both are midnight in Amsterdam, which is not always seven times 24 hours apart. By a
    hash of the signal's id, so that nobody chooses.
    """
    await tx.execute(
        """
        insert into sample (municipality, week, signal_id, status, drawn_at)
        select $1, $2, signal_id, status, $4
        from signal_status join signal on signal.id = signal_id
          join address on address.id = address_id
        where address.municipality = $1 and status in ('repeated', 'unjustified')
          and decided_at >= $3 and decided_at < $4
          and not exists (select from sample where municipality = $1 and week = $2)
        order by md5(signal_id::text || $2::date::text) limit $5
        on conflict do nothing
        """,
        municipality,
        monday,
        *span,
        size,
    )


async def list_sample(tx: Tx, municipality: str, week: date) -> list[asyncpg.Record]:
    """The sample of a week, with what the arithmetic looked at."""
    return await tx.fetch(
        """
        select signal_id, status, partner_id, arrears_cents, arrears_since, reported_on,
          reviewed_by, is_right, remark
        from sample join signal on signal.id = signal_id
        where municipality = $1 and week = $2 order by signal_id
        """,
        municipality,
        week,
    )


@dataclass(frozen=True)
class Review:
    """What a lead thinks of one decision of the sample."""

    municipality: str
    week: date
    signal_id: UUID
    is_right: bool
    remark: str


async def save_review(tx: Tx, review: Review, by: str, now: datetime) -> bool:
    """Keep it; False when the sample has no such signal."""
    status: str = await tx.execute(
        """
        update sample set reviewed_by = $6, reviewed_at = $7, is_right = $4, remark = $5
        where municipality = $1 and week = $2 and signal_id = $3
        """,
        review.municipality,
        review.week,
        review.signal_id,
        review.is_right,
        review.remark,
        by,
        now,
    )
    return status.endswith(" 1")
