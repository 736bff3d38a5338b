"""Statements on what residents answered to messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.contracts.notify import Answer, ResidentReplied
from shared.db import Tx


@dataclass(frozen=True)
class Kept:
    """An answer that was not known yet, and whose it is."""

    reply_id: UUID
    case_id: UUID
    household_id: UUID
    municipality: str
    answer: Answer


async def insert_replies(tx: Tx, replies: Sequence[ResidentReplied]) -> list[Kept]:
    """Keep answers, and return those that are new.

    Of a case that was purged or erased meanwhile nothing is kept.
    """
    rows = await tx.fetch(
        """
        with known as (
          select id, household_id, address_id from household_case
          where id = any($2::uuid[]) order by id for key share),
        kept as (
          insert into resident_reply (id, case_id, alert_id, answer, given_at)
          select told.* from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[],
            $5::timestamptz[]) as told (id, case_id, alert_id, answer, given_at)
            join known on known.id = told.case_id
          on conflict do nothing
          returning id, case_id, answer)
        select kept.id as reply_id, case_id, household_id, municipality, answer
        from kept join known on known.id = case_id join address on address.id = address_id
        """,
        [one.reply_id for one in replies],
        [one.case_id for one in replies],
        [one.alert_id for one in replies],
        [one.answer.value for one in replies],
        [one.given_at for one in replies],
    )
    return [Kept(**{**row, "answer": Answer(row["answer"])}) for row in rows]
