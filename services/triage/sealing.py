"""Door 4 of triage, the calendar: minutes that are over are sealed; and the chain is verified."""

import asyncio
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from services.triage import seals
from services.triage.seals import BEGINNING, Check, Fault, Seal
from services.triage.sql import reading as reading_sql
from shared import clock, log
from shared.db import Pool, Tx

POLL_SECONDS = 5.0
MINUTES_MAX = 500  # in one transaction
# Reads outlive the household: for so long somebody can claim for what was done with their data
# (AVG art. 82, BW art. 3:310), and then who looked is what counts. From memory, as S14 is.
READ_DAYS = 5 * 365 + 1

logger = log.get()


@dataclass
class Sealing:
    """The loop that seals."""

    pool: Pool
    _noted_on: date | None = field(default=None)

    async def run(self) -> None:
        """Seal minutes that are over, for ever; a loop of the service."""
        while True:
            while await seal_some(self.pool):
                pass
            await self._once_a_day()
            await asyncio.sleep(POLL_SECONDS)

    async def _once_a_day(self) -> None:
        """Forget what was kept long enough, and log the newest seal.

        Who writes the whole chain anew does not reach the logs.
        """
        if self._noted_on == clock.today():
            return
        while await purge_some(self.pool):
            pass
        async with self.pool.acquire() as connection:
            head = await reading_sql.last_seal(connection)
        if head:
            logger.info("reads_sealed", seal=head.hash.hex())
        self._noted_on = clock.today()


async def seal_some(pool: Pool) -> int:
    """Seal minutes that are over, some at a time; how many there were."""
    async with pool.acquire() as connection:
        if not await _minutes_over(connection, await reading_sql.last_seal(connection)):
            return 0  # so that nobody who reads waits for nothing
        async with connection.transaction():
            await reading_sql.lock_seals(connection)
            head = await reading_sql.last_seal(connection)
            minutes = await _minutes_over(connection, head)
            if minutes:
                reads = await reading_sql.list_reads(connection, minutes[0], minutes[-1])
                made = seals.seals_of(head.hash if head else BEGINNING, reads)
                await reading_sql.insert_seals(connection, made)
    return len(minutes)


async def _minutes_over(tx: Tx, head: Seal | None) -> list[datetime]:
    """Minutes with reads that are over and come after the newest seal."""
    after, until = head.minute if head else None, _next(clock.now() - seals.MINUTE)
    return await reading_sql.list_minutes(tx, after, until, MINUTES_MAX)


def _next(instant: datetime) -> datetime:
    """The first instant that is later."""
    return instant + timedelta(microseconds=1)


async def purge_some(pool: Pool) -> int:
    """Forget reads that were kept long enough, some minutes at a time; how many minutes went."""
    before = clock.now() - timedelta(days=READ_DAYS)
    async with pool.acquire() as connection, connection.transaction():
        await reading_sql.lock_seals(connection)
        return await reading_sql.purge_reads(connection, before, MINUTES_MAX)


@dataclass(frozen=True)
class Verdict:
    """What the chain says."""

    fault: Fault | None
    check: Check


async def verify(tx: Tx) -> Verdict:
    """Recompute the chain, part by part, up to the first minute that does not fit."""
    check = Check(clock.now(), timedelta(days=READ_DAYS))
    while part := await reading_sql.list_seals(tx, check.last, MINUTES_MAX):
        first = _next(check.last) if check.last else None
        fault = check.take(part, await reading_sql.list_reads(tx, first, part[-1].minute))
        if fault:
            return Verdict(fault, check)
    unsealed = await reading_sql.list_minutes(tx, check.last, check.now, MINUTES_MAX)
    return Verdict(check.end(unsealed), check)
