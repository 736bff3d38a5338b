"""Door 4 of notify, the calendar: what nobody needs any more is forgotten.

Cases go when triage says so. What goes here by its own term is what nobody acted on, and the ids
by which something that is told late is known to be late.
"""

import asyncio
from datetime import timedelta

from services.notify.sql import erasing as erase_sql
from services.notify.sql import live as live_sql
from shared import clock, log, waiting
from shared.db import Pool
from shared.door import INBOX_DAYS

POLL_SECONDS = 3600
PART_MAX = 5000
PARKED_DAYS = 183  # as long as a household is kept after its case (S5)
# Nothing of a case comes later than a parked event that a person sends again on its last day.
FORGOTTEN_DAYS = PARKED_DAYS + INBOX_DAYS

REPLICA_LIFE = timedelta(days=1)

logger = log.get()


async def run_purging(pool: Pool) -> None:
    """Purge now and every hour, for ever; a loop of the service."""
    while True:
        await purge(pool)
        await asyncio.sleep(POLL_SECONDS)


async def purge(pool: Pool) -> None:
    """Purge all that is due."""
    # Real time: attempts follow no stepped clock.
    parked_before = clock.lease_now() - timedelta(days=PARKED_DAYS)
    forgotten_before = clock.now() - timedelta(days=FORGOTTEN_DAYS)
    async with pool.acquire() as connection:
        await live_sql.forget_replicas(connection, clock.lease_now() - REPLICA_LIFE)
    parked = ids = PART_MAX
    while PART_MAX in {parked, ids}:
        async with pool.acquire() as connection, connection.transaction():
            parked = await waiting.purge_parked(connection, parked_before, PART_MAX)
            ids = await erase_sql.purge_forgotten(connection, forgotten_before, PART_MAX)
        if parked:
            logger.info("parked_purged", count=parked)
