"""The signals that are measured with, and how they get into the intake queues fast."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import aio_pika
from aiormq.abc import ConfirmationFrameType
from pamqp import commands

from deploy.local.corporation import INTAKE, as_bytes
from deploy.local.legal_paths import LegalPaths
from deploy.local.month import Household, Month, Outgoing

IN_FLIGHT_MAX = 1000
BAILIFF = "gerechtsdeurwaarder"


@dataclass(frozen=True)
class Message:
    """A signal as it goes over the wire."""

    partner: str
    routing_key: str
    message_id: str
    content_type: str
    body: bytes


def to_message(event: Outgoing) -> Message:
    """The bytes of an event, made before the clock runs."""
    assert isinstance(event.body, dict)
    return Message(
        event.partner, event.routing_key, event.body["id"], event.content_type, as_bytes(event)
    )


class Load:
    """Signals of today, of households with one partner or several; none of them urgent."""

    def __init__(self, seed: int) -> None:
        self.now = datetime.now(UTC)
        self.month = Month(seed, signals=1)
        self.paths = LegalPaths(self.month)
        self.households: list[Household] = []

    def signals(self, count: int) -> list[Message]:
        """So many signals more, in deliveries of a partner each."""
        made: list[Outgoing] = []
        while len(made) < count:
            household = self.month.new_household()
            self.households.append(household)
            for partner in self.month.partners_of(household):
                data = self.month.signal(household, partner, self.now) | {"crisissignaal": False}
                self.month.send(partner, "achterstand-gemeld", self.now, data)
            made += self.month.out
            self.month.out.clear()
        # A partner delivers its file in one go.
        made = sorted(made[:count], key=lambda one: one.partner)
        return [to_message(one) for one in made]

    def evictions(self, count: int) -> Iterator[tuple[str, Message]]:
        """Case number and message of evictions, in turn for a known and an unknown household."""
        known = iter(list(self.households))
        for number in range(count):
            household = next(known) if number % 2 else self.month.new_household()
            case = f"U-{self.month.chance.randrange(10**12):012d}"
            data: dict[str, Any] = {
                **self.paths.facts(BAILIFF, household, self.now, case),
                "tijdstip": (self.now + timedelta(days=20)).isoformat(),
                "deurwaarder": "Gerechtsdeurwaarders Noord",
            }
            self.month.send(BAILIFF, "ontruiming-aangezegd", self.now, data, sequence="1")
            yield case, to_message(self.month.out.pop())


class Intake:
    """Connections of all partners, with many publishes in flight at once."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls
        self._channels: dict[str, Any] = {}
        self._connections: list[aio_pika.abc.AbstractConnection] = []

    async def send(self, messages: Sequence[Message]) -> None:
        """Publish with confirms; return when every message is confirmed."""
        for partner, own in groupby(messages, key=lambda one: one.partner):
            channel = await self._channel(partner)
            part = list(own)
            for start in range(0, len(part), IN_FLIGHT_MAX):
                flights = [
                    self._publish(channel, one) for one in part[start : start + IN_FLIGHT_MAX]
                ]
                answers = await asyncio.wait_for(asyncio.gather(*flights), 120)
                if any(isinstance(one, commands.Basic.Nack) for one in answers):
                    raise SystemExit("bench: the intake is full: fewer signals, or a longer queue")

    async def _publish(self, channel: Any, one: Message) -> ConfirmationFrameType | None:
        answer: ConfirmationFrameType | None = await channel.basic_publish(
            one.body,
            exchange=INTAKE,
            routing_key=one.routing_key,
            properties=commands.Basic.Properties(
                content_type=one.content_type,
                delivery_mode=2,
                message_id=one.message_id,
                user_id=one.partner,
            ),
            mandatory=True,
            wait=False,
        )
        return answer

    async def _channel(self, partner: str) -> Any:
        if partner not in self._channels:
            connection = await aio_pika.connect(self._urls[partner], timeout=10)
            self._connections.append(connection)
            channel = await connection.channel(publisher_confirms=True)
            self._channels[partner] = await channel.get_underlay_channel()
        return self._channels[partner]

    async def close(self) -> None:
        """Close every connection."""
        for connection in self._connections:
            await connection.close()
