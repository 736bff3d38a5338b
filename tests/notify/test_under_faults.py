"""A small run of the fault test of alerts; `make faults` and `make faults-notify` run more."""

from tests.faults.alert_run import Run
from tests.faults.alert_work import FIRST
from tests.town import Town

ALERTS, KILLS = 60, (2,)
SECONDS_MAX = 120


async def test_a_gateway_that_fails_and_a_notify_that_is_killed_double_and_lose_nothing(
    town: Town,
) -> None:
    run = Run(town, ALERTS, KILLS, instants=[FIRST])
    found = await run.go(SECONDS_MAX)
    assert found.is_clean, found.examples()
    assert found.figures["kills"] == sum(KILLS)
    assert found.figures["mails"] > 0
    assert found.figures["notifications"] > 0
