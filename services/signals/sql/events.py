"""Statements on accepted events, refusals and statuses."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from services.signals.receipts import Receipt
from services.signals.rules import Accepted, Refused
from shared.contracts.signals import Fault
from shared.db import Tx


class Status(NamedTuple):
    """One thing that a partner may know of its signal."""

    fact_id: UUID
    event_id: UUID
    status_no: int | None
    status: str
    until: date | None = None


class Kept(NamedTuple):
    """What is kept of an accepted event to know it again, and the receipt that it got."""

    salt: bytes | None  # None: the body was purged
    content_hash: bytes
    receipt: str | None


async def insert_events(
    tx: Tx, accepted: Sequence[tuple[Accepted, Receipt]], received_at: datetime
) -> set[UUID]:
    """Store accepted events, sorted by fact id, and return the ids that are new.

    Locks the new rows until the transaction ends: a replica with the same event waits here.
    """
    ordered = sorted(accepted, key=lambda pair: pair[0].fact.fact_id)
    rows = await tx.fetch(
        """
        insert into event (fact_id, partner_id, source, event_id, event_type, municipality,
          reported_on, content_hash, salt, receipt, unknown, document, received_at)
        select fact_id, partner_id, source, event_id, event_type, municipality, reported_on,
          content_hash, salt, receipt, coalesce(string_to_array(nullif(unknown, ''), ' '), '{}'),
          document, $13
        from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
          $7::date[], $8::bytea[], $9::bytea[], $10::text[], $11::text[], $12::bytea[])
          as arrived (fact_id, partner_id, source, event_id, event_type, municipality, reported_on,
          content_hash, salt, receipt, unknown, document)
        on conflict do nothing
        returning fact_id
        """,
        [one.fact.fact_id for one, _ in ordered],
        [one.partner_id for one, _ in ordered],
        [one.source for one, _ in ordered],
        [one.event_id for one, _ in ordered],
        [one.event_type for one, _ in ordered],
        [one.fact.municipality for one, _ in ordered],
        [one.fact.reported_on for one, _ in ordered],
        [receipt.content_hash for _, receipt in ordered],
        [receipt.salt for _, receipt in ordered],
        [receipt.token for _, receipt in ordered],
        [" ".join(one.unknown) for one, _ in ordered],
        [one.canonical for one, _ in ordered],
        received_at,
    )
    return {row["fact_id"] for row in rows}


async def load_kept(tx: Tx, fact_ids: Collection[UUID]) -> dict[UUID, Kept]:
    """What is kept of events that are known."""
    rows = await tx.fetch(
        "select fact_id, salt, content_hash, receipt from event where fact_id = any($1::uuid[])",
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


async def insert_refusals(tx: Tx, refused: Sequence[Refused], received_at: datetime) -> set[UUID]:
    """Note refusals, each seen once, in id order; the ids of those that were not known."""
    distinct = {one.refusal_id: one for one in refused}
    ordered = sorted(distinct)
    rows = [distinct[refusal_id] for refusal_id in ordered]
    inserted = await tx.fetch(
        """
        insert into refusal
          (id, partner_id, event_id, message_id, body_hash, faults, times_seen, received_at)
        select id, partner_id, event_id, message_id, body_hash, faults::jsonb, 1, $7
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


async def save_refusal_sightings(tx: Tx, sightings: Mapping[UUID, int]) -> None:
    """Note how many times more the same bodies were refused, in id order."""
    ids = sorted(sightings)
    await tx.execute(
        """
        update refusal set times_seen = times_seen + seen.times
        from unnest($1::uuid[], $2::int[]) as seen (id, times)
        where refusal.id = seen.id
        """,
        ids,
        [sightings[refusal_id] for refusal_id in ids],
    )


def _stored(fault: Fault) -> list[str]:
    return [fault.code, fault.field, fault.text_nl]


async def insert_statuses(
    tx: Tx, statuses: Sequence[Status], recorded_at: datetime
) -> list[dict[str, Any]]:
    """Add what became of events; returns what is new and goes to a partner's feedback queue."""
    rows = await tx.fetch(
        """
        with added as (
          insert into status
            (fact_id, event_id, status_no, status, until, recorded_at, partner_id)
          select told.fact_id, told.event_id, status_no, status, until, $6, event.partner_id
          from unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::date[])
            as told (fact_id, event_id, status_no, status, until)
            left join event on event.fact_id = told.fact_id
          on conflict do nothing
          returning fact_id, event_id, status_no, status, until)
        select event.partner_id, event.event_id as accepted_id, event.source, added.fact_id,
          added.event_id as told_id, status, until, status_no
        from added join event on event.fact_id = added.fact_id
          join partner on partner.id = event.partner_id
        where wants_feedback and suspended_at is null
        """,
        [status.fact_id for status in statuses],
        [status.event_id for status in statuses],
        [status.status_no for status in statuses],
        [status.status for status in statuses],
        [status.until for status in statuses],
        recorded_at,
    )
    return [dict(row) for row in rows]


