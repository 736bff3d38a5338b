"""Statements on what a lead sees at a glance: terms, assignments, rules that disagree."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import asyncpg

from services.triage.deadlines import ENDINGS
from shared.db import Tx

COUNT_MAX = 1000  # no further is anything counted: a page says "1000 or more"
LOOKED_AT_MAX = 5000  # open cases of a lead in which rules that disagree are looked for
PLACE = "postcode, house_number, suffix"


@dataclass(frozen=True)
class Led:
    """Whose cases, on which day."""

    lead_id: str
    municipality: str
    today: date


async def count_waiting(tx: Tx, led: Led) -> asyncpg.Record:
    """How much there is of everything that waits for a lead, no further than COUNT_MAX each."""
    row = await tx.fetchrow(
        """
        with mine as (
          select id, answer, confirmed_by, proposed_track from household_case
          where lead_id = $1 and is_open)
        select
          (select count(*) from (select from mine limit $4) as one) as cases,
          (select count(*) from (
            select from mine where confirmed_by is null or proposed_track = 'none' limit $4)
            as one) as proposals,
          (select count(*) from (select from mine where answer = 'awaited' limit $4) as one)
            as unaccepted,
          (select count(*) from (
            select from task where municipality = $2 and closed_at is null limit $4) as one)
            as tasks,
          (select count(*) from (
            select from sample where municipality = $2 and reviewed_by is null
              and week >= $3::date - 28 limit $4) as one) as unreviewed
        """,
        led.lead_id,
        led.municipality,
        led.today,
        COUNT_MAX,
    )
    assert row is not None
    return row


async def list_terms(tx: Tx, led: Led, limit: int) -> list[asyncpg.Record]:
    """Terms that are near or over and not met, of open cases of a lead; the first to end first.

    One more than the limit, if there is one.
    """
    return await tx.fetch(
        f"""
        select household_case.id, household_case.reference, assignee_id, {PLACE},
          deadline.name, clock, starting_fact, starts_on, due_on
        from deadline join household_case on household_case.id = case_id
          join address on address.id = address_id
        where lead_id = $1 and is_open and met_at is null and dropped_at is null
          and near_on <= $2 and not deadline.name = any($3::text[])
        order by due_on, household_case.priority, household_case.id, deadline.name limit $4
        """,  # noqa: S608 - a text of ours
        led.lead_id,
        led.today,
        sorted(ENDINGS),
        limit + 1,
    )


async def list_unaccepted(tx: Tx, led: Led, limit: int) -> list[asyncpg.Record]:
    """Open cases of a lead whose assignee has not answered, the longest first.

    One more than the limit, if there is one.
    """
    return await tx.fetch(
        f"""
        select household_case.id, household_case.reference, assignee_id, assigned_on, track,
          priority, {PLACE},
          (select due_on from deadline where case_id = household_case.id and name = 'acceptance'
             and met_at is null and dropped_at is null) as due_on
        from household_case join address on address.id = address_id
        where lead_id = $1 and is_open and answer = 'awaited'
        order by assigned_on, priority, household_case.id limit $2
        """,  # noqa: S608 - a text of ours
        led.lead_id,
        limit + 1,
    )


async def list_conflicts(
    tx: Tx, lead_id: str, rules: Collection[tuple[str, str, str]], limit: int
) -> Sequence[asyncpg.Record]:
    """Open cases of a lead in whose last decision rules named other tracks, or failed.

    Among the newest LOOKED_AT_MAX, so that what a page asks every few seconds has an end.
    `rules` are all that is known: hash of the policy, name, track. What failed comes first.
    """
    return await tx.fetch(
        f"""
        select household_case.id, household_case.reference, household_case.assignee_id, {PLACE},
          last.track, last.priority, last.reason, last.fired, last.failed, last.policy_sha256,
          last.decided_at, confirmed_by
        from (
            select id, reference, assignee_id, confirmed_by, address_id from household_case
            where lead_id = $1 and is_open order by opened_at desc limit $6) as household_case
          join address on address.id = address_id
          join lateral (
            select track, priority, reason, fired, failed, policy_sha256, decided_at from decision
            where case_id = household_case.id order by revision desc limit 1) as last on true
        where (cardinality(last.failed) > 0 or (
          select count(distinct told.track)
          from unnest($2::text[], $3::text[], $4::text[]) as told (sha256, name, track)
          where told.sha256 = last.policy_sha256 and told.name = any(last.fired)) > 1)
        order by cardinality(last.failed) = 0, last.decided_at desc, household_case.id limit $5
        """,  # noqa: S608 - a text of ours
        lead_id,
        [sha256 for sha256, _, _ in rules],
        [name for _, name, _ in rules],
        [track for _, _, track in rules],
        limit + 1,
        LOOKED_AT_MAX,
    )


async def list_sampled_weeks(tx: Tx, municipality: str, limit: int) -> list[date]:
    """The Mondays of the weeks of which a sample was drawn, the last first."""
    rows = await tx.fetch(
        """
        select distinct week from sample where municipality = $1 order by week desc limit $2
        """,
        municipality,
        limit,
    )
    return [row["week"] for row in rows]
