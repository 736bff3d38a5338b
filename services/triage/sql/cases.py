"""Statements on households and their cases."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import asyncpg

from services.triage.addresses import Address
from services.triage.assignment import Answer
from services.triage.cases import Case, Help, Work
from services.triage.casework import Outcome
from services.triage.legal_path import Step, StepKind, StepState
from shared.clock import amsterdam_day
from shared.contracts.triage import ContactRestriction, Track
from shared.db import Tx

# A household with those that became it.
_KIN = """any(case
  when exists (select from household where moved_to = household_case.household_id)
  then array(select kin_of(household_case.household_id))
  else array[household_case.household_id] end)"""
_CASE = f"""
    select household_case.id, household_id, revision, is_open, opened_on, track, track_since,
      priority, proposed_track, proposed_priority, confirmed_by, override_reason, legal_stage,
      is_multiple, is_consecutive, has_objection, was_reached, assignee_id, assigned_on, lead_id,
      answer, weight_tenths, reason, help, closed_by, result, household_case.paused_until,
      reopened_on,
      address.municipality, postcode, house_number, suffix,
      answer = 'accepted' or confirmed_by is not null or first_attempt_on is not null
        or help <> 'unknown'
        or exists (select from visit where case_id = household_case.id) as is_touched,
      first_attempt_on, first_talk_on, accepted.answered_on as help_accepted_on,
      pause.answered_on as paused_since, pause.paused_until as collection_paused_until, review_on,
      details_told,
      array(select distinct kind from restriction
            where household_id = {_KIN} and lifted_at is null) as restrictions
    from household_case join address on address.id = address_id
      left join lateral (
        select answered_on from help_answer
        where case_id = household_case.id and answer = 'accepted' and help = 'accepted'
        order by recorded_at desc limit 1) as accepted on true
      left join lateral (
        select answered_on, paused_until from help_answer
        where case_id = household_case.id and paused_until is not null and pause_ended_at is null
        order by recorded_at desc limit 1) as pause on true
      left join lateral (
        select min(day) filter (where day >= coalesce(reopened_on, '-infinity'))
            as first_attempt_on,
          min(day) filter (where is_first_talk and day >= accepted.answered_on) as first_talk_on
        from (
          select (attempted_at at time zone 'Europe/Amsterdam')::date as day, is_first_talk
          from contact_attempt where case_id = household_case.id) as attempt) as attempts on true
      left join lateral (
        select min(day) as review_on from (
          select household_case.paused_until as day
          union all
          select review_on from restriction
          where household_id = {_KIN} and lifted_at is null) as review
        where day > coalesce((
          select max(due_on) from deadline
          where case_id = household_case.id and name = 'review' and met_at is not null
        ), '-infinity')) as reviews on true
    """  # noqa: S608 - texts of ours


async def load_cases(tx: Tx, household_ids: Collection[UUID]) -> list[Case]:
    """The open case of households, and the last that was closed; their buildings are locked."""
    rows = await tx.fetch(
        f"""
        {_CASE} where household_case.id in (
          select distinct on (household_id, is_open) id from household_case
          where household_id = any($1::uuid[])
          order by household_id, is_open, opened_at desc)
        """,  # noqa: S608 - a text of ours
        list(household_ids),
    )
    return [_as_case(row) for row in rows]


async def load_case(tx: Tx, case_id: UUID) -> Case | None:
    """One case; lock its building first."""
    row = await tx.fetchrow(f"{_CASE} where household_case.id = $1", case_id)
    return _as_case(row) if row else None


async def has_open_case(tx: Tx, household_id: UUID) -> bool:
    """Whether a household has an open case."""
    found: bool = await tx.fetchval(
        "select exists (select from household_case where household_id = $1 and is_open)",
        household_id,
    )
    return found


def _as_case(row: asyncpg.Record) -> Case:
    return Case(
        id=row["id"],
        household_id=row["household_id"],
        address=Address(row["municipality"], row["postcode"], row["house_number"], row["suffix"]),
        revision=row["revision"],
        is_open=row["is_open"],
        opened_on=row["opened_on"],
        track=Track(row["track"]),
        track_since=row["track_since"],
        priority=row["priority"],
        proposed_track=Track(row["proposed_track"]),
        proposed_priority=row["proposed_priority"],
        confirmed_by=row["confirmed_by"],
        override_reason=row["override_reason"],
        legal_stage=row["legal_stage"],
        is_multiple=row["is_multiple"],
        is_consecutive=row["is_consecutive"],
        has_objection=row["has_objection"],
        was_reached=row["was_reached"],
        is_touched=row["is_touched"],
        assignee_id=row["assignee_id"],
        assigned_on=row["assigned_on"],
        lead_id=row["lead_id"],
        answer=Answer(row["answer"]),
        weight_tenths=row["weight_tenths"],
        reason=row["reason"],
        help=Help(row["help"]),
        closed_by=row["closed_by"],
        result=row["result"],
        paused_until=row["paused_until"],
        reopened_on=row["reopened_on"],
        restrictions=frozenset(map(ContactRestriction, row["restrictions"])),
        details_told=row["details_told"],
        work=_as_work(row),
    )


def _as_work(row: asyncpg.Record) -> Work:
    return Work(
        first_attempt_on=row["first_attempt_on"],
        help_accepted_on=row["help_accepted_on"],
        paused_since=row["paused_since"],
        collection_paused_until=row["collection_paused_until"],
        first_talk_on=row["first_talk_on"],
        review_on=row["review_on"],
    )


async def load_steps(
    tx: Tx, case_ids: Collection[UUID]
) -> dict[UUID, dict[tuple[str, UUID], Step]]:
    """The legal path of cases as it was last announced."""
    rows = await tx.fetch(
        """
        select case_id, kind, key, state, court, case_number, detail, place, at, day, is_disputed
        from legal_step where case_id = any($1::uuid[])
        """,
        list(case_ids),
    )
    steps: dict[UUID, dict[tuple[str, UUID], Step]] = {}
    for row in rows:
        step = Step(
            kind=StepKind(row["kind"]),
            key=row["key"],
            state=StepState(row["state"]),
            court=row["court"],
            case_number=row["case_number"],
            detail=row["detail"],
            place=row["place"],
            at=row["at"],
            day=row["day"],
            is_disputed=row["is_disputed"],
        )
        steps.setdefault(row["case_id"], {})[step.kind, step.key] = step
    return steps


def _columns(cases: Sequence[Case], names: str) -> Iterator[list[Any]]:
    """The values of cases, a list for each of these fields; an enumeration by its value."""
    for name in names.split():
        values = [getattr(case, name) for case in cases]
        yield [one.value if isinstance(one, Enum) else one for one in values]


async def insert_cases(tx: Tx, cases: Sequence[Case], opened_at: datetime) -> None:
    """Store cases that were opened."""
    await tx.execute(
        """
        insert into household_case (id, household_id, reference, revision, is_open, opened_on,
          track, track_since, priority, proposed_track, proposed_priority, legal_stage, is_multiple,
          is_consecutive, has_objection, assignee_id, assigned_on, lead_id, answer, weight_tenths,
          reason, address_id, municipality, opened_at)
        select *, $24 from unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[], $5::boolean[],
          $6::date[], $7::text[], $8::date[], $9::int[], $10::text[], $11::int[], $12::text[],
          $13::boolean[], $14::boolean[], $15::boolean[], $16::text[], $17::date[], $18::text[],
          $19::text[], $20::int[], $21::text[], $22::uuid[], $23::text[])
        """,
        *_columns(
            cases,
            "id household_id reference revision is_open opened_on track track_since priority"
            " proposed_track proposed_priority legal_stage is_multiple is_consecutive has_objection"
            " assignee_id assigned_on lead_id answer weight_tenths reason",
        ),
        [case.address.id for case in cases],
        [case.address.municipality for case in cases],
        opened_at,
    )


async def save_cases(tx: Tx, cases: Sequence[Case], now: datetime) -> None:
    """Write cases that changed; when a person confirmed one, or it was closed, is noted once."""
    await tx.execute(
        """
        update household_case set
          revision = now_is.revision, is_open = now_is.is_open, track = now_is.track,
          track_since = now_is.track_since, priority = now_is.priority,
          proposed_track = now_is.proposed_track, proposed_priority = now_is.proposed_priority,
          confirmed_at = case when now_is.confirmed_by is null then null
            when household_case.confirmed_by is not distinct from now_is.confirmed_by
            then household_case.confirmed_at else $28 end,
          confirmed_by = now_is.confirmed_by, override_reason = now_is.override_reason,
          legal_stage = now_is.legal_stage, is_multiple = now_is.is_multiple,
          is_consecutive = now_is.is_consecutive, has_objection = now_is.has_objection,
          was_reached = now_is.was_reached, assignee_id = now_is.assignee_id,
          assigned_on = now_is.assigned_on, lead_id = now_is.lead_id, answer = now_is.answer,
          weight_tenths = now_is.weight_tenths, reason = now_is.reason, help = now_is.help,
          paused_until = now_is.paused_until, closed_by = now_is.closed_by, result = now_is.result,
          reopened_on = now_is.reopened_on, details_told = now_is.details_told,
          closed_reason = case when now_is.is_open then null else now_is.reason end,
          closed_at = case when now_is.is_open then null
            else coalesce(household_case.closed_at, $28) end,
          closed_on = case when now_is.is_open then null
            else coalesce(household_case.closed_on, $29) end
        from unnest($1::uuid[], $2::int[], $3::boolean[], $4::text[], $5::date[], $6::int[],
          $7::text[], $8::int[], $9::text[], $10::text[], $11::text[], $12::boolean[],
          $13::boolean[], $14::boolean[], $15::boolean[], $16::text[], $17::date[], $18::text[],
          $19::text[], $20::int[], $21::text[], $22::text[], $23::date[], $24::text[], $25::text[],
          $26::date[], $27::text[])
          as now_is (id, revision, is_open, track, track_since, priority, proposed_track,
            proposed_priority, confirmed_by, override_reason, legal_stage, is_multiple,
            is_consecutive, has_objection, was_reached, assignee_id, assigned_on, lead_id, answer,
            weight_tenths, reason, help, paused_until, closed_by, result, reopened_on,
            details_told)
        where household_case.id = now_is.id
        """,
        *_columns(cases, SAVED),
        now,
        amsterdam_day(now),
    )


# What `save_cases` writes, in its order.
SAVED = (
    "id revision is_open track track_since priority proposed_track proposed_priority confirmed_by"
    " override_reason legal_stage is_multiple is_consecutive has_objection was_reached assignee_id"
    " assigned_on lead_id answer weight_tenths reason help paused_until closed_by result"
    " reopened_on details_told"
)


async def insert_decisions(
    tx: Tx, decided: Sequence[tuple[Case, Outcome]], decided_at: datetime
) -> None:
    """Keep what was decided, on which facts, by which rules, with the case's revision after it."""
    await tx.execute(
        """
        insert into decision (case_id, revision, policy_sha256, facts, fired, failed, track,
          priority, reason, decided_at)
        select case_id, revision, policy_sha256, facts, string_to_array(fired, ' '),
          string_to_array(failed, ' '), track, priority, reason, $10
        from unnest($1::uuid[], $2::int[], $3::text[], $4::jsonb[], $5::text[], $6::text[],
          $7::text[], $8::int[], $9::text[])
          as made (case_id, revision, policy_sha256, facts, fired, failed, track, priority, reason)
        on conflict do nothing
        """,
        [case.id for case, _ in decided],
        [case.revision for case, _ in decided],
        [outcome.decision.live.policy.sha256 for _, outcome in decided],
        [asdict(outcome.decision.facts) for _, outcome in decided],
        [" ".join(rule.name for rule in outcome.decision.fired) for _, outcome in decided],
        [" ".join(rule.name for rule in outcome.decision.failed) for _, outcome in decided],
        [outcome.decision.track.value for _, outcome in decided],
        [outcome.decision.priority for _, outcome in decided],
        [outcome.decision.reason for _, outcome in decided],
        decided_at,
    )


