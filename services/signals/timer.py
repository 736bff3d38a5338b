"""Door 4 of signals, the calendar: bodies that have been kept long enough are purged.

How long is the municipality's policy. What stays is the id, so that the same event does not take
effect twice, the receipt, and a hash that says nothing without its salt.
"""

import asyncio
from datetime import timedelta

from services.signals.sql import events as event_sql
from shared import clock, log
from shared.db import Pool
from shared.policy import Policies

POLL_SECONDS = 3600
PART_MAX = 2000

logger = log.get()


async def run_purging(pool: Pool, policies: Policies) -> None:
    """Purge now and every hour, for ever; a loop of the service."""
    while True:
        await purge(pool, policies)
        await asyncio.sleep(POLL_SECONDS)


async def purge(pool: Pool, policies: Policies) -> dict[str, int]:
    """Purge what is due in every municipality; how many bodies went in each."""
    now = clock.now()
    purged: dict[str, int] = {}
    for municipality in sorted(policies.by_municipality):
        policy = policies.on(municipality, clock.amsterdam_day(now))
        assert policy is not None
        before = now - timedelta(days=policy.signals.body_days.value)
        purged[municipality] = 0
        count = PART_MAX
        while count == PART_MAX:
            async with pool.acquire() as connection, connection.transaction():
                count = await event_sql.purge_bodies(
                    connection, municipality, before, now, PART_MAX
                )
                if count:
                    await event_sql.insert_purge(
                        connection, municipality, before, now, bodies=count, sha256=policy.sha256
                    )
            purged[municipality] += count
        if purged[municipality]:
            logger.info("bodies_purged", municipality=municipality, count=purged[municipality])
    return purged
