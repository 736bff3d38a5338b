"""The reconciliation finds what it is for: clean without, and not clean with a bug planted."""

import signal
from datetime import timedelta

import pytest

from deploy.local.books import read_books
from deploy.local.findings import Findings
from deploy.local.legal_paths import LegalPaths
from deploy.local.month import Household, Month
from deploy.local.reconcile import delivered_again
from tests.faults.workload import FIRST, workload
from tests.town import SERVICES, Town

CLEAN_OR_PLANTED = pytest.mark.parametrize("is_planted", [False, True], ids=["clean", "planted"])
SLOW_MAIL_SECONDS = 6
REMINDERS = "from alert where template = 'hearing_reminder'"


def bug(name: str, *, is_planted: bool) -> tuple[str, ...]:
    """The arguments for a service that has a bug, or not."""
    return ("bug", name) if is_planted else ()


async def killed_in_between(town: Town, point: str, how: tuple[str, ...]) -> Findings:
    """Triage dies at a point with its first events in hand, comes again, and finishes the work."""
    town.clock.move(FIRST)
    await town.start("signals", "notify", sabotage={"notify": ()})
    await town.start("triage", sabotage={"triage": (*how, "kill", point, "2")})
    await town.send(workload(hearings=0).first)
    await town.died("triage")
    await town.start("triage", sabotage={"triage": how})
    await town.quiet()
    return await town.reconcile()


@CLEAN_OR_PLANTED
async def test_acking_before_the_commit_is_found(town: Town, is_planted: bool) -> None:
    how = bug("ack_before_commit", is_planted=is_planted)
    findings = await killed_in_between(town, "before_commit", how)
    assert any("is not in triage" in one for one in findings.lost) == is_planted
    assert findings.is_clean != is_planted, findings.examples()


@CLEAN_OR_PLANTED
async def test_a_missing_inbox_is_found(town: Town, is_planted: bool) -> None:
    how = bug("no_inbox", is_planted=is_planted)
    findings = await killed_in_between(town, "before_ack", how)
    assert findings.is_clean != is_planted, findings.examples()


@CLEAN_OR_PLANTED
async def test_a_relay_without_a_lease_is_found(town: Town, is_planted: bool) -> None:
    town.clock.move(FIRST)
    await town.start(sabotage={"signals": bug("relay_without_lease", is_planted=is_planted)})
    await town.send(workload(signals=300, hearings=0).first)
    await town.quiet()
    findings = await town.reconcile()
    assert findings.is_clean, "what comes twice has no effect"
    assert (await again(town) > 0) == is_planted


async def again(town: Town) -> int:
    """How many events came more than once between the services."""
    settled: dict[str, int] = {}
    for service in SERVICES:
        settled |= (await town.flow(service))["settled"]
    books = await read_books(town.journal_file, town.databases, town.urls["gateway"])
    return delivered_again(books, settled)


@CLEAN_OR_PLANTED
async def test_a_gate_that_is_off_is_found(town: Town, is_planted: bool) -> None:
    """Hearings are called off while their reminders are claimed and the first is on its way."""
    town.clock.move(FIRST)
    await town.start(sabotage={"notify": bug("gate_off", is_planted=is_planted)})
    month = Month(seed=1, signals=1)
    hearings = [(month.new_household(), f"26-{number}") for number in range(8)]
    for household, case in hearings:
        told = (case, FIRST + timedelta(days=20), "1")
        LegalPaths(month).tell_hearing("woonstad", household, FIRST, told)
    await town.send(month.out)
    await town.quiet()
    await town.gateway_behaves(delay_seconds=SLOW_MAIL_SECONDS)
    (row,) = await town.fetch("notify", f"select min(due_at) as due_at {REMINDERS}")
    # Else triage gives the cases to somebody else by then, for nobody took them on.
    town.processes["triage"].send_signal(signal.SIGSTOP)
    town.clock.move(row["due_at"])
    query = f"select count(*) from attempt join (select id {REMINDERS}) as alert on alert_id = id"
    await town.until("notify", query, wanted=1)
    town.processes["triage"].send_signal(signal.SIGCONT)
    town.clock.move(row["due_at"] + timedelta(hours=1))
    await call_off(town, month, hearings)
    await town.gateway_behaves()
    await town.quiet()
    findings = await town.reconcile()
    assert bool(findings.stale) == is_planted, findings.examples()
    assert findings.is_clean != is_planted, findings.examples()


async def call_off(town: Town, month: Month, hearings: list[tuple[Household, str]]) -> None:
    """Have every hearing called off, and wait until notify knows."""
    month.out.clear()
    for household, case in hearings:
        data = LegalPaths(month).facts("woonstad", household, town.now(), case)
        kind = {"soortZitting": "rolzitting"}
        month.send("woonstad", "zitting-vervallen", town.now(), data | kind, sequence="2")
    await town.send(month.out)
    query = "select count(*) from subject where kind = 'hearing' and state = 'cancelled'"
    await town.until("notify", query, wanted=len(hearings))


@CLEAN_OR_PLANTED
async def test_unsorted_locks_are_found(town: Town, is_planted: bool) -> None:
    await four_replicas(town, bug("unsorted_locks", is_planted=is_planted))
    if is_planted:
        # PostgreSQL tells of a deadlock only when the backend that stood in it is idle for a while.
        await town.until("triage", "select deadlocks > 0 from pg_stat_database"
                         " where datname = current_database()", wanted=True)  # fmt: skip
    conflicts = [(await town.flow(name))["conflicts"] for name in town.urls if "triage" in name]
    assert any(conflicts) == is_planted, conflicts
    findings = await town.reconcile()
    assert any("deadlocks" in one for one in findings.wrong) == is_planted, findings.examples()
    assert findings.is_clean != is_planted, findings.examples()


async def four_replicas(town: Town, how: tuple[str, ...]) -> None:
    """Four replicas of triage share what four partners say, again and again, of few households."""
    town.clock.move(FIRST)
    await town.start("signals", "notify")
    await town.start("triage", sabotage={"triage": how})
    names = ["triage", *[await town.start_twin("triage", *how) for _ in range(3)]]
    month = Month(seed=1, signals=1)
    for number, household in enumerate([month.new_household() for _ in range(12)]):
        told = (f"26-{number}", FIRST + timedelta(days=20), "1")
        LegalPaths(month).tell_hearing("woonstad", household, FIRST, told)
        for partner in ("woonstad", "stroomnet", "helderwater", "zorgzeker") * 3:
            data = month.signal(household, partner, FIRST)
            month.send(partner, "achterstand-gemeld", FIRST, data)
    month.chance.shuffle(month.out)
    await town.send(month.out)
    await town.quiet()
    for name in names:
        assert (await town.flow(name))["settled"], f"{name} had nothing to do"
