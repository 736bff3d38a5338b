"""The reference *plain*: one-message FastStream handlers. `python -m tests.bench.plain triage`

It does the same domain work as the service, by calling the same handlers with a batch of one:
parse, inbox, load, decide, save, in a transaction a message. It differs in the delivery alone,
which is FastStream as its documentation shows it: prefetch 50, a pool of 8, uvloop; after the
commit the handler publishes its events one after the other, persistent and with confirms, and
FastStream acks. There is no outbox: an event that was committed and not yet published is lost with
the process. A transaction that met a deadlock is tried again. To be fair to it, arguments are not
injected and a body is parsed once.
"""

import asyncio
import importlib
import sys
from typing import Any

import asyncpg
import uvloop
from faststream.middlewares import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitQueue
from faststream.rabbit.schemas import QueueType

from shared import clock, db
from shared.broker import exchange, to_delivery
from shared.contracts.envelope import CONTENT_TYPE, Event, to_wire
from shared.core import new_core
from shared.door import CONFLICT_RETRIES, Consumer
from shared.settings import ServiceSettings, load
from shared.waiting import Delivery
from tests.bench.stage import READY

PREFETCH = 50
CONNECTIONS = 8


async def serve(service: str) -> None:
    """Handle messages for ever."""
    settings: ServiceSettings = load(
        importlib.import_module(f"services.{service}.settings").Settings
    )
    pool = await db.open_pool(
        settings.database_url.get_secret_value(), service=service, size=CONNECTIONS
    )
    core = new_core(service, settings, pool)
    importlib.import_module(f"services.{service}.app").wire(core)
    broker = RabbitBroker(
        settings.amqp_url.get_secret_value(),
        apply_types=False,
        logger=None,
        default_channel=Channel(on_return_raises=True),
    )
    for consumer in core.door.consumers.values():
        subscribe(broker, pool, consumer, settings.source(service))
    await broker.start()
    print(READY, flush=True)
    await asyncio.Event().wait()


def subscribe(broker: RabbitBroker, pool: db.Pool, consumer: Consumer, source: str) -> None:
    """One message, one transaction."""

    async def decode(message: Any) -> Delivery:
        return to_delivery(message.raw_message, consumer.queue)

    async def handle(delivery: Delivery) -> None:
        for event in await work(pool, consumer, delivery):
            to, key = event.route
            await broker.publish(
                to_wire(event, source=source, recorded_at=clock.now()),
                exchange=exchange(to),
                routing_key=key,
                message_id=str(event.wire_id),
                content_type=CONTENT_TYPE,
                persist=True,
                mandatory=True,
            )

    broker.subscriber(
        RabbitQueue(consumer.queue, QueueType.QUORUM, declare=False),
        exchange(consumer.exchange),
        channel=Channel(prefetch_count=PREFETCH),
        decoder=decode,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        no_reply=True,
    )(handle)


async def work(pool: db.Pool, consumer: Consumer, delivery: Delivery) -> list[Event]:
    """Handle a message in a transaction of its own."""
    for left in reversed(range(CONFLICT_RETRIES)):
        try:
            async with pool.acquire() as connection, connection.transaction():
                return list(await consumer.work(connection, [delivery]))
        except asyncpg.TransactionRollbackError:
            if not left:
                raise
    raise AssertionError("unreachable")


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
