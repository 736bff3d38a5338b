"""Statements on the terms of cases."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from services.triage.addresses import Building
from services.triage.cases import Case, Deadline
from services.triage.deadlines import OUTLIVE
from shared.contracts.triage import ClockKind
from shared.db import Tx

_TERM = """
    name, clock, starting_fact, starts_on, due_on, near_on, near_said_at is not null as near_said,
    missed_said_at is not null as missed_said
    """
_UNSAID = """
    (met_at is not null or dropped_at is not null) and over_said_at is null
      and (near_said_at is not null or missed_said_at is not null)
    """


async def load_running(tx: Tx, case_ids: Collection[UUID]) -> dict[UUID, dict[str, Deadline]]:
    """The terms that run, by case and name."""
    rows = await tx.fetch(
        f"""
        select case_id, {_TERM} from deadline
        where case_id = any($1::uuid[]) and met_at is null and dropped_at is null
        """,  # noqa: S608 - a text of ours
        list(case_ids),
    )
    found: dict[UUID, dict[str, Deadline]] = {}
    for row in rows:
        term = _as_term(row)
        found.setdefault(row["case_id"], {})[term.name] = term
    return found


def _as_term(row: asyncpg.Record) -> Deadline:
    return Deadline(
        name=row["name"],
        clock=ClockKind(row["clock"]),
        starting_fact=row["starting_fact"],
        starts_on=row["starts_on"],
        due_on=row["due_on"],
        near_on=row["near_on"],
        was_said=row["near_said"] or row["missed_said"],
    )


async def insert(tx: Tx, begun: Sequence[tuple[Case, Deadline, str]]) -> None:
    """Begin terms: case, term, and the hash of the policy; what they replace was dropped."""
    await tx.execute(
        """
        insert into deadline (case_id, name, clock, starting_fact, starts_on, due_on, near_on,
          policy_sha256)
        select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::date[],
          $6::date[], $7::date[], $8::text[])
        """,
        [case.id for case, _, _ in begun],
        [term.name for _, term, _ in begun],
        [term.clock.value for _, term, _ in begun],
        [term.starting_fact for _, term, _ in begun],
        [term.starts_on for _, term, _ in begun],
        [term.due_on for _, term, _ in begun],
        [term.near_on for _, term, _ in begun],
        [sha256 for _, _, sha256 in begun],
    )


async def drop(tx: Tx, dropped: Sequence[tuple[UUID, str]], now: datetime) -> None:
    """End terms, by case and name: what started them no longer holds."""
    await tx.execute(
        """
        update deadline set dropped_at = $3
        from unnest($1::uuid[], $2::text[]) as gone (case_id, name)
        where deadline.case_id = gone.case_id and deadline.name = gone.name
          and met_at is null and dropped_at is null
        """,
        [case_id for case_id, _ in dropped],
        [name for _, name in dropped],
        now,
    )


async def drop_all(tx: Tx, case_ids: Collection[UUID], now: datetime) -> None:
    """End every term of cases that are closed.

    Those that outlive them run on unsaid: that they are near is said anew if the case goes on.
    """
    await tx.execute(
        """
        update deadline set
          dropped_at = case when name = any($3::text[]) then null else $2::timestamptz end,
          near_said_at = case when name = any($3::text[]) then null else near_said_at end
        where case_id = any($1::uuid[]) and met_at is null and dropped_at is null
        """,
        list(case_ids),
        now,
        list(OUTLIVE),
    )


async def meet(tx: Tx, case_id: UUID, names: Collection[str], now: datetime) -> None:
    """Note that terms were met, if they run."""
    await tx.execute(
        """
        update deadline set met_at = $3
        where case_id = $1 and name = any($2::text[]) and met_at is null and dropped_at is null
        """,
        case_id,
        list(names),
        now,
    )


async def take_unsaid(
    tx: Tx, case_id: UUID, names: Collection[str], now: datetime
) -> list[Deadline]:
    """Terms that ended after it was said that they are near or missed; noted as said of now.

    Each name once, however many ended without a word.
    """
    rows = await tx.fetch(
        f"""
        with mine as (
          update deadline set over_said_at = $3
          where case_id = $1 and name = any($2::text[]) and {_UNSAID}
          returning *)
        select distinct on (name) {_TERM} from mine order by name, due_on desc
        """,  # noqa: S608 - texts of ours
        case_id,
        list(names),
        now,
    )
    return [_as_term(row) for row in rows]


async def note_over_said(tx: Tx, ended: Sequence[tuple[UUID, str]], now: datetime) -> None:
    """Note of terms that ended, by case and name, that it was said that they run no longer."""
    await tx.execute(
        f"""
        update deadline set over_said_at = $3
        from unnest($1::uuid[], $2::text[]) as told (case_id, name)
        where deadline.case_id = told.case_id and deadline.name = told.name and {_UNSAID}
        """,  # noqa: S608 - a text of ours
        [case_id for case_id, _ in ended],
        [name for _, name in ended],
        now,
    )


@dataclass(frozen=True)
class DueTerm:
    """A term of which something is to be said now."""

    id: UUID
    case_id: UUID
    building: Building
    name: str
    is_over: bool  # its last day is gone; else it is near


async def list_due(tx: Tx, today: date, limit: int, but: Collection[UUID] = ()) -> list[DueTerm]:
    """Terms that are near or over on this day and of which that was not said, the oldest first.

    Of a closed case only the end of what outlives it. `but` are terms to leave out.
    """
    rows = await tx.fetch(
        """
        select deadline.id, case_id, address.municipality, postcode, house_number, name,
          due_on < $1 as is_over
        from deadline join household_case on household_case.id = case_id
          join address on address.id = address_id
        where met_at is null and dropped_at is null
          and ((near_on <= $1 and near_said_at is null and household_case.is_open)
            or (due_on < $1 and missed_said_at is null
              and (household_case.is_open or name = any($3::text[]))))
          and deadline.id <> all($4::uuid[])
        order by due_on, deadline.id limit $2
        """,
        today,
        limit,
        list(OUTLIVE),
        list(but),
    )
    return [
        DueTerm(row["id"], row["case_id"], Building(*row[2:5]), row["name"], row["is_over"])
        for row in rows
    ]


async def find_next(tx: Tx, today: date) -> date | None:
    """The first day on which something is to be said of a term, after this day or on it."""
    found: date | None = await tx.fetchval(
        """
        select min(case when near_said_at is null and is_open then near_on else due_on + 1 end)
        from deadline join household_case on household_case.id = case_id
        where met_at is null and dropped_at is null and (is_open or name = any($1::text[]))
          and (near_said_at is null or missed_said_at is null)
        """,
        list(OUTLIVE),
    )
    return max(found, today) if found else None


async def load_due(tx: Tx, deadline_id: UUID) -> tuple[Deadline, bool, bool] | None:
    """A term that runs, and whether near and over were said; its building is locked."""
    row = await tx.fetchrow(
        f"""
        select {_TERM} from deadline where id = $1 and met_at is null and dropped_at is null
        """,  # noqa: S608 - a text of ours
        deadline_id,
    )
    return (_as_term(row), row["near_said"], row["missed_said"]) if row else None


async def note_said(tx: Tx, deadline_id: UUID, now: datetime, *, is_over: bool) -> None:
    """Note that it was said that a term is near, or over."""
    await tx.execute(
        """
        update deadline set near_said_at = coalesce(near_said_at, $2),
          missed_said_at = case when $3 then $2 else missed_said_at end
        where id = $1
        """,
        deadline_id,
        now,
        is_over,
    )
