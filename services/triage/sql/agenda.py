"""Statements on what stands in somebody's week, and on what was sent about a case."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from shared.db import Tx


async def list_agenda(
    tx: Tx, worker_id: str, since: datetime, until: datetime
) -> list[asyncpg.Record]:
    """Planned visits of somebody, to their own cases and where they go along, in order."""
    return await tx.fetch(
        """
        select visit.id, case_id, starts_at, ends_at, second_worker_id, assignee_id,
          reference, postcode, house_number, suffix
        from visit join household_case on household_case.id = case_id
          join address on address.id = address_id
        where state = 'planned' and starts_at < $3 and ends_at > $2
          and case_id in (
            select id from household_case where assignee_id = $1 and is_open
            union all
            select case_id from visit where second_worker_id = $1 and state = 'planned')
        order by starts_at, visit.id limit 500
        """,
        worker_id,
        since,
        until,
    )


async def list_ahead(tx: Tx, case_ids: Sequence[UUID], now: datetime) -> list[asyncpg.Record]:
    """The first hearing or eviction that stands and lies ahead, of each case that has one."""
    return await tx.fetch(
        """
        select distinct on (case_id) case_id, kind, at from legal_step
        where case_id = any($1::uuid[]) and state = 'set' and at > $2 order by case_id, at
        """,
        case_ids,
        now,
    )


async def list_alerts(tx: Tx, case_id: UUID) -> list[asyncpg.Record]:
    """What became of alerts about a case, the newest first."""
    return await tx.fetch(
        """
        select alert_id, what, template, recipient_id, reason, at from alert_log
        where case_id = $1 order by at desc, alert_id limit 200
        """,
        case_id,
    )
