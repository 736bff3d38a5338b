"""Statements on households that somebody asked to erase, and on who has answered."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from shared.db import Tx

UNANSWERED = "erasure_unanswered"  # the kind of task when somebody does not answer


class ErasureReason(StrEnum):
    """Why a household is erased: a code, so that the row says nothing of anybody."""

    REQUEST = "request"  # a person asked for it (AVG art. 17)
    OBJECTION = "objection"  # a person objects to it (AVG art. 21)
    MISTAKEN = "mistaken"  # it is about somebody else, or nothing was owed
    UNLAWFUL = "unlawful"  # it was shared without a ground
    COURT = "court"  # a court or the supervisor ordered it


@dataclass(frozen=True)
class Erasure:
    """That somebody asked to erase a household."""

    municipality: str
    reason: ErasureReason
    asked_by: str
    asked_at: datetime


async def insert_erasures(tx: Tx, household_ids: Collection[UUID], erasure: Erasure) -> None:
    """Note that households were erased here, and that the other services were asked to."""
    await tx.execute(
        """
        insert into erasure (household_id, municipality, reason, asked_by, asked_at)
        select id, $2, $3, $4, $5 from unnest($1::uuid[]) as id
        """,
        sorted(household_ids),
        erasure.municipality,
        erasure.reason.value,
        erasure.asked_by,
        erasure.asked_at,
    )


async def note_signals_answered(tx: Tx, answered: Mapping[UUID, datetime]) -> None:
    """Note when signals forgot households."""
    await tx.execute(
        """
        update erasure set signals_at = coalesce(signals_at, told.at)
        from unnest($1::uuid[], $2::timestamptz[]) as told (household_id, at)
        where erasure.household_id = told.household_id
        """,
        list(answered),
        list(answered.values()),
    )


async def note_notify_answered(tx: Tx, answered: Mapping[UUID, datetime]) -> None:
    """Note when notify forgot households."""
    await tx.execute(
        """
        update erasure set notify_at = coalesce(notify_at, told.at)
        from unnest($1::uuid[], $2::timestamptz[]) as told (household_id, at)
        where erasure.household_id = told.household_id
        """,
        list(answered),
        list(answered.values()),
    )


async def close_answered_tasks(tx: Tx, household_ids: Collection[UUID], now: datetime) -> None:
    """Nobody has to look any more at erasures that all have answered by now."""
    await tx.execute(
        """
        update task set closed_at = $3, closed_by = 'klok', outcome = 'Alsnog beantwoord.'
        from erasure
        where task.household_id = erasure.household_id and task.kind = $2
          and task.household_id = any($1::uuid[]) and task.closed_at is null
          and signals_at is not null and notify_at is not null
        """,
        list(household_ids),
        UNANSWERED,
        now,
    )


async def list_unanswered(tx: Tx, before: datetime, limit: int) -> list[dict[str, Any]]:
    """Erasures asked before an instant that somebody did not answer, and of which no task says."""
    rows = await tx.fetch(
        """
        select household_id, municipality, signals_at, notify_at from erasure
        where (signals_at is null or notify_at is null) and asked_at < $1
          and not exists (select from task
            where task.household_id = erasure.household_id and task.kind = $2)
        order by asked_at limit $3
        """,
        before,
        UNANSWERED,
        limit,
    )
    return [dict(row) for row in rows]


async def list_erasures(tx: Tx, municipality: str, limit: int) -> list[dict[str, Any]]:
    """The erasures of a municipality, those that wait for an answer first, then the newest."""
    rows = await tx.fetch(
        """
        select household_id, reason, asked_by, asked_at, signals_at, notify_at from erasure
        where municipality = $1
        order by signals_at is not null and notify_at is not null, asked_at desc limit $2
        """,
        municipality,
        limit,
    )
    return [dict(row) for row in rows]


async def purge_erasures(tx: Tx, before: datetime, limit: int) -> int:
    """Forget so many erasures, with their tasks, that were asked before an instant."""
    rows = await tx.fetch(
        """
        with old as (
          select household_id from erasure where asked_at < $1
          order by asked_at limit $2 for update skip locked),
        looked as (
          delete from task using old where task.household_id = old.household_id)
        delete from erasure using old where erasure.household_id = old.household_id
        returning erasure.household_id
        """,
        before,
        limit,
    )
    return len(rows)


@dataclass(frozen=True)
class OpenCase:
    """An open case that is erased with its household: its weight goes back, its people hear it."""

    assignee_id: str
    weight_tenths: int
    planned_visits: int


async def list_open_cases(tx: Tx, case_ids: Collection[UUID]) -> list[OpenCase]:
    """The open ones among these cases; they are locked."""
    rows = await tx.fetch(
        """
        select assignee_id, weight_tenths,
          (select count(*) from visit
           where case_id = household_case.id and state = 'planned') as planned_visits
        from household_case where is_open and id = any($1::uuid[]) order by id
        """,
        list(case_ids),
    )
    return [OpenCase(**row) for row in rows]


async def find_mover(tx: Tx, household_id: UUID) -> UUID | None:
    """The household that the reports of this one became, if it has none any more."""
    found: UUID | None = await tx.fetchval(
        """
        select moved_to from household as moved
        where id = $1 and exists (select from household where id = moved.moved_to)
          and not exists (select from signal where household_id = $1)
          and not exists (select from fact where household_id = $1)
        """,
        household_id,
    )
    return found


async def list_contracts(tx: Tx, fact_ids: Collection[UUID]) -> list[tuple[str, str]]:
    """Partner and contract of everything that partners told in these facts."""
    rows = await tx.fetch(
        """
        select partner_id, contract from signal where id = any($1::uuid[])
        union
        select partner_id, contract from fact where id = any($1::uuid[]) and recorded_by = ''
        order by partner_id, contract
        """,
        list(fact_ids),
    )
    return [(row["partner_id"], row["contract"]) for row in rows]
