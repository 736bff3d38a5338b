"""Statements on statuses: what became of an event, as far as its partner may know."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from shared.db import Tx

STATUSES_MAX = 50  # of one event: the newest, which are what holds


class Status(NamedTuple):
    """One thing that a partner may know of its signal."""

    fact_id: UUID
    event_id: UUID
    status_no: int | None
    status: str
    decided_at: datetime  # when triage recorded it
    until: date | None = None


async def insert_statuses(
    tx: Tx, statuses: Sequence[Status], recorded_at: datetime
) -> list[dict[str, Any]]:
    """Add what became of events; returns what is new and goes to a partner's feedback queue.

    Of an event that was erased nothing is kept and nobody is told.
    """
    rows = await tx.fetch(
        """
        with added as (
          insert into status
            (fact_id, event_id, status_no, status, until, decided_at, recorded_at, partner_id)
          select told.fact_id, told.event_id, status_no, status, until, decided_at, $7,
            event.partner_id
          from unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::date[], $6::timestamptz[])
            as told (fact_id, event_id, status_no, status, until, decided_at)
            left join event on event.fact_id = told.fact_id
          where event.erased_at is null
          on conflict do nothing
          returning fact_id, event_id, status_no, status, until, decided_at)
        select event.partner_id, event.event_id as accepted_id, event.source, added.fact_id,
          added.event_id as told_id, status, until, status_no, decided_at
        from added join event on event.fact_id = added.fact_id
          join partner on partner.id = event.partner_id
        where wants_feedback and suspended_at is null
        """,
        [status.fact_id for status in statuses],
        [status.event_id for status in statuses],
        [status.status_no for status in statuses],
        [status.status for status in statuses],
        [status.until for status in statuses],
        [status.decided_at for status in statuses],
        recorded_at,
    )
    return [dict(row) for row in rows]


async def load_statuses(tx: Tx, fact_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """What became of these events, by id, the newest first."""
    rows = await tx.fetch(
        """
        select asked.fact_id, status, status_no, until, decided_at
        from unnest($1::uuid[]) as asked (fact_id)
          cross join lateral (
            select status, status_no, until, decided_at from status
            where status.fact_id = asked.fact_id
            order by decided_at desc, status_no desc, event_id limit $2) as newest
        """,
        fact_ids,
        STATUSES_MAX,
    )
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["fact_id"]].append(dict(row))
    return found
