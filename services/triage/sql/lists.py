"""Statements on what workers and leads look at."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from services.triage.addresses import Building
from shared.db import Tx

LISTED_CASE = """
    select household_case.id, reference, household_case.revision, is_open, track, priority,
      proposed_track, proposed_priority, confirmed_by, override_reason, legal_stage, reason, answer,
      opened_on, assignee_id, lead_id, household_id, was_reached, has_objection, help,
      paused_until, pause_reason, result, postcode, house_number, suffix,
      address.municipality,
      (select coalesce(jsonb_agg(jsonb_build_object('id', visit.id, 'starts_at', starts_at,
         'ends_at', ends_at, 'state', state, 'second_worker_id', second_worker_id)
         order by starts_at), '[]')
       from visit where case_id = household_case.id) as visits,
      (select coalesce(jsonb_agg(jsonb_build_object('name', name, 'clock', clock,
         'starting_fact', starting_fact, 'starts_on', starts_on, 'due_on', due_on,
         'met_at', met_at, 'is_missed', missed_said_at is not null) order by due_on, name), '[]')
       from deadline where case_id = household_case.id and dropped_at is null) as deadlines,
      (select count(*) from contact_attempt where case_id = household_case.id) as attempts
    from household_case join address on address.id = address_id
    """


# Which page of a list: open or not ($2, null: both), after which case ($3), and how many ($4).
ON_PAGE = """
    ($2::bool is null or is_open = $2)
    and ($3::uuid is null or (priority, opened_at, household_case.id) > (
      select last.priority, last.opened_at, last.id from household_case as last where last.id = $3))
    order by priority, opened_at, household_case.id limit $4
    """


GOES_ALONG = """
    household_case.id in (
      select case_id from visit where second_worker_id = $1 and state = 'planned')
    """


@dataclass(frozen=True)
class Page:
    """A part of somebody's list, the most pressing first."""

    worker_id: str
    is_open: bool | None  # None: also those that are over
    after: UUID | None  # the last case of the page before
    limit: int


async def list_cases(tx: Tx, page: Page) -> list[asyncpg.Record]:
    """The cases of an assignee."""
    return await tx.fetch(
        f"{LISTED_CASE} where assignee_id = $1 and {ON_PAGE}",
        page.worker_id,
        page.is_open,
        page.after,
        page.limit,
    )


async def list_visited_cases(tx: Tx, page: Page) -> list[asyncpg.Record]:
    """The cases of which somebody goes along on a planned visit."""
    return await tx.fetch(
        f"{LISTED_CASE} where {GOES_ALONG} and {ON_PAGE}",
        page.worker_id,
        page.is_open,
        page.after,
        page.limit,
    )


async def list_team_cases(tx: Tx, page: Page, assignee_id: str | None) -> list[asyncpg.Record]:
    """The cases of a lead; of one assignee, when one is named."""
    return await tx.fetch(
        f"""
        {LISTED_CASE} where lead_id = $1 and ($5::text is null or assignee_id = $5)
          and {ON_PAGE}
        """,
        page.worker_id,
        page.is_open,
        page.after,
        page.limit,
        assignee_id,
    )


@dataclass(frozen=True)
class Pressing:
    """A part of somebody's open cases, what is overdue first."""

    worker_id: str
    today: date
    never_late: Collection[str]  # terms that only end
    limit: int
    offset: int


WITH_DUE = """
    left join lateral (
      select min(due_on) as first, min(due_on) filter (where name <> all($3::text[])) as late
      from deadline
      where case_id = household_case.id and met_at is null and dropped_at is null) as due on true
    where assignee_id = $1 and is_open
    order by (due.late < $2) is not true, answer <> 'awaited', priority, due.first, reference
    limit $4 offset $5
    """


async def list_pressing(tx: Tx, asked: Pressing) -> list[asyncpg.Record]:
    """Open cases of an assignee: overdue, then unanswered, then by priority and first term."""
    return await tx.fetch(
        f"{LISTED_CASE} {WITH_DUE}",
        asked.worker_id,
        asked.today,
        list(asked.never_late),
        asked.limit,
        asked.offset,
    )


async def show_case(tx: Tx, case_id: UUID) -> asyncpg.Record | None:
    """One case as lists show it."""
    return await tx.fetchrow(
        f"{LISTED_CASE} where household_case.id = $1",
        case_id,
    )


async def find_case(tx: Tx, reference: str) -> UUID | None:
    """The case with this reference."""
    found: UUID | None = await tx.fetchval(
        "select id from household_case where reference = $1", reference
    )
    return found


async def list_proposals(tx: Tx, lead_id: str, limit: int) -> list[asyncpg.Record]:
    """Open cases of a lead in which a person has to say yes or no, the most pressing first."""
    return await tx.fetch(
        f"""
        {LISTED_CASE} where is_open and lead_id = $1
          and (confirmed_by is null or proposed_track = 'none')
        order by proposed_priority, opened_at, reference limit $2
        """,
        lead_id,
        limit,
    )


