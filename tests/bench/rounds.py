"""The throughput of the chain: signals wait in the intake; how long until all is scheduled."""

import asyncio
import signal
import statistics
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from deploy.local.books import EVERYWHERE, _read_tables
from deploy.local.servers import Servers
from tests.bench import recipe as recipes
from tests.bench.load import Load
from tests.bench.stage import Stage
from tests.town import SERVICES

KINDS = ("ours", "plain", "bare")
WARM_UP = 300
COUNTS = {
    "accepted": ("signals", "select count(*) from event"),
    "cases": ("triage", "select count(*) from household_case where is_open"),
    "assignments": ("triage", "select count(*) from assignment"),
    "alerts": ("notify", "select count(*) from alert"),
}
# What is moved by a recipe of a part of the signals is not the same to the last row. How many
# alerts there are depends a little on the order of arrival: a change of track is an alert too.
SLACK = {
    "ours": {"alerts": 0.01},
    "plain": {"alerts": 0.01},
    "bare": {"accepted": 0.05, "cases": 0.05, "assignments": 0.05, "alerts": 0.05},
}
Say = Callable[[str], None]


@dataclass
class Round:
    """What one run of one kind did."""

    per_second: float
    cpu_ms: dict[str, float]  # per signal, by process
    counts: dict[str, int]
    again: int  # deliveries between services that came more than once
    delivered: int


@dataclass
class Result:
    """All rounds of a run."""

    rounds: dict[str, list[Round]] = field(default_factory=lambda: defaultdict(list))

    def per_second(self, kind: str) -> float:
        """The median of the rounds."""
        return statistics.median(one.per_second for one in self.rounds[kind])

    def cpu_ms(self, kind: str) -> dict[str, float]:
        """The median of each process, in milliseconds a signal."""
        names = self.rounds[kind][0].cpu_ms
        return {
            name: statistics.median(one.cpu_ms[name] for one in self.rounds[kind]) for name in names
        }

    @property
    def wire_duplicates(self) -> float:
        """The share of deliveries that came again, in all rounds of ours."""
        ours = self.rounds["ours"]
        return sum(one.again for one in ours) / max(1, sum(one.delivered for one in ours))


@asynccontextmanager
async def stage_of(
    kind: str, servers: Servers, tokens: Path, signals: int, recipe: Path | None = None
) -> AsyncIterator[Stage]:
    """A stage that is torn down again."""
    with tempfile.TemporaryDirectory(dir=servers.data) as folder:
        stage = Stage(servers, Path(folder), tokens, kind=kind, recipe=recipe)
        await stage.build_for(signals)
        try:
            yield stage
        finally:
            await stage.close()


async def record(servers: Servers, tokens: Path, signals: int) -> Path:
    """Let the services handle some signals and write down what came of them."""
    file = servers.data / "recipe.pickle"
    async with stage_of("ours", servers, tokens, signals) as stage:
        await recipes.tap(stage)
        await stage.go()
        await stage.intake.send(Load(seed=0).signals(signals))
        await stage.finished()
        await recipes.record(stage, file, signals)
    return file


async def run_rounds(servers: Servers, tokens: Path, signals: int, rounds: int, say: Say) -> Result:
    """Alternate the kinds, so that a slow spell of the machine meets them all."""
    result = Result()
    recipe = await record(servers, tokens, min(signals, 2_000))
    for number in range(rounds):
        for kind in KINDS:
            one = await run_once(kind, servers, tokens, signals, recipe)
            result.rounds[kind].append(one)
            say(f"round {number + 1} of {rounds}  {kind:<6} {one.per_second:7.0f} signals/s")
            _check(kind, one, result.rounds["ours"][0])
    return result


async def run_once(kind: str, servers: Servers, tokens: Path, signals: int, recipe: Path) -> Round:
    """One measurement: frozen services, a full intake, go."""
    load = Load(seed=1)
    async with stage_of(kind, servers, tokens, signals, recipe) as stage:
        await stage.go()
        await stage.intake.send(load.signals(WARM_UP))
        await stage.finished()
        messages = load.signals(signals)
        stage.freeze(signal.SIGSTOP)
        await stage.intake.send(messages)
        before = stage.cpu_seconds()
        began_at = datetime.now(UTC)
        stage.freeze(signal.SIGCONT)
        ended_at = await stage.finished()
        after = stage.cpu_seconds()
        counts = {
            name: (await stage.fetch(service, query))[0][0]
            for name, (service, query) in COUNTS.items()
        }
        again, delivered = await _deliveries(stage) if kind == "ours" else (0, 0)
    seconds = (ended_at - began_at).total_seconds()
    cpu = {name: 1000 * (after[name] - before[name]) / signals for name in before}
    return Round(signals / seconds, cpu, counts, again, delivered)


async def _deliveries(stage: Stage) -> tuple[int, int]:
    """How many deliveries between services were repetitions, and how many there were."""
    flows = await asyncio.gather(*(stage.flow(service) for service in SERVICES))
    settled = {queue: n for flow in flows for queue, n in flow["settled"].items()}
    again = delivered = 0
    for service in SERVICES:
        books = await _read_tables(stage.databases[service], {"inbox": EVERYWHERE["inbox"]})
        for row in books["inbox"]:
            delivered += row["n"]
            again += settled[row["queue"]] - row["n"]
    return again, delivered


def _check(kind: str, one: Round, ours: Round) -> None:
    """Speed counts only if the work was done: the same signals, cases and alerts everywhere."""
    for name, count in one.counts.items():
        wanted = ours.counts[name]
        if abs(count - wanted) > SLACK[kind].get(name, 0) * wanted or not count:
            raise SystemExit(f"bench: {kind} has {count} {name}, ours has {wanted}")
