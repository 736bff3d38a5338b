"""Figures that are kept: counting a town with 100,000 cases takes seconds, and many may look.

Kept by each replica in its memory, for the day. What is some minutes old is shown at once, with its
age, and counted anew meanwhile for who looks next. One count runs at a time, so that who asks for
ever other periods keeps nobody from their work.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from services.triage.api.monitor import load_figures
from services.triage.api.taking import Counter
from services.triage.counts import Period
from services.triage.monitor import Figures
from shared import clock, db, log
from shared.web.problems import Problem

KEPT = timedelta(minutes=5)  # then they are counted anew
PERIODS_MAX = 200  # the one that was asked for longest ago is forgotten first
Key = tuple[str, Period, date]  # municipality, months, and the day of looking

logger = log.get()


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
    _kept: OrderedDict[Key, Kept] = field(default_factory=OrderedDict)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    _anew: dict[Key, asyncio.Task[None]] = field(default_factory=dict)

    async def of(self, municipality: str, period: Period) -> Kept:
        """The figures, of today; raises Problem without a policy."""
        key = (municipality, period, clock.today())
        if found := self._kept.get(key):
            if clock.lease_now() >= found.until and key not in self._anew:
                self._anew[key] = asyncio.create_task(self._count_anew(key))
            return found
        async with self._one_at_a_time:
            # Who waited before us may have counted the same.
            return self._kept.get(key) or await self._count(key)

    async def _count_anew(self, key: Key) -> None:
        """Count for who looks next; when that fails the older figures stay, and say how old."""
        try:
            async with self._one_at_a_time:
                await self._count(key)
        except (*db.MAYBE_AWAY, Problem) as fault:
            logger.warning("figures_not_counted", fault=log.fault_of(fault))
        finally:
            self._anew.pop(key, None)

    async def _count(self, key: Key) -> Kept:
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
