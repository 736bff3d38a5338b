"""Statements on one alert that a person looks at."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.db import Tx
from shared.policy import Channel


@dataclass(frozen=True)
class Reviewed:
    """An alert as somebody who decides about it sees it: about which case, and nothing of whom."""

    alert_id: UUID
    case_reference: str
    household_id: UUID | None
    lead_id: str
    lead_name: str
    template: str
    recipient_role: str
    channel: Channel
    state: str
    why: str
    due_at: datetime
    expires_at: datetime | None


async def load_reviewed(tx: Tx, alert_id: UUID, municipality: str) -> Reviewed | None:
    """An alert about a case of a municipality; None when there is none."""
    row = await tx.fetchrow(
        """
        select id as alert_id, reference as case_reference, household_id, lead_id, lead_name,
          template, recipient_role, channel, state, reason as why, due_at, expires_at
        from alert join case_file using (case_id) where id = $1 and municipality = $2
        """,
        alert_id,
        municipality,
    )
    return Reviewed(**{**row, "channel": Channel(row["channel"])}) if row else None


async def list_decisions(tx: Tx, alert_id: UUID) -> list[dict[str, Any]]:
    """What people decided of an alert, the newest first."""
    rows = await tx.fetch(
        """
        select decision, decided_by, reason, decided_at from alert_decision
        where alert_id = $1 order by id desc limit 50
        """,
        alert_id,
    )
    return [dict(row) for row in rows]
