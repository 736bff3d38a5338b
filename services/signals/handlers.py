"""Door 1 of signals: events of partners, taken in; and what triage says became of signals."""

from collections.abc import Iterable, Sequence

from pydantic import BaseModel

from services.signals.arrivals import from_amqp
from services.signals.intake import Office, take_in
from services.signals.sql import events as event_sql
from services.signals.sql.events import Status
from services.signals.texts import STATUSES
from shared import clock, topology
from shared.contracts import partners, triage
from shared.contracts.envelope import INTAKE_EXCHANGE, Lane
from shared.contracts.signals import StatusGiven
from shared.db import Tx
from shared.door import Consumer, Door, Follow
from shared.waiting import Delivery


class AnyEvent(BaseModel):
    """An event whose routing key no queue knows."""


def register(door: Door, office: Office) -> None:
    """Serve every queue of signals."""

    async def on_partner_event(tx: Tx, deliveries: Sequence[Delivery]) -> Follow:
        """Judge what partners sent; keep and publish the valid, answer the rest."""
        _, events = await take_in(tx, [from_amqp(one) for one in deliveries], office)
        return events

    for event in partners.EVENTS:
        for lane in event.accepted_as.lanes:
            door.add(
                Consumer(
                    queue=event.queue(lane),
                    exchange=INTAKE_EXCHANGE,
                    routing_key=event.binding(lane),
                    lane=lane,
                    model=partners.envelope_of(event),
                    work=on_partner_event,
                    name=f"on_partner_{event.accepted_as.snake_name()}",
                    describes=event.__doc__,
                )
            )
    door.add(
        Consumer(
            queue=topology.UNROUTED_QUEUE,
            exchange=topology.UNROUTED_EXCHANGE,
            routing_key="#",
            lane=Lane.BULK,
            model=AnyEvent,
            work=on_partner_event,
            name="on_unrouted",
            describes="Events with a routing key that no queue knows: refused.",
        )
    )
    _register_statuses(door)


def _register_statuses(door: Door) -> None:
    door.on(triage.SignalTakenUp)(on_signal_taken_up)
    door.on(triage.SignalNotTakenUp)(on_signal_not_taken_up)
    door.on(triage.ContactAttempted)(on_contact_attempted)
    door.on(triage.HelpAccepted)(on_help_accepted)
    door.on(triage.HelpDeclined)(on_help_declined)
    door.on(triage.PauseEnded)(on_pause_ended)
    door.on(triage.DeadlineMissed)(on_deadline_missed)


async def on_signal_taken_up(events: Sequence[triage.SignalTakenUp], tx: Tx) -> Follow:
    """The signal counts in a case."""
    return await _note(tx, (_numbered(event, "taken_up") for event in events))


async def on_signal_not_taken_up(events: Sequence[triage.SignalNotTakenUp], tx: Tx) -> Follow:
    """The signal does not count. Of a decision by a person its partner hears no more than that."""
    return await _note(tx, (_numbered(event, event.reason.value) for event in events))


async def on_contact_attempted(events: Sequence[triage.ContactAttempted], tx: Tx) -> Follow:
    """Somebody tried to reach the household; a partner may know only of attempts in vain."""
    in_vain = [event for event in events if not event.was_reached]
    return await _note(tx, _of_each_signal(in_vain, "contact_tried_without_result"))


async def on_help_accepted(events: Sequence[triage.HelpAccepted], tx: Tx) -> Follow:
    """The household accepted help: collection is paused until a day."""
    return await _note(
        tx,
        (
            Status(signal_id, event.wire_id, None, "help_accepted", event.collection_paused_until)
            for event in events
            for signal_id in event.signal_ids
        ),
    )


async def on_help_declined(events: Sequence[triage.HelpDeclined], tx: Tx) -> Follow:
    """The household wants no help: collection may resume."""
    return await _note(tx, _of_each_signal(events, "help_declined"))


async def on_pause_ended(events: Sequence[triage.PauseEnded], tx: Tx) -> Follow:
    """The pause of collection is over."""
    return await _note(tx, _of_each_signal(events, "pause_ended"))


async def on_deadline_missed(events: Sequence[triage.DeadlineMissed], tx: Tx) -> Follow:
    """Nobody acted on signals within the agreed term."""
    return await _note(tx, _of_each_signal(events, "not_acted_on"))


OfSignals = triage.ContactAttempted | triage.HelpAnswer | triage.DeadlineMissed


def _of_each_signal(events: Sequence[OfSignals], status: str) -> list[Status]:
    return [
        Status(signal_id, event.wire_id, None, status)
        for event in events
        for signal_id in event.signal_ids
    ]


def _numbered(event: triage.SignalStatus, status: str) -> Status:
    return Status(event.signal_id, event.wire_id, event.status_no, status)


async def _note(tx: Tx, statuses: Iterable[Status]) -> Follow:
    """Keep what became of signals, and tell the partners that asked for a feedback queue."""
    told = list(statuses)
    if not told:
        return ()
    rows = await event_sql.insert_statuses(tx, told, clock.now())
    return [StatusGiven(**row, text_nl=STATUSES[row["status"]].nl) for row in rows]
