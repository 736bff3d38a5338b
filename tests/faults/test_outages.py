"""The broker or the database goes away in full flow: doors pause and go on, nothing is lost."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.faults.workload import FIRST, finish, workload
from tests.town import SERVICES, Town

PAUSE_SECONDS = 4


async def restart_broker(town: Town) -> None:
    await town.servers.restart_broker()


async def kill_broker(town: Town) -> None:
    await town.servers.rabbitmq.kill()
    await town.servers.restart_broker()


async def pause_broker(town: Town) -> None:
    town.servers.rabbitmq.pause()
    await asyncio.sleep(PAUSE_SECONDS)
    town.servers.rabbitmq.resume()


async def restart_database(town: Town) -> None:
    await town.servers.restart_database()


async def kill_database(town: Town) -> None:
    await town.servers.postgres.kill()
    await asyncio.sleep(1)
    await town.servers.restart_database()


OUTAGES: list[Callable[[Town], Awaitable[None]]] = [
    restart_broker, kill_broker, pause_broker, restart_database, kill_database,
]  # fmt: skip


@pytest.mark.parametrize("outage", OUTAGES)
async def test_an_outage_loses_and_doubles_nothing(
    town: Town, outage: Callable[[Town], Awaitable[None]]
) -> None:
    town.clock.move(FIRST)
    # With short leases: what an outage cuts off is not done again before its lease is over.
    await town.start(sabotage=dict.fromkeys(SERVICES, ()))
    work = workload(signals=400)
    sending = asyncio.create_task(town.send(work.first))
    await town.until("triage", "select count(*) > 20 from signal", wanted=True)
    await outage(town)
    await sending
    await town.quiet()
    await finish(town, work)
    findings = await town.reconcile()
    assert findings.is_clean, findings.examples()
    assert findings.figures["accepted"] == len(work.first) + len(work.changes)
