"""The reference *bare*: aio-pika and asyncpg, no domain logic. `python -m tests.bench.bare triage`

It moves the same messages and bytes and writes the same rows under the same indexes as the service,
as recorded (recipe.py): batches of what has arrived, up to 500; one transaction with the inbox
ids, the rows and the outbox rows, inserted by `unnest`; after the commit every message published
by aio-pika, persistent, with confirms, all in flight at once; the outbox rows deleted in one
statement; one multiple ack. It parses, reads, locks, decides and updates nothing, and fails on any
fault. Row ids are made new by the database, event ids by the process.
"""

import asyncio
import os
import sys
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aio_pika
import asyncpg
import uvloop

from shared.contracts.envelope import CONTENT_TYPE, EVENTS_EXCHANGE, FEEDBACK_EXCHANGE
from tests.bench.recipe import Step, Table, lane_of, read
from tests.bench.stage import INTAKE_QUEUE, READY

BATCH_MAX = 500
CONNECTIONS = 12
INBOX = """
    insert into inbox (event_id, queue, body_hash)
    select event_id, $1, hash from unnest($2::uuid[], $3::bytea[]) as row (event_id, hash)
    on conflict do nothing returning event_id"""
OUTBOX = """
    insert into outbox (event_id, exchange, routing_key, lane, body, lease_until)
    select event_id, exchange, key, lane, body, now() + interval '30 s'
    from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::bytea[])
      as row (exchange, event_id, key, lane, body)
    returning id"""


@dataclass
class Cursor:
    """Goes round and round through recorded things, so many for each event."""

    size: int
    per_event: float
    events: int = 0
    taken: int = 0

    def take(self, events: int) -> list[tuple[int, int, int]]:
        """Round, start and end of each piece that so many events lead to."""
        self.events += events
        wanted = round(self.events * self.per_event) - self.taken
        pieces = []
        while wanted > 0:
            turn, start = divmod(self.taken, self.size)
            end = min(self.size, start + wanted)
            pieces.append((turn, start, end))
            wanted -= end - start
            self.taken += end - start
        return pieces


@dataclass
class Mover:
    """Takes one queue and does what its recipe says."""

    queue: str
    step: Step
    pool: Any
    out: Any
    arrived: "asyncio.Queue[Any]" = field(default_factory=asyncio.Queue)

    def __post_init__(self) -> None:
        self.tables = [
            (table, table.insert, Cursor(len(table.values[0]), table.per_event))
            for table in self.step.tables
        ]
        self.said = Cursor(max(1, len(self.step.messages)), self.step.messages_per_event)

    async def run(self) -> None:
        """For ever."""
        while True:
            batch = [await self.arrived.get()]
            while len(batch) < BATCH_MAX and not self.arrived.empty():
                batch.append(self.arrived.get_nowait())
            await self.move(batch)
            await batch[-1].ack(multiple=True)

    async def move(self, batch: list[Any]) -> None:
        """One transaction, then publish, then forget."""
        said = [
            (uuid4(), *one)
            for _, start, end in self.said.take(len(batch))
            for one in self.step.messages[start:end]
        ]
        async with self.pool.acquire() as connection:
            async with connection.transaction():
                if self.queue != INTAKE_QUEUE:  # there the rows themselves are the inbox
                    hashes = [blake2b(one.body, digest_size=16).digest() for one in batch]
                    ids = [UUID(one.message_id) for one in batch]
                    await connection.fetch(INBOX, self.queue, ids, hashes)
                for table, insert, cursor in self.tables:
                    await self.write(connection, table, insert, cursor.take(len(batch)))
                rows = await connection.fetch(
                    OUTBOX, [exchange for _, exchange, _, _ in said],
                    [event_id for event_id, _, _, _ in said], [key for _, _, key, _ in said],
                    [lane_of(key).value for _, _, key, _ in said], [one[3] for one in said],
                ) if said else []  # fmt: skip
            if said:
                await asyncio.gather(*(self.publish(*one) for one in said))
                ids = [row["id"] for row in rows]
                await connection.execute("delete from outbox where id = any($1::bigint[])", ids)

    async def write(
        self, connection: Any, table: Table, insert: str, pieces: list[tuple[int, int, int]]
    ) -> None:
        """Insert the pieces of a table."""
        for turn, start, end in pieces:
            await connection.execute(
                insert, *(column[start:end] for column in table.values), f"{self.queue} {turn}"
            )

    async def publish(self, event_id: UUID, exchange: str, key: str, body: bytes) -> None:
        """Persistent, mandatory, confirmed."""
        message = aio_pika.Message(
            body, delivery_mode=2, content_type=CONTENT_TYPE, message_id=str(event_id)
        )
        await self.out[exchange].publish(message, key, mandatory=True)


async def serve(service: str) -> None:
    """Move for ever."""
    recipe = read(Path(os.environ["BENCH_RECIPE"]))
    pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], max_size=CONNECTIONS)
    connection = await aio_pika.connect(os.environ["AMQP_URL"])
    out_channel = await connection.channel(publisher_confirms=True)
    out = {
        name: await out_channel.get_exchange(name, ensure=False)
        for name in (EVENTS_EXCHANGE, FEEDBACK_EXCHANGE)
    }
    movers = []
    for queue, step in recipe[service].items():
        channel = await connection.channel()
        await channel.set_qos(2 * BATCH_MAX)
        mover = Mover(queue, step, pool, out)
        await (await channel.get_queue(queue, ensure=False)).consume(mover.arrived.put)
        movers.append(mover)
    print(READY, flush=True)
    await asyncio.gather(*(mover.run() for mover in movers))


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
