"""Statements on accepted events."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from services.signals.receipts import Receipt
from services.signals.rules import Accepted
from services.signals.sql.statuses import load_statuses
from shared.contracts.partners import ArrearsReported
from shared.db import Tx


class Signed(NamedTuple):
    """An accepted event with its receipt, and what tells another body apart after a purge."""

    accepted: Accepted
    receipt: Receipt
    fingerprint: bytes


class Kept(NamedTuple):
    """What is kept of an accepted event to know it again, and the receipt that it got."""

    salt: bytes | None  # None: the body was purged
    content_hash: bytes
    receipt: str | None
    unknown: Sequence[str]
    fingerprint: bytes | None  # None: of before there were any


async def insert_events(tx: Tx, signed: Sequence[Signed], received_at: datetime) -> set[UUID]:
    """Store accepted events, sorted by fact id, and return the ids that are new.

    Locks the new rows until the transaction ends: a replica with the same event waits here.
    """
    ordered = sorted(signed, key=lambda one: one.accepted.fact.fact_id)
    events, receipts = [one.accepted for one in ordered], [one.receipt for one in ordered]
    rows = await tx.fetch(
        """
        insert into event (fact_id, partner_id, source, event_id, event_type, municipality,
          reported_on, content_hash, salt, receipt, fingerprint, unknown, document, received_at)
        select fact_id, partner_id, source, event_id, event_type, municipality, reported_on,
          content_hash, salt, receipt, fingerprint,
          coalesce(string_to_array(nullif(unknown, ''), ' '), '{}'), document, $14
        from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
          $7::date[], $8::bytea[], $9::bytea[], $10::text[], $11::bytea[], $12::text[],
          $13::bytea[])
          as arrived (fact_id, partner_id, source, event_id, event_type, municipality, reported_on,
          content_hash, salt, receipt, fingerprint, unknown, document)
        on conflict do nothing
        returning fact_id
        """,
        [one.fact.fact_id for one in events],
        [one.partner_id for one in events],
        [one.source for one in events],
        [one.event_id for one in events],
        [one.event_type for one in events],
        [one.fact.municipality for one in events],
        [one.fact.reported_on for one in events],
        [one.content_hash for one in receipts],
        [one.salt for one in receipts],
        [one.token for one in receipts],
        [one.fingerprint for one in ordered],
        [" ".join(one.unknown) for one in events],
        [one.canonical for one in events],
        received_at,
    )
    return {row["fact_id"] for row in rows}


async def load_kept(tx: Tx, fact_ids: Collection[UUID]) -> dict[UUID, Kept]:
    """What is kept of events that are known."""
    rows = await tx.fetch(
        """
        select fact_id, salt, content_hash, receipt, unknown, fingerprint from event
        where fact_id = any($1::uuid[])
        """,
        list(fact_ids),
    )
    return {row[0]: Kept(*row[1:]) for row in map(tuple, rows)}


async def save_sightings(tx: Tx, sightings: Mapping[UUID, int]) -> None:
    """Note how many times more these events were seen, in id order."""
    ids = sorted(sightings)
    await tx.execute(
        """
        update event set times_seen = times_seen + seen.times
        from unnest($1::uuid[], $2::int[]) as seen (fact_id, times)
        where event.fact_id = seen.fact_id
        """,
        ids,
        [sightings[fact_id] for fact_id in ids],
    )


def as_uuid(text: str) -> UUID | None:
    """The id that a text is; None when it is another name."""
    try:
        return UUID(text)
    except ValueError:
        return None


async def find_events(tx: Tx, partner_id: str, wanted: str, source: str | None) -> list[UUID]:
    """The ids of a partner's own events by its id for them, or by ours; two at most."""
    rows = await tx.fetch(
        """
        select fact_id from event
        where partner_id = $1 and (event_id = $2 or fact_id = $4::uuid)
          and ($3::text is null or source = $3)
        limit 2
        """,
        partner_id,
        wanted,
        source,
        as_uuid(wanted),
    )
    return [row["fact_id"] for row in rows]


