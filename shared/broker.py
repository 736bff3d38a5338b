"""RabbitMQ through FastStream, with every default that loses something overridden.

FastStream has no batch subscriber for RabbitMQ. `BatchSubscriber` is one: its unit of work is what
has arrived, up to the size that the door allows, settled with one multiple ack. It leans on a few
internals of FastStream, which is why the version is pinned; see docs/adr/0003-batch-door.md.
"""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import Any

import orjson
from aio_pika import IncomingMessage
from aiormq.abc import ConfirmationFrameType
from aiormq.exceptions import ChannelInvalidStateError
from faststream._internal.broker.registrator import Registrator
from faststream._internal.endpoint.subscriber.call_item import CallsCollection
from faststream.middlewares import AckPolicy
from faststream.rabbit import Channel, ExchangeType, RabbitBroker, RabbitExchange, RabbitQueue
from faststream.rabbit.message import RabbitMessage
from faststream.rabbit.schemas import QueueType
from faststream.rabbit.subscriber.config import (
    RabbitSubscriberConfig,
    RabbitSubscriberSpecificationConfig,
)
from faststream.rabbit.subscriber.specification import RabbitSubscriberSpecification
from faststream.rabbit.subscriber.usecase import RabbitSubscriber
from faststream.specification.asyncapi.message import get_model_schema
from pamqp import commands
from pydantic import create_model

from shared import clock, log, topology
from shared.contracts.envelope import CONTENT_TYPE, EVENTS_EXCHANGE, INTAKE_EXCHANGE, Lane
from shared.door import BATCH_MAX, Consumer, Door
from shared.outbox import LEASE_SECONDS, Row
from shared.waiting import Delivery

# A bulk batch that follows another so soon waits so long for company.
FLOW_SECONDS, GATHER_SECONDS = 0.2, 0.1
CONFIRM_SECONDS_MAX = LEASE_SECONDS / 3
GRACE_SECONDS = 15.0
UNSETTLED_PAUSE_SECONDS = 1.0
ATTRIBUTE_PREFIXES = ("cloudEvents:", "cloudEvents_")

logger = log.get()


def open_broker(url: str, service: str) -> RabbitBroker:
    """A broker that is not connected yet; its default channel is for publishing only."""
    return RabbitBroker(
        url,
        app_id=service,
        logger=logging.getLogger("faststream"),
        log_level=logging.DEBUG,
        graceful_timeout=GRACE_SECONDS,
        reconnect_interval=1,
        default_channel=Channel(prefetch_count=1, on_return_raises=True),
        description=f"voordeur {service}",
    )


class Bus:
    """Publishes outbox rows: persistent, mandatory, with confirms, all in flight at once."""

    def __init__(self, broker: RabbitBroker, service: str) -> None:
        self._broker = broker
        self._service = service

    async def publish(self, rows: Sequence[Row]) -> list[int]:
        """The ids of the rows that were confirmed; the others may or may not have arrived."""
        try:
            async with asyncio.timeout(CONFIRM_SECONDS_MAX):
                declared = await self._broker.declare_exchange(exchange(EVENTS_EXCHANGE))
                channel = await declared.channel.get_underlay_channel()
        except Exception as error:
            logger.warning("not_published", count=len(rows), fault=log.fault_of(error))
            return []
        flights = [asyncio.ensure_future(self._flight(channel, row)) for row in rows]
        await asyncio.wait(flights, timeout=CONFIRM_SECONDS_MAX)
        confirmed = []
        for row, flight in zip(rows, flights, strict=True):
            if not flight.done():
                flight.cancel()
            elif not flight.cancelled() and not flight.exception():
                confirmed.append(row.id)
        if len(confirmed) < len(rows):
            self._explain(flights)
        return confirmed

    def _flight(self, channel: Any, row: Row) -> Awaitable[ConfirmationFrameType | None]:
        # aiormq itself, because aio-pika awaits the drain of every single publish.
        flight: Awaitable[ConfirmationFrameType | None] = channel.basic_publish(
            row.body,
            exchange=row.exchange,
            routing_key=row.routing_key,
            properties=commands.Basic.Properties(
                content_type=CONTENT_TYPE,
                delivery_mode=2,
                message_id=str(row.event_id),
                app_id=self._service,
            ),
            mandatory=True,
            wait=False,
        )
        return flight

    def _explain(self, flights: Sequence["asyncio.Future[Any]"]) -> None:
        """Log the kinds of failure once, not once a row."""
        faults = {
            log.fault_of(error) if (error := flight.exception()) else "nacked"
            for flight in flights
            if flight.done() and not flight.cancelled()
        } or {"no confirm in time, or the connection was lost"}
        logger.warning("not_confirmed", count=len(flights), faults=sorted(faults))


