"""Runs a trial: a candidate against another policy, over what is stored or over a made-up month."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.triage.books import compile_policy
from services.triage.simulation import generated
from services.triage.simulation.comparing import Comparison
from services.triage.simulation.households import Told
from services.triage.simulation.report import Over, as_document
from services.triage.simulation.words import ENGLISH, Words
from services.triage.sql import history as history_sql
from services.triage.sql.history import NOBODY, Period
from shared import clock
from shared.db import Tx
from shared.policy import Policy
from shared.settings import StartupFault

PAGE = 1000  # households in memory at a time
AT_ONCE = 25  # decided before others get a turn: a service does other things meanwhile
Say = Callable[[int], None]


@dataclass(frozen=True)
class Generated:
    """A made-up month: how many signals, and from which seed."""

    signals: int
    seed: int


@dataclass(frozen=True)
class Telling:
    """Whom to tell how far it is, and in which words examples are told."""

    say: Say
    words: Words = ENGLISH


def over_generated(before: Policy, after: Policy, month: Generated, say: Say) -> dict[str, Any]:
    """What changes in a made-up month."""
    teams = generated.teams_for(month.signals)
    comparison = Comparison.of(compile_policy(before), compile_policy(after), teams)
    comparison.take(generated.households(month.signals, month.seed), say)
    last = generated.MONTH + timedelta(days=generated.MONTH_DAYS - 1)
    over = Over("generated", generated.MONTH_DAYS, last.isoformat(), month.seed)
    return as_document(comparison, over)


async def over_history(
    tx: Tx, before: Policy, after: Policy, days: int, telling: Telling
) -> dict[str, Any]:
    """What changes for open cases, and for what was reported in the last days. Only reads."""
    today = clock.today()
    teams = await history_sql.load_teams(tx, after.municipality, today)
    if teams is None:
        raise StartupFault(f"municipality {after.municipality} has no team: load a roster")
    with_age = any(policy.triage.profiling for policy in (before, after))
    period = Period(after.municipality, today - timedelta(days=days), with_age)
    comparison = Comparison.of(compile_policy(before), compile_policy(after), teams, telling.words)
    async for page in _pages(tx, period):
        for first in range(0, len(page), AT_ONCE):
            comparison.take(page[first : first + AT_ONCE], telling.say)
            await asyncio.sleep(0)
    return as_document(comparison, Over("history", days, today.isoformat()))


async def _pages(tx: Tx, period: Period) -> AsyncIterator[list[Told]]:
    after: UUID | None = NOBODY
    while after is not None:
        page, after = await history_sql.list_households(tx, period, after, PAGE)
        yield page
