"""Whether what notify knows of triage's facts is fresh: nothing that supersedes them may wait.

Four places can hold a word that would change what is about to be sent: a queue of ours that is not
served, another notify that took it and hangs, the table `waiting`, and triage itself, when it is
silent.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import aio_pika

from services.notify.sql import live as live_sql
from shared import clock, log
from shared.contracts import triage
from shared.contracts.envelope import Lane
from shared.contracts.triage import CaseEvent
from shared.core import Core
from shared.db import Tx

LOOK_SECONDS = 1.0
LOOK_SECONDS_MAX = 5.0  # older looks say nothing
# So long something may be on its way before a worker reads that we could not check.
BEHIND_SECONDS_MAX = 60.0
# A notify that is there and was not seen for so long may hang with words that it took; after the
# longer time the broker has missed its heartbeats (twice 60 s) and gave them to another.
HANGS_SECONDS, GONE_SECONDS = 5, 180
logger = log.get()


def superseding_queues() -> list[str]:
    """The queues that can hold what supersedes an alert: every urgent one of a case."""
    return [
        event.queue("notify", Lane.URGENT)
        for event in triage.EVENTS
        if issubclass(event, CaseEvent) and Lane.URGENT in event.lanes
        if "notify" in event.consumers
    ]


@dataclass
class Freshness:
    """What is known of the queues, looked at every second."""

    core: Core
    _replica_id: UUID = field(default_factory=uuid4)
    _connection: aio_pika.abc.AbstractConnection | None = None  # while it is open
    _looked_at: float = float("-inf")  # monotonic
    _behind_since: float | None = None  # monotonic; None: nothing waited when we looked

    async def run(self) -> None:
        """Look at the queues, for ever; a loop of the service."""
        connection = await aio_pika.connect(self.core.settings.amqp_url.get_secret_value())
        # One connection to the database all along: while it is there, so is this process.
        async with connection, self.core.pool.acquire() as database:
            self._connection = connection
            try:
                while True:
                    await self.look(connection)
                    await live_sql.note_replica(database, self._replica_id, clock.lease_now())
                    await asyncio.sleep(LOOK_SECONDS)
            finally:
                self._connection = None

    async def look_again(self) -> None:
        """Look now, for a message that cannot be taken back; nothing is known if that fails."""
        try:
            if self._connection:
                await self.look(self._connection)
        except (OSError, aio_pika.exceptions.AMQPError) as error:
            self._looked_at = float("-inf")
            logger.warning("queues_not_seen", fault=log.fault_of(error))

    async def look(self, connection: aio_pika.abc.AbstractConnection) -> None:
        """Ask the broker how much waits in each queue."""
        channel = await connection.channel()
        counts = []
        for name in superseding_queues():
            queue = await channel.declare_queue(name, passive=True)
            counts.append(queue.declaration_result.message_count or 0)
        await channel.close()
        self._looked_at = clock.monotonic()
        if not any(counts) and not self.core.door.is_urgent_busy:
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = self._looked_at

    async def find_stale(
        self, tx: Tx, case_ids: Collection[UUID], minutes_max: int, *, patient: bool
    ) -> set[UUID]:
        """Those of these cases of which nobody can know now whether what is known holds.

        `patient`: what came in this minute counts as handled, for whoever can look it up.
        """
        if await self.is_stale(tx, minutes_max, patient=patient):
            return set(case_ids)
        return await live_sql.list_waiting_cases(tx, case_ids)

    async def is_stale(self, tx: Tx, minutes_max: int, *, patient: bool) -> bool:
        """Whether nobody can know now of any case whether what is known of it holds."""
        now = clock.monotonic()
        is_old = now - self._looked_at > LOOK_SECONDS_MAX
        longest = BEHIND_SECONDS_MAX if patient else 0.0
        is_behind = self._behind_since is not None and now - self._behind_since >= longest
        alive_at = await live_sql.load_alive(tx)
        earliest = clock.lease_now() - timedelta(minutes=minutes_max)
        is_unheard = alive_at is None or alive_at < earliest
        return is_old or is_behind or is_unheard or await self._another_hangs(tx)

    async def _another_hangs(self, tx: Tx) -> bool:
        now = clock.lease_now()
        since = now - timedelta(seconds=GONE_SECONDS)
        until = now - timedelta(seconds=HANGS_SECONDS)
        return await live_sql.has_silent_replica(tx, since, until)