async def save_steps(tx: Tx, steps: Sequence[tuple[Case, Step]]) -> None:
    """Write the steps of the legal path that changed, with the case's revision."""
    await tx.execute(
        """
        insert into legal_step (case_id, kind, key, state, court, case_number, detail, place, at,
          day, is_disputed, revision)
        select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[],
          $6::text[], $7::text[], $8::text[], $9::timestamptz[], $10::date[], $11::boolean[],
          $12::int[])
        on conflict (case_id, kind, key) do update set state = excluded.state,
          court = excluded.court, case_number = excluded.case_number, detail = excluded.detail,
          place = excluded.place, at = excluded.at, day = excluded.day,
          is_disputed = excluded.is_disputed, revision = excluded.revision
        """,
        [case.id for case, _ in steps],
        [step.kind.value for _, step in steps],
        [step.key for _, step in steps],
        [step.state.value for _, step in steps],
        [step.court for _, step in steps],
        [step.case_number for _, step in steps],
        [step.detail for _, step in steps],
        [step.place for _, step in steps],
        [step.at for _, step in steps],
        [step.day for _, step in steps],
        [step.is_disputed for _, step in steps],
        [case.revision for case, _ in steps],
    )


async def delete_steps(tx: Tx, steps: Sequence[tuple[Case, Step]]) -> None:
    """Take away steps that turned out to be another household's."""
    await tx.execute(
        """
        delete from legal_step
        using unnest($1::uuid[], $2::text[], $3::uuid[]) as gone (case_id, kind, key)
        where legal_step.case_id = gone.case_id and legal_step.kind = gone.kind
          and legal_step.key = gone.key
        """,
        [case.id for case, _ in steps],
        [step.kind.value for _, step in steps],
        [step.key for _, step in steps],
    )


async def insert_assignments(
    tx: Tx, assigned: Sequence[tuple[Case, str]], assigned_at: datetime
) -> None:
    """Keep who got a case and why, with the case's revision."""
    await tx.execute(
        """
        insert into assignment (case_id, revision, assignee_id, reason, assigned_at)
        select *, $5 from unnest($1::uuid[], $2::int[], $3::text[], $4::text[])
        """,
        [case.id for case, _ in assigned],
        [case.revision for case, _ in assigned],
        [case.assignee_id for case, _ in assigned],
        [reason for _, reason in assigned],
        assigned_at,
    )
