"""Statements that read a delivery for DDAS, row by row.

A case is delivered whole when it ran on a day of the period or a signal of the period counts in it,
with all its signals, so that every reference is found in the same document. What counts: a signal
that was taken up, that no arithmetic took away since, and of which it is certain whose it is. A
case that the machine closed because nothing counted any more has no signals, and is not delivered.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date

import asyncpg

from services.triage.cases import BY_MERGE
from services.triage.ddas import Attempt, CaseRow, SignalRow
from services.triage.reports import Status
from shared.contracts.signals import PartnerKind
from shared.db import Tx

AT_ONCE = 500  # rows in memory

_DELIVERED = f"""
    delivered as materialized (
      select household_case.id, opened_on, result, told.signal_ids
      from household_case
        cross join lateral (
          select array_agg(signal.id order by reported_on, signal.id) as signal_ids,
            bool_or(reported_on between $2 and $3) as is_of_period
          from signal
          where signal.household_id = household_case.household_id
            and (signal.case_id = household_case.id or (signal.case_id is null and is_open))
            and not is_match_uncertain
            and exists (select from signal_status
                        where signal_id = signal.id and status = 'taken_up')
            and (select status from signal_status where signal_id = signal.id
                 order by status_no desc limit 1) not in ('repeated', 'unjustified')) as told
      where municipality = $1 and closed_by is distinct from '{BY_MERGE}'
        and signal_ids is not null
        and (is_of_period or (opened_on <= $3 and (closed_on is null or closed_on >= $2))))
    """  # noqa: S608 - a word of ours

SIGNALS = f"""
    with {_DELIVERED}
    select signal.id, partner_kind, arrears_cents, arrears_since, reported_on, is_crisis,
      is_warm_handover, case when not is_match_uncertain then (
        select status from signal_status where signal_id = signal.id
        order by status_no desc limit 1) end as status, birth_date, postcode, house_number, suffix
    from signal join address on address.id = signal.address_id
    where address.municipality = $1
      and (reported_on between $2 and $3
        or signal.id in (select unnest(signal_ids) from delivered))
    order by reported_on, signal.id
    """  # noqa: S608 - a text of ours

CASES = f"""
    with {_DELIVERED}
    select opened_on, result, signal_ids,
      (select coalesce(jsonb_agg(jsonb_build_array(kind, was_reached,
         (attempted_at at time zone 'Europe/Amsterdam')::date, part_of_day)
         order by attempted_at, contact_attempt.id), '[]')
       from contact_attempt where case_id = delivered.id) as attempts
    from delivered order by opened_on, delivered.id
    """  # noqa: S608 - a text of ours


@dataclass(frozen=True)
class Wanted:
    """Of which municipality, and which days, both inclusive."""

    municipality: str
    starts_on: date
    ends_on: date


async def read_signals(tx: Tx, wanted: Wanted) -> AsyncIterator[SignalRow]:
    """The signals of a delivery, some at a time; `tx` sees one state throughout."""
    rows = tx.cursor(
        SIGNALS, wanted.municipality, wanted.starts_on, wanted.ends_on, prefetch=AT_ONCE
    )
    async for row in rows:
        yield _as_signal(row)


def _as_signal(row: asyncpg.Record) -> SignalRow:
    named = dict(row)
    named["partner_kind"] = PartnerKind(row["partner_kind"])
    named["status"] = Status(row["status"]) if row["status"] else None
    return SignalRow(**named)


async def read_cases(tx: Tx, wanted: Wanted) -> AsyncIterator[CaseRow]:
    """The cases of a delivery, some at a time."""
    rows = tx.cursor(CASES, wanted.municipality, wanted.starts_on, wanted.ends_on, prefetch=AT_ONCE)
    async for row in rows:
        attempts = [
            Attempt(kind, reached, date.fromisoformat(day), part)
            for kind, reached, day, part in row["attempts"]
        ]
        yield CaseRow(row["opened_on"], row["result"], row["signal_ids"], attempts)


async def find_span(tx: Tx, municipality: str) -> tuple[date, date] | None:
    """The first and the last day of which signals are kept; None when there are none."""
    row = await tx.fetchrow(
        """
        select min(reported_on) as first_on, max(reported_on) as last_on
        from signal join address on address.id = signal.address_id where municipality = $1
        """,
        municipality,
    )
    return (row["first_on"], row["last_on"]) if row and row["first_on"] else None