async def load_events(tx: Tx, partner_id: str, fact_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """A partner's own events with their receipts and statuses, in the order asked for."""
    rows = await tx.fetch(
        """
        select event.fact_id, event_id, source, event_type, municipality, reported_on, received_at,
          receipt, salt, unknown, purged_at, partner.name as partner_name
        from event join unnest($2::uuid[]) with ordinality as asked (fact_id, no)
          on asked.fact_id = event.fact_id
          join partner on partner.id = partner_id
        where partner_id = $1 order by no
        """,
        partner_id,
        fact_ids,
    )
    statuses = await load_statuses(tx, fact_ids)
    return [{**row, "statuses": statuses.get(row["fact_id"], [])} for row in rows]


async def list_told(
    tx: Tx, partner_id: str, after: tuple[int, UUID], limit: int
) -> list[tuple[int, UUID]]:
    """What a partner can hear of after a cursor: transaction and event, each once, in order.

    Only transactions that ended before the oldest that still runs: one that commits later can not
    have a place before the cursor that we give.
    """
    rows = await tx.fetch(
        """
        select told_in::text::bigint as told_in, fact_id from (
          (select told_in, fact_id from event
           where partner_id = $1 and (told_in, fact_id) > ($2::text::xid8, $3)
             and told_in < pg_snapshot_xmin(pg_current_snapshot())
           order by told_in, fact_id limit $4)
          union
          (select told_in, fact_id from status
           where partner_id = $1 and (told_in, fact_id) > ($2::text::xid8, $3)
             and told_in < pg_snapshot_xmin(pg_current_snapshot())
           order by told_in, fact_id limit $4)) as told
        order by told.told_in, told.fact_id limit $4
        """,
        partner_id,
        str(after[0]),
        after[1],
        limit,
    )
    return [(row["told_in"], row["fact_id"]) for row in rows]


async def list_newest(
    tx: Tx, partner_id: str, status: str | None, before: tuple[int, UUID], limit: int
) -> list[dict[str, Any]]:
    """A partner's own events before a cursor, the newest first, with bodies and statuses.

    `status`: only those of which this holds now; empty: signals of which nothing is known yet.
    """
    rows = await tx.fetch(
        """
        select fact_id, event_id, source, event_type, municipality, reported_on, received_at,
          receipt is not null as has_receipt, document, told_in::text::bigint as told_in
        from event
        where partner_id = $1 and (told_in, fact_id) < ($3::text::xid8, $4)
          and ($2::text is null
            or $2 = '' and event_type = $6
              and not exists (select from status where status.fact_id = event.fact_id)
            or exists (
              select from (
                (select status from status
                 where status.fact_id = event.fact_id and status_no is not null
                 order by status_no desc limit 1)
                union all
                (select status from status
                 where status.fact_id = event.fact_id and status_no is null
                 order by decided_at desc, event_id limit 1)) as now
              where now.status = $2))
        order by event.told_in desc, fact_id desc limit $5
        """,
        partner_id,
        status,
        str(before[0]),
        before[1],
        limit,
        ArrearsReported.wire_type(),
    )
    return await _with_statuses(tx, rows)


async def list_named(
    tx: Tx, partner_id: str, event_id: str, part: bytes, limit: int
) -> list[dict[str, Any]]:
    """A partner's own events with this id, or with this part in their body, the newest first.

    Reads all its bodies that are kept. There is no index on contracts, on purpose: every event
    would pay for it, and it would be one place more with personal data.
    """
    rows = await tx.fetch(
        """
        select fact_id, event_id, source, event_type, municipality, reported_on, received_at,
          receipt is not null as has_receipt, document, told_in::text::bigint as told_in
        from event
        where partner_id = $1 and (event_id = $2 or position($3::bytea in document) > 0)
        order by event.told_in desc, fact_id desc limit $4
        """,
        partner_id,
        event_id,
        part,
        limit,
    )
    return await _with_statuses(tx, rows)


async def _with_statuses(tx: Tx, rows: Sequence[asyncpg.Record]) -> list[dict[str, Any]]:
    statuses = await load_statuses(tx, [row["fact_id"] for row in rows])
    return [{**row, "statuses": statuses.get(row["fact_id"], [])} for row in rows]


async def load_document(tx: Tx, fact_id: UUID) -> bytes | None:
    """The body of an event as accepted; None once it was purged."""
    document: bytes | None = await tx.fetchval(
        "select document from event where fact_id = $1", fact_id
    )
    return document


async def list_story(tx: Tx, wanted: str) -> dict[str, Any] | None:
    """An accepted event by fact id or by the partner's own id, with its statuses."""
    event = await tx.fetchrow(
        """
        select fact_id, partner_id, event_id, event_type, municipality, reported_on, received_at,
          times_seen, unknown
        from event where fact_id = $2 or event_id = $1
        order by received_at limit 1
        """,
        wanted,
        as_uuid(wanted),
    )
    if event is None:
        return None
    statuses = await load_statuses(tx, [event["fact_id"]])
    return {**event, "statuses": statuses.get(event["fact_id"], [])}


async def count_events(tx: Tx) -> dict[str, int]:
    """How many events were accepted and refused, and how many came again."""
    row = await tx.fetchrow(
        """
        select (select count(*) from event) as accepted,
          (select coalesce(sum(times_seen - 1), 0)::bigint from event) as duplicates,
          (select coalesce(sum(times_seen), 0)::bigint from refusal) as refused
        """
    )
    assert row is not None
    return dict(row)
