"""What a person decides of one alert that was held, failed, or may have arrived for all we know.

One at a time: whoever lets a held message go has looked at it. The gate judges it again.
"""

from enum import StrEnum
from uuid import UUID

from services.notify.outcomes import Ending, names_of
from services.notify.schedule import Alert
from services.notify.sql import alerts as alert_sql
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
    AGAIN = "again"  # failed: it goes once more, by the same channel


NEXT = {  # from which state to which
    Decision.SEND: ("held", "scheduled"),
    Decision.DROP: ("held", "stopped"),
    Decision.ARRIVED: ("unknown", "sent"),
    Decision.NOT_ARRIVED: ("unknown", "scheduled"),
    Decision.AGAIN: ("failed", "scheduled"),
}
REASONS = {
    Decision.SEND: "vrijgegeven",
    Decision.DROP: "een mens heeft besloten dat dit niet gaat",
    Decision.ARRIVED: "",
    Decision.NOT_ARRIVED: "niet aangekomen, opnieuw",
    Decision.AGAIN: "mislukt, opnieuw",
}


class NoSuchAlert(Exception):
    """There is no alert by this id."""


class OtherState(Exception):
    """The alert does not wait for such a decision."""

    def __init__(self, alert: Alert) -> None:
        super().__init__(alert.state)
        self.alert = alert


class NoUse(Exception):
    """It may not go once more; the text says why."""


async def decide(
    ending: Ending, alert_id: UUID, decision: Decision, change: Change
) -> tuple[Alert, list[Event]]:
    """Do what was decided; the alert as it was before. Raises NoSuchAlert, OtherState, NoUse."""
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
    if decision is Decision.AGAIN:
        await _require_use(ending, alert)
    settled = Settled(after, decision.value, REASONS[decision])
    await decision_sql.decide(ending.tx, alert, settled, change)
    if after == "scheduled" and before != "held":
        await decision_sql.begin_anew(ending.tx, alert_id, decision.value, change)
    if decision is Decision.AGAIN:
        # A digest that failed had several: each goes by itself now, as a mail of its own.
        await alert_sql.take_apart(ending.tx, [alert_id])
    return alert, _events(ending, alert, decision)


async def _require_use(ending: Ending, alert: Alert) -> None:
    """Raises NoUse for what is over, or what a household has or is to have by another channel.

    Whatever failed to a resident was refused, or was said not to be delivered: an answer that
    never came makes it unknown.
    """
    if alert.expires_at and alert.expires_at <= ending.now:
        raise NoUse("What it says is over by now")
    if not alert.is_to_resident:
        return
    if channel := await decision_sql.find_other_way(ending.tx, alert):
        raise NoUse(f"The same goes, or went, to this household by {channel}")
    if await decision_sql.has_arrived(ending.tx, alert.id):
        raise NoUse("After it had failed the gateway told that it was delivered")


def _events(ending: Ending, alert: Alert, decision: Decision) -> list[Event]:
    match decision:
        case Decision.DROP:
            reason = REASONS[decision]
            told = {**names_of(alert), "reason": reason, "stopped_at": ending.now}
            return [notify.AlertStopped(**told)]
        case Decision.ARRIVED if not alert.was_taken:  # else they were told when it was taken
            return [notify.AlertSent(**names_of(alert), sent_at=ending.now)]
    return []
