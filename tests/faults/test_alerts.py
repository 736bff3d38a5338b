"""Alerts under every fault of the gateway, with notify killed at every named step, and two of it.

`make faults-notify` runs this at its full size: ALERTS=10000.
"""

import os

import pytest

from tests.faults.alert_run import Run
from tests.faults.alert_work import FIRST
from tests.town import Town

SMALL = 300
ALERTS = int(os.environ.get("ALERTS", str(SMALL)))
IS_SMALL = ALERTS <= SMALL
# In each phase; the first two have the most to send.
KILLS = (5, 3, 1) if IS_SMALL else (12, 12, 10, 10, 10, 10)
SECONDS_MAX = 300 if IS_SMALL else 3000


@pytest.mark.timeout(SECONDS_MAX + 60)
async def test_no_household_hears_twice_and_no_worker_misses_anything(town: Town) -> None:
    run = Run(town, ALERTS, KILLS)
    found = await run.go(SECONDS_MAX)
    print(f"\nalerts under faults: {dict(sorted(found.figures.items()))}; killed {run.killed}")
    assert found.is_clean, found.examples()
    assert found.figures["alerts"] > 0.9 * ALERTS
    # Of a text or letter that nothing was told of the gateway was asked, and some stay unknown.
    assert found.figures["resident_sent"] + found.figures["resident_delivered"] > 0.1 * ALERTS
    assert found.figures["resident_unknown"] > 0
    assert found.figures["resident_held"] > 0
    assert found.figures["kills"] == sum(KILLS)
    assert len(set(run.killed)) > 3, "most died where they were to"
    assert town.processes["notify"].returncode is None
    assert any((await town.flow("notify"))["published"].values()), "the other went on, and sent"


# What a gateway does, and the bug that it brings to light.
PLANTED = {
    "sent_before_the_answer": {"refuse_code": 451, "refuse_next": 20},
    "no_look_up": {"api_drop_next": 20},
    "untold": {"drop_after_data": 20},
    "unguarded_claims": {"api_delay_seconds": 0.5, "delay_seconds": 0.3},  # both are at it
}
DOUBLING = {"no_look_up", "unguarded_claims"}


@pytest.mark.parametrize("bug", [None, *PLANTED])
async def test_a_bug_is_found(town: Town, bug: str | None) -> None:
    """Clean without, under all these troubles; and not clean with a bug planted. Two at once."""
    troubles = [PLANTED[bug]] if bug else list(PLANTED.values())
    sabotage = ("bug", bug) if bug else ()
    run = Run(town, 150, (), sabotage, troubles=troubles, instants=[FIRST])
    found = await run.go(60)
    assert found.is_clean == (bug is None), found.examples()
    if bug:
        assert bool(found.doubled) == (bug in DOUBLING), found.examples()
        assert bool(found.lost) == (bug not in DOUBLING), found.examples()
