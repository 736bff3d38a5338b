"""Statements on what partners may hear of their signals, and on what they have heard."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.triage.reports import Status
from shared.db import Tx


@dataclass(frozen=True)
class NewStatus:
    """What was decided of a signal, with the number of the status and the hash of the policy."""

    signal_id: UUID
    status: Status
    status_no: int
    policy_sha256: str
    is_untold: bool  # its partner does not hear it now


async def insert_statuses(tx: Tx, statuses: Sequence[NewStatus], decided_at: datetime) -> None:
    """Add statuses of signals."""
    await tx.execute(
        """
        insert into signal_status
          (signal_id, status, status_no, policy_sha256, is_untold, decided_at)
        select *, $6 from unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::boolean[])
        """,
        [one.signal_id for one in statuses],
        [one.status.value for one in statuses],
        [one.status_no for one in statuses],
        [one.policy_sha256 for one in statuses],
        [one.is_untold for one in statuses],
        decided_at,
    )


async def note_statuses_told(tx: Tx, signal_ids: Collection[UUID]) -> None:
    """The partners of these signals hear now what they did not hear when it was decided."""
    await tx.execute(
        "update signal_status set is_untold = false where signal_id = any($1::uuid[])",
        list(signal_ids),
    )


async def load_tellable(tx: Tx, household_id: UUID) -> list[UUID]:
    """The signals that count now, of no closed case, whose partners may hear what happens.

    Those of which it is uncertain whose they are do not: it may be of somebody else.
    """
    rows = await tx.fetch(
        """
        select id from signal where household_id = $1 and case_id is null
          and not is_match_uncertain and $2 = (
            select status from signal_status where signal_id = signal.id
            order by status_no desc limit 1)
        order by id
        """,
        household_id,
        Status.TAKEN_UP.value,
    )
    return [row["id"] for row in rows]


async def load_told(tx: Tx, answer_id: UUID) -> list[UUID]:
    """The signals whose partners heard that help was accepted, whatever became of them since.

    Those of which it has become uncertain whose they are hear nothing.
    """
    rows = await tx.fetch(
        """
        select id from signal
        where told_answer_id = $1 and told_answer = 'accepted' and not is_match_uncertain
        order by id
        """,
        answer_id,
    )
    return [row["id"] for row in rows]


@dataclass(frozen=True)
class Standing:
    """What a household last said to the offer of help, in the case that deals with a signal."""

    signal_id: UUID
    answer_id: UUID
    answer: str  # accepted, declined, or pause_ended
    paused_until: date | None


async def list_standing(tx: Tx, signal_ids: Collection[UUID]) -> list[Standing]:
    """What the partners of these signals have not heard of help, by answer and signal."""
    rows = await tx.fetch(
        """
        with standing as (
          select signal.id as signal_id, newest.id as answer_id, newest.answer,
            newest.paused_until, told_answer_id, told_answer
          from signal
            join household_case on household_case.id = coalesce(signal.case_id, (
              select id from household_case as its
              where its.household_id = signal.household_id and its.is_open))
            join lateral (
              select id, paused_until, case when pause_ended_at is null or answer = 'declined'
                then answer else 'pause_ended' end as answer
              from help_answer where case_id = household_case.id
              order by recorded_at desc limit 1) as newest on true
          where signal.id = any($1::uuid[]))
        select signal_id, answer_id, answer, paused_until from standing
        where (told_answer_id, told_answer) is distinct from (answer_id, answer)
        order by answer_id, signal_id
        """,
        list(signal_ids),
    )
    return [Standing(**row) for row in rows]


async def note_answer_told(
    tx: Tx, signal_ids: Collection[UUID], answer_id: UUID, answer: str
) -> None:
    """The partners of these signals hear this of the household's answer."""
    await tx.execute(
        """
        update signal set told_answer_id = $2, told_answer = $3 where id = any($1::uuid[])
        """,
        list(signal_ids),
        answer_id,
        answer,
    )
