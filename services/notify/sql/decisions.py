"""Statements on alerts that wait for a person, and on what people decided of them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.notify.schedule import Alert
from services.notify.sql.alerts import COLUMNS, as_alert
from services.notify.sql.live import Change
from shared.db import Tx


async def list_for_a_person(
    tx: Tx, state: str, municipality: str | None, limit: int
) -> list[dict[str, Any]]:
    """Alerts that are held, or of which nobody knows, the longest due first; no personal data."""
    rows = await tx.fetch(
        """
        select id as alert_id, case_id, municipality, reference as case_reference, template,
          channel, state, due_at, expires_at, reason as why, decision as last_decision
        from alert join case_file using (case_id)
        where state in ('held', 'unknown') and state = $1
          and ($2::text is null or municipality = $2)
        order by due_at, id limit $3
        """,
        state,
        municipality,
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
          free_at = '-infinity'
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


async def end_attempt(tx: Tx, alert_id: UUID, answer: str, change: Change) -> None:
    """Note, as an attempt of its own, that what went out unanswered did not arrive."""
    await tx.execute(
        """
        with mine as (
          update alert set attempts = attempts + 1 where id = $1
          returning id, attempts, coalesce(message_id, '') as message_id)
        insert into attempt (alert_id, attempt_no, message_id, claimed_at, outcome, answer,
          answered_at)
        select id, attempts, message_id, $2, 'temporary', $3, $2 from mine
        """,
        alert_id,
        change.at,
        answer,
    )