async def load_details(tx: Tx, case_id: UUID, household_id: UUID) -> asyncpg.Record:
    """What the team sees of a case beside its line in a list."""
    row = await tx.fetchrow(
        """
        select
          (select coalesce(jsonb_agg(jsonb_build_object('id', signal.id, 'partner_id', partner_id,
             'partner_kind', partner_kind, 'arrears_cents', arrears_cents,
             'arrears_since', arrears_since, 'reported_on', reported_on,
             'match_reason', match_reason, 'is_match_uncertain', is_match_uncertain,
             'status', (select status from signal_status where signal_id = signal.id
                        order by status_no desc limit 1)) order by reported_on, signal.id), '[]')
           from signal where household_id = $2) as signals,
          (select coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'state', state,
             'court', court, 'case_number', case_number, 'detail', detail, 'place', place,
             'at', at, 'day', day, 'is_disputed', is_disputed) order by coalesce(at, day), kind),
             '[]') from legal_step where case_id = $1) as legal_path,
          (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'kind', kind, 'reason', reason,
             'review_on', review_on) order by made_at), '[]')
           from restriction where household_id in (select kin_of($2)) and lifted_at is null)
             as restrictions,
          (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'layer', layer, 'words', words,
             'written_by', written_by) order by written_at), '[]')
           from plan_item where case_id = $1 and removed_at is null) as plan,
          (select jsonb_build_object('fired', fired, 'failed', failed, 'facts', facts,
             'policy_sha256', policy_sha256, 'decided_at', decided_at, 'reason', reason)
           from decision where case_id = $1 order by revision desc limit 1) as decision
        """,
        case_id,
        household_id,
    )
    assert row is not None
    return row


async def list_attempts(tx: Tx, case_id: UUID) -> list[asyncpg.Record]:
    """The attempts of a case, the first first."""
    return await tx.fetch(
        """
        select kind, part_of_day, was_reached, result, attempted_at from contact_attempt
        where case_id = $1 order by attempted_at, id limit 1000
        """,
        case_id,
    )


async def list_loads(tx: Tx, municipality: str, today: date) -> list[asyncpg.Record]:
    """Everybody's load against the band, and the absence that holds or comes; noted ones first."""
    return await tx.fetch(
        """
        select worker.id, worker.name, team_id, role, load_tenths, load_min_tenths,
          load_max_tenths, left_on, away.first as absent_from, away.last as absent_until,
          (select count(*) from household_case
           where assignee_id = worker.id and is_open) as open_cases,
          (select count(*) from household_case
           where assignee_id = worker.id and is_open and answer = 'awaited') as unaccepted
        from worker join team on team.id = team_id
          left join lateral (
            select * from (values
              (1, noted_absent_from, noted_absent_until),
              (2, case when noted_on is null or absent_from > noted_on then absent_from end,
                absent_until)) as told (rank, first, last)
            where first is not null and (last is null or last >= $2)
            order by rank limit 1) as away on true
        where municipality = $1 order by team_id, worker.id limit 10000
        """,
        municipality,
        today,
    )


async def list_open_ids(tx: Tx, worker_id: str, reader_id: str) -> list[tuple[UUID, int]]:
    """The open cases of an assignee, with their revisions, if the reader has or leads them."""
    rows = await tx.fetch(
        """
        select id, revision from household_case
        where is_open and assignee_id = $1 and $2 in (assignee_id, lead_id)
        order by id limit 10000
        """,
        worker_id,
        reader_id,
    )
    return [(row["id"], row["revision"]) for row in rows]


@dataclass(frozen=True)
class Absence:
    """From when until when somebody is away; no last day: until further notice."""

    worker_id: str
    absent_from: date | None
    absent_until: date | None


async def save_absence(tx: Tx, absence: Absence, today: date) -> None:
    """Note when somebody is away, beside what the roster says; their team is locked."""
    await tx.execute(
        """
        update worker set noted_absent_from = $2, noted_absent_until = $3, noted_on = $4
        where id = $1
        """,
        absence.worker_id,
        absence.absent_from,
        absence.absent_until,
        today,
    )


async def list_buildings(tx: Tx, after: Building, limit: int) -> list[Building]:
    """Buildings with an open case, in order, from one on."""
    rows = await tx.fetch(
        """
        select municipality, postcode, house_number from building
        where (municipality, postcode, house_number) > ($1, $2, $3)
          and exists (
            select from address join household_case on household_case.address_id = address.id
            where address.municipality = building.municipality
              and address.postcode = building.postcode
              and address.house_number = building.house_number and is_open)
        order by municipality, postcode, house_number limit $4
        """,
        *after,
        limit,
    )
    return [Building(*row) for row in rows]


async def list_causeless(tx: Tx, before: datetime, limit: int) -> list[asyncpg.Record]:
    """Households of which facts came in before an instant, and never a signal or a case."""
    return await tx.fetch(
        """
        select distinct household_id, municipality
        from fact join address on address.id = address_id
        where received_at < $1 and recorded_by = ''
          and not exists (select from signal where household_id = fact.household_id)
          and not exists (select from household_case where household_id = fact.household_id)
          and not exists (select from task where household_id = fact.household_id
                          and kind = 'fact_without_cause')
        limit $2
        """,
        before,
        limit,
    )
