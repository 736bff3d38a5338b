"""Writes what was decided, and says what follows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.triage import announcements, casework, telling
from services.triage.addresses import Address
from services.triage.assignment import Roster
from services.triage.cases import BY_MERGE, Case, Visit
from services.triage.casework import Known, Outcome
from services.triage.matches import Match
from services.triage.reports import Report, Signal
from services.triage.rules import Decision
from services.triage.sql import cases as case_sql
from services.triage.sql import deadlines as deadline_sql
from services.triage.sql import households as household_sql
from services.triage.sql import reports as report_sql
from services.triage.sql import roster as roster_sql
from services.triage.sql import tasks as task_sql
from services.triage.sql import telling as telling_sql
from services.triage.sql import work as work_sql
from services.triage.sql.households import StoredHousehold
from services.triage.sql.telling import NewStatus
from shared import clock
from shared.contracts.envelope import Event
from shared.contracts.triage import VisitCancelled
from shared.db import Tx

Rosters = Mapping[str, Roster]  # by municipality


@dataclass(frozen=True)
class Household:
    """A household that is decided on, with what follows from all that is known of it."""

    known: Known
    decision: Decision
    stored: StoredHousehold | None
    reports: Sequence[Report]


@dataclass(frozen=True)
class Found:
    """Everything that was decided."""

    households: Sequence[Household]
    outcomes: Sequence[Outcome]
    gone: Sequence[Case]  # open cases of households that turned out to be another's
    rosters: Rosters


Changed = Sequence[tuple[Case, Outcome]]


async def save(tx: Tx, found: Found) -> list[Event]:
    """Write it all, and return the events that follow."""
    events = await _save_cases(tx, found.outcomes, found.rosters)
    events += await _close_gone(tx, found.gone, found.rosters)
    await _cancel_visits(tx, events)
    for roster in found.rosters.values():
        if loads := roster.changed_loads():
            await roster_sql.save_loads(tx, loads)
    await _save_reports(tx, found.households)
    await _save_statuses(tx, found.outcomes)
    await _save_households(tx, found.households)
    await _save_doubts(tx, found.households)
    return events + await telling.tell_what_stands(tx, found.outcomes)


async def _save_cases(tx: Tx, outcomes: Sequence[Outcome], rosters: Rosters) -> list[Event]:
    """Write what changed and return the events; a case is written with its last revision."""
    events: list[Event] = []
    changed: list[tuple[Case, Outcome]] = []
    for outcome in outcomes:
        roster = rosters[outcome.known.address.municipality]
        case, announced = announcements.announce(outcome, roster)
        events += announced
        # A step can change without a word: a hearing that was called off before it was known.
        if case and (outcome.has_changed or case != outcome.known.case):
            changed.append((case, outcome))
    if changed:
        await _write_cases(tx, changed)
        await _write_what_follows(tx, changed)
    return events


async def _write_cases(tx: Tx, changed: Changed) -> None:
    now = clock.now()
    if opened := [case for case, outcome in changed if outcome.is_opened]:
        await case_sql.insert_cases(tx, opened, now)
    if chosen := [(case, one.choice.reason) for case, one in changed if one.choice]:
        await case_sql.insert_assignments(tx, chosen, now)
    if updated := [case for case, outcome in changed if not outcome.is_opened]:
        await case_sql.save_cases(tx, updated, now)
    if reopened := [case.id for case, outcome in changed if outcome.is_reopened]:
        await report_sql.release_handled(tx, reopened)
    if decided := [(case, outcome) for case, outcome in changed if outcome.is_news]:
        await case_sql.insert_decisions(tx, decided, now)


async def _write_what_follows(tx: Tx, changed: Changed) -> None:
    """The legal path and the terms of cases that changed."""
    now = clock.now()
    if steps := [(case, step) for case, outcome in changed for step in outcome.steps]:
        await case_sql.save_steps(tx, steps)
    if gone := [(case, step) for case, outcome in changed for step in outcome.gone]:
        await case_sql.delete_steps(tx, gone)
    if dropped := [(case.id, name) for case, outcome in changed for name in outcome.dropped]:
        await deadline_sql.drop(tx, dropped, now)
    if closed := [case.id for case, outcome in changed if outcome.is_closed]:
        await deadline_sql.drop_all(tx, closed, now)
    if over := [
        (case.id, term.name)
        for case, outcome in changed
        for term in announcements.said_to_run(outcome)
    ]:
        await deadline_sql.note_over_said(tx, over, now)
    if begun := [
        (case, deadline, outcome.decision.live.policy.sha256)
        for case, outcome in changed
        for deadline in outcome.begun
    ]:
        await deadline_sql.insert(tx, begun)
    if said := {
        case.household_id: outcome.moratorium.id for case, outcome in changed if outcome.moratorium
    }:
        await household_sql.save_moratoria_said(tx, said)


async def _close_gone(tx: Tx, gone: Sequence[Case], rosters: Rosters) -> list[Event]:
    """Close cases whose household is another's now."""
    if not gone:
        return []
    now = clock.now()
    events: list[Event] = []
    closed, said = [], []
    planned: defaultdict[UUID, list[Visit]] = defaultdict(list)
    for visit in await work_sql.load_planned_visits(tx, [case.id for case in gone]):
        planned[visit.case_id].append(visit)
    running = await deadline_sql.load_running(tx, [case.id for case in gone])
    for case in gone:
        roster = rosters[case.address.municipality]
        after = casework.close(case, casework.MERGED, roster, by=BY_MERGE)
        terms = [one for one in running.get(case.id, {}).values() if one.was_said]
        after, announced = announcements.announce_closing(after, planned[case.id], terms, roster)
        said += [(case.id, term.name) for term in terms]
        closed.append(after)
        events += announced
    await case_sql.save_cases(tx, closed, now)
    await deadline_sql.drop_all(tx, [case.id for case in closed], now)
    await deadline_sql.note_over_said(tx, said, now)
    return events