def exchange(name: str) -> RabbitExchange:
    """An exchange of the topology; services declare nothing."""
    return RabbitExchange(name, ExchangeType(topology.EXCHANGES[name]), declare=False)


class BatchSpecification(RabbitSubscriberSpecification):
    """Documents one event a message, though a handler takes many."""

    consumer: Consumer

    def get_payloads(self) -> list[tuple[dict[str, Any], str]]:
        """The schema of the event's envelope."""
        model = create_model("Payload", event=(self.consumer.model, ...))
        schema = get_model_schema(model)
        if self.consumer.exchange == INTAKE_EXCHANGE:
            schema = _with_names_of_their_own(schema)
        return [(schema, self.call_name)]


def _with_names_of_their_own(schema: dict[str, Any]) -> dict[str, Any]:
    """Put a word before every name: the document keeps one schema a name, and ours have theirs."""
    text = orjson.dumps(schema).decode()
    for name in schema["$defs"]:
        text = text.replace(f'"#/$defs/{name}"', f'"#/$defs/Partner{name}"')
    renamed: dict[str, Any] = orjson.loads(text)
    return renamed | {"$defs": {f"Partner{k}": v for k, v in renamed["$defs"].items()}}


class BatchSubscriber(RabbitSubscriber):
    """A RabbitMQ subscriber whose unit of work is a batch."""

    door: Door
    consumer: Consumer
    _pump: "asyncio.Task[None] | None" = None

    def __init__(self, config: Any, specification: Any, calls: Any) -> None:
        super().__init__(config, specification, calls)
        self._parser, self._decoder = _parse_batch, self._decode_batch

    async def start(self) -> None:
        """Start the pump first, so that nothing arrives unattended."""
        self._arrived: asyncio.Queue[IncomingMessage | None] = asyncio.Queue()
        self._settled_at = -FLOW_SECONDS  # monotonic
        # Our own task: aio-pika cancels the tasks of its callbacks when a channel goes.
        self._pump = asyncio.create_task(self._run(), name=f"door {self.queue.name}")
        await super().start()

    async def stop(self) -> None:
        """Stop the flow first, finish what has arrived, then let FastStream close."""
        if self._queue_obj and self._consumer_tag and not self._queue_obj.channel.is_closed:
            await self._queue_obj.cancel(self._consumer_tag)
            self._consumer_tag = None
        if self._pump:
            self._arrived.put_nowait(None)
            await asyncio.wait([self._pump], timeout=GRACE_SECONDS)
            self._pump.cancel()
            self._pump = None
        await super().stop()

    async def consume(self, msg: IncomingMessage) -> None:
        """aio-pika's callback: only collect."""
        self.door.arrived(self.consumer.lane)
        self._arrived.put_nowait(msg)

    async def _run(self) -> None:
        while first := await self._arrived.get():
            await self._gather()
            await self.door.may_start(self.consumer.lane)
            batch = self._collect(first)
            try:
                await self._settle(batch)
            finally:
                self.door.left(self.consumer.lane, len(batch))
                self._settled_at = clock.monotonic()

    async def _gather(self) -> None:
        """In a flow of bulk events, let a few more come: ten cost nearly what a hundred do."""
        is_flowing = clock.monotonic() - self._settled_at < FLOW_SECONDS
        is_small = self._arrived.qsize() < BATCH_MAX // 2
        if self.consumer.lane is Lane.BULK and is_flowing and is_small:
            await asyncio.sleep(GATHER_SECONDS)

    def _collect(self, first: IncomingMessage) -> list[IncomingMessage]:
        """What has arrived by now, up to the size that the door allows."""
        batch, size = [first], self.door.batch_size(self.consumer)
        while len(batch) < size and not self._arrived.empty():
            if (more := self._arrived.get_nowait()) is None:
                self._arrived.put_nowait(None)
                break
            batch.append(more)
        return batch

    async def _settle(self, batch: list[IncomingMessage]) -> None:
        """Have the batch handled, then ack it; or hand it back whole."""
        fresh = tuple(message for message in batch if is_alive(message))
        if not fresh:  # the channel went; the broker brings them again
            return
        try:
            await self.process_message(fresh)  # type: ignore[arg-type]
            await self._acknowledge(fresh[-1])
        except (Exception, asyncio.CancelledError) as error:
            if is_ours(error):
                raise
            logger.error("batch_handed_back", count=len(fresh), fault=log.fault_of(error))
            await asyncio.sleep(UNSETTLED_PAUSE_SECONDS)
            with suppress(Exception):  # a closed channel has handed them back already
                # Before anything later is acked: a multiple ack would swallow these.
                await fresh[-1].nack(multiple=True, requeue=True)

    async def _decode_batch(self, message: RabbitMessage) -> list[Delivery]:
        return [to_delivery(one, self.queue.name) for one in message.path["batch"]]

    async def _acknowledge(self, last: IncomingMessage) -> None:
        """Ack up to and including `last`. On a lost channel the inbox does the rest."""
        if is_alive(last):
            await last.ack(multiple=True)


