"""Statements on the links of messages to residents, and on what was answered by them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.notify.subjects import Wishes
from shared.contracts.notify import Answer
from shared.db import Tx


@dataclass(frozen=True)
class Link:
    """What a link answers: an alert about a case, and the number or address that it went to."""

    alert_id: UUID
    case_id: UUID
    municipality: str
    kind: str
    key: UUID
    contact: str | None  # None: it went as a letter


async def find_link(tx: Tx, token_hash: bytes, before: datetime) -> Link | None:
    """The link with this token, unless its alert was of no use any more before an instant.

    Of an alert without an end that is when its link was made.
    """
    row = await tx.fetchrow(
        """
        select alert_id, reply_link.case_id, municipality, kind, key, contact
        from reply_link join alert on alert.id = alert_id
          join case_file on case_file.case_id = reply_link.case_id
        where token_hash = $1 and coalesce(expires_at, made_at) >= $2
        """,
        token_hash,
        before,
    )
    return Link(**row) if row else None


async def list_household_cases(tx: Tx, case_id: UUID) -> list[UUID]:
    """A case and the others of its household."""
    rows = await tx.fetch(
        """
        select case_id from case_file where case_id = $1
        union
        select other.case_id from case_file join case_file as other using (household_id)
        where case_file.case_id = $1
        """,
        case_id,
    )
    return [row["case_id"] for row in rows]


@dataclass(frozen=True)
class Reply:
    """What was answered to an alert."""

    id: UUID
    alert_id: UUID
    case_id: UUID
    answer: Answer
    given_at: datetime


async def insert_reply(tx: Tx, reply: Reply) -> bool:
    """Keep an answer; False when it was given before."""
    status: str = await tx.execute(
        """
        insert into reply (id, alert_id, case_id, answer, given_at) values ($1, $2, $3, $4, $5)
        on conflict do nothing
        """,
        reply.id,
        reply.alert_id,
        reply.case_id,
        reply.answer.value,
        reply.given_at,
    )
    return status.endswith(" 1")


async def add_wishes(tx: Tx, household_id: UUID, wishes: Wishes, now: datetime) -> None:
    """Keep what a household asks of how we write to it, beside what it asked before."""
    await tx.execute(
        """
        insert into wishes (household_id, has_opted_out, wrong_contacts, changed_at)
        values ($1, $2, $3, $4)
        on conflict (household_id) do update set
          has_opted_out = wishes.has_opted_out or excluded.has_opted_out,
          wrong_contacts = array(
            select distinct one from unnest(wishes.wrong_contacts || excluded.wrong_contacts) as one
            order by one),
          changed_at = excluded.changed_at
        """,
        household_id,
        wishes.has_opted_out,
        sorted(wishes.wrong_contacts),
        now,
    )
