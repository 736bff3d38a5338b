"""Notify alone, on the real broker, database and gateway: a test says what triage says."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import aio_pika
import httpx

from services.notify.gate import Mode
from shared import clock
from shared.contracts.envelope import CONTENT_TYPE, EVENTS_EXCHANGE, Event, to_wire
from shared.contracts.triage import TriageAlive
from shared.policy import Channel
from tests.builders import MUNICIPALITY
from tests.town import AWAY, QUEUES, Town

SOURCE = "urn:nld:oin:0:systeem:triage"
ALIVE_SECONDS = 20
OURS = [name for name in QUEUES if name.startswith("notify.")]
LIVE = """
    insert into live_mode (municipality, channel, mode, changed_by, reason, changed_at)
    select $1, channel, $2, 'lead', 'a test', now() from unnest($3::text[]) as channel"""
STOP = """
    insert into stop_switch (is_stopped, changed_by, reason, changed_at)
    values ($1, 'lead', 'a test', now())"""
# What is due, to be asked of, or left to publish.
UNSETTLED = """
    select (select count(*) from alert where state in ('scheduled', 'claimed') and due_at <= $1)
      + (select count(*) from alert where state = 'sent' and ask_at <= $1)
      + (select count(*) from outbox) + (select count(*) from waiting) as n"""


class Alone:
    """A town in which only notify runs; triage is heard of by what a test says."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self._voice: aio_pika.abc.AbstractExchange | None = None

    async def go_live(self, *channels: Channel, mode: Mode = Mode.LIVE) -> None:
        """Let residents be written to by channels; by all when none is named."""
        names = [one.value for one in channels or Channel]
        await self.town.fetch("notify", LIVE, MUNICIPALITY, mode.value, names)

    async def stop_all(self, *, is_stopped: bool = True) -> None:
        """Turn the one switch: no message to any resident, or the one that was stopped goes on."""
        await self.town.fetch("notify", STOP, is_stopped)

    async def say(self, *events: Event) -> None:
        """Have triage say something."""
        assert self._voice, "nobody opened this"
        for one in events:
            body = to_wire(one, source=SOURCE, recorded_at=self.town.now())
            message = aio_pika.Message(
                body, message_id=str(one.wire_id), content_type=CONTENT_TYPE, user_id="triage",
                delivery_mode=2,
            )  # fmt: skip
            await self._voice.publish(message, one.route[1], timeout=10)

    async def tell(self, *events: Event) -> None:
        """Say something and wait until all that is due of it is settled."""
        await self.say(*events)
        await self.settled()

    async def pass_time(self, instant: datetime) -> None:
        """Let it be another time, and wait until all that is due is settled."""
        self.town.clock.move(instant)
        await self.settled()

    async def settled(self, seconds: float = 60) -> None:
        """Wait until everything that was said is taken in, and nothing is due, and stays so."""
        calm = 0
        async with asyncio.timeout(seconds):
            while calm < 3:
                calm = 0 if await self.is_moving() else calm + 1
                await asyncio.sleep(0.1)

    async def is_moving(self) -> bool:
        """Whether something is under way."""
        try:
            if await self._count_queued():
                return True
            replicas = [name for name in self.town.processes if name.startswith("notify")]
            if any([(await self.town.flow(name))["busy"] for name in replicas]):
                return True
            (row,) = await self.town.fetch("notify", UNSETTLED, self.town.now())
        except AWAY:
            return True
        return bool(row["n"])

    async def _count_queued(self) -> int:
        # Over a connection of its own: one that is cut off by a time-out is of no use any more.
        async with await aio_pika.connect(self.town.amqp["triage"], timeout=10) as connection:
            channel = await connection.channel()
            queues = [await channel.declare_queue(name, passive=True) for name in OURS]
        return sum(one.declaration_result.message_count or 0 for one in queues)

    async def notifications(self) -> list[dict[str, Any]]:
        """The text messages and letters that arrived."""
        async with httpx.AsyncClient(base_url=self.town.urls["gateway"], timeout=10) as client:
            answer = await client.get("/v1/notifications", params={"limit": 1000})
            found: list[dict[str, Any]] = answer.raise_for_status().json()["notifications"]
            return found

    async def states(self, **where: str) -> Sequence[tuple[str, ...]]:
        """Template, role, channel and state of alerts, perhaps of one kind or role only."""
        rows = await self.town.fetch(
            "notify",
            "select template, recipient_role, channel, state, kind from alert"
            " order by scheduled_at, due_at, template, channel",
        )
        return [
            (row["template"], row["recipient_role"], row["channel"], row["state"])
            for row in rows
            if all(row[name] == value for name, value in where.items())
        ]

    async def _be_alive(self) -> None:
        while True:
            await self.say(TriageAlive(said_at=clock.lease_now()))
            await asyncio.sleep(ALIVE_SECONDS)

    @asynccontextmanager
    async def speaking(self) -> AsyncIterator[None]:
        """Hold triage's connection, and have it heard of every while."""
        connection = await aio_pika.connect(self.town.amqp["triage"], timeout=10)
        async with connection:
            channel = await connection.channel(publisher_confirms=True)
            self._voice = await channel.get_exchange(EVENTS_EXCHANGE, ensure=False)
            living = asyncio.create_task(self._be_alive())
            try:
                yield
            finally:
                living.cancel()


@asynccontextmanager
async def notify_alone(town: Town, *sabotage: str) -> AsyncIterator[Alone]:
    """Start notify alone; perhaps through `tests.faults.sabotage`."""
    await town.start("notify", sabotage={"notify": sabotage} if sabotage else None)
    alone = Alone(town)
    async with alone.speaking():
        yield alone
