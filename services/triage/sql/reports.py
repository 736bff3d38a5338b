"""Statements on addresses and on what partners reported."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from services.triage.matching import Address
from services.triage.reports import Fact, FactKind, Report, Signal, Status
from shared.contracts.signals import ArrearsReported, PartnerKind
from shared.db import Tx


async def lock_addresses(tx: Tx, addresses: Sequence[Address]) -> set[UUID]:
    """Insert addresses that are absent, sorted; lock all, sorted; return the ids that existed."""
    ordered = sorted(addresses, key=lambda address: address.id)
    ids = [address.id for address in ordered]
    inserted = await tx.fetch(
        """
        insert into address (id, municipality, postcode, house_number, suffix)
        select * from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::text[])
        on conflict do nothing
        returning id
        """,
        ids,
        [address.municipality for address in ordered],
        [address.postcode for address in ordered],
        [address.house_number for address in ordered],
        [address.suffix for address in ordered],
    )
    existing = set(ids) - {row["id"] for row in inserted}
    if existing:
        await tx.execute(
            "select 1 from address where id = any($1::uuid[]) order by id for update",
            sorted(existing),
        )
    return existing


async def lock_address(tx: Tx, address_id: UUID) -> None:
    """Lock one address, for a command."""
    await tx.execute("select 1 from address where id = $1 for update", address_id)


async def load_signals(tx: Tx, address_ids: Collection[UUID]) -> list[Report]:
    """All signals of addresses, each with its newest status."""
    rows = await tx.fetch(
        """
        select id, address_id, household_id, partner_id, partner_kind, contract, arrears_cents,
          arrears_since, reported_on, recorded_at, is_crisis, is_warm_handover, tenancy_start,
          language, newest.status, newest.status_no
        from signal left join lateral (
          select status, status_no from signal_status where signal_id = signal.id
          order by status_no desc limit 1) as newest on true
        where address_id = any($1::uuid[])
        """,
        list(address_ids),
    )
    return [_as_signal(row) for row in rows]


def _as_signal(row: asyncpg.Record) -> Report:
    return Report(
        what=Signal(
            id=row["id"],
            partner_id=row["partner_id"],
            partner_kind=PartnerKind(row["partner_kind"]),
            contract=row["contract"],
            arrears_cents=row["arrears_cents"],
            arrears_since=row["arrears_since"],
            reported_on=row["reported_on"],
            recorded_at=row["recorded_at"],
            is_crisis=row["is_crisis"],
            is_warm_handover=row["is_warm_handover"],
            tenancy_start=row["tenancy_start"],
        ),
        address_id=row["address_id"],
        household_id=row["household_id"],
        status=(Status(row["status"]), row["status_no"]) if row["status"] else None,
        language=row["language"],
    )


async def load_facts(tx: Tx, address_ids: Collection[UUID]) -> list[Report]:
    """All other facts of addresses."""
    rows = await tx.fetch(
        """
        select id, address_id, household_id, kind, partner_id, contract, reported_on, recorded_at,
          sequence, refers_to, court, case_number, detail, place, at, day
        from fact where address_id = any($1::uuid[])
        """,
        list(address_ids),
    )
    return [
        Report(
            what=Fact(
                kind=FactKind(row["kind"]),
                **{
                    name: row[name]
                    for name in row.keys()  # noqa: SIM118 - a Record iterates its values
                    if name not in {"address_id", "household_id", "kind"}
                },
            ),
            address_id=row["address_id"],
            household_id=row["household_id"],
        )
        for row in rows
    ]


async def insert_signals(
    tx: Tx, reported: Sequence[tuple[ArrearsReported, UUID, UUID]], received_at: datetime
) -> None:
    """Store signals, each with its address and household."""
    events = [event for event, _, _ in reported]
    await tx.execute(
        """
        insert into signal (id, address_id, household_id, partner_id, partner_kind, contract,
          arrears_cents, arrears_since, reported_on, recorded_at, is_crisis, is_warm_handover,
          tenancy_start, surname, surname_infix, initials, birth_date, phone, email, language,
          received_at)
        select *, $21 from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[],
          $6::text[], $7::bigint[], $8::date[], $9::date[], $10::timestamptz[], $11::boolean[],
          $12::boolean[], $13::date[], $14::text[], $15::text[], $16::text[], $17::date[],
          $18::text[], $19::text[], $20::text[])
        on conflict do nothing
        """,
        [event.fact_id for event in events],
        [address_id for _, address_id, _ in reported],
        [household_id for _, _, household_id in reported],
        [event.partner_id for event in events],
        [event.partner_kind.value for event in events],
        [event.contract for event in events],
        [event.arrears_cents for event in events],
        [event.arrears_since for event in events],
        [event.reported_on for event in events],
        [event.recorded_at for event in events],
        [event.is_crisis for event in events],
        [event.is_warm_handover for event in events],
        [event.tenancy_start for event in events],
        [event.surname for event in events],
        [event.surname_infix for event in events],
        [event.initials for event in events],
        [event.birth_date for event in events],
        [event.phone for event in events],
        [event.email for event in events],
        [event.language for event in events],
        received_at,
    )


async def insert_facts(
    tx: Tx, reported: Sequence[tuple[Fact, UUID, UUID]], received_at: datetime
) -> None:
    """Store other facts, each with its address and household."""
    facts = [fact for fact, _, _ in reported]
    await tx.execute(
        """
        insert into fact (id, address_id, household_id, kind, partner_id, contract, reported_on,
          recorded_at, sequence, refers_to, court, case_number, detail, place, at, day, received_at)
        select *, $17 from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[],
          $6::text[], $7::date[], $8::timestamptz[], $9::bigint[], $10::uuid[], $11::text[],
          $12::text[], $13::text[], $14::text[], $15::timestamptz[], $16::date[])
        on conflict do nothing
        """,
        [fact.id for fact in facts],
        [address_id for _, address_id, _ in reported],
        [household_id for _, _, household_id in reported],
        [fact.kind.value for fact in facts],
        [fact.partner_id for fact in facts],
        [fact.contract for fact in facts],
        [fact.reported_on for fact in facts],
        [fact.recorded_at for fact in facts],
        [fact.sequence for fact in facts],
        [fact.refers_to for fact in facts],
        [fact.court for fact in facts],
        [fact.case_number for fact in facts],
        [fact.detail for fact in facts],
        [fact.place for fact in facts],
        [fact.at for fact in facts],
        [fact.day for fact in facts],
        received_at,
    )


async def save_moves(tx: Tx, moved: Mapping[UUID, UUID]) -> None:
    """Put signals and facts in other households, by id; a later fact told whose they are."""
    ids = sorted(moved)
    households = [moved[fact_id] for fact_id in ids]
    await tx.execute(
        """
        update signal set household_id = moved.household_id
        from unnest($1::uuid[], $2::uuid[]) as moved (id, household_id) where signal.id = moved.id
        """,
        ids,
        households,
    )
    await tx.execute(
        """
        update fact set household_id = moved.household_id
        from unnest($1::uuid[], $2::uuid[]) as moved (id, household_id) where fact.id = moved.id
        """,
        ids,
        households,
    )


async def insert_statuses(
    tx: Tx,
    statuses: Sequence[tuple[UUID, Status, int, str]],
    decided_at: datetime,
) -> None:
    """Add statuses of signals: id, status, its number, and the hash of the policy."""
    await tx.execute(
        """
        insert into signal_status (signal_id, status, status_no, policy_sha256, decided_at)
        select *, $5 from unnest($1::uuid[], $2::text[], $3::int[], $4::text[])
        """,
        [signal_id for signal_id, _, _, _ in statuses],
        [status.value for _, status, _, _ in statuses],
        [number for _, _, number, _ in statuses],
        [sha256 for _, _, _, sha256 in statuses],
        decided_at,
    )
