"""Statements on what households asked of how we write to them."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import asyncpg

from services.notify.sql.live import Change
from services.notify.subjects import Wishes
from shared.db import Tx
from shared.policy import Channel


async def list_cases(tx: Tx, household_id: UUID) -> list[UUID]:
    """The cases of a household, and of those that it turned out to be."""
    rows = await tx.fetch(
        """
        select case_id from case_file where household_id = $1
        union select case_id from resident where kin <> '{}' and kin @> array[$1::uuid]
        order by case_id limit 1000
        """,
        household_id,
    )
    return [row["case_id"] for row in rows]


async def has_case(tx: Tx, household_id: UUID) -> bool:
    """Whether a household has a case of its own."""
    found: bool = await tx.fetchval(
        "select exists (select from case_file where household_id = $1)", household_id
    )
    return found


async def load_wishes(tx: Tx, household_ids: Collection[UUID]) -> dict[UUID, Wishes]:
    """What households asked of how we write to them, of those that asked for something."""
    rows = await tx.fetch(
        """
        select household_id, has_opted_out, wrong_contacts, channel, language, preferred_at
        from wishes where household_id = any($1::uuid[]) order by household_id
        """,
        list(household_ids),
    )
    return {row["household_id"]: _as_wishes(row) for row in rows}


def _as_wishes(row: asyncpg.Record) -> Wishes:
    return Wishes(
        has_opted_out=row["has_opted_out"],
        wrong_contacts=frozenset(row["wrong_contacts"]),
        channel=Channel(row["channel"]) if row["channel"] else None,
        language=row["language"],
        preferred_at=row["preferred_at"],
    )


async def save_wishes(tx: Tx, household_id: UUID, wishes: Wishes, change: Change) -> None:
    """Keep what a household asks from now on, and who says so; its case files are locked."""
    asked: tuple[Any, ...] = (
        household_id,
        wishes.has_opted_out,
        sorted(wishes.wrong_contacts),
        wishes.channel,
        wishes.language,
        change.at,
    )
    await tx.execute(
        """
        insert into wishes (household_id, has_opted_out, wrong_contacts, channel, language,
          changed_at, preferred_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (household_id) do update set has_opted_out = excluded.has_opted_out,
          wrong_contacts = excluded.wrong_contacts, channel = excluded.channel,
          language = excluded.language, changed_at = excluded.changed_at,
          preferred_at = excluded.preferred_at
        """,
        *asked,
        wishes.preferred_at,
    )
    await tx.execute(
        """
        insert into wishes_change (household_id, has_opted_out, wrong_contacts, channel, language,
          changed_at, changed_by, reason)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        *asked,
        change.by,
        change.reason,
    )
