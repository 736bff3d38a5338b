"""The outbox: events committed with their cause, then published, then deleted.

The door that stored rows publishes them right after its commit (the hot path) under a lease; what a
crash, a nack or an outage leaves behind is published by the relay once the lease is over. A nack
backs off the whole lane, one probe at a time, and leaves the other lane alone.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from shared import clock, log
from shared.contracts.envelope import Event, Lane, to_wire
from shared.db import Pool, Tx

LEASE_SECONDS = 30  # longer than a publish may take
BATCH_MAX = 500
POLL_SECONDS = 0.5
PAUSE_SECONDS_MIN, PAUSE_SECONDS_MAX = 0.5, 30.0

logger = log.get()


class Row(NamedTuple):
    """An outbox row on its way out."""

    id: int
    event_id: UUID
    exchange: str
    routing_key: str
    body: bytes


class Publisher(Protocol):
    """Publishes rows with confirms, all in flight at once, in order."""

    async def publish(self, rows: Sequence[Row]) -> list[int]:
        """The ids of the rows that the broker confirmed."""
        ...


class LeftToRelay:
    """The publisher of commands, which have no broker: the relay of the service publishes."""

    async def publish(self, _: Sequence[Row]) -> list[int]:
        """Nothing was confirmed: the rows are due at once."""
        return []


@dataclass
class Stream:
    """Whether one lane flows. In trouble it sends one probe after a growing pause."""

    pause_seconds: float = 0.0
    paused_until: float = 0.0  # monotonic

    @property
    def is_flowing(self) -> bool:
        return self.pause_seconds == 0

    @property
    def is_pausing(self) -> bool:
        return clock.monotonic() < self.paused_until

    def note(self, *, all_confirmed: bool) -> None:
        """Learn from what was just published."""
        grown = min(max(self.pause_seconds * 2, PAUSE_SECONDS_MIN), PAUSE_SECONDS_MAX)
        self.pause_seconds = 0.0 if all_confirmed else grown
        self.paused_until = clock.monotonic() + self.pause_seconds


@dataclass
class Outbox:
    """One service's outbox."""

    source: str  # the CloudEvents `source` of what this service publishes
    pool: Pool
    publisher: Publisher
    # Over this, doors pause: the broker keeps the events better than a growing table.
    rows_max: int
    depth: int = 0  # as last counted by the relay
    published: Counter[str] = field(default_factory=Counter)  # by routing key, since start
    _streams: dict[Lane, Stream] = field(default_factory=lambda: {lane: Stream() for lane in Lane})
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_full(self) -> bool:
        return self.depth > self.rows_max

    async def store(self, tx: Tx, events: Sequence[Event]) -> list[Row]:
        """Write events in the caller's transaction; give the rows to `send` after its commit."""
        lease = clock.lease_until(LEASE_SECONDS)
        return await insert(tx, events, source=self.source, lease_until=lease)

    async def send(self, connection: Tx, rows: Sequence[Row]) -> None:
        """Publish committed rows now; what is not confirmed is left to the relay, due at once."""
        for lane in Lane:
            mine = [row for row in rows if _lane(row) is lane]
            if not mine:
                continue
            if self._streams[lane].is_flowing:
                await self._publish(connection, lane, mine)
            else:
                await release(connection, [row.id for row in mine])

    async def run_relay(self) -> None:
        """Publish due rows for ever; a loop of the service."""
        while True:
            await self._relay_once()
            await self._nap()

    async def _nap(self) -> None:
        self._wake.clear()
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _relay_once(self) -> None:
        async with self.pool.acquire() as connection:
            self.depth = await count(connection, self.rows_max + 1)
            if not self.depth:
                return
            for lane in (Lane.URGENT, Lane.BULK):
                await self._relay_lane(connection, lane)

    async def _relay_lane(self, connection: Tx, lane: Lane) -> None:
        """Publish what is due in a lane, until nothing is or the broker says no."""
        stream = self._streams[lane]
        while not stream.is_pausing:
            claim = claim_due if stream.is_flowing else claim_probe
            rows = await claim(connection, lane)
            if not rows:
                return
            await self._publish(connection, lane, rows)
            if not stream.is_flowing:
                logger.warning("lane_backed_off", lane=lane.value, seconds=stream.pause_seconds)

    async def _publish(self, connection: Tx, lane: Lane, rows: Sequence[Row]) -> None:
        confirmed = await self.publisher.publish(rows)
        self._streams[lane].note(all_confirmed=len(confirmed) == len(rows))
        if confirmed:
            await forget(connection, confirmed)
            sent = set(confirmed)
            self.published.update(row.routing_key for row in rows if row.id in sent)
        if len(confirmed) < len(rows):
            sent = set(confirmed)
            await release(connection, [row.id for row in rows if row.id not in sent])
            self._wake.set()


