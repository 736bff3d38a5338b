"""Statements on households and their cases."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from services.triage.assignment import Answer
from services.triage.casework import Case, Deadline, Outcome
from services.triage.legal_path import Step, StepKind, StepState
from services.triage.matching import Address
from shared.contracts.triage import Track
from shared.db import Tx


@dataclass(frozen=True)
class StoredHousehold:
    """A household as it stands."""

    id: UUID
    address_id: UUID
    since: date
    generalist_id: str | None  # who last had its case
    case_count: int


async def load_households(tx: Tx, address_ids: Collection[UUID]) -> list[StoredHousehold]:
    """The households of addresses that are locked."""
    rows = await tx.fetch(
        """
        select id, address_id, since,
          (select assignee_id from household_case
           where address_id = household.address_id and household_id = household.id
           order by opened_at desc limit 1) as generalist_id,
          (select count(*) from household_case
           where address_id = household.address_id and household_id = household.id) as case_count
        from household where address_id = any($1::uuid[])
        """,
        list(address_ids),
    )
    return [StoredHousehold(**row) for row in rows]


_CASE = """
    select household_case.id, household_id, address_id, revision, is_open, opened_on, track,
      track_since, priority, legal_stage, is_multiple, is_consecutive, has_objection, was_reached,
      assignee_id, lead_id, answer, weight_tenths, reason,
      address.municipality, postcode, house_number, suffix,
      answer = 'accepted'
        or exists (select from visit where case_id = household_case.id)
        or exists (select from contact_attempt where case_id = household_case.id) as is_touched
    from household_case join address on address.id = address_id
    """


async def load_open_cases(tx: Tx, address_ids: Collection[UUID]) -> dict[UUID, Case]:
    """The open cases of addresses that are locked, by household."""
    rows = await tx.fetch(
        f"{_CASE} where address_id = any($1::uuid[]) and is_open", list(address_ids)
    )
    return {row["household_id"]: _as_case(row) for row in rows}


async def load_case(tx: Tx, case_id: UUID) -> Case | None:
    """One case; lock its address first."""
    row = await tx.fetchrow(f"{_CASE} where household_case.id = $1", case_id)
    return _as_case(row) if row else None


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
        legal_stage=row["legal_stage"],
        is_multiple=row["is_multiple"],
        is_consecutive=row["is_consecutive"],
        has_objection=row["has_objection"],
        was_reached=row["was_reached"],
        is_touched=row["is_touched"],
        assignee_id=row["assignee_id"],
        lead_id=row["lead_id"],
        answer=Answer(row["answer"]),
        weight_tenths=row["weight_tenths"],
        reason=row["reason"],
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


async def insert_households(tx: Tx, new: Sequence[tuple[UUID, UUID, date]]) -> None:
    """Store new households: id, address, and since when they live there."""
    await tx.execute(
        """
        insert into household (id, address_id, since)
        select * from unnest($1::uuid[], $2::uuid[], $3::date[])
        """,
        [household_id for household_id, _, _ in new],
        [address_id for _, address_id, _ in new],
        [since for _, _, since in new],
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


async def insert_cases(tx: Tx, cases: Sequence[Case], opened_at: datetime) -> None:
    """Store cases that were opened."""
    await tx.execute(
        """
        insert into household_case (id, household_id, address_id, municipality, reference, revision,
          is_open, opened_on, track, track_since, priority, legal_stage, is_multiple,
          is_consecutive, has_objection, assignee_id, lead_id, answer, weight_tenths, reason,
          opened_at)
        select *, $21 from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[],
          $6::int[], $7::boolean[], $8::date[], $9::text[], $10::date[], $11::int[], $12::text[],
          $13::boolean[], $14::boolean[], $15::boolean[], $16::text[], $17::text[], $18::text[],
          $19::int[], $20::text[])
        """,
        [case.id for case in cases],
        [case.household_id for case in cases],
        [case.address.id for case in cases],
        [case.address.municipality for case in cases],
        [case.reference for case in cases],
        [case.revision for case in cases],
        [case.is_open for case in cases],
        [case.opened_on for case in cases],
        [case.track.value for case in cases],
        [case.track_since for case in cases],
        [case.priority for case in cases],
        [case.legal_stage for case in cases],
        [case.is_multiple for case in cases],
        [case.is_consecutive for case in cases],
        [case.has_objection for case in cases],
        [case.assignee_id for case in cases],
        [case.lead_id for case in cases],
        [case.answer.value for case in cases],
        [case.weight_tenths for case in cases],
        [case.reason for case in cases],
        opened_at,
    )


async def save_cases(tx: Tx, cases: Sequence[Case]) -> None:
    """Write cases that changed; a closed one keeps the reason why."""
    await tx.execute(
        """
        update household_case set
          revision = now_is.revision, is_open = now_is.is_open, track = now_is.track,
          track_since = now_is.track_since, priority = now_is.priority,
          legal_stage = now_is.legal_stage, is_multiple = now_is.is_multiple,
          is_consecutive = now_is.is_consecutive, has_objection = now_is.has_objection,
          was_reached = now_is.was_reached, assignee_id = now_is.assignee_id,
          lead_id = now_is.lead_id, answer = now_is.answer, weight_tenths = now_is.weight_tenths,
          reason = now_is.reason,
          closed_reason = case when now_is.is_open then null else now_is.reason end
        from unnest($1::uuid[], $2::int[], $3::boolean[], $4::text[], $5::date[], $6::int[],
          $7::text[], $8::boolean[], $9::boolean[], $10::boolean[], $11::boolean[], $12::text[],
          $13::text[], $14::text[], $15::int[], $16::text[])
          as now_is (id, revision, is_open, track, track_since, priority, legal_stage, is_multiple,
            is_consecutive, has_objection, was_reached, assignee_id, lead_id, answer, weight_tenths,
            reason)
        where household_case.id = now_is.id
        """,
        [case.id for case in cases],
        [case.revision for case in cases],
        [case.is_open for case in cases],
        [case.track.value for case in cases],
        [case.track_since for case in cases],
        [case.priority for case in cases],
        [case.legal_stage for case in cases],
        [case.is_multiple for case in cases],
        [case.is_consecutive for case in cases],
        [case.has_objection for case in cases],
        [case.was_reached for case in cases],
        [case.assignee_id for case in cases],
        [case.lead_id for case in cases],
        [case.answer.value for case in cases],
        [case.weight_tenths for case in cases],
        [case.reason for case in cases],
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


async def save_deadlines(tx: Tx, deadlines: Sequence[tuple[Case, Deadline, str]]) -> None:
    """Replace the unmet terms of these cases: case, term, and the hash of the policy."""
    await tx.execute(
        "delete from deadline where case_id = any($1::uuid[]) and met_at is null",
        [case.id for case, _, _ in deadlines],
    )
    await tx.execute(
        """
        insert into deadline (case_id, name, starts_on, due_on, policy_sha256)
        select * from unnest($1::uuid[], $2::text[], $3::date[], $4::date[], $5::text[])
        on conflict do nothing
        """,
        [case.id for case, _, _ in deadlines],
        [deadline.name for _, deadline, _ in deadlines],
        [deadline.starts_on for _, deadline, _ in deadlines],
        [deadline.due_on for _, deadline, _ in deadlines],
        [sha256 for _, _, sha256 in deadlines],
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
