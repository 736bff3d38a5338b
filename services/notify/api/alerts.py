"""Alerts that wait for a person, and what is decided of each: reviewed, never flushed."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import Field

from services.notify import deciding
from services.notify.api.desk import Decision, Ops, Shared, Told
from services.notify.deciding import NEXT
from services.notify.outcomes import Ending
from services.notify.sql import decisions as decision_sql
from shared import clock, log
from shared.db import Tx
from shared.door import Follow
from shared.policy import Channel
from shared.web.bounded import Filled
from shared.web.problems import Problem

router = APIRouter(dependencies=[Ops], tags=["alerts"])
logger = log.get()
LIST_MAX = 500


class AlertDecision(Decision):
    """What becomes of one alert, who decided so, and why."""

    decision: deciding.Decision


class WaitingAlert(Told):
    """An alert that waits for a person; the case, by its reference, says about whom."""

    alert_id: UUID
    case_id: UUID
    case_reference: str
    municipality: str
    template: str
    recipient_role: str
    channel: Channel
    state: str
    due_at: datetime
    expires_at: datetime | None = Field(description="after this it is of no use")
    why: str
    last_decision: str | None


class WaitingAlerts(Told):
    """Alerts that wait for a person, the longest due first."""

    alerts: list[WaitingAlert]


class Decided(Told):
    """What became of an alert by a decision."""

    alert_id: UUID
    decision: deciding.Decision
    state: str


@router.get("/alerts", operation_id="listAlerts", summary="Alerts that wait for a person")
async def list_alerts(
    desk: Shared,
    state: Annotated[
        Literal["held", "unknown", "failed"],
        Query(
            description="held back; sent, and nobody knows whether it arrived; or not taken or not"
            " delivered, and still of use"
        ),
    ],
    municipality: Annotated[Filled | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=LIST_MAX)] = 100,
) -> WaitingAlerts:
    """The longest due first. Their generalists were told already that they should go by."""
    now = clock.now()
    async with desk.core.pool.acquire() as connection:
        rows = await decision_sql.list_for_a_person(connection, state, municipality, now, limit)
    return WaitingAlerts(alerts=[WaitingAlert(**row) for row in rows])


@router.post(
    "/alerts/{alertId}/decisions",
    operation_id="decideAlert",
    status_code=200,
    summary="Decide of one alert that waits for a person",
)
async def decide_alert(
    alert_id: Annotated[UUID, Path(alias="alertId")], body: AlertDecision, desk: Shared
) -> Decided:
    """Held: `send` (the gate judges again, and no ceiling holds it; the switch does) or `drop`.

    Unknown: `arrived`, or `not_arrived`, after which it may go once more. Failed: `again`, by the
    same channel, unless it is over or the household has it, or is to have it, by another.
    """
    change = body.as_change()

    async def work(tx: Tx) -> tuple[Decided, Follow]:
        ending = Ending(tx, desk.shelf, change.at)
        alert, events = await deciding.decide(ending, alert_id, body.decision, change)
        told = Decided(alert_id=alert.id, decision=body.decision, state=NEXT[body.decision][1])
        return told, events

    try:
        told = await desk.core.door.transact(work)
    except deciding.NoSuchAlert:
        raise Problem(404, "There is no such alert.") from None
    except deciding.OtherState as other:
        raise Problem(409, _as_it_is(other)) from None
    except deciding.NoUse as why:
        raise Problem(409, f"{why}; nothing was changed.") from None
    logger.warning("alert_decided", alert_id=str(alert_id), outcome=body.decision.value)
    return told


def _as_it_is(other: deciding.OtherState) -> str:
    alert = other.alert
    last = f", and the last decision was `{alert.decision}`" if alert.decision else ""
    return f"The alert is `{alert.state}` now{last}; nothing was changed."