def _lane(row: Row) -> Lane:
    return Lane.URGENT if row.routing_key.endswith(".urgent") else Lane.BULK


async def leave(tx: Tx, events: Sequence[Event], *, source: str) -> None:
    """Store events of a command, which has no broker: the relay of a running service takes them."""
    await insert(tx, events, source=source, lease_until=clock.lease_now())


async def insert(
    tx: Tx, events: Sequence[Event], *, source: str, lease_until: datetime
) -> list[Row]:
    """Write events in the caller's transaction; until the lease ends they are the caller's."""
    if not events:
        return []
    recorded_at = clock.now()
    bodies = [to_wire(event, source=source, recorded_at=recorded_at) for event in events]
    routes = [event.route for event in events]
    ids = [event.wire_id for event in events]
    stored = await tx.fetch(
        """
        insert into outbox (event_id, exchange, routing_key, lane, body, lease_until)
        select event_id, exchange, routing_key, lane, body, $6
        from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[])
          with ordinality as row (event_id, exchange, routing_key, lane, body, no)
        order by no
        returning id
        """,
        ids,
        [exchange for exchange, _ in routes],
        [key for _, key in routes],
        [event.lane.value for event in events],
        bodies,
        lease_until,
    )
    return [
        Row(row["id"], event_id, *route, body)
        for row, event_id, route, body in zip(stored, ids, routes, bodies, strict=True)
    ]


_CLAIM = """
    with due as (
      select id from outbox where lane = $1 and lease_until <= $2
      order by {order} limit {limit} for update skip locked)
    update outbox set lease_until = $3, attempts = attempts + 1
    from due where outbox.id = due.id
    returning outbox.id, event_id, exchange, routing_key, body
    """


async def claim_due(connection: Tx, lane: Lane) -> list[Row]:
    """Take due rows of a lane, oldest first, under a new lease."""
    return await _claim(connection, lane, _CLAIM.format(order="id", limit=BATCH_MAX))


async def claim_probe(connection: Tx, lane: Lane) -> list[Row]:
    """Take one due row, the least tried, so that one hopeless row cannot block the lane."""
    return await _claim(connection, lane, _CLAIM.format(order="attempts, id", limit=1))


async def _claim(connection: Tx, lane: Lane, statement: str) -> list[Row]:
    rows = await connection.fetch(
        statement, lane.value, clock.lease_now(), clock.lease_until(LEASE_SECONDS)
    )
    return sorted(Row(**row) for row in rows)


async def forget(connection: Tx, ids: Sequence[int]) -> None:
    """Delete published rows.

    Not waiting for the disk: a row that a crash brings back is published once more with the same
    id, and the consumer's inbox knows it.
    """
    async with connection.transaction():
        await connection.execute("set local synchronous_commit = off")
        await connection.execute("delete from outbox where id = any($1::bigint[])", ids)


async def release(connection: Tx, ids: Sequence[int]) -> None:
    """End the lease of these rows: the relay may take them."""
    await connection.execute(
        "update outbox set lease_until = $2 where id = any($1::bigint[])", ids, clock.lease_now()
    )


async def count(connection: Tx, limit: int) -> int:
    """How many rows wait, hot ones included; counted no further than it matters."""
    depth: int = await connection.fetchval(
        "select count(*) from (select from outbox limit $1) as counted", limit
    )
    return depth
