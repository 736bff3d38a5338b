"""Runs the fault test of notify: tells what there is to tell, with notify killed and troubled."""

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
    _points: Iterator[str] = field(default_factory=lambda: itertools.cycle(POINTS))

    async def go(self, seconds_max: float) -> Findings:
        """Tell everything, in phases; then compare the books of notify and gateway."""
        self._raise_ceiling()
        self.town.clock.move(FIRST)
        await self._start()
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
        self.town.clock.move(instant)
        async with troubled(self.town, self.troubles, chance):
            telling = asyncio.create_task(alone.say(*events))
            for _ in range(kills):
                await self._kill(alone, next(self._points), chance)
            if kills:
                await self._start()
            await telling
            await asyncio.sleep(TROUBLED_SECONDS)
        await alone.stop_all(is_stopped=False)
        await alone.settled(seconds=900)
        print(f"{instant}: {time.monotonic() - began:.1f} s, {len(self.killed)} kills")

    async def _kill(self, alone: Alone, point: str, chance: random.Random) -> None:
        """Have notify die at a point, when it comes there for some time."""
        nth = 1 if point == "after_look_up" else chance.randint(1, 3 + self.alerts // 200)
        await self._start("kill", point, str(nth))
        process = self.town.processes["notify"]
        with suppress(TimeoutError):
            async with asyncio.timeout(KILL_SECONDS_MAX):
                while process.returncode is None and not await self._is_idle(alone):
                    pass
        self.killed.append(point if process.returncode is not None else "anywhere")
        await self._end()

    async def _is_idle(self, alone: Alone) -> bool:
        """Whether it is at work, and has nothing to do for a while."""
        for _ in range(IDLE_LOOKS):
            await asyncio.sleep(0.1)
            if await alone.is_moving():
                return False
        return True

    async def _start(self, *how: str) -> None:
        """Start notify, in place of the one that runs."""
        await self._end()
        await self.town.start("notify", sabotage={"notify": ("hurry", *self.sabotage, *how)})

    async def _end(self) -> None:
        if process := self.town.processes.pop("notify", None):
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
