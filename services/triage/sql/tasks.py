"""Statements on what a person has to look at."""

from collections import defaultdict
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
    signal_ids: tuple[UUID, ...] = ()  # of which it is uncertain whose they are

    @property
    def id(self) -> UUID:
        return derived_id("task", self.kind, self.household_id, self.case_id, self.occasion)

    @staticmethod
    def about_matches(known: Known) -> "list[NewTask]":
        """That it is uncertain whose signals these are: a task for each kind of doubt."""
        doubted: dict[str, list[tuple[UUID, Match]]] = defaultdict(list)
        for signal_id, match in known.residence.matches.items():
            if match.doubt:
                doubted[match.doubt.value].append((signal_id, match))
        household_id, municipality = known.residence.household_id, known.address.municipality
        return [
            NewTask(
                kind,
                municipality,
                household_id,
                None,
                told[0][1].reason,
                signal_ids=tuple(sorted(signal_id for signal_id, _ in told)),
            )
            for kind, told in doubted.items()
        ]


async def save_doubts(tx: Tx, doubts: Sequence[NewTask], now: datetime) -> None:
    """Have one open task for each household and kind of doubt, that names its signals now.

    A doubt that comes back after its task was closed is a new task: nobody looks at the old one.
    The buildings are locked.
    """
    looked_at = await _update_open_doubts(tx, doubts)
    new = [
        replace(one, occasion="|".join(map(str, (closed, *one.signal_ids))))
        for one in doubts
        if (closed := looked_at.get((one.kind, one.household_id), 0)) is not None
    ]
    await insert_tasks(tx, new, now)


async def _update_open_doubts(
    tx: Tx, doubts: Sequence[NewTask]
) -> dict[tuple[str, UUID | None], int | None]:
    """Bring open tasks up to date; how many are closed by kind and household, None: one is open."""
    kinds = [one.kind for one in doubts]
    households = [one.household_id for one in doubts]
    await tx.execute(
        """
        update task set signal_ids = told.signal_ids::uuid[]
        from unnest($1::text[], $2::uuid[], $3::text[]) as told (kind, household_id, signal_ids)
        where task.kind = told.kind and task.household_id = told.household_id
          and closed_at is null and task.signal_ids <> told.signal_ids::uuid[]
        """,
        kinds,
        households,
        [_array(one.signal_ids) for one in doubts],
    )
    rows = await tx.fetch(
        """
        select task.kind, task.household_id, count(*) as closed,
          bool_or(closed_at is null) as is_open
        from task join unnest($1::text[], $2::uuid[]) as told (kind, household_id)
          on task.kind = told.kind and task.household_id = told.household_id
        group by task.kind, task.household_id
        """,
        kinds,
        households,
    )
    return {
        (row["kind"], row["household_id"]): None if row["is_open"] else row["closed"]
        for row in rows
    }


def _array(ids: Sequence[UUID]) -> str:
    """As PostgreSQL writes an array: there are no arrays of arrays of another length."""
    return "{" + ",".join(map(str, ids)) + "}"


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


async def insert_tasks(tx: Tx, tasks: Sequence[NewTask], now: datetime) -> None:
    """Make tasks; one that was made before stays as it is, closed or not."""
    ordered = sorted({one.id: one for one in tasks}.values(), key=lambda one: one.id)
    await tx.execute(
        """
        insert into task
          (id, kind, municipality, household_id, case_id, reason, signal_ids, made_at)
        select told.id, kind, municipality, household_id, case_id, reason, signal_ids::uuid[], $8
        from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::text[],
          $7::text[]) as told (id, kind, municipality, household_id, case_id, reason, signal_ids)
        on conflict do nothing
        """,
        [one.id for one in ordered],
        [one.kind for one in ordered],
        [one.municipality for one in ordered],
        [one.household_id for one in ordered],
        [one.case_id for one in ordered],
        [one.reason for one in ordered],
        [_array(one.signal_ids) for one in ordered],
        now,
    )
