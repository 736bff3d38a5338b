"""Door 1 of triage: facts of partners, decided by household; and what became of alerts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from services.triage import announcements, casework, matching, rules
from services.triage.assignment import Roster
from services.triage.casework import Case, Known, Outcome
from services.triage.legal_path import Step
from services.triage.matching import Address, Trace
from services.triage.reports import Fact, FactKind, Report, Signal, new_report
from services.triage.rules import Decision, PolicyBook
from services.triage.sql import cases as case_sql
from services.triage.sql import reports as report_sql
from services.triage.sql import roster as roster_sql
from services.triage.sql.cases import StoredHousehold
from shared import clock
from shared.contracts import notify, signals
from shared.contracts.envelope import Event
from shared.contracts.signals import PartnerFact, PartnerKind
from shared.db import Tx
from shared.door import Door, Follow
from shared.waiting import Park

Books = Mapping[str, PolicyBook]  # by municipality
Steps = Mapping[UUID, Mapping[tuple[str, UUID], Step]]  # of each case
Rosters = Mapping[str, Roster]  # by municipality, locked


def register(door: Door, books: Books) -> None:
    """Serve every queue of triage."""

    async def on_partner_facts(events: Sequence[PartnerFact], tx: Tx) -> Follow:
        """Decide for every household that the batch touches, and announce what changed."""
        return await take_facts(tx, events, books)

    for event_class in signals.FACTS:
        door.on(event_class)(on_partner_facts)
    door.on(notify.AlertSent)(on_alert_sent)
    door.on(notify.AlertFailed)(on_alert_failed)
    door.on(notify.AlertStopped)(on_alert_stopped)


async def on_alert_sent(events: Sequence[notify.AlertSent], tx: Tx) -> Follow:
    """Somebody was alerted."""
    await roster_sql.insert_alert_facts(
        tx, "sent", [(one.alert_id, one.case_id, one.template, one.recipient_id, "", one.sent_at)
                     for one in events],
    )  # fmt: skip
    return ()


async def on_alert_failed(events: Sequence[notify.AlertFailed], tx: Tx) -> Follow:
    """Somebody could not be alerted."""
    await roster_sql.insert_alert_facts(
        tx, "failed", [(one.alert_id, one.case_id, one.template, one.recipient_id, one.reason,
                        one.failed_at) for one in events],
    )  # fmt: skip
    return ()


async def on_alert_stopped(events: Sequence[notify.AlertStopped], tx: Tx) -> Follow:
    """An alert was held back, because what it said no longer holds."""
    await roster_sql.insert_alert_facts(
        tx, "stopped", [(one.alert_id, one.case_id, one.template, one.recipient_id, one.reason,
                         one.stopped_at) for one in events],
    )  # fmt: skip
    return ()


@dataclass
class Place:
    """An address that a batch touches, and all that is reported of it."""

    address: Address
    reports: list[Report] = field(default_factory=list)
    households: dict[UUID, StoredHousehold] = field(default_factory=dict)


@dataclass(frozen=True)
class Household:
    """A household that a batch touches, with what follows from all that is known of it."""

    known: Known
    decision: Decision
    stored: StoredHousehold | None
    reports: Sequence[Report]


async def take_facts(tx: Tx, events: Sequence[PartnerFact], books: Books) -> Follow:
    """Load, decide, save, announce; in the one lock order: addresses, then teams, then outbox."""
    if unknown := {event.municipality for event in events} - books.keys():
        raise Park(f"no policy for municipality {', '.join(sorted(unknown))}")
    places = _places(events)
    existing = await report_sql.lock_addresses(tx, [place.address for place in places.values()])
    open_cases: Mapping[UUID, Case] = {}
    steps: Steps = {}
    if existing:
        await _load(tx, places, existing)
        open_cases = await case_sql.load_open_cases(tx, existing)
        steps = await case_sql.load_steps(tx, [case.id for case in open_cases.values()])
    households = [
        household
        for place in places.values()
        for household in _households(place, open_cases, steps, books)
    ]
    rosters = await _lock_rosters(tx, households)
    outcomes = [
        casework.settle(
            one.known, one.decision, rosters.get(one.known.address.municipality), clock.today()
        )
        for one in households
    ]
    events_after = await _save_cases(tx, outcomes, rosters)
    await _save_reports(tx, households, outcomes)
    return events_after


def _places(events: Iterable[PartnerFact]) -> dict[UUID, Place]:
    """The addresses of a batch, in order of arrival: who comes first is assigned first."""
    places: dict[UUID, Place] = {}
    for event in events:
        suffix = matching.normalise_suffix(event.house_letter, event.house_addition)
        address = Address(event.municipality, event.postcode, event.house_number, suffix)
        address_id = address.id
        place = places.setdefault(address_id, Place(address))
        place.reports.append(new_report(event, address_id))
    return places


async def _load(tx: Tx, places: Mapping[UUID, Place], existing: set[UUID]) -> None:
    """Fill in what is stored of the addresses that were known."""
    stored = await report_sql.load_signals(tx, existing)
    for report in stored + await report_sql.load_facts(tx, existing):
        places[report.address_id].reports.append(report)
    for household in await case_sql.load_households(tx, existing):
        places[household.address_id].households[household.id] = household


def _households(
    place: Place, open_cases: Mapping[UUID, Case], steps: Steps, books: Books
) -> Iterator[Household]:
    """Split an address into its households, and decide for each."""
    address = place.address
    reports = {report.what.id: report for report in place.reports}
    traces = [_trace(report) for report in reports.values()]
    for residence in matching.residences(address.id, traces):
        inside = [reports[fact_id] for fact_id in residence.fact_ids]
        stored = place.households.get(residence.household_id)
        case = open_cases.get(residence.household_id)
        known = Known(
            residence=residence,
            address=address,
            case=case,
            case_count=stored.case_count if stored else 0,
            generalist_id=stored.generalist_id if stored else None,
            language=next((one.language for one in inside if one.language), None),
            steps=steps.get(case.id, {}) if case else {},
            statuses={one.what.id: one.status for one in inside if one.status},
        )
        decision = rules.decide(
            [one.what for one in inside if isinstance(one.what, Signal)],
            [one.what for one in inside if isinstance(one.what, Fact)],
            books[address.municipality],
        )
        yield Household(known, decision, stored, inside)


def _trace(report: Report) -> Trace:
    """What a report tells of whose household it concerns."""
    what, tenancy_start, evicted_on = report.what, None, None
    if isinstance(what, Signal):
        # Only a landlord knows when a tenancy started.
        tenancy_start = what.tenancy_start if what.partner_kind is PartnerKind.RENT else None
    elif what.kind is FactKind.EVICTION_CARRIED_OUT:
        evicted_on = what.day
    return Trace(what.id, what.reported_on, tenancy_start, evicted_on, report.household_id)


async def _lock_rosters(tx: Tx, households: Sequence[Household]) -> Rosters:
    """Lock the teams of every municipality where somebody's load may change, sorted."""
    wanted = {
        one.known.address.municipality
        for one in households
        if casework.needs_roster(one.known, one.decision)
    }
    read_only = {one.known.address.municipality for one in households} - wanted
    rosters = {name: await roster_sql.lock_roster(tx, name) for name in sorted(wanted)}
    rosters |= {name: await roster_sql.load_roster(tx, name) for name in sorted(read_only)}
    for name, roster in rosters.items():
        if not roster.teams:
            raise Park(f"municipality {name} has no team: load a roster")
    return rosters


