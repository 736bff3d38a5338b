"""Statements on what the gateway told of messages after it had taken them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.notify.schedule import Alert
from services.notify.sql.alerts import COLUMNS, as_alert
from shared.db import Tx


@dataclass(frozen=True)
class Receipt:
    """What the gateway says became of a message that it took."""

    alert_id: UUID
    gateway_id: str
    status: str
    completed_at: datetime | None


async def find_case(tx: Tx, alert_id: UUID) -> UUID | None:
    """The case of an alert; None when there is no such alert."""
    found: UUID | None = await tx.fetchval("select case_id from alert where id = $1", alert_id)
    return found


async def insert_receipt(tx: Tx, receipt: Receipt, now: datetime) -> bool:
    """Keep a receipt; False when it was told before, or its alert is forgotten."""
    status: str = await tx.execute(
        """
        insert into receipt (alert_id, gateway_id, status, completed_at, received_at)
        select id, $2, $3, $4, $5 from alert where id = $1
        on conflict do nothing
        """,
        receipt.alert_id,
        receipt.gateway_id,
        receipt.status,
        receipt.completed_at,
        now,
    )
    return status.endswith(" 1")


async def load_open(tx: Tx, alert_ids: Collection[UUID]) -> list[tuple[Alert, set[str]]]:
    """Alerts that went out, or may have, each with what the gateway told of it; locked.

    A failure counts if it is of the message that went out last: an earlier one is over.
    """
    await tx.execute(
        "select from alert where id = any($1::uuid[]) order by id for update", sorted(alert_ids)
    )
    rows = await tx.fetch(
        f"""
        select {COLUMNS}, array(
            select status from receipt where alert_id = alert.id and (status = 'delivered'
              or receipt.gateway_id = alert.gateway_id
              or alert.gateway_id is null and received_at >= coalesce(
                (select max(claimed_at) from attempt where attempt.alert_id = alert.id),
                '-infinity'))) as told
        from alert where id = any($1::uuid[]) and state in ('sent', 'unknown')
        """,  # noqa: S608 - a text of ours
        list(alert_ids),
    )
    found = []
    for row in rows:
        fields = dict(row)
        told = fields.pop("told")
        found.append((as_alert(fields), set(told)))
    return found


async def move_on(tx: Tx, alert_id: UUID, state: str, reason: str, now: datetime) -> None:
    """Write what became of an alert that is locked. When it was sent stays: ceilings go by it."""
    await tx.execute(
        """
        update alert set state = $2, reason = $3,
          changed_at = case when $2 = 'delivered' then changed_at else $4 end
        where id = $1
        """,
        alert_id,
        state,
        reason,
        now,
    )


async def await_receipt(tx: Tx, alert_id: UUID, ask_at: datetime) -> None:
    """Have the gateway asked of a message that it took, at a business instant."""
    await tx.execute(
        "update alert set ask_at = $2, asked_at = null, free_at = '-infinity'"
        " where id = $1 and state = 'sent'",
        alert_id,
        ask_at,
    )


@dataclass(frozen=True)
class Untold:
    """A message that no receipt came of; its gateway may be asked by this process."""

    alert: Alert
    sent_at: datetime
    until: datetime  # end of the claim, real time; whose it is tells whose claim it is


async def claim_untold(tx: Tx, now: datetime, real_now: datetime, until: datetime) -> Untold | None:
    """Claim the message that is to be asked of first; None when there is none."""
    row = await tx.fetchrow(
        f"""
        with due as (
          select id from alert
          where state = 'sent' and ask_at is not null and ask_at <= $1 and free_at <= $2
          order by ask_at limit 1 for update skip locked)
        update alert set free_at = $3 from due where alert.id = due.id
        returning {COLUMNS}, changed_at as sent_at
        """,  # noqa: S608 - a text of ours
        now,
        real_now,
        until,
    )
    if row is None:
        return None
    fields = dict(row)
    sent_at = fields.pop("sent_at")
    return Untold(as_alert(fields), sent_at, until)


async def hold_untold(tx: Tx, untold: Untold) -> bool:
    """Lock it, if it still is to be asked of and the claim is ours; its case file is locked."""
    row = await tx.fetchrow(
        "select from alert where id = $1 and state = 'sent' and free_at = $2 for update",
        untold.alert.id,
        untold.until,
    )
    return row is not None


async def note_asked(tx: Tx, alert_id: UUID, ask_at: datetime | None, now: datetime) -> None:
    """Note that the gateway was asked, and when it is asked again; None: no more."""
    await tx.execute(
        "update alert set asked_at = $3, ask_at = $2, free_at = '-infinity' where id = $1",
        alert_id,
        ask_at,
        now,
    )


async def give_up(tx: Tx, alert_id: UUID, reason: str) -> bool:
    """Have it count as unknown, if it still is thought to be on its way. When it was sent stays."""
    status: str = await tx.execute(
        "update alert set state = 'unknown', reason = $2, ask_at = null"
        " where id = $1 and state = 'sent'",
        alert_id,
        reason,
    )
    return status.endswith(" 1")
