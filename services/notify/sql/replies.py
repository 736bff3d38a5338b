"""Statements on the links of messages to residents, and on what was answered by them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.notify.subjects import UNKNOWN_HOUSEHOLD
from shared.contracts.notify import Answer
from shared.db import Tx


@dataclass(frozen=True)
class Link:
    """What a link answers: an alert about a case, and the number or address that it went to."""

    alert_id: UUID
    case_id: UUID
    household_id: UUID
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
        select alert_id, reply_link.case_id, coalesce(household_id, $3) as household_id,
          municipality, kind, key, contact
        from reply_link join alert on alert.id = alert_id
          join case_file on case_file.case_id = reply_link.case_id
        where token_hash = $1 and coalesce(expires_at, made_at) >= $2
        """,
        token_hash,
        before,
        UNKNOWN_HOUSEHOLD,
    )
    return Link(**row) if row else None


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
