"""SIGKILL at named points in each service: nothing is lost, nothing is doubled."""

import signal

import pytest

from tests.faults.workload import FIRST, finish, workload
from tests.town import Town

# The named points, and at which time the service dies there.
POINTS = {
    "signals": [("before_commit", 2), ("after_commit", 2), ("after_publish", 2), ("before_ack", 3)],
    "triage": [("before_commit", 2), ("after_commit", 2), ("after_publish", 2), ("before_ack", 3)],
    "notify": [("before_ack", 3), ("after_answer", 2), ("before_commit", 2), ("after_commit", 2),
               ("after_publish", 2)],
}  # fmt: skip


@pytest.mark.parametrize("service", list(POINTS))
async def test_a_service_that_is_killed_loses_and_doubles_nothing(town: Town, service: str) -> None:
    town.clock.move(FIRST)
    others = [name for name in POINTS if name != service]
    await town.start(*others)
    work = workload()
    share = len(work.first) // len(POINTS[service]) + 1
    for number, (point, nth) in enumerate(POINTS[service]):
        await town.start(service, sabotage={service: ("kill", point, str(nth))})
        await town.send(work.first[number * share : (number + 1) * share])
        assert await town.died(service) == -signal.SIGKILL, point
    await town.start(service)
    await town.quiet()
    await finish(town, work)
    findings = await town.reconcile()
    assert findings.is_clean, findings.examples()
    assert findings.figures["alerts_sent"] > 50
    assert findings.figures["sent"] == (
        findings.figures["accepted"] + findings.figures["refused"] + findings.figures["duplicates"]
    )
