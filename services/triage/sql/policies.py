"""Statements on policies that were activated, and on deciding anew and replaying by them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.triage.addresses import Building
from shared.db import Tx


async def lock_activations(tx: Tx) -> tuple[int, datetime | None]:
    """Hold back other activations; how many there were, and when the last one was."""
    await tx.execute("lock table policy in exclusive mode")
    return await count_activations(tx)


async def count_activations(tx: Tx) -> tuple[int, datetime | None]:
    """How many activations there were, and when the last one was."""
    row = await tx.fetchrow("select count(*) as n, max(activated_at) as last from policy")
    assert row is not None
    return row["n"], row["last"]


async def insert_texts(tx: Tx, documents: Mapping[str, str], now: datetime) -> None:
    """Keep documents by their hash; what is kept already stays."""
    await tx.execute(
        """
        insert into policy_text (sha256, document, first_seen_at)
        select *, $3 from unnest($1::text[], $2::text[]) on conflict do nothing
        """,
        list(documents),
        list(documents.values()),
        now,
    )


async def load_text(tx: Tx, sha256: str) -> str | None:
    """A document by its hash."""
    found: str | None = await tx.fetchval(
        "select document from policy_text where sha256 = $1", sha256
    )
    return found


@dataclass(frozen=True)
class NewJob:
    """That open cases are to be decided anew, and from when."""

    municipality: str
    sha256: str
    reason: str
    noted_by: str
    due_at: datetime


async def insert_job(tx: Tx, job: NewJob, now: datetime) -> None:
    """Note it."""
    await tx.execute(
        """
        insert into policy_job (municipality, sha256, reason, noted_by, due_at, noted_at)
        values ($1, $2, $3, $4, $5, $6)
        """,
        job.municipality,
        job.sha256,
        job.reason,
        job.noted_by,
        job.due_at,
        now,
    )


@dataclass(frozen=True)
class Job:
    """A job that is due, as far as it has come."""

    id: int
    municipality: str
    after: Building  # the last building that was done


async def claim_job(tx: Tx, now: datetime) -> Job | None:
    """The first job that is due and that no other replica works on, locked; None: nothing to do."""
    row = await tx.fetchrow(
        """
        select id, municipality, after_postcode, after_house_number from policy_job
        where finished_at is null and due_at <= $1
        order by due_at, id limit 1 for update skip locked
        """,
        now,
    )
    return Job(row["id"], row["municipality"], Building(*row[1:])) if row else None


@dataclass(frozen=True)
class Progress:
    """What a step of a job did."""

    until: Building
    buildings: int
    changed: int = 0
    skipped: int = 0


async def move_job(tx: Tx, job: Job, step: Progress) -> None:
    """Note how far a job has come; it is locked."""
    await tx.execute(
        """
        update policy_job set after_postcode = $2, after_house_number = $3,
          buildings = buildings + $4, changed = changed + $5, skipped = skipped + $6
        where id = $1
        """,
        job.id,
        step.until.postcode,
        step.until.house_number,
        step.buildings,
        step.changed,
        step.skipped,
    )


async def put_off(tx: Tx, job: Job, due_at: datetime) -> None:
    """Let a job rest; it is locked."""
    await tx.execute("update policy_job set due_at = $2 where id = $1", job.id, due_at)


async def finish_job(tx: Tx, job: Job, now: datetime) -> dict[str, Any]:
    """Note that a job is done, and return what it did, for the log; it is locked."""
    row = await tx.fetchrow(
        """
        update policy_job set finished_at = $2 where id = $1
        returning municipality, buildings as row_count, changed as count, skipped as faults
        """,
        job.id,
        now,
    )
    assert row is not None
    return dict(row)


async def find_next_job(tx: Tx) -> datetime | None:
    """When the next job is due, or was."""
    found: datetime | None = await tx.fetchval(
        "select min(due_at) from policy_job where finished_at is null"
    )
    return found


@dataclass(frozen=True)
class StoredDecision:
    """A decision as it was stored."""

    case_id: UUID
    revision: int
    reference: str
    policy_sha256: str
    facts: Mapping[str, Any]
    fired: Sequence[str]
    failed: Sequence[str]
    track: str
    priority: int
    reason: str


async def list_decisions(
    tx: Tx, case_id: UUID | None, after: tuple[UUID, int], limit: int
) -> list[StoredDecision]:
    """Decisions of one case, or of all, in order, from one on."""
    rows = await tx.fetch(
        """
        select case_id, decision.revision, reference, policy_sha256, facts, fired, failed,
          decision.track, decision.priority, decision.reason
        from decision join household_case on household_case.id = case_id
        where (case_id, decision.revision) > ($2, $3) and ($1::uuid is null or case_id = $1)
        order by case_id, decision.revision limit $4
        """,
        case_id,
        *after,
        limit,
    )
    return [StoredDecision(**row) for row in rows]


async def find_case_id(tx: Tx, wanted: str) -> UUID | None:
    """A case by its id or its reference."""
    found: UUID | None = await tx.fetchval(
        "select id from household_case where id::text = $1 or reference = $1 limit 1", wanted
    )
    return found
