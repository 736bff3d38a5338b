"""Decides open cases anew once another policy holds, some hundred buildings at a time.

A job is a cursor over the buildings of a municipality. It is moved in the transaction that decides,
so whoever goes on after a kill begins where the last commit ended; replicas skip a job that one of
them has locked. Only what changed is announced. Locks: the job, then as everybody does.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.triage import casework, deciding, saving
from services.triage.addresses import Building
from services.triage.books import BookShelf
from services.triage.sql import lists as list_sql
from services.triage.sql import policies as policy_sql
from services.triage.sql.policies import Job, Progress
from shared import clock, db, log
from shared.contracts.envelope import Event, Lane
from shared.db import Tx
from shared.door import Door, Follow

POLL_SECONDS = 2.0
BUILDINGS_MAX = 200  # in one transaction, whose locks are held for a fraction of a second
LEFT_OUT_MAX = 20  # in a row: then it is not the buildings
REST = timedelta(hours=1)

logger = log.get()


@dataclass
class Redecider:
    """What deciding anew needs."""

    door: Door
    shelf: BookShelf
    # How many buildings the next steps take one by one, after a step that failed.
    _singly: int = 0
    _left_out: int = 0  # in a row

    async def run(self) -> None:
        """Work on jobs that are due, for ever; a loop of the service."""
        while True:
            while await self.step():
                pass
            await asyncio.sleep(POLL_SECONDS)

    async def step(self) -> bool:
        """Go on with one job for some buildings; False when there is nothing to do.

        After a fault the same buildings are taken one by one, and the culprit is left out.
        """
        await self.door.may_start(Lane.BULK)
        limit = 1 if self._singly else BUILDINGS_MAX
        try:
            went_on = await self.door.transact(lambda tx: self._go_on(tx, limit))
        except db.IN_PASSING:
            raise
        except Exception as error:
            if not await db.answers(self.door.pool):
                raise
            logger.error("redeciding_failed", fault=log.fault_of(error), batch=limit)
            await self._after_fault(limit)
            return True
        self._singly = max(self._singly - 1, 0)
        self._left_out = 0
        return went_on

    async def _after_fault(self, limit: int) -> None:
        if limit > 1:
            self._singly = limit
            return
        self._singly = max(self._singly - 1, 0)
        self._left_out += 1
        await self.door.transact(self._leave_out)

    async def next_due(self) -> datetime | None:
        """The instant at which the next job is due."""
        async with self.door.pool.acquire() as connection:
            return await policy_sql.find_next_job(connection)

    async def _go_on(self, tx: Tx, limit: int) -> tuple[bool, Follow]:
        job = await policy_sql.claim_job(tx, clock.now())
        if job is None:
            return False, ()
        buildings = await _next_buildings(tx, job, limit)
        if not buildings:
            told = await policy_sql.finish_job(tx, job, clock.now())
            logger.info("cases_redecided", **told)
            return True, ()
        changed, events = await redecide(tx, self.shelf, buildings)
        await policy_sql.move_job(tx, job, Progress(buildings[-1], len(buildings), changed))
        return True, events

    async def _leave_out(self, tx: Tx) -> tuple[None, Follow]:
        """Go past the building that cannot be decided; after many in a row, rest for a while."""
        job = await policy_sql.claim_job(tx, clock.now())
        if job and (buildings := await _next_buildings(tx, job, 1)):
            await policy_sql.move_job(tx, job, Progress(buildings[0], 1, skipped=1))
            if self._left_out >= LEFT_OUT_MAX:
                self._left_out = 0
                await policy_sql.put_off(tx, job, clock.now() + REST)
        return None, ()


async def _next_buildings(tx: Tx, job: Job, limit: int) -> list[Building]:
    found = await list_sql.list_buildings(tx, job.after, limit)
    return [one for one in found if one.municipality == job.municipality]


async def redecide(
    tx: Tx, shelf: BookShelf, buildings: Sequence[Building]
) -> tuple[int, list[Event]]:
    """Decide buildings anew; how many proposals changed, and what follows."""
    found = await deciding.find(tx, await shelf.current(tx), buildings=buildings)
    today = clock.today()
    outcomes = [casework.by_policy(one, today) for one in found.outcomes]
    events = await saving.save(tx, replace(found, outcomes=outcomes))
    return sum(one.is_news for one in outcomes if one.case), events


def earliest(*instants: datetime | None) -> datetime | None:
    """The first of some instants, of which there may be none."""
    return min((one for one in instants if one), default=None)
