"""What is sent in a fault test: signals, and hearings that are set, moved and called off.

In phases, each at an instant of its own, so that it is plain what held when a mail was written.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from deploy.local.legal_paths import LegalPaths
from deploy.local.month import Month, Outgoing
from tests.town import MONDAY, Town

FIRST = MONDAY + timedelta(hours=1)
CHANGES = FIRST + timedelta(hours=2)
# The next digest, and the last reminder of every hearing.
DIGEST = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)
LATER = datetime(2026, 3, 16, 7, 0, tzinfo=UTC)


@dataclass
class Workload:
    """Events by phase."""

    first: list[Outgoing]
    changes: list[Outgoing]


def workload(signals: int = 60, hearings: int = 12, seed: int = 1) -> Workload:
    """Signals with one or two partners, and hearings of half known, half unknown households."""
    month = Month(seed, signals)
    paths = LegalPaths(month)
    households = [month.new_household() for _ in range(signals)]
    for household in households:
        for partner in month.partners_of(household):
            month.send(
                partner, "achterstand-gemeld", FIRST, month.signal(household, partner, FIRST)
            )
    known = households[: hearings // 2] + [month.new_household() for _ in range(hearings // 2)]
    at = FIRST + timedelta(days=20)
    for number, household in enumerate(known):
        told = (f"26-{seed}-{number}", at, "1")
        paths.tell_hearing("woonstad", household, FIRST, told)
    first = list(month.out)
    month.chance.shuffle(first)
    month.out.clear()
    for number, household in enumerate(known):
        case = f"26-{seed}-{number}"
        if number % 3 == 0:
            paths.tell_hearing("woonstad", household, CHANGES, (case, at + timedelta(days=7), "2"))
        if number % 3 == 1:
            data = paths.facts("woonstad", household, CHANGES, case)
            off = {**data, "soortZitting": "rolzitting"}
            month.send("woonstad", "zitting-vervallen", CHANGES, off, sequence="3")
    return Workload(first, list(month.out))


async def finish(town: Town, work: Workload) -> None:
    """Send the changes, then let time pass until the reminders have gone out."""
    town.clock.move(CHANGES)
    await town.send(work.changes)
    await town.quiet()
    for instant in (DIGEST, LATER):
        town.clock.move(instant)
        await town.quiet()
