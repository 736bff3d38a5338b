"""Drives the demo: steps the services' shared clock and waits until nothing is under way.

The clock stands still between steps. It is moved to the next instant at which a partner delivers, a
worker looks at the list, or an alert is due; then everybody acts and the driver waits until doors,
outboxes and due alerts are idle. So a seed gives the same result every time.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx

from deploy.local.corporation import Journal, Partners
from deploy.local.generalist import Worker
from deploy.local.month import Outgoing

SERVICES = ("signals", "triage", "notify")
POLL_SECONDS = 0.02
STUCK_SECONDS_MAX = 180
INTAKE_QUEUES = "signals.from.partners."


class Clock:
    """The file that every service reads business time from."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def move(self, instant: datetime) -> None:
        """Set the time, at once for everybody."""
        new = self._path.with_suffix(".new")
        new.write_text(instant.isoformat())
        new.replace(self._path)

    def make_real(self) -> None:
        """From now on time is real."""
        self._path.unlink(missing_ok=True)


class Watch:
    """Knows from outside whether anything is still under way."""

    def __init__(self, urls: Mapping[str, str], auth: tuple[str, str], definitions: Path) -> None:
        self._client = httpx.AsyncClient(timeout=30, auth=auth)
        self._urls = urls
        bound = json.loads(definitions.read_text())["bindings"]
        self._key_of = {
            one["destination"]: one["routing_key"]
            for one in bound
            if one["source"] == "voordeur.events"
        }
        self.sent_by_partners = 0
        self.next_due_at: datetime | None = None

    async def settle(self) -> None:
        """Wait until doors, outboxes, waiting tables and due alerts are idle."""
        loop = asyncio.get_running_loop()
        before: Any = None
        changed_at = loop.time()
        while True:
            flows = await asyncio.gather(*(self._flow(name) for name in SERVICES))
            told = [(flow["settled"], flow["published"]) for flow in flows]
            if told != before:
                before, changed_at = told, loop.time()
            elif not (moving := self._what_moves(flows)):
                return
            elif loop.time() - changed_at > STUCK_SECONDS_MAX:
                raise SystemExit(f"stuck for {STUCK_SECONDS_MAX} s: {moving}; see the logs")
            await asyncio.sleep(POLL_SECONDS)

    async def _flow(self, service: str) -> dict[str, Any]:
        answer = await self._client.get(f"{self._urls[service]}/flow")
        answer.raise_for_status()
        flow: dict[str, Any] = answer.json()
        return flow

    def _what_moves(self, flows: list[dict[str, Any]]) -> str:
        """What is still under way, in words; nothing when all is idle."""
        settled: Counter[str] = Counter()
        published: Counter[str] = Counter()
        for flow in flows:
            settled.update(flow["settled"])
            published.update(flow["published"])
        for service, flow in zip(SERVICES, flows, strict=True):
            if flow["busy"] or flow["outbox"] or flow["waiting"].get("later"):
                return f"{service} is at work"
        taken_in = sum(n for queue, n in settled.items() if queue.startswith(INTAKE_QUEUES))
        if taken_in < self.sent_by_partners:
            return f"{self.sent_by_partners - taken_in} events are on their way to signals"
        for queue, key in self._key_of.items():
            if settled[queue] < published[key]:
                return f"{published[key] - settled[queue]} events wait in {queue}"
        due_at = flows[-1]["next_due_at"]
        self.next_due_at = datetime.fromisoformat(due_at) if due_at else None
        if self.next_due_at and self.next_due_at <= datetime.fromisoformat(flows[-1]["now"]):
            return "alerts are due"
        return ""

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


@dataclass
class Driver:
    """Steps through a month."""

    clock: Clock
    watch: Watch
    partners: Partners
    journal: Journal
    workers: list[Worker]
    on_sent: Callable[[int], None] | None = None  # is told how many events were sent
    on_step: Callable[[datetime], None] | None = None  # is told the time
    # In a large demo something is due every second: then it is due at the end of its quarter.
    tick: timedelta | None = None
    now: datetime | None = None
    steps: int = field(default=0)

    async def run(self, events: list[Outgoing], turns: Iterable[datetime]) -> None:
        """Do all that is to be done, in order of time, until nothing is left."""
        left, turns_left = list(reversed(events)), list(reversed(list(turns)))
        while True:
            instants = [self.watch.next_due_at] if self.watch.next_due_at else []
            instants += [left[-1].at] if left else []
            instants += [turns_left[-1]] if turns_left else []
            if not instants:
                return
            await self._step_to(self._at_tick(min(instants)))
            assert self.now is not None
            batch = []
            while left and left[-1].at <= self.now:
                batch.append(left.pop())
            await self._send(batch)
            if turns_left and turns_left[-1] <= self.now:
                turns_left.pop()
                for worker in self.workers:
                    await worker.take_turn(self.now)
                await self.watch.settle()

    def _at_tick(self, instant: datetime) -> datetime:
        """The end of the tick that an instant lies in; itself when it is the end of one."""
        if self.tick is None:
            return instant
        since_midnight = instant - instant.replace(hour=0, minute=0, second=0, microsecond=0)
        return instant + -since_midnight % self.tick

    async def _step_to(self, instant: datetime) -> None:
        self.now = max(self.now, instant) if self.now else instant
        self.clock.move(self.now)
        if self.on_step:
            self.on_step(self.now)
        self.steps += 1
        await self.watch.settle()

    async def _send(self, batch: list[Outgoing]) -> None:
        """Send what is due, one routing key after the other, so that a seed repeats."""
        assert self.now is not None
        ordered = sorted(batch, key=lambda one: one.routing_key)
        for _, same in groupby(ordered, key=lambda one: one.routing_key):
            events = list(same)
            self.journal.write(events, self.now)
            await self.partners.send(events, self.on_sent)
            self.watch.sent_by_partners += len(events)
            await self.watch.settle()
