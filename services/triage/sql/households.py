"""Statements on households."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.triage.addresses import Address
from shared.db import Tx


@dataclass(frozen=True)
class StoredHousehold:
    """A household as it stands."""

    id: UUID
    address_id: UUID
    since: date
    moratorium_said: UUID | None
    generalist_id: str | None  # who last had its case
    case_count: int
    language: str | None  # as the resident stated it to a worker
    skills: Sequence[str]
    conflicts: Sequence[str]  # workers who may not have its case
    language_at: datetime | None  # when it was stated
    restrictions: Sequence[str]  # what nobody does towards it
    review_on: date | None  # the first day to look at these again
    moved_to: UUID | None  # whose its reports became; it may have reports again


async def load_households(tx: Tx, address_ids: Collection[UUID]) -> list[StoredHousehold]:
    """The households of addresses that are locked."""
    rows = await tx.fetch(
        """
        select id, address_id, since, moratorium_said, last_case.assignee_id as generalist_id,
          (select count(*) from household_case where household_id = household.id) as case_count,
          spoken.value as language, spoken.stated_at as language_at, moved_to,
          kept_off.restrictions, kept_off.review_on,
          array(select value from need where household_id = household.id and kind = 'skill')
            as skills,
          array(select worker_id from conflict where household_id = household.id) as conflicts
        from household left join lateral (
          select assignee_id from household_case where household_id = household.id
          order by opened_at desc limit 1) as last_case on true
        left join lateral (
          select value, stated_at from need where household_id = household.id and kind = 'language'
          order by stated_at desc limit 1) as spoken on true
        left join lateral (
          select coalesce(array_agg(distinct kind), '{}') as restrictions,
            min(review_on) as review_on
          from restriction where household_id = household.id and lifted_at is null)
          as kept_off on true
        where address_id = any($1::uuid[])
        """,
        list(address_ids),
    )
    return [StoredHousehold(**row) for row in rows]


async def insert_households(tx: Tx, new: Sequence[tuple[UUID, Address, date]]) -> None:
    """Store new households: id, address, and since when they live there."""
    await tx.execute(
        """
        insert into household (id, address_id, since)
        select * from unnest($1::uuid[], $2::uuid[], $3::date[])
        on conflict do nothing
        """,
        [household_id for household_id, _, _ in new],
        [address.id for _, address, _ in new],
        [since for _, _, since in new],
    )


async def save_moratoria_said(tx: Tx, said: Mapping[UUID, UUID]) -> None:
    """Note which moratorium was announced last, by household."""
    await tx.execute(
        """
        update household set moratorium_said = said.fact_id
        from unnest($1::uuid[], $2::uuid[]) as said (id, fact_id) where household.id = said.id
        """,
        list(said),
        list(said.values()),
    )


async def save_moves(tx: Tx, moved: Mapping[UUID, UUID]) -> None:
    """Note whose the reports of households became."""
    await tx.execute(
        """
        update household set moved_to = moved.household_id
        from unnest($1::uuid[], $2::uuid[]) as moved (id, household_id)
        where household.id = moved.id
        """,
        list(moved),
        list(moved.values()),
    )


async def save_since(tx: Tx, since: Mapping[UUID, date]) -> None:
    """Note since when households live at their address, as now known."""
    ids = sorted(since)
    await tx.execute(
        """
        update household set since = known.since
        from unnest($1::uuid[], $2::date[]) as known (id, since) where household.id = known.id
        """,
        ids,
        [since[household_id] for household_id in ids],
    )