async def find_events(tx: Tx, partner_id: str, wanted: str, source: str | None) -> list[UUID]:
    """The ids of a partner's own events by its id for them, or by ours; two at most."""
    rows = await tx.fetch(
        """
        select fact_id from event
        where partner_id = $1 and (event_id = $2 or fact_id::text = $2)
          and ($3::text is null or source = $3)
        limit 2
        """,
        partner_id,
        wanted,
        source,
    )
    return [row["fact_id"] for row in rows]


async def load_events(tx: Tx, partner_id: str, fact_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """A partner's own events with their receipts and statuses, in the order asked for."""
    rows = await tx.fetch(
        """
        select event.fact_id, event_id, source, event_type, municipality, reported_on, received_at,
          receipt, salt, unknown, purged_at
        from event join unnest($2::uuid[]) with ordinality as asked (fact_id, no)
          on asked.fact_id = event.fact_id
        where partner_id = $1 order by no
        """,
        partner_id,
        fact_ids,
    )
    statuses = await tx.fetch(
        """
        select fact_id, status, status_no, until, recorded_at from status
        where fact_id = any($1::uuid[]) order by recorded_at, status_no, event_id limit 20000
        """,
        fact_ids,
    )
    return [
        {**row, "statuses": [dict(one) for one in statuses if one["fact_id"] == row["fact_id"]]}
        for row in rows
    ]


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


async def load_document(tx: Tx, fact_id: UUID) -> bytes | None:
    """The body of an event as accepted; None once it was purged."""
    document: bytes | None = await tx.fetchval(
        "select document from event where fact_id = $1", fact_id
    )
    return document


async def purge_bodies(
    tx: Tx, municipality: str, received_before: datetime, now: datetime, limit: int
) -> int:
    """Forget bodies and salts of so many events; the rows stay, so that an id is never new again.

    Locks no row that somebody else has locked: the next round takes it.
    """
    purged: int = await tx.fetchval(
        """
        with old as (
          select fact_id from event
          where municipality = $1 and received_at < $2 and document is not null
          order by fact_id limit $4 for update skip locked),
        purged as (
          update event set document = null, salt = null, purged_at = $3
          from old where event.fact_id = old.fact_id returning 1)
        select count(*) from purged
        """,
        municipality,
        received_before,
        now,
        limit,
    )
    return purged


async def insert_purge(
    tx: Tx, municipality: str, received_before: datetime, now: datetime, *, bodies: int, sha256: str
) -> None:
    """Report a purge."""
    await tx.execute(
        """
        insert into purge (at, municipality, received_before, bodies, policy_sha256)
        values ($3, $1, $2, $4, $5)
        on conflict (at, municipality) do update set bodies = purge.bodies + excluded.bodies
        """,
        municipality,
        received_before,
        now,
        bodies,
        sha256,
    )


async def list_purges(tx: Tx) -> list[dict[str, Any]]:
    """The newest purges."""
    rows = await tx.fetch(
        "select at, municipality, received_before, bodies from purge order by at desc limit 50"
    )
    return [dict(row) for row in rows]


async def list_story(tx: Tx, wanted: str) -> dict[str, Any] | None:
    """An accepted event by fact id or by the partner's own id, with its statuses."""
    event = await tx.fetchrow(
        """
        select fact_id, partner_id, event_id, event_type, municipality, reported_on, received_at,
          times_seen, unknown
        from event where fact_id::text = $1 or event_id = $1
        order by received_at limit 1
        """,
        wanted,
    )
    if event is None:
        return None
    statuses = await tx.fetch(
        "select status, status_no, recorded_at from status where fact_id = $1 "
        "order by recorded_at, status_no limit 200",
        event["fact_id"],
    )
    return {**event, "statuses": [dict(row) for row in statuses]}


async def list_refusals(tx: Tx, wanted: str) -> list[dict[str, Any]]:
    """Refusals of an event id or message id."""
    rows = await tx.fetch(
        """
        select id, partner_id, event_id, message_id, faults, received_at, times_seen from refusal
        where event_id = $1 or message_id = $1 or id::text = $1
        order by received_at limit 50
        """,
        wanted,
    )
    return [dict(row) for row in rows]


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
