"""Statements on refusals: what was wrong, and nothing of what was said."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from services.signals.rules import Refused
from services.signals.sql.events import as_uuid
from shared.contracts.signals import Fault
from shared.db import Tx


async def insert_refusals(tx: Tx, refused: Sequence[Refused], received_at: datetime) -> set[UUID]:
    """Note refusals, each seen once, in id order; the ids of those that were not known."""
    distinct = {one.refusal_id: one for one in refused}
    ordered = sorted(distinct)
    rows = [distinct[refusal_id] for refusal_id in ordered]
    inserted = await tx.fetch(
        """
        insert into refusal
          (id, partner_id, event_id, message_id, body_hash, faults, times_seen, received_at,
           seen_at)
        select id, partner_id, event_id, message_id, body_hash, faults::jsonb, 1, $7, $7
        from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::text[])
          as seen (id, partner_id, event_id, message_id, body_hash, faults)
        on conflict (id) do nothing
        returning id
        """,
        ordered,
        [one.partner_id for one in rows],
        [one.event_id for one in rows],
        [one.message_id for one in rows],
        [one.body_hash for one in rows],
        # As text: a list in an array would be taken for a further dimension of it.
        [orjson.dumps([_stored(fault) for fault in one.faults]).decode() for one in rows],
        received_at,
    )
    return {row["id"] for row in inserted}


async def save_refusal_sightings(tx: Tx, sightings: Mapping[UUID, int], now: datetime) -> None:
    """Note how many times more the same bodies were refused, in id order; they are news again."""
    ids = sorted(sightings)
    await tx.execute(
        """
        update refusal set times_seen = times_seen + seen.times, seen_at = $3,
          told_in = pg_current_xact_id()
        from unnest($1::uuid[], $2::int[]) as seen (id, times)
        where refusal.id = seen.id
        """,
        ids,
        [sightings[refusal_id] for refusal_id in ids],
        now,
    )


def _stored(fault: Fault) -> list[str]:
    return [fault.code, fault.field, fault.text_nl, fault.text_en, fault.source]


async def list_refused(
    tx: Tx, partner_id: str, after: tuple[int, UUID], limit: int
) -> list[dict[str, Any]]:
    """A partner's own refusals after a cursor, each once, in order of when they were last seen.

    Only of transactions that ended before the oldest that still runs, as `list_told`.
    """
    rows = await tx.fetch(
        """
        select id, event_id, message_id, body_hash, faults, received_at, seen_at, times_seen,
          told_in::text::bigint as told_in
        from refusal
        where partner_id = $1 and (told_in, id) > ($2::text::xid8, $3)
          and told_in < pg_snapshot_xmin(pg_current_snapshot())
        order by refusal.told_in, id limit $4
        """,
        partner_id,
        str(after[0]),
        after[1],
        limit,
    )
    return [dict(row) for row in rows]


async def list_newest(
    tx: Tx, partner_id: str, event_id: str | None, before: tuple[int, UUID], limit: int
) -> list[dict[str, Any]]:
    """A partner's own refusals (of one event id) before a cursor, the last seen first."""
    rows = await tx.fetch(
        """
        select id, event_id, message_id, faults, seen_at, times_seen,
          told_in::text::bigint as told_in
        from refusal
        where partner_id = $1 and ($2::text is null or event_id = $2)
          and (told_in, id) < ($3::text::xid8, $4)
        order by refusal.told_in desc, id desc limit $5
        """,
        partner_id,
        event_id,
        str(before[0]),
        before[1],
        limit,
    )
    return [dict(row) for row in rows]


async def list_refusals(tx: Tx, wanted: str) -> list[dict[str, Any]]:
    """Refusals of an event id or message id."""
    rows = await tx.fetch(
        """
        select id, partner_id, event_id, message_id, faults, received_at, times_seen from refusal
        where event_id = $1 or message_id = $1 or id = $2
        order by received_at limit 50
        """,
        wanted,
        as_uuid(wanted),
    )
    return [dict(row) for row in rows]
