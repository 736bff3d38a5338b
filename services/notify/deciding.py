"""What a person decides of one alert that was held, or of which nobody knows whether it arrived.

One at a time: whoever lets a held message go has looked at it. The gate judges it again.
"""

from enum import StrEnum
from uuid import UUID

from services.notify.outcomes import Ending, names_of
from services.notify.schedule import Alert
from services.notify.sql import cases as case_sql
from services.notify.sql import decisions as decision_sql
from services.notify.sql import receipts as receipt_sql
from services.notify.sql.decisions import Settled
from services.notify.sql.live import Change
from shared.contracts import notify
from shared.contracts.envelope import Event


class Decision(StrEnum):
    """What becomes of an alert."""

    SEND = "send"  # held: the gate judges it again, and no ceiling holds it
    DROP = "drop"  # held: it does not go, nor its like
    ARRIVED = "arrived"  # unknown: it was sent after all
    NOT_ARRIVED = "not_arrived"  # unknown: it may go once more


NEXT = {  # from which state to which
    Decision.SEND: ("held", "scheduled"),
    Decision.DROP: ("held", "stopped"),
    Decision.ARRIVED: ("unknown", "sent"),
    Decision.NOT_ARRIVED: ("unknown", "scheduled"),
}
REASONS = {
    Decision.SEND: "vrijgegeven",
    Decision.DROP: "een mens heeft besloten dat dit niet gaat",
    Decision.ARRIVED: "",
    Decision.NOT_ARRIVED: "niet aangekomen, opnieuw",
}


class NoSuchAlert(Exception):
    """There is no alert by this id."""


class OtherState(Exception):
    """The alert does not wait for such a decision."""

    def __init__(self, alert: Alert) -> None:
        super().__init__(alert.state)
        self.alert = alert


async def decide(
    ending: Ending, alert_id: UUID, decision: Decision, change: Change
) -> tuple[Alert, list[Event]]:
    """Do what was decided; the alert as it was before. Raises NoSuchAlert, OtherState."""
    case_id = await receipt_sql.find_case(ending.tx, alert_id)
    if case_id is None:
        raise NoSuchAlert
    await case_sql.hold_case_files(ending.tx, [case_id])
    alert = await decision_sql.load_alert(ending.tx, alert_id)
    if alert is None:
        raise NoSuchAlert
    before, after = NEXT[decision]
    if alert.state != before:
        raise OtherState(alert)
    settled = Settled(after, decision.value, REASONS[decision])
    await decision_sql.decide(ending.tx, alert, settled, change)
    if decision is Decision.NOT_ARRIVED:
        # Else whoever claims it would find it unanswered, and ask the gateway or a person again.
        await decision_sql.end_attempt(ending.tx, alert_id, "not arrived", change)
    return alert, _events(ending, alert, decision)


def _events(ending: Ending, alert: Alert, decision: Decision) -> list[Event]:
    match decision:
        case Decision.DROP:
            reason = REASONS[decision]
            told = {**names_of(alert), "reason": reason, "stopped_at": ending.now}
            return [notify.AlertStopped(**told)]
        case Decision.ARRIVED:
            return [notify.AlertSent(**names_of(alert), sent_at=ending.now)]
    return []
