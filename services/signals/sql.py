"""Every statement on signals' own database, apart from the plumbing's."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import orjson

from services.signals.rules import Accepted, Agreement, Partner, Refused
from shared.contracts.signals import Fault, LegalGround, PartnerKind
from shared.db import Tx


class Status(NamedTuple):
    """One thing that a partner may know of its signal."""

    fact_id: UUID
    event_id: UUID
    status_no: int | None
    status: str


async def load_partners(tx: Tx, ids: Collection[str]) -> dict[str, Partner]:
    """The partners with these ids, with all their agreements."""
    rows = await tx.fetch(
        """
        select id, kvk, kinds, wants_feedback, suspended_at is not null as is_suspended,
          municipality, legal_ground, valid_from, valid_until
        from partner left join agreement on partner_id = id
        where id = any($1::text[])
        """,
        list(ids),
    )
    agreements: dict[str, list[Agreement]] = {row["id"]: [] for row in rows}
    for row in rows:
        if row["municipality"]:
            agreements[row["id"]].append(
                Agreement(
                    municipality=row["municipality"],
                    legal_ground=LegalGround(row["legal_ground"]),
                    valid_from=row["valid_from"],
                    valid_until=row["valid_until"],
                )
            )
    return {row["id"]: _as_partner(row, agreements[row["id"]]) for row in rows}


def _as_partner(row: asyncpg.Record, agreements: Sequence[Agreement]) -> Partner:
    return Partner(
        id=row["id"],
        kvk=row["kvk"],
        kinds=frozenset(map(PartnerKind, row["kinds"])),
        is_suspended=row["is_suspended"],
        wants_feedback=row["wants_feedback"],
        agreements=tuple(agreements),
    )


async def insert_events(tx: Tx, accepted: Sequence[Accepted], received_at: datetime) -> set[UUID]:
    """Store accepted events, sorted by fact id, and return the ids that are new.

    Locks the new rows until the transaction ends: a replica with the same event waits here.
    """
    ordered = sorted(accepted, key=lambda one: one.fact.fact_id)
    rows = await tx.fetch(
        """
        insert into event (fact_id, partner_id, source, event_id, event_type, municipality,
          reported_on, content_hash, unknown, document, received_at)
        select fact_id, partner_id, source, event_id, event_type, municipality, reported_on,
          content_hash, coalesce(string_to_array(nullif(unknown, ''), ' '), '{}'), document, $11
        from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
          $7::date[], $8::bytea[], $9::text[], $10::bytea[]) as arrived (fact_id, partner_id,
          source, event_id, event_type, municipality, reported_on, content_hash, unknown, document)
        on conflict do nothing
        returning fact_id
        """,
        [one.fact.fact_id for one in ordered],
        [one.partner_id for one in ordered],
        [one.source for one in ordered],
        [one.event_id for one in ordered],
        [one.event_type for one in ordered],
        [one.fact.municipality for one in ordered],
        [one.fact.reported_on for one in ordered],
        [one.content_hash for one in ordered],
        [" ".join(one.unknown) for one in ordered],
        [one.document for one in ordered],
        received_at,
    )
    return {row["fact_id"] for row in rows}


async def load_hashes(tx: Tx, fact_ids: Collection[UUID]) -> dict[UUID, bytes]:
    """The content hashes of events that are known."""
    rows = await tx.fetch(
        "select fact_id, content_hash from event where fact_id = any($1::uuid[])", list(fact_ids)
    )
    return {row["fact_id"]: row["content_hash"] for row in rows}


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


async def insert_statuses(tx: Tx, statuses: Sequence[Status], recorded_at: datetime) -> None:
    """Add what became of signals."""
    await tx.execute(
        """
        insert into status (fact_id, event_id, status_no, status, recorded_at)
        select *, $5 from unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[])
        on conflict do nothing
        """,
        [status.fact_id for status in statuses],
        [status.event_id for status in statuses],
        [status.status_no for status in statuses],
        [status.status for status in statuses],
        recorded_at,
    )


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


async def save_partner(tx: Tx, partner: Partner, name: str) -> None:
    """Insert or replace a partner and its agreements."""
    await tx.execute(
        """
        insert into partner (id, name, kvk, kinds, wants_feedback) values ($1, $2, $3, $4, $5)
        on conflict (id) do update
          set name = $2, kvk = $3, kinds = $4, wants_feedback = $5
        """,
        partner.id,
        name,
        partner.kvk,
        sorted(partner.kinds),
        partner.wants_feedback,
    )
    await tx.execute("delete from agreement where partner_id = $1", partner.id)
    await tx.execute(
        """
        insert into agreement (partner_id, municipality, legal_ground, valid_from, valid_until)
        select $1, * from unnest($2::text[], $3::text[], $4::date[], $5::date[])
        """,
        partner.id,
        [one.municipality for one in partner.agreements],
        [one.legal_ground.value for one in partner.agreements],
        [one.valid_from for one in partner.agreements],
        [one.valid_until for one in partner.agreements],
    )


async def list_partners(tx: Tx) -> list[dict[str, Any]]:
    """Every partner, for the broker's side."""
    rows = await tx.fetch(
        "select id, name, wants_feedback, suspended_at from partner order by id limit 10000"
    )
    return [dict(row) for row in rows]