async def _cancel_visits(tx: Tx, events: Sequence[Event]) -> None:
    """Write which visits were called off, as the events say."""
    cancelled = [(one.visit_id, one.revision) for one in events if isinstance(one, VisitCancelled)]
    if cancelled:
        await work_sql.cancel_visits(tx, cancelled, BY_MERGE, clock.now())


async def _save_reports(tx: Tx, households: Sequence[Household]) -> None:
    """Store what came in, and put reports in the household that is now known to be theirs."""
    now = clock.now()
    new_signals, new_facts, moved = [], [], {}
    matched: dict[UUID, Match] = {}
    for household in households:
        residence = household.known.residence
        for report in household.reports:
            match = residence.matches.get(report.what.id)
            if report.is_new and isinstance(report.what, Signal):
                assert match
                new_signals.append((report, residence.household_id, match))
            elif report.is_new:
                new_facts.append((report, residence.household_id))
            else:
                if report.household_id != residence.household_id:
                    moved[report.what.id] = residence.household_id
                if match and (match.reason, bool(match.doubt)) != (
                    report.match_reason,
                    report.doubt,
                ):
                    matched[report.what.id] = match
    await report_sql.save_reports(tx, new_signals, new_facts, now)
    if with_bag := [report.what.id for report, _, _ in new_signals if report.bag_id]:
        await task_sql.insert_bag_tasks(tx, with_bag, now)
    if moved:
        await report_sql.save_moves(tx, moved)
        await household_sql.save_moves(tx, _became(households, moved))
    if matched:
        await report_sql.save_matches(tx, matched)


def _became(households: Sequence[Household], moved: Mapping[UUID, UUID]) -> dict[UUID, UUID]:
    """Whose the reports of households became, by the household that they were of."""
    return {
        report.household_id: moved[report.what.id]
        for household in households
        for report in household.reports
        if report.household_id and report.what.id in moved
    }


async def _save_statuses(tx: Tx, outcomes: Sequence[Outcome]) -> None:
    statuses = [
        NewStatus(
            signal_id,
            status,
            number,
            outcome.decision.live.policy.sha256,
            is_untold=signal_id in outcome.known.doubtful,
        )
        for outcome in outcomes
        for signal_id, (status, number) in outcome.statuses.items()
    ]
    if statuses:
        await telling_sql.insert_statuses(tx, statuses, clock.now())
    if late := {one for outcome in outcomes for one in outcome.told if one in outcome.known.untold}:
        await telling_sql.note_statuses_told(tx, late)


async def _save_households(tx: Tx, households: Sequence[Household]) -> None:
    new: list[tuple[UUID, Address, date]] = []
    since: dict[UUID, date] = {}
    for household in households:
        residence = household.known.residence
        if household.stored is None:
            new.append((residence.household_id, residence.address, residence.since))
        elif household.stored.since != residence.since:
            since[residence.household_id] = residence.since
    if new:
        await household_sql.insert_households(tx, new)
    if since:
        await household_sql.save_since(tx, since)


async def _save_doubts(tx: Tx, households: Sequence[Household]) -> None:
    """A person has to look at what is uncertain: a task for each household and kind of doubt."""
    doubts = [
        one for household in households for one in task_sql.NewTask.about_matches(household.known)
    ]
    if doubts:
        await task_sql.save_doubts(tx, doubts, clock.now())
