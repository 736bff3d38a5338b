"""The door: a batch comes in, its effects and its consequences commit together, then they leave.

A handler is given events (or raw deliveries) and a transaction, and returns the events that follow.
Return is *done*; raising is *later*, in the table `waiting`; `Park` is for a person. A batch that
fails is halved until only the culprit is left. An outage of the database pauses the door and burns
no attempt.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar
from uuid import UUID

import asyncpg
from pydantic import BaseModel, ValidationError

from shared import clock, db, inbox, log, waiting
from shared.contracts.envelope import EVENTS_EXCHANGE, Envelope, Event, Lane, envelope_of
from shared.db import Pool, Tx
from shared.inbox import KnownIdOtherBody, body_hash
from shared.outbox import Outbox, Row
from shared.waiting import Delivery, Park

E = TypeVar("E", bound=Event)
T = TypeVar("T")
Follow = Sequence[Event]
Work = Callable[[Tx, Sequence[Delivery]], Awaitable[Follow]]
Handler = Callable[[Sequence[T], Tx], Awaitable[Follow]]

BATCH_MAX = 500
# How long one batch should work; while urgent events come, bulk batches are kept shorter, so that
# an urgent one waits for less: for the locks and the processor that a bulk batch holds.
BULK_SECONDS = 0.15
BULK_SECONDS_BESIDE_URGENT = 0.02
URGENT_MEMORY_SECONDS = 2.0
# An urgent flood may hold bulk back, but not for ever.
BULK_WAITS_SECONDS_MAX = 5.0
CONFLICT_RETRIES = 5
SAME_BATCH_REPEATS = 3  # after a lost connection to a database that answers
DATABASE_POLL_SECONDS = 0.5
WAITING_POLL_SECONDS = 1.0
INBOX_DAYS = 35  # longer than any row in `waiting` is retried
PRUNE_SECONDS = 3600.0

logger = log.get()


@dataclass
class Consumer:
    """One queue, what is done with its deliveries, and how long one has taken of late."""

    queue: str
    exchange: str
    routing_key: str  # that the queue is bound by
    lane: Lane
    model: type[BaseModel]  # for the AsyncAPI document
    work: Work
    name: str  # of the handler
    describes: str | None
    seconds_per_event: float = 0.001

    def note(self, count: int, seconds: float) -> None:
        """Learn how long events take, so that the next batch has the right size."""
        self.seconds_per_event += 0.3 * (seconds / count - self.seconds_per_event)


@dataclass
class Door:
    """All consumers of a service, and the one way to commit with consequences."""

    service: str
    pool: Pool
    outbox: Outbox
    consumers: dict[str, Consumer] = field(default_factory=dict)
    settled: Counter[str] = field(default_factory=Counter)  # deliveries by queue, since start
    conflicts: int = 0  # deadlocks and serialisation errors that were retried, since start
    busy: int = 0  # deliveries that arrived and are not settled
    _urgent: int = 0  # of those, the urgent ones
    _urgent_seen_at: float = -URGENT_MEMORY_SECONDS
    _calm: asyncio.Event = field(default_factory=asyncio.Event)

    def on(self, event_class: type[E]) -> Callable[[Handler[E]], Handler[E]]:
        """Give every lane of an event to a handler, parsed, each event once."""

        def register(handler: Handler[E]) -> Handler[E]:
            async def work(envelopes: Sequence[Envelope[E]], tx: Tx) -> Follow:
                return await handler([one.data for one in envelopes], tx)

            work.__name__, work.__doc__ = handler.__name__, handler.__doc__
            self.on_envelopes(event_class)(work)
            return handler

        return register

    def on_envelopes(
        self, event_class: type[E]
    ) -> Callable[[Handler[Envelope[E]]], Handler[Envelope[E]]]:
        """The same, for a handler that must know when an event was recorded."""

        def register(handler: Handler[Envelope[E]]) -> Handler[Envelope[E]]:
            for lane in event_class.lanes:
                queue = event_class.queue(self.service, lane)
                self.add(
                    Consumer(
                        queue=queue,
                        exchange=EVENTS_EXCHANGE,
                        routing_key=event_class.routing_key(lane),
                        lane=lane,
                        model=envelope_of(event_class),
                        work=_parsed(event_class, queue, handler),
                        name=handler.__name__,
                        describes=handler.__doc__,
                    )
                )
            return handler

        return register

    def add(self, consumer: Consumer) -> None:
        """Serve a queue; one given here directly does its own parsing and inbox."""
        self.consumers[consumer.queue] = consumer

    async def transact(self, work: Callable[[Tx], Awaitable[tuple[T, Follow]]]) -> T:
        """Run `work` in one transaction with the events it announces, then publish them.

        A deadlock or serialisation error is retried at once, a few times. The result of `work` is
        returned only after the commit.
        """
        for retries_left in reversed(range(CONFLICT_RETRIES)):
            try:
                async with self.pool.acquire() as connection:
                    async with connection.transaction():
                        result, events = await work(connection)
                        rows = await self.outbox.store(connection, events)
                    await self._send(connection, rows)
            except asyncpg.TransactionRollbackError as error:
                self.conflicts += 1
                logger.warning("transaction_retried", fault=log.fault_of(error))
                if not retries_left:
                    raise
            else:
                return result
        raise AssertionError("unreachable")

    async def _send(self, connection: Tx, rows: Sequence[Row]) -> None:
        """Publish what was committed; a fault here undoes nothing, the relay takes over."""
        try:
            await self.outbox.send(connection, rows)
        except db.MAYBE_AWAY as error:
            logger.warning("left_to_the_relay", count=len(rows), fault=log.fault_of(error))

    async def take(self, consumer: Consumer, batch: Sequence[Delivery]) -> None:
        """Settle a batch: when this returns, every delivery is handled or waits in the table."""
        repeats_left = SAME_BATCH_REPEATS
        while fault := await self._try(consumer, batch):
            was_away = await self._wait_for_database(fault)
            if not was_away and not (repeats_left and isinstance(fault, db.CONNECTION_LOST)):
                break
            repeats_left -= not was_away
            # Perhaps it was committed, and only the answer was lost.
            batch = [replace(one, redelivered=True) for one in batch]
        else:
            self.settled[consumer.queue] += len(batch)
            return
        if len(batch) == 1:
            await self._put_aside(consumer, batch[0], fault)
        else:
            half = len(batch) // 2
            await self.take(consumer, batch[:half])
            await self.take(consumer, batch[half:])

    async def _try(self, consumer: Consumer, batch: Sequence[Delivery]) -> Exception | None:
        """Handle a batch in one transaction; the fault, if it failed."""
        started = clock.monotonic()
        try:
            await self.transact(lambda tx: _with_follow(consumer.work(tx, batch)))
        except Exception as error:
            return error
        consumer.note(len(batch), clock.monotonic() - started)
        return None

    async def _put_aside(self, consumer: Consumer, delivery: Delivery, error: Exception) -> None:
        fault = fault_in_words(error)
        logger.error("event_put_aside", queue=consumer.queue, fault=fault)

        async def keep(tx: Tx) -> tuple[None, Follow]:
            await waiting.put(tx, delivery, fault, parked=is_hopeless(error))
            return None, ()

        await self.transact(keep)
        self.settled[consumer.queue] += 1

    async def _wait_for_database(self, error: Exception) -> bool:
        """Hold the door while the database does not answer; whether it was away."""
        was_away = False
        while not is_hopeless(error):
            try:
                await db.ping(self.pool)
                break
            except db.MAYBE_AWAY as down:
                logger.warning("door_paused", reason="database", fault=log.fault_of(down))
                was_away = True
                await asyncio.sleep(DATABASE_POLL_SECONDS)
        return was_away

    def arrived(self, lane: Lane) -> None:
        """A delivery came in; bulk holds back for an urgent one."""
        self.busy += 1
        if lane is Lane.URGENT:
            self._urgent += 1
            self._calm.clear()

    @property
    def is_urgent_busy(self) -> bool:
        """Whether urgent deliveries arrived that are not settled yet."""
        return self._urgent > 0

    def left(self, lane: Lane, count: int) -> None:
        """Deliveries were settled, or went back to the broker."""
        self.busy -= count
        if lane is Lane.URGENT:
            self._urgent -= count
            self._urgent_seen_at = clock.monotonic()
            if not self._urgent:
                self._calm.set()

    async def may_start(self, lane: Lane) -> None:
        """Wait until a batch of this lane may start."""
        while self.outbox.is_full:  # noqa: ASYNC110 - what we wait for is counted in the database
            await asyncio.sleep(0.2)
        if lane is Lane.BULK and self._urgent:
            try:
                async with asyncio.timeout(BULK_WAITS_SECONDS_MAX):
                    await self._calm.wait()
            except TimeoutError:
                logger.warning("bulk_waited_long_for_urgent")

    def batch_size(self, consumer: Consumer) -> int:
        """How many events the next batch of this consumer may hold."""
        beside_urgent = clock.monotonic() - self._urgent_seen_at < URGENT_MEMORY_SECONDS
        seconds = BULK_SECONDS_BESIDE_URGENT if beside_urgent else BULK_SECONDS
        return max(1, min(BATCH_MAX, int(seconds / consumer.seconds_per_event)))

    async def run_waiting(self) -> None:
        """Bring due rows of `waiting` back, for ever; a loop of the service."""
        while True:
            while await self.retry_one():
                pass
            await asyncio.sleep(WAITING_POLL_SECONDS)

    async def retry_one(self) -> bool:
        """Try the row that is due longest once more; False when none is due."""
        taken: tuple[int, Delivery] | None = None

        async def retry(tx: Tx) -> tuple[bool, Follow]:
            nonlocal taken
            taken = await waiting.take_due(tx)
            if taken is None:
                return False, ()
            delivery = taken[1]
            follow = await self._work_of(delivery)(tx, [delivery])
            await waiting.settle(tx, delivery)
            return True, follow

        try:
            return await self.transact(retry)
        except Exception as error:
            if taken is None:
                raise
            await self._put_back(*taken, error)
            return True

    async def _put_back(self, attempts: int, delivery: Delivery, error: Exception) -> None:
        fault = fault_in_words(error)
        logger.error("event_still_waits", queue=delivery.queue, fault=fault, attempt=attempts + 1)

        async def note(tx: Tx) -> tuple[None, Follow]:
            await waiting.postpone(tx, delivery, fault, attempts=attempts, park=is_hopeless(error))
            return None, ()

        await self.transact(note)

    def _work_of(self, delivery: Delivery) -> Work:
        if consumer := self.consumers.get(delivery.queue):
            return consumer.work
        raise Park(f"no consumer for {delivery.queue}")

    async def run_pruning(self) -> None:
        """Forget old inbox rows, for ever; a loop of the service."""
        while True:
            async with self.pool.acquire() as connection:
                while await inbox.prune(connection, INBOX_DAYS):
                    pass
            await asyncio.sleep(PRUNE_SECONDS)


async def _with_follow(work: Awaitable[Follow]) -> tuple[None, Follow]:
    return None, await work


def _parsed(event_class: type[E], queue: str, handler: Handler[Envelope[E]]) -> Work:
    parse = envelope_of(event_class).model_validate_json

    async def work(tx: Tx, deliveries: Sequence[Delivery]) -> Follow:
        bodies = {_event_id(delivery): delivery.body for delivery in deliveries}
        hashes = {event_id: body_hash(body) for event_id, body in bodies.items()}
        if len(bodies) < len(deliveries):
            _refuse_twins(deliveries, hashes)
        fresh = await inbox.claim(tx, queue, hashes)
        envelopes = [parse(body) for event_id, body in bodies.items() if event_id in fresh]
        return await handler(envelopes, tx) if envelopes else ()

    return work


def _event_id(delivery: Delivery) -> UUID:
    try:
        return UUID(delivery.message_id)
    except ValueError:
        raise Park("the message id is not an event's id") from None


def _refuse_twins(deliveries: Sequence[Delivery], hashes: dict[UUID, bytes]) -> None:
    if any(body_hash(one.body) != hashes[_event_id(one)] for one in deliveries):
        raise KnownIdOtherBody("one id came twice in a batch with two bodies")


def is_hopeless(error: Exception) -> bool:
    """Whether no retry will help."""
    return isinstance(error, Park | ValidationError | KnownIdOtherBody)


def fault_in_words(error: Exception) -> str:
    """What a row in `waiting` says: fields and faults, never values."""
    match error:
        case Park() | KnownIdOtherBody():
            return str(error)
        case ValidationError():
            return "; ".join(
                f"{'.'.join(map(str, fault['loc']))}: {fault['type']}"
                for fault in error.errors(include_input=False, include_url=False)
            )
        case _:
            return log.fault_of(error)
