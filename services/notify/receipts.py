"""What NotifyNL tells of a message after it took it: delivered, or not after all.

It tells so once, twice, late, or before we have written down that it took the message; and what it
told first may come last. So everything is kept, and what counts follows from all that was told:
delivered is the end of it, and a failure moves on only what is thought to be on its way.
"""

from collections.abc import Collection
from uuid import UUID

from services.notify.outcomes import Ending, names_of, say_failed
from services.notify.schedule import Alert
from services.notify.sql import cases as case_sql
from services.notify.sql import receipts as receipt_sql
from services.notify.sql.receipts import Receipt
from shared import log
from shared.contracts import notify
from shared.contracts.envelope import Event

DELIVERED = "delivered"
FAILURES = ("permanent-failure", "technical-failure", "temporary-failure")
STATUSES = frozenset({DELIVERED, *FAILURES})  # the others say that it is still on its way
logger = log.get()


async def take(ending: Ending, receipt: Receipt) -> list[Event]:
    """Keep what was told, and do what follows from it."""
    case_id = await receipt_sql.find_case(ending.tx, receipt.alert_id)
    if case_id is None:
        logger.warning("receipt_of_unknown_alert", count=1)
        return []
    await case_sql.hold_case_files(ending.tx, [case_id])
    if not await receipt_sql.insert_receipt(ending.tx, receipt, ending.now):
        return []
    return await follow(ending, [receipt.alert_id])


async def follow(ending: Ending, alert_ids: Collection[UUID]) -> list[Event]:
    """Move alerts on by what was told of them; also what came before they were known as sent.

    Case files are locked by whoever calls.
    """
    events: list[Event] = []
    if not alert_ids:
        return events
    for alert, told in await receipt_sql.load_open(ending.tx, alert_ids):
        if DELIVERED in told:
            events += await _delivered(ending, alert)
        elif failure := next((one for one in FAILURES if one in told), None):
            logger.warning("alert_not_delivered", alert_id=str(alert.id), reason=failure)
            await receipt_sql.move_on(ending.tx, alert.id, "failed", failure, ending.now)
            events += await say_failed(ending, alert, failure)
    return events


async def _delivered(ending: Ending, alert: Alert) -> list[Event]:
    await receipt_sql.move_on(ending.tx, alert.id, DELIVERED, "", ending.now)
    if alert.state == "sent" or alert.was_taken:
        return []
    # Nobody knew that it was sent, so nobody was told.
    return [notify.AlertSent(**names_of(alert), sent_at=ending.now)]
