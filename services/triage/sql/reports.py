"""Statements on buildings and addresses, and on what was reported of them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.triage.addresses import Address, Building
from services.triage.matches import Match
from services.triage.persons import Person
from services.triage.reports import Fact, FactKind, Report, Signal, Status
from shared.contracts.signals import ArrearsReported, PartnerKind
from shared.db import Tx


@dataclass(frozen=True)
class StoredBuilding:
    """A building as it stands."""

    is_multi_let: bool


def _columns(buildings: Iterable[Building]) -> tuple[list[str], list[str], list[int]]:
    ordered = sorted(buildings)
    return (
        [one.municipality for one in ordered],
        [one.postcode for one in ordered],
        [one.house_number for one in ordered],
    )


async def lock_buildings(tx: Tx, buildings: Sequence[Building]) -> dict[Building, StoredBuilding]:
    """Insert buildings that are absent, sorted; lock the others, sorted, and return those.

    One that a purge takes away while we wait for it is made anew.
    """
    left, locked = set(buildings), dict[Building, StoredBuilding]()
    while left:
        left -= await _insert_buildings(tx, left)
        found = await _lock_existing(tx, left) if left else {}
        locked |= found
        left -= found.keys()
    return locked


async def _insert_buildings(tx: Tx, buildings: Collection[Building]) -> set[Building]:
    rows = await tx.fetch(
        """
        insert into building (municipality, postcode, house_number)
        select * from unnest($1::text[], $2::text[], $3::int[])
        on conflict do nothing
        returning municipality, postcode, house_number
        """,
        *_columns(buildings),
    )
    return {Building(*row) for row in rows}


async def _lock_existing(tx: Tx, buildings: Collection[Building]) -> dict[Building, StoredBuilding]:
    rows = await tx.fetch(
        """
        select municipality, postcode, house_number, is_multi_let
        from building join unnest($1::text[], $2::text[], $3::int[])
          as wanted (municipality, postcode, house_number)
          using (municipality, postcode, house_number)
        order by municipality, postcode, house_number for update of building
        """,
        *_columns(buildings),
    )
    return {Building(*row[:3]): StoredBuilding(row["is_multi_let"]) for row in rows}


async def save_multi_let(tx: Tx, building: Building, *, is_multi_let: bool) -> None:
    """Note whether rooms of a building are let apart; it is locked."""
    await tx.execute(
        """
        update building set is_multi_let = $4
        where municipality = $1 and postcode = $2 and house_number = $3
        """,
        *building,
        is_multi_let,
    )


async def load_addresses(tx: Tx, buildings: Collection[Building]) -> dict[UUID, Address]:
    """The addresses of buildings that are locked, by id."""
    rows = await tx.fetch(
        """
        select id, municipality, postcode, house_number, suffix
        from address join unnest($1::text[], $2::text[], $3::int[])
          as wanted (municipality, postcode, house_number)
          using (municipality, postcode, house_number)
        """,
        *_columns(buildings),
    )
    return {row["id"]: Address(*row[1:]) for row in rows}


async def insert_addresses(tx: Tx, addresses: Collection[Address]) -> None:
    """Store addresses that are absent; their buildings are locked."""
    ordered = sorted(addresses, key=lambda address: address.id)
    await tx.execute(
        """
        insert into address (id, municipality, postcode, house_number, suffix)
        select * from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::text[])
        on conflict do nothing
        """,
        [address.id for address in ordered],
        [address.municipality for address in ordered],
        [address.postcode for address in ordered],
        [address.house_number for address in ordered],
        [address.suffix for address in ordered],
    )


async def load_signals(tx: Tx, addresses: Mapping[UUID, Address]) -> list[Report]:
    """All signals of addresses, each with its newest status."""
    rows = await tx.fetch(
        """
        select id, address_id, household_id, case_id, partner_id, partner_kind, contract,
          arrears_cents, arrears_since, reported_on, recorded_at, is_crisis, is_warm_handover,
          tenancy_start, language, phone, email, bag_id, surname, surname_infix, initials,
          birth_date, match_reason, is_match_uncertain, newest.status, newest.status_no,
          newest.is_untold
        from signal left join lateral (
          select status, status_no, is_untold from signal_status where signal_id = signal.id
          order by status_no desc limit 1) as newest on true
        where address_id = any($1::uuid[])
        """,
        list(addresses),
    )
    return [_as_signal(row, addresses[row["address_id"]]) for row in rows]


def _as_signal(row: asyncpg.Record, address: Address) -> Report:
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
        address=address,
        household_id=row["household_id"],
        case_id=row["case_id"],
        bag_id=row["bag_id"],
        person=Person(row["surname"], row["surname_infix"], row["initials"], row["birth_date"]),
        status=(Status(row["status"]), row["status_no"]) if row["status"] else None,
        doubt=row["is_match_uncertain"],
        is_untold=bool(row["is_untold"]),
        match_reason=row["match_reason"],
        language=row["language"],
        phone=row["phone"],
        email=row["email"],
    )


async def load_facts(tx: Tx, addresses: Mapping[UUID, Address]) -> list[Report]:
    """All other facts of addresses."""
    rows = await tx.fetch(
        """
        select id, address_id, household_id, case_id, kind, partner_id, contract, reported_on,
          recorded_at, sequence, refers_to, court, case_number, detail, place, at, day, until,
          source, recorded_by, bag_id
        from fact where address_id = any($1::uuid[])
        """,
        list(addresses),
    )
    return [
        Report(
            what=_as_fact(row),
            address=addresses[row["address_id"]],
            household_id=row["household_id"],
            case_id=row["case_id"],
            bag_id=row["bag_id"],
        )
        for row in rows
    ]


WHERE_IT_IS = frozenset({"address_id", "household_id", "case_id", "bag_id"})


def _as_fact(row: asyncpg.Record) -> Fact:
    fields: dict[str, Any] = {name: value for name, value in row.items() if name not in WHERE_IT_IS}
    return Fact(**{**fields, "kind": FactKind(row["kind"])})


async def save_reports(
    tx: Tx,
    signals: Sequence[tuple[Report, UUID, Match]],
    facts: Sequence[tuple[Report, UUID]],
    received_at: datetime,
) -> None:
    """Store what came in, each with its household, and the addresses that are new."""
    addresses = {report.address for report, _, _ in signals} | {one.address for one, _ in facts}
    if addresses:
        await insert_addresses(tx, addresses)
    if signals:
        await _insert_signals(tx, signals, received_at)
    if facts:
        await _insert_facts(tx, facts, received_at)


# What a signal is stored with of its event, in the order of the statement.
EVENT_FIELDS = (
    "fact_id partner_id partner_kind contract arrears_cents arrears_since reported_on recorded_at"
    " is_crisis is_warm_handover tenancy_start surname surname_infix initials birth_date phone"
    " email language bag_id"
)


async def _insert_signals(
    tx: Tx, reported: Sequence[tuple[Report, UUID, Match]], received_at: datetime
) -> None:
    events = [one.event for one, _, _ in reported if isinstance(one.event, ArrearsReported)]
    await tx.execute(
        """
        insert into signal (id, partner_id, partner_kind, contract, arrears_cents, arrears_since,
          reported_on, recorded_at, is_crisis, is_warm_handover, tenancy_start, surname,
          surname_infix, initials, birth_date, phone, email, language, bag_id, address_id,
          household_id, match_reason, is_match_uncertain, received_at)
        select *, $24 from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[],
          $6::date[], $7::date[], $8::timestamptz[], $9::boolean[], $10::boolean[], $11::date[],
          $12::text[], $13::text[], $14::text[], $15::date[], $16::text[], $17::text[],
          $18::text[], $19::text[], $20::uuid[], $21::uuid[], $22::text[], $23::boolean[])
        on conflict do nothing
        """,
        *([getattr(event, name) for event in events] for name in EVENT_FIELDS.split()),
        [report.address.id for report, _, _ in reported],
        [household_id for _, household_id, _ in reported],
        [match.reason for _, _, match in reported],
        [match.doubt is not None for _, _, match in reported],
        received_at,
    )


async def _insert_facts(
    tx: Tx, reported: Sequence[tuple[Report, UUID]], received_at: datetime
) -> None:
    facts = [report.what for report, _ in reported if isinstance(report.what, Fact)]
    await tx.execute(
        """
        insert into fact (id, address_id, household_id, bag_id, kind, partner_id, contract,
          reported_on, recorded_at, sequence, refers_to, court, case_number, detail, place, at,
          day, until, source, recorded_by, received_at)
        select *, $21 from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[],
          $6::text[], $7::text[], $8::date[], $9::timestamptz[], $10::bigint[], $11::uuid[],
          $12::text[], $13::text[], $14::text[], $15::text[], $16::timestamptz[], $17::date[],
          $18::date[], $19::text[], $20::text[])
        on conflict do nothing
        """,
        [fact.id for fact in facts],
        [report.address.id for report, _ in reported],
        [household_id for _, household_id in reported],
        [report.bag_id for report, _ in reported],
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
        [fact.until for fact in facts],
        [fact.source for fact in facts],
        [fact.recorded_by for fact in facts],
        received_at,
    )


async def save_matches(tx: Tx, matched: Mapping[UUID, Match]) -> None:
    """Note why signals are with their household, as now known."""
    ids = sorted(matched)
    await tx.execute(
        """
        update signal set match_reason = now_is.reason, is_match_uncertain = now_is.is_uncertain
        from unnest($1::uuid[], $2::text[], $3::boolean[]) as now_is (id, reason, is_uncertain)
        where signal.id = now_is.id
        """,
        ids,
        [matched[one].reason for one in ids],
        [matched[one].doubt is not None for one in ids],
    )


async def find_signals(tx: Tx, signal_ids: Collection[UUID]) -> dict[UUID, Address]:
    """Where signals are of, of those that are known."""
    rows = await tx.fetch(
        """
        select signal.id, municipality, postcode, house_number, suffix
        from signal join address on address.id = address_id where signal.id = any($1::uuid[])
        """,
        list(signal_ids),
    )
    return {row["id"]: Address(*row[1:]) for row in rows}


async def fetch_withdrawals(tx: Tx, places: Mapping[UUID, Address]) -> None:
    """Put withdrawals that came first, under another address, where their signals are of."""
    ids = sorted(places)
    moved = await tx.fetch(
        """
        update fact set address_id = told.address_id
        from unnest($1::uuid[], $2::uuid[]) as told (signal_id, address_id)
        where kind = 'withdrawn' and refers_to = told.signal_id
          and fact.address_id <> told.address_id
        returning refers_to
        """,
        ids,
        [places[signal_id].id for signal_id in ids],
    )
    if found := {places[row["refers_to"]] for row in moved}:
        # So that what was moved is loaded with the signal, also where nothing was known before.
        await lock_buildings(tx, sorted({one.building for one in found}))
        await insert_addresses(tx, found)


async def mark_handled(tx: Tx, household_id: UUID, case_id: UUID) -> None:
    """What is known of a household was dealt with by this case, which is being closed."""
    for table in ("signal", "fact"):
        await tx.execute(
            f"update {table} set case_id = $2 where household_id = $1 and case_id is null",  # noqa: S608 - a name of ours
            household_id,
            case_id,
        )


async def release_handled(tx: Tx, case_ids: Collection[UUID]) -> None:
    """These cases go on: what they dealt with counts again."""
    for table in ("signal", "fact"):
        await tx.execute(
            f"update {table} set case_id = null where case_id = any($1::uuid[])",  # noqa: S608 - a name of ours
            list(case_ids),
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
