"""Intake alone: events over HTTP batches and over AMQP, against the bare insert of the same rows.

Only signals runs; what it publishes waits in triage's queues. The reference inserts the rows that
signals wrote, as recorded, by `unnest` in transactions of 500: nothing is read, judged or signed.
"""

import signal
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import asyncpg
import httpx

from deploy.local.servers import Servers
from tests.bench.load import Load, Message
from tests.bench.recipe import Table, table_of
from tests.bench.rounds import stage_of
from tests.bench.stage import Stage
from tests.signals.http import BATCH
from tests.town import partner_keys

WAYS = ("http", "amqp", "insert")
BATCH_EVENTS = 1000
INSERT_MAX = 500
SECONDS_MAX = 300
COUNT = "select count(*) from event"
Say = Callable[[str], None]


@dataclass
class Intake:
    """Events a second by each way in, of all rounds."""

    rounds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def per_second(self, way: str) -> float:
        """The median of the rounds."""
        return statistics.median(self.rounds[way])

    def ratio(self, way: str) -> float:
        """A way in, against the bare insert."""
        return self.per_second(way) / self.per_second("insert")


async def run_intake(servers: Servers, tokens: Path, events: int, rounds: int, say: Say) -> Intake:
    """Alternate the ways, so that a slow spell of the machine meets them all."""
    result = Intake()
    messages = Load(seed=2).signals(events)
    for number in range(rounds):
        async with stage_of("ours", servers, tokens, events) as stage:
            await stage.fetch("signals", "update partner set requests_per_minute = 100000")
            await stage.start("signals")
            result.rounds["http"].append(await by_http(stage, messages))
            rows = await _rows(stage)
        async with stage_of("ours", servers, tokens, events) as stage:
            await stage.start("signals")
            result.rounds["amqp"].append(await by_amqp(stage, messages))
        async with stage_of("ours", servers, tokens, events) as stage:
            result.rounds["insert"].append(await by_insert(stage, rows))
        told = "  ".join(f"{way} {result.rounds[way][-1]:.0f}" for way in WAYS)
        say(f"intake {number + 1} of {rounds}  {told} events/s")
    return result


async def by_http(stage: Stage, messages: Sequence[Message]) -> float:
    """Batches, one after the other, as one sender would."""
    deliveries = []
    for partner, own in groupby(messages, key=lambda one: one.partner):
        bodies = [one.body for one in own]
        for start in range(0, len(bodies), BATCH_EVENTS):
            body = b"[" + b",".join(bodies[start : start + BATCH_EVENTS]) + b"]"
            deliveries.append((partner, body))
    async with httpx.AsyncClient(base_url=stage.urls["signals"], timeout=60) as web:
        began = time.perf_counter()
        for partner, body in deliveries:
            headers = {"Authorization": f"Bearer {partner_keys(partner)[0]}", "Content-Type": BATCH}
            answer = await web.post("/v1/events", content=body, headers=headers)
            answer.raise_for_status()
        seconds = time.perf_counter() - began
    await _expect(stage, len(messages))
    return len(messages) / seconds


async def by_amqp(stage: Stage, messages: Sequence[Message]) -> float:
    """All wait in the intake's queues; how long until signals has taken them in."""
    stage.processes["signals"].send_signal(signal.SIGSTOP)
    await stage.intake.send(messages)
    stage.processes["signals"].send_signal(signal.SIGCONT)
    began = time.perf_counter()
    await stage.until("signals", COUNT, len(messages), SECONDS_MAX)
    return len(messages) / (time.perf_counter() - began)


async def by_insert(stage: Stage, table: Table) -> float:
    """The same rows under the same indexes, and nothing else."""
    connection = await asyncpg.connect(stage.databases["signals"])
    count = len(table.values[0])
    try:
        began = time.perf_counter()
        for start in range(0, count, INSERT_MAX):
            part = (column[start : start + INSERT_MAX] for column in table.values)
            async with connection.transaction():
                await connection.execute(table.insert, *part, "intake")
        seconds = time.perf_counter() - began
    finally:
        await connection.close()
    await _expect(stage, count)
    return count / seconds


async def _rows(stage: Stage) -> Table:
    connection = await asyncpg.connect(stage.databases["signals"])
    try:
        return await table_of(connection, "event", events=1)
    finally:
        await connection.close()


async def _expect(stage: Stage, wanted: int) -> None:
    found = (await stage.fetch("signals", COUNT))[0][0]
    if found != wanted:
        raise SystemExit(f"bench: {found} events were kept, {wanted} were sent")
