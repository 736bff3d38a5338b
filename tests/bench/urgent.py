"""How long an eviction takes to the alert, on an idle system and behind a full intake."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deploy.local.servers import Servers
from tests.bench.load import Load
from tests.bench.rounds import Say, stage_of
from tests.bench.stage import Stage
from tests.town import SERVICES

PER_SECOND = 5
KNOWN_HOUSEHOLDS = 1_500
CHUNK, PART = 5_000, 50
BULK_QUEUES = (
    "signals.from.partners.arrears_reported.v1", "triage.from.signals.arrears_reported.v1",
)  # fmt: skip
STEPS = "select key, case_number from legal_step where kind = 'eviction' and case_number like 'U-%'"
SUBJECTS = """
    select key, pg_xact_commit_timestamp(xmin) as at from subject where kind = 'eviction'"""
LAST_SECONDS_MAX = 120
SETTLE_SECONDS = 5


@dataclass
class Urgent:
    """Latencies in milliseconds."""

    idle: list[float]
    behind_bulk: list[float]
    backlog_min: int

    @property
    def p99_ms(self) -> float:
        """Behind the bulk."""
        return p99(self.behind_bulk)

    @property
    def p99_vs_idle(self) -> float:
        """How many times that of an idle system."""
        return self.p99_ms / p99(self.idle)


def p99(values: Sequence[float]) -> float:
    """The value that one in a hundred is over."""
    return statistics.quantiles(values, n=100, method="inclusive")[98]


def in_words(values: Sequence[float]) -> str:
    """Median and 99th percentile."""
    return f"p50 {statistics.median(values):5.0f} ms  p99 {p99(values):5.0f} ms"


@dataclass
class Backlog:
    """Keeps the intake full; the smallest depth that was seen is noted."""

    stage: Stage
    load: Load
    size: int
    least: int = 10**9
    is_wanted: bool = True

    async def fill(self) -> None:
        """Fill it before the services start."""
        for _ in range(0, self.size, CHUNK):
            await self.stage.intake.send(self.load.signals(CHUNK))

    async def keep_up(self) -> None:
        """Top up while it is wanted, and look."""
        while self.is_wanted:
            depths = await self.stage.depths()
            depth = sum(depths[queue] for queue in BULK_QUEUES)
            self.least = min(self.least, depth)
            if depths[BULK_QUEUES[0]] < self.size - CHUNK:
                for _ in range(0, CHUNK, PART):  # in small parts: the clock of others runs here too
                    await self.stage.intake.send(self.load.signals(PART))
            await asyncio.sleep(0.5)


async def run_urgent(servers: Servers, tokens: Path, count: int, backlog: int, say: Say) -> Urgent:
    """Measure on an idle system, then behind a backlog."""
    load = Load(seed=2)
    async with stage_of("ours", servers, tokens, backlog) as stage:
        await stage.go()
        await stage.intake.send(load.signals(KNOWN_HOUSEHOLDS))
        await stage.finished()
        half = max(10, count // 3)
        idle = await latencies(stage, load, half)
        say(f"urgent  idle         {in_words(idle)}")
        await stage.stop(*SERVICES)
        bulk = Backlog(stage, Load(seed=3), backlog)
        bulk.load.month._households = 1_000_000  # other addresses than those of the evictions
        bulk.load.month._counter = dict.fromkeys(stage.intake._urls, 1_000_000)
        await bulk.fill()
        say(f"urgent  {backlog} signals wait; {count} evictions, {PER_SECOND} a second")
        await stage.go()
        await asyncio.sleep(SETTLE_SECONDS)
        topping = asyncio.create_task(bulk.keep_up())
        loaded = await latencies(stage, load, count)
        bulk.is_wanted = False
        await topping
        say(f"urgent  behind bulk  {in_words(loaded)}")
    return Urgent(idle, loaded, bulk.least)


async def latencies(stage: Stage, load: Load, count: int) -> list[float]:
    """Publish evictions at a steady rate; milliseconds until notify has each."""
    sent: dict[str, datetime] = {}
    began = time.monotonic()
    for number, (case, message) in enumerate(load.evictions(count)):
        await asyncio.sleep(max(0.0, began + number / PER_SECOND - time.monotonic()))
        sent[case] = datetime.now(UTC)
        await stage.intake.send([message])
    async with asyncio.timeout(LAST_SECONDS_MAX):
        while True:
            cases = {row["key"]: row["case_number"] for row in await stage.fetch("triage", STEPS)}
            known = {
                cases.get(row["key"]): row["at"] for row in await stage.fetch("notify", SUBJECTS)
            }
            if sent.keys() <= known.keys():
                break
            await asyncio.sleep(0.5)
    return [1000 * (known[case] - at).total_seconds() for case, at in sent.items()]
