"""Statements on what a person has to look at."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.triage.casework import Known
from services.triage.matches import Match
from shared.contracts.envelope import derived_id
from shared.db import Tx

BAG_AT_TWO_ADDRESSES = "Dit BAG-id staat ook op een ander adres: kijk welk adres klopt."


@dataclass(frozen=True)
class NewTask:
    """Something that a person has to look at; its id follows from what it is about."""

    kind: str
    municipality: str
    household_id: UUID | None
    case_id: UUID | None
    reason: str  # Dutch; says nothing that its readers may not know
    occasion: str = ""  # tells tasks of one kind about one household apart

    @property
    def id(self) -> UUID:
        return derived_id("task", self.kind, self.household_id, self.case_id, self.occasion)

    @staticmethod
    def about_match(known: Known, match: Match) -> "NewTask":
        """That it is uncertain whose signal it is."""
        assert match.doubt
        household_id = known.residence.household_id
        return NewTask(
            match.doubt.value, known.address.municipality, household_id, None, match.reason
        )


async def insert_bag_tasks(tx: Tx, signal_ids: Sequence[UUID], now: datetime) -> None:
    """Make a task where the BAG id of a signal stands in another building of its municipality too.

    Nobody is put together for it: an object has one address, and which one is right a person finds
    out. Who is let in at this moment is not seen; the next signal of either tells.
    """
    rows = await tx.fetch(
        """
        select distinct signal.household_id, address.municipality, signal.bag_id
        from signal join address on address.id = signal.address_id
        where signal.id = any($1::uuid[]) and exists (
          select from signal as other join address as its on its.id = other.address_id
          where other.bag_id = signal.bag_id and its.municipality = address.municipality
            and (its.postcode, its.house_number) <> (address.postcode, address.house_number))
        """,
        list(signal_ids),
    )
    tasks = [
        NewTask(
            "bag_at_two_addresses", row["municipality"], row["household_id"], None,
            BAG_AT_TWO_ADDRESSES, occasion=row["bag_id"],
        )
        for row in rows
    ]  # fmt: skip
    if tasks:
        await insert_tasks(tx, tasks, now)


async def insert_doubts(tx: Tx, tasks: Sequence[NewTask], now: datetime) -> None:
    """Make tasks about matches, one of a kind for a household at a time; its building is locked.

    What becomes uncertain after a person looked is a task of its own.
    """
    rows = await tx.fetch(
        """
        select kind, household_id, count(*) as made, bool_or(closed_at is null) as is_open
        from task where household_id = any($1::uuid[]) group by kind, household_id
        """,
        [one.household_id for one in tasks],
    )
    before = {(row["kind"], row["household_id"]): row for row in rows}
    wanted = []
    for one in tasks:
        made = before.get((one.kind, one.household_id))
        if made is None:
            wanted.append(one)
        elif not made["is_open"]:
            wanted.append(replace(one, occasion=str(made["made"])))
    if wanted:
        await insert_tasks(tx, wanted, now)


async def insert_tasks(tx: Tx, tasks: Sequence[NewTask], now: datetime) -> None:
    """Make tasks; one that was made before stays as it is, closed or not."""
    ordered = sorted({one.id: one for one in tasks}.values(), key=lambda one: one.id)
    await tx.execute(
        """
        insert into task (id, kind, municipality, household_id, case_id, reason, made_at)
        select *, $7 from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[],
          $6::text[])
        on conflict do nothing
        """,
        [one.id for one in ordered],
        [one.kind for one in ordered],
        [one.municipality for one in ordered],
        [one.household_id for one in ordered],
        [one.case_id for one in ordered],
        [one.reason for one in ordered],
        now,
    )
