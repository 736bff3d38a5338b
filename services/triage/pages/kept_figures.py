"""Figures that are kept for some minutes: counting a large town takes a while, and many may look.

Kept by each replica in its memory. One count runs at a time, so that who asks for ever other
periods keeps nobody from their work.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from services.triage.api.monitor import load_figures
from services.triage.api.taking import Counter
from services.triage.counts import Period
from services.triage.monitor import Figures
from shared import clock
from shared.web.problems import Problem

KEPT = timedelta(minutes=5)
PERIODS_MAX = 200  # the one that was asked for longest ago is forgotten first


@dataclass(frozen=True)
class Kept:
    """Figures, and when they were counted; business time for who reads it, real time for us."""

    figures: Figures
    counted_at: datetime
    until: datetime


@dataclass
class KeptFigures:
    """The figures of some municipalities and periods."""

    counter: Counter
    _kept: OrderedDict[tuple[str, Period, date], Kept] = field(default_factory=OrderedDict)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def of(self, municipality: str, period: Period) -> Kept:
        """What was counted some minutes ago at most; raises Problem without a policy."""
        key = (municipality, period, clock.today())
        if found := self._fresh(key):
            return found
        async with self._one_at_a_time:
            # Who waited before us may have counted the same.
            return self._fresh(key) or await self._count(key)

    def _fresh(self, key: tuple[str, Period, date]) -> Kept | None:
        found = self._kept.get(key)
        return found if found and clock.lease_now() < found.until else None

    async def _count(self, key: tuple[str, Period, date]) -> Kept:
        municipality, period, _ = key
        counted_at, until = clock.now(), clock.lease_now() + KEPT
        figures = await load_figures(self.counter, municipality, period)
        if figures is None:
            raise Problem(404, "Your municipality has no policy, and so no figures.")
        self._kept.pop(key, None)
        self._kept[key] = Kept(figures, counted_at, until)
        while len(self._kept) > PERIODS_MAX:
            self._kept.popitem(last=False)
        return self._kept[key]
