"""Door 1 of triage: facts of partners, decided by household; and what became of alerts."""

from collections.abc import Sequence
from uuid import UUID

from services.triage import addresses, deciding
from services.triage.addresses import Address
from services.triage.books import BookShelf
from services.triage.reports import new_report
from services.triage.sql import erasing as erase_sql
from services.triage.sql import replies as reply_sql
from services.triage.sql import reports as report_sql
from services.triage.sql import roster as roster_sql
from services.triage.sql import tasks as task_sql
from services.triage.sql import withdrawals as withdrawal_sql
from services.triage.sql.replies import Kept
from services.triage.sql.tasks import NewTask
from shared import clock
from shared.contracts import notify, signals
from shared.contracts.notify import Answer
from shared.contracts.signals import PartnerFact
from shared.db import Tx
from shared.door import Door, Follow

# What the team reads of an answer; the kind tells what somebody has to do.
REPLIES = {
    Answer.OTHER_TIME: ("resident_replied", "De bewoner vraagt een andere tijd."),
    Answer.CALL_ME: ("resident_replied", "De bewoner vraagt om gebeld te worden."),
    Answer.NO_MESSAGES: ("resident_replied", "De bewoner wil geen berichten meer."),
    Answer.NOT_ME: (
        "residence_check",
        "Wie ons bericht kreeg, zegt: dit ben ik niet. Kijk wie hier woont, en hoe zij te bereiken "
        "zijn.",
    ),
}


def register(door: Door, shelf: BookShelf) -> None:
    """Serve every queue of triage."""

    async def on_partner_facts(events: Sequence[PartnerFact], tx: Tx) -> Follow:
        """Decide for every household that the batch touches, and announce what changed."""
        books = await shelf.current(tx)
        places = await _places(tx, events)
        reports = [new_report(one, places[one.fact_id]) for one in events]
        return await deciding.decide(tx, books, reports)

    for event_class in signals.FACTS:
        door.on(event_class)(on_partner_facts)
    door.on(notify.AlertSent)(on_alert_sent)
    door.on(notify.AlertFailed)(on_alert_failed)
    door.on(notify.AlertStopped)(on_alert_stopped)
    door.on(notify.ResidentReplied)(on_resident_replied)
    door.on(signals.SignalsErased)(on_signals_erased)
    door.on(notify.AlertsErased)(on_alerts_erased)


async def on_alert_sent(events: Sequence[notify.AlertSent], tx: Tx) -> Follow:
    """Somebody was alerted."""
    await roster_sql.insert_alert_facts(
        tx, "sent", [(one.alert_id, one.case_id, one.template, one.recipient_id, "", one.sent_at)
                     for one in events],
    )  # fmt: skip
    return ()


async def on_alert_failed(events: Sequence[notify.AlertFailed], tx: Tx) -> Follow:
    """Somebody could not be alerted."""
    await roster_sql.insert_alert_facts(
        tx, "failed", [(one.alert_id, one.case_id, one.template, one.recipient_id, one.reason,
                        one.failed_at) for one in events],
    )  # fmt: skip
    return ()


async def on_alert_stopped(events: Sequence[notify.AlertStopped], tx: Tx) -> Follow:
    """An alert was held back, because what it said no longer holds."""
    await roster_sql.insert_alert_facts(
        tx, "stopped", [(one.alert_id, one.case_id, one.template, one.recipient_id, one.reason,
                         one.stopped_at) for one in events],
    )  # fmt: skip
    return ()


async def on_resident_replied(events: Sequence[notify.ResidentReplied], tx: Tx) -> Follow:
    """Somebody answered a message: it stands in the case, and somebody looks at it."""
    kept = await reply_sql.insert_replies(tx, events)
    if kept:
        await task_sql.insert_tasks(tx, [_task_of(one) for one in kept], clock.now())
    return ()


def _task_of(reply: Kept) -> NewTask:
    kind, reason = REPLIES[reply.answer]
    return NewTask(
        kind,
        reply.municipality,
        reply.household_id,
        reply.case_id,
        reason,
        occasion=str(reply.reply_id),
    )


async def _places(tx: Tx, events: Sequence[PartnerFact]) -> dict[UUID, Address]:
    """Where each fact is of. A withdrawal is of where its signal is, whatever address it names."""
    places = {event.fact_id: address_of(event) for event in events}
    withdrawals = {
        event.withdrawn_fact_id: event.fact_id
        for event in events
        if isinstance(event, signals.SignalWithdrawn)
    }
    told = {
        event.fact_id: places[event.fact_id]
        for event in events
        if isinstance(event, signals.ArrearsReported)
    }
    if told or withdrawals:
        await withdrawal_sql.lock_signals(tx, told, withdrawals)
    if withdrawals:
        for signal_id, address in (await report_sql.find_signals(tx, withdrawals)).items():
            places[withdrawals[signal_id]] = address
    if told:
        await report_sql.fetch_withdrawals(tx, told)
    return places


async def on_signals_erased(events: Sequence[signals.SignalsErased], tx: Tx) -> Follow:
    """signals forgot households that were erased here."""
    answered = {one.household_id: one.erased_at for one in events}
    await erase_sql.note_signals_answered(tx, answered)
    await erase_sql.close_answered_tasks(tx, answered, clock.now())
    return ()


async def on_alerts_erased(events: Sequence[notify.AlertsErased], tx: Tx) -> Follow:
    """notify forgot households that were erased here."""
    answered = {one.household_id: one.erased_at for one in events}
    await erase_sql.note_notify_answered(tx, answered)
    await erase_sql.close_answered_tasks(tx, answered, clock.now())
    return ()


def address_of(event: PartnerFact) -> Address:
    """Where a fact is of, in one spelling."""
    suffix = addresses.normalise_suffix(event.house_letter, event.house_addition)
    return Address(event.municipality, event.postcode, event.house_number, suffix)
