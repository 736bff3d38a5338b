"""Runs the fault test of notify: tells what there is to tell, with notify killed and troubled.

There are two of it: one goes on, and the gateway calls that one back; the other, its twin, is
killed over and over. (Were it the one that is called back, the gateway would tell what it has to
tell in an order that depends on when it serves again.)
"""

import asyncio
import itertools
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from deploy.local.books import read_alert_books
from deploy.local.findings import Findings
from deploy.local.reconcile_alerts import check_alerts
from services.notify.recipients import RESIDENT
from shared.contracts.triage import CaseEvent
from tests.faults.alert_trouble import TROUBLES, troubled
from tests.faults.alert_work import BOUNCING, CHANGES, FIRST, LATER, cases
from tests.faults.sabotage import KILLS
from tests.notify.alone import Alone
from tests.paths import POLICIES
from tests.town import Town

# Of sending, and of what it tells triage.
POINTS = (
    "before_ack", "after_claim", "after_gate", "after_answer", "after_look_up",
    "after_answer_commit", "before_commit", "after_commit", "after_publish",
)  # fmt: skip
assert KILLS.keys() >= set(POINTS)
KILL_SECONDS_MAX = 15  # a point not come to by then, or with nothing to do: killed anywhere
IDLE_LOOKS = 5
TROUBLED_SECONDS = 3
ALL_STOPPED_AT = LATER[2]  # the one switch: whoever is to hear then is held
UNTRIED = """
    select count(*) as n from alert where state = 'scheduled' and attempts = 0 and due_at <= $1"""
CEILING = "daily_ceiling: {value: 200"


@dataclass
class Run:
    """One run of the fault test."""

    town: Town
    alerts: int
    kills: Sequence[int]  # in each phase
    sabotage: tuple[str, ...] = ()  # besides: a bug
    troubles: Sequence[Mapping[str, Any]] = TROUBLES
    instants: Sequence[datetime] = (FIRST, CHANGES, *LATER)
    seed: int = 1
    killed: list[str] = field(default_factory=list)
    twin: str = ""  # its name among the processes
    _point: str = ""  # at which the one that runs is to die
    _points: Iterator[str] = field(default_factory=lambda: itertools.cycle(POINTS))

    async def go(self, seconds_max: float) -> Findings:
        """Tell everything, in phases; then compare the books of notify and gateway."""
        self._raise_ceiling()
        self.town.clock.move(FIRST)
        await self.town.start("notify", sabotage={"notify": self._how()})
        self.twin = await self._start()
        alone = Alone(self.town)
        work = cases(self.alerts)
        async with asyncio.timeout(seconds_max), alone.speaking():
            await alone.go_live()
            told = [[one for case in work for one in case.first()],
                    [one for case in work for one in case.changes()]]  # fmt: skip
            for number, instant in enumerate(self.instants):
                events = told[number] if number < len(told) else ()
                kills = self.kills[number] if number < len(self.kills) else 0
                await self._phase(alone, instant, events, kills)
        return await self.compare()

    async def compare(self) -> Findings:
        """The books of notify against those of the gateway."""
        books = await read_alert_books(self.town.databases["notify"], self.town.urls["gateway"])
        found = Findings()
        check_alerts(books, found)
        for alert in books.notify["alert"]:
            if alert["state"] in {"scheduled", "claimed"} and alert["due_at"] <= self.town.now():
                found.lost.append(f"alert {alert['id']} is {alert['state']} and was due")
            if alert["state"] == "failed" and alert["recipient_id"] not in {BOUNCING, RESIDENT}:
                found.lost.append(f"alert {alert['id']} failed to somebody whose mails arrive")
            key = f"{alert['recipient_role'].replace('second', 'assignee')}_{alert['state']}"
            found.figures[key] = found.figures.get(key, 0) + 1
        found.figures |= {
            "alerts": len(books.notify["alert"]),
            "attempts": len(books.notify["attempt"]),
            "mails": len(books.mails),
            "notifications": len(books.notifications),
            "kills": len(self.killed),
        }
        return found

    async def _phase(
        self, alone: Alone, instant: datetime, events: Sequence[CaseEvent], kills: int
    ) -> None:
        """Let it be a time, tell what there is to tell, and kill notify while it works."""
        began = time.monotonic()
        chance = random.Random(f"{self.seed} {instant}")
        if instant == ALL_STOPPED_AT:
            await alone.stop_all()
        async with troubled(self.town, self.troubles, chance):
            for part in parts(events, kills):
                await self._have_die(next(self._points), chance)
                self.town.clock.move(instant)
                await alone.say(*part)
                await self._end_by_itself(alone)
            if kills:
                await self._start()
            else:
                self.town.clock.move(instant)
                await alone.say(*events)
            await self._in_trouble()
        await alone.stop_all(is_stopped=False)
        await alone.settled(seconds=900)
        print(f"{instant}: {time.monotonic() - began:.1f} s, {len(self.killed)} kills")

    async def _in_trouble(self) -> None:
        """Let the trouble last for some time, and until all that is due has met it."""
        await asyncio.sleep(TROUBLED_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(KILL_SECONDS_MAX):
                while await self._count_untried():  # noqa: ASYNC110 - another process tries them
                    await asyncio.sleep(0.2)

    async def _count_untried(self) -> int:
        (row,) = await self.town.fetch("notify", UNTRIED, self.town.now())
        return int(row["n"])

    async def _have_die(self, point: str, chance: random.Random) -> None:
        """Start a notify that dies at a point, when it comes there for some time."""
        nth = 1 if point == "after_look_up" else chance.randint(1, 3 + self.alerts // 200)
        with suppress(AssertionError):  # it died before it served: there was something to do
            await self._start("kill", point, str(nth))
        self._point = point

    async def _end_by_itself(self, alone: Alone) -> None:
        """Wait until it has died; killed anywhere if it does not come to its point."""
        process = self.town.processes[self.twin]
        with suppress(TimeoutError):
            async with asyncio.timeout(KILL_SECONDS_MAX):
                while process.returncode is None and not await self._is_idle(alone):
                    pass
        self.killed.append(self._point if process.returncode is not None else "anywhere")
        await self._end()

    async def _is_idle(self, alone: Alone) -> bool:
        """Whether it is at work, and has nothing to do for a while."""
        for _ in range(IDLE_LOOKS):
            await asyncio.sleep(0.1)
            if await alone.is_moving():
                return False
        return True

    async def _start(self, *how: str) -> str:
        """Start the twin, in place of the one that runs; its name, which stays the same."""
        await self._end()
        return await self.town.start_twin("notify", *self._how(*how))

    def _how(self, *how: str) -> tuple[str, ...]:
        """In which way a replica is broken."""
        return "hurry", "share", *self.sabotage, *how

    async def _end(self) -> None:
        if process := self.town.processes.pop(self.twin, None):
            if process.returncode is None:
                process.kill()
            await process.wait()

    def _raise_ceiling(self) -> None:
        """Let a whole town be written to in a day."""
        folder = Path(self.town.folder) / "policies"
        folder.mkdir()
        for file in POLICIES.glob("*.yaml"):
            text = file.read_text()
            assert CEILING in text
            (folder / file.name).write_text(text.replace(CEILING, CEILING.replace("200", "100000")))
        self.town.environment["notify"]["POLICY_FOLDER"] = str(folder)


def parts(events: Sequence[CaseEvent], count: int) -> Iterator[Sequence[CaseEvent]]:
    """As many parts as there are kills: of each there is something left to do for its victim."""
    size = -(-len(events) // count) if count else 0
    yield from (events[number * size : (number + 1) * size] for number in range(count))
