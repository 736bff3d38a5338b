"""Statements on what households asked of how we write to them."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from services.notify.sql.live import Change
from services.notify.subjects import Wishes
from shared.db import Tx


async def list_cases(tx: Tx, household_id: UUID) -> list[UUID]:
    """The cases of a household."""
    rows = await tx.fetch(
        "select case_id from case_file where household_id = $1 order by case_id limit 1000",
        household_id,
    )
    return [row["case_id"] for row in rows]


async def load_wishes(tx: Tx, household_id: UUID) -> Wishes:
    """What a household asked; nothing when it never did."""
    row = await tx.fetchrow(
        "select has_opted_out, wrong_contacts from wishes where household_id = $1", household_id
    )
    return Wishes(row["has_opted_out"], frozenset(row["wrong_contacts"])) if row else Wishes()


async def save_wishes(tx: Tx, household_id: UUID, wishes: Wishes, change: Change) -> None:
    """Keep what a household asks from now on, and who says so; its case files are locked."""
    contacts = sorted(wishes.wrong_contacts)
    await tx.execute(
        """
        insert into wishes (household_id, has_opted_out, wrong_contacts, changed_at)
        values ($1, $2, $3, $4)
        on conflict (household_id) do update set has_opted_out = excluded.has_opted_out,
          wrong_contacts = excluded.wrong_contacts, changed_at = excluded.changed_at
        """,
        household_id,
        wishes.has_opted_out,
        contacts,
        change.at,
    )
    await tx.execute(
        """
        insert into wishes_change (household_id, has_opted_out, wrong_contacts, changed_by, reason,
          changed_at)
        values ($1, $2, $3, $4, $5, $6)
        """,
        household_id,
        wishes.has_opted_out,
        contacts,
        change.by,
        change.reason,
        change.at,
    )


async def supersede_to_residents(tx: Tx, case_ids: Collection[UUID], now: datetime) -> None:
    """Take back what was not sent to the household of these cases, whose files are locked."""
    await tx.execute(
        """
        with mine as (
          select id from alert where case_id = any($1::uuid[]) and recipient_role = 'resident'
          order by id for update)
        update alert set state = 'superseded', changed_at = $2,
          reason = 'de bewoner wil geen berichten'
        from mine where alert.id = mine.id and state in ('scheduled', 'held')
        """,
        list(case_ids),
        now,
    )
