"""Door 1 of signals: events of partners, taken in; and what triage says became of signals."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from pydantic import BaseModel

from services.signals.arrivals import from_amqp
from services.signals.intake import Office, take_in
from services.signals.sql import erasing as erase_sql
from services.signals.sql import statuses as status_sql
from services.signals.sql.statuses import Status
from services.signals.texts import STATUSES
from shared import clock, topology, waiting
from shared.contracts import partners, triage
from shared.contracts.envelope import INTAKE_EXCHANGE, Envelope, Lane
from shared.contracts.signals import SignalsErased, StatusGiven
from shared.db import Tx
from shared.door import Consumer, Door, Follow
from shared.policy.shelf import on_policy_activated
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
    door.on_envelopes(triage.SignalTakenUp)(on_signal_taken_up)
    door.on_envelopes(triage.SignalNotTakenUp)(on_signal_not_taken_up)
    door.on_envelopes(triage.ContactAttempted)(on_contact_attempted)
    door.on_envelopes(triage.HelpAccepted)(on_help_accepted)
    door.on_envelopes(triage.HelpDeclined)(on_help_declined)
    door.on_envelopes(triage.PauseEnded)(on_pause_ended)
    door.on_envelopes(triage.DeadlineMissed)(on_deadline_missed)
    door.on(triage.HouseholdErased)(on_household_erased)
    door.on(triage.PolicyActivated)(on_policy_activated)


async def on_signal_taken_up(told: Sequence[Envelope[triage.SignalTakenUp]], tx: Tx) -> Follow:
    """The signal counts in a case."""
    return await _note(tx, (_numbered(one, "taken_up") for one in told))


async def on_signal_not_taken_up(
    told: Sequence[Envelope[triage.SignalNotTakenUp]], tx: Tx
) -> Follow:
    """The signal does not count. Of a decision by a person its partner hears no more than that."""
    return await _note(tx, (_numbered(one, one.data.reason.value) for one in told))


async def on_contact_attempted(told: Sequence[Envelope[triage.ContactAttempted]], tx: Tx) -> Follow:
    """Somebody tried to reach the household; a partner may know only of attempts in vain."""
    in_vain = [one for one in told if not one.data.was_reached]
    return await _note(tx, _of_each_signal(in_vain, "contact_tried_without_result"))


async def on_help_accepted(told: Sequence[Envelope[triage.HelpAccepted]], tx: Tx) -> Follow:
    """The household accepted help: collection is paused until a day."""
    statuses = [
        status._replace(until=one.data.collection_paused_until)
        for one in told
        for status in _of_each_signal([one], "help_accepted")
    ]
    return await _note(tx, statuses)


async def on_help_declined(told: Sequence[Envelope[triage.HelpDeclined]], tx: Tx) -> Follow:
    """The household wants no help: collection may resume."""
    return await _note(tx, _of_each_signal(told, "help_declined"))


async def on_pause_ended(told: Sequence[Envelope[triage.PauseEnded]], tx: Tx) -> Follow:
    """The pause of collection is over."""
    return await _note(tx, _of_each_signal(told, "pause_ended"))


async def on_deadline_missed(told: Sequence[Envelope[triage.DeadlineMissed]], tx: Tx) -> Follow:
    """Nobody acted on signals within the agreed term."""
    return await _note(tx, _of_each_signal(told, "not_acted_on"))


async def on_household_erased(events: Sequence[triage.HouseholdErased], tx: Tx) -> Follow:
    """Forget what partners said of households, and answer; an id takes no effect twice even so."""
    now = clock.now()
    fact_ids = {one for event in events for one in event.fact_ids}
    await erase_sql.erase_events(tx, fact_ids, now)
    await waiting.forget(tx, [[str(one)] for one in fact_ids])
    return [SignalsErased(household_id=one.household_id, erased_at=now) for one in events]


OfSignals = TypeVar("OfSignals", triage.ContactAttempted, triage.HelpAccepted, triage.HelpDeclined,
                    triage.PauseEnded, triage.DeadlineMissed)  # fmt: skip
Numbered = TypeVar("Numbered", bound=triage.SignalStatus)


def _of_each_signal(told: Sequence[Envelope[OfSignals]], status: str) -> list[Status]:
    return [
        Status(signal_id, one.data.wire_id, None, status, one.time)
        for one in told
        for signal_id in one.data.signal_ids
    ]


def _numbered(one: Envelope[Numbered], status: str) -> Status:
    return Status(one.data.signal_id, one.data.wire_id, one.data.status_no, status, one.time)


async def _note(tx: Tx, statuses: Iterable[Status]) -> Follow:
    """Keep what became of signals, and tell the partners that asked for a feedback queue.

    Each has the time at which triage recorded it: what triage says may come in any order.
    """
    told = list(statuses)
    if not told:
        return ()
    rows = await status_sql.insert_statuses(tx, told, clock.now())
    return [StatusGiven(**row, text_nl=STATUSES[row["status"]].nl) for row in rows]
