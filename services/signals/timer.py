"""Door 4 of signals, the calendar: what was kept long enough is purged.

How long a body is kept is the municipality's policy. What remains is the id, so that the same event
does not take effect twice, the receipt, and hashes that say nothing without a salt or our secret.
What became of an event goes as long after it was recorded as its body after it came.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta

from services.signals.sql import erasing as erase_sql
from services.signals.sql import purging as purge_sql
from services.signals.sql.purging import Terms
from shared import clock, log, waiting
from shared.db import Pool, Tx
from shared.policy import Policies
from shared.policy.shelf import Shelf

POLL_SECONDS = 3600
PART_MAX = 2000
# A refusal has no municipality: often nobody could read of which it was. Ours: long enough to mend
# a monthly delivery, and the next one.
REFUSAL_DAYS = 90

logger = log.get()


async def run_purging(pool: Pool, shelf: Shelf) -> None:
    """Purge now and every hour, for ever; a loop of the service."""
    while True:
        async with pool.acquire() as connection:
            policies = await shelf.current(connection)
        await purge(pool, policies)
        await asyncio.sleep(POLL_SECONDS)


async def purge(pool: Pool, policies: Policies) -> dict[str, int]:
    """Purge all that is due; how many bodies went of each municipality."""
    terms = terms_of(policies)
    bodies: Counter[str] = Counter()

    async def forget_bodies(tx: Tx) -> int:
        part = await purge_sql.purge_bodies(tx, terms, PART_MAX)
        await purge_sql.insert_purges(tx, terms, part)
        bodies.update(part)
        return part.total()

    async def forget_statuses(tx: Tx) -> int:
        return await purge_sql.purge_statuses(tx, terms, PART_MAX)

    async def forget_refusals(tx: Tx) -> int:
        before = terms.now - timedelta(days=REFUSAL_DAYS)
        return await purge_sql.purge_refusals(tx, before, PART_MAX)

    async def forget_late_statuses(tx: Tx) -> int:
        return await erase_sql.purge_statuses_of_erased(tx, PART_MAX)

    async def forget_parked(tx: Tx) -> int:
        # Real time: attempts follow no stepped clock. Whose it is is not known: the shortest term.
        return await waiting.purge_parked(tx, clock.lease_now() - terms.shortest, PART_MAX)

    for name, forget in (
        ("bodies_purged", forget_bodies),
        ("statuses_purged", forget_statuses),
        ("statuses_of_erased_purged", forget_late_statuses),
        ("refusals_purged", forget_refusals),
        ("parked_purged", forget_parked),
    ):
        if count := await _until_none_is_left(pool, forget):
            logger.info(name, count=count)
    return dict(bodies)


def terms_of(policies: Policies) -> Terms:
    """How long bodies are kept, by the policies that hold now."""
    now = clock.now()
    today = clock.amsterdam_day(now)
    found = {name: policies.on(name, today) for name in policies.by_municipality}
    return Terms(
        now,
        {
            name: timedelta(days=policy.signals.body_days.value)
            for name, policy in found.items()
            if policy
        },
        {name: policy.sha256 for name, policy in found.items() if policy},
    )


async def _until_none_is_left(pool: Pool, forget: Callable[[Tx], Awaitable[int]]) -> int:
    """Forget part by part, each in its own transaction; how many went."""
    count, part = 0, PART_MAX
    while part == PART_MAX:
        async with pool.acquire() as connection, connection.transaction():
            part = await forget(connection)
        count += part
    return count
