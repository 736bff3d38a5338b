"""Statements on alerts that wait for a person, and on what people decided of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.notify.schedule import Alert
from services.notify.sql.alerts import COLUMNS, as_alert
from services.notify.sql.live import Change
from shared.db import Tx


async def list_for_a_person(
    tx: Tx, state: str, municipality: str | None, now: datetime, limit: int
) -> list[dict[str, Any]]:
    """Alerts that are held, unknown, or failed and still of use, the longest due first.

    No personal data.
    """
    rows = await tx.fetch(
        """
        select id as alert_id, case_id, municipality, reference as case_reference, template,
          recipient_role, channel, state, due_at, expires_at, reason as why,
          decision as last_decision
        from alert join case_file using (case_id)
        where state in ('held', 'unknown', 'failed') and state = $1
          and ($2::text is null or municipality = $2)
          and (state <> 'failed' or is_open and (expires_at is null or expires_at > $3))
        order by due_at, id limit $4
        """,
        state,
        municipality,
        now,
        limit,
    )
    return [dict(row) for row in rows]


async def load_alert(tx: Tx, alert_id: UUID) -> Alert | None:
    """An alert, locked; its case file is locked before. None when there is none."""
    row = await tx.fetchrow(
        f"select {COLUMNS} from alert where id = $1 for update",  # noqa: S608 - a text of ours
        alert_id,
    )
    return as_alert(row) if row else None


@dataclass(frozen=True)
class Settled:
    """What a decision makes of an alert."""

    state: str
    decision: str
    reason: str


async def decide(tx: Tx, alert: Alert, settled: Settled, change: Change) -> None:
    """Write what a person decided of an alert, which is locked; what is scheduled may go now."""
    await tx.execute(
        """
        update alert set state = $2, decision = $3, reason = $4, changed_at = $5,
          free_at = '-infinity', ask_at = null, asked_at = null
        where id = $1
        """,
        alert.id,
        settled.state,
        settled.decision,
        settled.reason,
        change.at,
    )
    await tx.execute(
        """
        insert into alert_decision (alert_id, case_id, decision, decided_by, reason, decided_at)
        values ($1, $2, $3, $4, $5, $6)
        """,
        alert.id,
        alert.case_id,
        settled.decision,
        change.by,
        change.reason,
        change.at,
    )


async def begin_anew(tx: Tx, alert_id: UUID, answer: str, change: Change) -> None:
    """Count attempts from here; what went out unanswered ends, as an attempt of its own.

    Else whoever claims it would ask the gateway or a person again.
    """
    await tx.execute(
        """
        with mine as (
          update alert set attempts = attempts + 1, attempts_before = attempts + 1 where id = $1
          returning id, attempts, coalesce(message_id, '') as message_id)
        insert into attempt (alert_id, attempt_no, message_id, claimed_at, outcome, answer,
          answered_at)
        select id, attempts, message_id, $2, 'temporary', $3, $2 from mine
        where (select coalesce(outcome, 'unknown') = 'unknown' from attempt
          where alert_id = $1 order by attempt_no desc limit 1)
        """,
        alert_id,
        change.at,
        answer,
    )


async def find_other_way(tx: Tx, alert: Alert) -> str | None:
    """The other channel by which a household has, or is to have, what this alert says."""
    found: str | None = await tx.fetchval(
        """
        select channel from alert
        where case_id = $3 and intent = $1 and id <> $2 and recipient_role = 'resident'
          and state in ('scheduled', 'held', 'claimed', 'sent', 'delivered', 'unknown')
        limit 1
        """,
        alert.intent,
        alert.id,
        alert.case_id,
    )
    return found


async def has_arrived(tx: Tx, alert_id: UUID) -> bool:
    """Whether the gateway ever told that it was delivered, be it too late to matter."""
    return bool(
        await tx.fetchval(
            "select exists (select from receipt where alert_id = $1 and status = 'delivered')",
            alert_id,
        )
    )
