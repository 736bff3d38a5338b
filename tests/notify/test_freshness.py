"""A hearing moved, and notify has not heard of it: nothing that may be wrong goes to a resident."""

import asyncio
from datetime import timedelta
from typing import Any

import aio_pika
import httpx

from services.notify.freshness import LOOK_SECONDS
from shared import clock
from shared.contracts import triage
from shared.contracts.envelope import CONTENT_TYPE, EVENTS_EXCHANGE, Event, Lane, to_wire
from shared.contracts.signals import HearingKind
from tests.builders import MUNICIPALITY, NOW, case_event
from tests.notify.counter import HEARING, HEARING_AT, WHY, hearing
from tests.notify.test_recipients import TOLD
from tests.town import Town

MOVED_TO = HEARING_AT + timedelta(days=21)
QUEUE = triage.CaseHearingMoved.queue("notify", Lane.URGENT)
REMINDERS = """
    select due_at from alert where recipient_role = 'resident' and template = 'hearing_reminder'
    order by due_at"""
WORKER = """
    select state from alert where recipient_role = 'assignee' and template = 'hearing_reminder'
    order by due_at desc offset 1 limit 1"""  # at the same hour
STATES = "select string_agg(distinct state, ' ') from alert where recipient_role = 'resident'"


def moved() -> Event:
    return case_event(
        triage.CaseHearingMoved, 3, hearing_id=HEARING, at=MOVED_TO, place="Voorbeeldstad",
        kind=HearingKind.ROLL, court="Rechtbank", case_number="26-1", is_confirmed=True,
    )  # fmt: skip


async def say(town: Town, *events: Event) -> None:
    """Have triage say something, and that it is alive."""
    alive = triage.TriageAlive(said_at=clock.lease_now())
    async with await aio_pika.connect(town.amqp["triage"], timeout=10) as connection:
        channel = await connection.channel(publisher_confirms=True)
        exchange = await channel.get_exchange(EVENTS_EXCHANGE, ensure=False)
        for one in (*events, alive):
            body = to_wire(one, source="urn:nld:oin:0:systeem:triage", recorded_at=town.now())
            message = aio_pika.Message(
                body, message_id=str(one.wire_id), content_type=CONTENT_TYPE, user_id="triage"
            )
            await exchange.publish(message, one.route[1], timeout=10)
    heard = f"select count(*) from inbox where event_id = '{alive.wire_id}'"
    await town.until("notify", heard, 1)


async def go_live(town: Town) -> None:
    path = f"/v1/municipalities/{MUNICIPALITY}/modes/sms"
    auth = ("ops", town.ops_password)
    async with httpx.AsyncClient(base_url=town.urls["notify"], timeout=10, auth=auth) as ops:
        for mode in ("shadow", "guests", "live"):
            (await ops.put(path, json=WHY | {"mode": mode})).raise_for_status()


async def texts(town: Town) -> list[str]:
    """What the household got, the oldest first."""
    async with httpx.AsyncClient(base_url=town.urls["gateway"], timeout=10) as client:
        told: dict[str, Any] = (await client.get("/v1/notifications")).json()
    return [str(one) for one in told["notifications"]]


async def test_a_hearing_that_moved_unheard_is_not_told_of_and_then_put_right(town: Town) -> None:
    town.clock.move(NOW)
    await town._start("notify", "tests.notify.deaf", QUEUE)
    await town.until_ready("notify")
    await go_live(town)
    contact = case_event(triage.ContactDetailsKnown, 1, is_confirmed=True, resident=TOLD)
    await say(town, contact, hearing(2))
    await town.until("notify", STATES, "delivered scheduled")
    assert len(await texts(town)) == 1, "the hearing itself"

    await say(town, moved())
    await asyncio.sleep(2 * LOOK_SECONDS)  # the queues are looked at so often
    (reminder, *_) = await town.fetch("notify", REMINDERS)
    town.clock.move(reminder["due_at"] + timedelta(minutes=1))
    doubted = "select count(*) from alert where reason = 'onzeker of dit nog geldt'"
    await town.until("notify", doubted, 1)
    await town.until("notify", WORKER, "sent")
    assert len(await texts(town)) == 1, "nobody can know whether the reminder holds"
    assert any("konden niet nakijken" in str(mail) for mail in await town.mails())

    await town.stop("notify")
    await town.start("notify")
    await say(town)
    corrected = "select state from alert where template = 'hearing_moved' and channel = 'sms'"
    await town.until("notify", corrected, "delivered")
    assert len(await texts(town)) == 2, "the correction only"
    assert "superseded" in str(await town.fetch("notify", STATES))