async def _save_reports(
    tx: Tx, households: Sequence[Household], outcomes: Sequence[Outcome]
) -> None:
    """Store what came in, and put reports in the household that is now known to be theirs."""
    now = clock.now()
    new_signals, new_facts, moved = [], [], {}
    for household in households:
        household_id = household.known.residence.household_id
        for report in household.reports:
            if isinstance(report.event, signals.ArrearsReported):
                new_signals.append((report.event, report.address_id, household_id))
            elif isinstance(report.what, Fact) and report.event:
                new_facts.append((report.what, report.address_id, household_id))
            elif report.household_id != household_id:
                moved[report.what.id] = household_id
    statuses = [
        (signal_id, status, number, outcome.decision.live.policy.sha256)
        for outcome in outcomes
        for signal_id, (status, number) in outcome.statuses.items()
    ]
    if new_signals:
        await report_sql.insert_signals(tx, new_signals, now)
    if new_facts:
        await report_sql.insert_facts(tx, new_facts, now)
    if moved:
        await report_sql.save_moves(tx, moved)
    if statuses:
        await report_sql.insert_statuses(tx, statuses, now)
    await _save_households(tx, households)


async def _save_households(tx: Tx, households: Sequence[Household]) -> None:
    new: list[tuple[UUID, UUID, date]] = []
    since: dict[UUID, date] = {}
    for household in households:
        residence = household.known.residence
        if household.stored is None:
            new.append((residence.household_id, household.known.address.id, residence.since))
        elif household.stored.since != residence.since:
            since[residence.household_id] = residence.since
    if new:
        await case_sql.insert_households(tx, new)
    if since:
        await case_sql.save_since(tx, since)


Changed = Sequence[tuple[Case, Outcome]]


async def _save_cases(tx: Tx, outcomes: Sequence[Outcome], rosters: Rosters) -> list[Event]:
    """Write what changed and return the events; a case is written with its last revision."""
    events: list[Event] = []
    changed: list[tuple[Case, Outcome]] = []
    for outcome in outcomes:
        roster = rosters[outcome.known.address.municipality]
        case, announced = announcements.announce(outcome, roster)
        events += announced
        # A step can change without a word: a hearing that was called off before it was known.
        if case and (outcome.steps or outcome.gone or case != outcome.known.case):
            changed.append((case, outcome))
    if changed:
        await _write_cases(tx, changed)
        await _write_what_follows(tx, changed)
        for roster in rosters.values():
            if loads := roster.changed_loads():
                await roster_sql.save_loads(tx, loads)
    return events


async def _write_cases(tx: Tx, changed: Changed) -> None:
    now = clock.now()
    if opened := [case for case, outcome in changed if outcome.is_opened]:
        await case_sql.insert_cases(tx, opened, now)
        await case_sql.insert_assignments(
            tx,
            [(case, outcome.choice.reason) for case, outcome in changed if outcome.choice],
            now,
        )
    if updated := [case for case, outcome in changed if not outcome.is_opened]:
        await case_sql.save_cases(tx, updated)
    if decided := [(case, outcome) for case, outcome in changed if outcome.is_news]:
        await case_sql.insert_decisions(tx, decided, now)


async def _write_what_follows(tx: Tx, changed: Changed) -> None:
    """The legal path and the terms of cases that changed."""
    if steps := [(case, step) for case, outcome in changed for step in outcome.steps]:
        await case_sql.save_steps(tx, steps)
    if gone := [(case, step) for case, outcome in changed for step in outcome.gone]:
        await case_sql.delete_steps(tx, gone)
    if deadlines := [
        (case, deadline, outcome.decision.live.policy.sha256)
        for case, outcome in changed
        for deadline in outcome.deadlines
    ]:
        await case_sql.save_deadlines(tx, deadlines)
