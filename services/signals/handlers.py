"""Door 1 of signals: events of partners, judged; and what triage says became of signals."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.signals import rules, sql
from services.signals.rules import Accepted, Refused
from services.signals.sql import Status
from services.signals.texts import fault
from shared import clock, log, topology
from shared.contracts import partners, triage
from shared.contracts.envelope import INTAKE_EXCHANGE, Event, Lane
from shared.contracts.signals import EventRefused
from shared.db import Tx
from shared.door import Consumer, Door, Follow
from shared.policy import Policies
from shared.waiting import Delivery

logger = log.get()


class AnyEvent(BaseModel):
    """An event whose routing key no queue knows."""


def register(door: Door, policies: Policies) -> None:
    """Serve every queue of signals."""

    async def on_partner_event(tx: Tx, deliveries: Sequence[Delivery]) -> Follow:
        """Judge what partners sent; keep and publish the valid, answer the rest."""
        return await take_in(tx, deliveries, policies)

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
    door.on(triage.SignalTakenUp)(on_signal_taken_up)
    door.on(triage.SignalNotTakenUp)(on_signal_not_taken_up)
    door.on(triage.ContactAttempted)(on_contact_attempted)


async def take_in(tx: Tx, deliveries: Sequence[Delivery], policies: Policies) -> Follow:
    """Judge a batch, keep what is valid and new, and return the facts and the refusals."""
    now = clock.now()
    senders = {delivery.user_id for delivery in deliveries if delivery.user_id}
    known = await sql.load_partners(tx, senders)
    judged = [(delivery, rules.judge(delivery, known, policies, now)) for delivery in deliveries]
    accepted = [(delivery, one) for delivery, one in judged if isinstance(one, Accepted)]
    refused = [one for _, one in judged if isinstance(one, Refused)]
    fresh, reused = await _keep(tx, accepted, now)
    refused += [
        rules.refuse(delivery, one.event_id, [fault("id_reused", "id")]) for delivery, one in reused
    ]
    if refused:
        await _note_refusals(tx, refused, now)
    asked = {partner.id for partner in known.values() if partner.wants_feedback}
    answers = [_answer(one) for one in refused if one.partner_id in asked]
    return [*(one.fact for one in fresh), *answers]


Judged = tuple[Delivery, Accepted]


async def _keep(
    tx: Tx, accepted: Sequence[Judged], now: datetime
) -> tuple[list[Accepted], list[Judged]]:
    """Store what is new; what is known is counted, or, with another body, refused."""
    first: dict[UUID, Accepted] = {}
    for _, one in accepted:
        first.setdefault(one.fact.fact_id, one)
    new_ids = await sql.insert_events(tx, list(first.values()), now) if first else set()
    hashes = {fact_id: one.content_hash for fact_id, one in first.items()}
    if known_ids := first.keys() - new_ids:
        hashes |= await sql.load_hashes(tx, known_ids)
    again: Counter[UUID] = Counter()
    reused = []
    for delivery, one in accepted:
        fact_id = one.fact.fact_id
        if one.content_hash != hashes[fact_id]:
            reused.append((delivery, one))
        elif not (fact_id in new_ids and one is first[fact_id]) and not delivery.redelivered:
            again[fact_id] += 1
    if again:
        await sql.save_sightings(tx, again)
    return [one for fact_id, one in first.items() if fact_id in new_ids], reused


async def _note_refusals(tx: Tx, refused: Sequence[Refused], now: datetime) -> None:
    """Keep what was wrong, and how often the same came."""
    new_ids = await sql.insert_refusals(tx, refused, now)
    again: Counter[UUID] = Counter()
    for one in refused:
        if one.refusal_id in new_ids:
            new_ids.remove(one.refusal_id)
        elif not one.redelivered:
            again[one.refusal_id] += 1
    if again:
        await sql.save_refusal_sightings(tx, again)
    logger.info("events_refused", count=len(refused))


def _answer(refused: Refused) -> Event:
    assert refused.partner_id is not None
    return EventRefused(
        refusal_id=refused.refusal_id,
        partner_id=refused.partner_id,
        refused_id=refused.event_id,
        message_id=refused.message_id,
        faults=refused.faults,
    )


async def on_signal_taken_up(events: Sequence[triage.SignalTakenUp], tx: Tx) -> Follow:
    """The signal counts in a case."""
    return await _note(tx, (_status(event, "taken_up") for event in events))


async def on_signal_not_taken_up(events: Sequence[triage.SignalNotTakenUp], tx: Tx) -> Follow:
    """The signal is a repetition, or outside window or floor."""
    return await _note(tx, (_status(event, event.reason.value) for event in events))


async def on_contact_attempted(events: Sequence[triage.ContactAttempted], tx: Tx) -> Follow:
    """Somebody tried to reach the household; a partner may know only of attempts in vain."""
    return await _note(
        tx,
        (
            Status(signal_id, event.wire_id, None, "contact_tried_without_result")
            for event in events
            if not event.was_reached
            for signal_id in event.signal_ids
        ),
    )


def _status(event: triage.SignalStatus, status: str) -> Status:
    return Status(event.signal_id, event.wire_id, event.status_no, status)


async def _note(tx: Tx, statuses: Iterable[Status]) -> Follow:
    await sql.insert_statuses(tx, list(statuses), clock.now())
    return ()