def is_ours(error: BaseException) -> bool:
    """Whether this task was told to end; aiormq leaks a CancelledError when a connection goes."""
    task = asyncio.current_task()
    is_told = task is not None and task.cancelling() > 0
    return isinstance(error, asyncio.CancelledError) and is_told


def is_alive(message: IncomingMessage) -> bool:
    """Whether the channel of a message is still open."""
    try:
        return not message.channel.is_closed
    except ChannelInvalidStateError:  # the property itself raises once the channel is gone
        return False


async def _parse_batch(batch: Sequence[IncomingMessage]) -> RabbitMessage:
    last = batch[-1]
    return RabbitMessage(
        raw_message=last,
        body=b"",
        headers=dict(last.headers),
        content_type=last.content_type,
        message_id=last.message_id,
        correlation_id=last.correlation_id,
        path={"batch": batch},
    )


def to_delivery(message: IncomingMessage, queue: str) -> Delivery:
    """What a door needs of a message."""
    return Delivery(
        queue=queue,
        body=message.body,
        message_id=message.message_id or "",
        routing_key=message.routing_key or "",
        user_id=message.user_id,
        content_type=message.content_type,
        redelivered=bool(message.redelivered),
        has_copies="CC" in message.headers or "BCC" in message.headers,
        died_in=str(died_in) if (died_in := message.headers.get("x-first-death-queue")) else None,
        attributes=_attributes(message) if message.headers else {},
    )


def _attributes(message: IncomingMessage) -> dict[str, str]:
    """The CloudEvents attributes among the headers: the AMQP binding allows two prefixes."""
    return {
        name[len(ATTRIBUTE_PREFIXES[0]) :]: str(value)
        for name, value in message.headers.items()
        if name.startswith(ATTRIBUTE_PREFIXES)
    }


def subscribe(broker: RabbitBroker, door: Door, consumer: Consumer) -> None:
    """Let a consumer of the door take its queue from the broker."""
    queue = RabbitQueue(
        consumer.queue, QueueType.QUORUM, declare=False, routing_key=consumer.routing_key
    )
    source = exchange(consumer.exchange)
    outer: Any = broker.config
    calls: CallsCollection[Any] = CallsCollection()
    specification = BatchSpecification(
        _outer_config=outer,
        calls=calls,
        specification_config=RabbitSubscriberSpecificationConfig(
            queue=queue,
            exchange=source,
            title_=None,
            description_=consumer.describes,
            include_in_schema=True,
        ),
    )
    specification.consumer = consumer
    config = RabbitSubscriberConfig(
        queue=queue,
        exchange=source,
        no_reply=True,
        _outer_config=outer,
        # One channel object each: a multiple ack must never reach another consumer's deliveries.
        channel=Channel(prefetch_count=2 * BATCH_MAX),
        _ack_policy=AckPolicy.MANUAL,
    )
    subscriber = BatchSubscriber(config, specification, calls)
    subscriber.door, subscriber.consumer = door, consumer

    async def take(batch: list[Delivery]) -> None:
        await door.take(consumer, batch)

    take.__name__ = consumer.name
    Registrator.subscriber(broker, subscriber)
    subscriber(take)
