"""Decides for every household of some buildings, saves what changed and says what follows.

The one way to a decision: a door brings facts of partners, a command what a worker entered or
decided, the calendar nothing new at all. Locks: buildings, then teams; both sorted.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from services.triage import casework, matching, reaching, rules, saving
from services.triage.addresses import Building
from services.triage.books import Books
from services.triage.cases import Case, Running, Visit
from services.triage.casework import Known
from services.triage.families import Family, families_of
from services.triage.legal_path import Step
from services.triage.matching import Residence, Verdict
from services.triage.reports import Fact, FactKind, Report, ResidenceResult, Signal
from services.triage.rules import Decision, History
from services.triage.saving import Household, Rosters
from services.triage.sql import cases as case_sql
from services.triage.sql import deadlines as deadline_sql
from services.triage.sql import households as household_sql
from services.triage.sql import reports as report_sql
from services.triage.sql import roster as roster_sql
from services.triage.sql import verdicts as verdict_sql
from services.triage.sql import work as work_sql
from services.triage.sql.households import StoredHousehold
from services.triage.sql.reports import StoredBuilding
from services.triage.traces import Trace
from shared import clock
from shared.contracts.envelope import Event
from shared.contracts.signals import PartnerKind
from shared.db import Tx
from shared.waiting import Park

Steps = Mapping[UUID, Mapping[tuple[str, UUID], Step]]  # of each case


@dataclass
class Place:
    """A building that is decided on, and all that is known of it."""

    building: Building
    reports: list[Report] = field(default_factory=list)
    households: dict[UUID, StoredHousehold] = field(default_factory=dict)
    verdicts: Sequence[Verdict] = ()
    is_multi_let: bool = False


@dataclass(frozen=True)
class Cases:
    """The cases of the households that are decided on."""

    open: Mapping[UUID, Case]  # by household
    last_closed: Mapping[UUID, Case]
    steps: Steps
    running: Mapping[UUID, Running]  # terms, by case


async def decide(
    tx: Tx, books: Books, reports: Sequence[Report] = (), buildings: Collection[Building] = ()
) -> list[Event]:
    """Load, decide, save, announce. `reports` are new; `buildings` are decided on anew."""
    return await saving.save(tx, await find(tx, books, reports, buildings))


async def find(
    tx: Tx, books: Books, reports: Sequence[Report] = (), buildings: Collection[Building] = ()
) -> saving.Found:
    """Load and decide; nothing is written but the buildings that are new."""
    places = _places(reports, buildings)
    if unknown := {building.municipality for building in places} - books.keys():
        raise Park(f"no policy for municipality {', '.join(sorted(unknown))}")
    existing = await report_sql.lock_buildings(tx, list(places))
    cases = Cases({}, {}, {}, {})
    if existing:
        await _load(tx, places, existing)
        cases = await _load_cases(tx, places)
    households = [one for place in places.values() for one in _households(place, cases, books)]
    households = await _with_visits(tx, households)
    gone = _gone(places.values(), households, cases)
    rosters = await _lock_rosters(tx, households, gone)
    today = clock.today()
    outcomes = [
        casework.settle(one.known, one.decision, rosters.get(one.known.address.municipality), today)
        for one in households
    ]
    outcomes = [
        reaching.with_details(outcome, household.reports)
        for outcome, household in zip(outcomes, households, strict=True)
    ]
    return saving.Found(households, outcomes, gone, rosters)


def _places(reports: Sequence[Report], buildings: Collection[Building]) -> dict[Building, Place]:
    """The buildings of a batch, in order of arrival: who comes first is assigned first."""
    places: dict[Building, Place] = {}
    for report in reports:
        building = report.address.building
        places.setdefault(building, Place(building)).reports.append(report)
    for building in buildings:
        places.setdefault(building, Place(building))
    return places


async def _load(
    tx: Tx, places: Mapping[Building, Place], existing: Mapping[Building, StoredBuilding]
) -> None:
    """Fill in what is stored of the buildings that were known."""
    for building, stored in existing.items():
        places[building].is_multi_let = stored.is_multi_let
    addresses = await report_sql.load_addresses(tx, existing)
    if addresses:
        told = await report_sql.load_signals(tx, addresses)
        for report in told + await report_sql.load_facts(tx, addresses):
            places[report.address.building].reports.append(report)
        for household in await household_sql.load_households(tx, addresses):
            building = addresses[household.address_id].building
            places[building].households[household.id] = household
    for building, verdict in await verdict_sql.load_standing(tx, existing):
        place = places[building]
        place.verdicts = (*place.verdicts, verdict)


async def _load_cases(tx: Tx, places: Mapping[Building, Place]) -> Cases:
    households = [household_id for place in places.values() for household_id in place.households]
    found = await case_sql.load_cases(tx, households)
    ids, open_ids = [case.id for case in found], [case.id for case in found if case.is_open]
    closed = sorted((case for case in found if not case.is_open), key=lambda one: one.opened_on)
    return Cases(
        open={case.household_id: case for case in found if case.is_open},
        last_closed={case.household_id: case for case in closed},
        steps=await case_sql.load_steps(tx, open_ids) if open_ids else {},
        running=await deadline_sql.load_running(tx, ids) if ids else {},
    )


def _households(place: Place, cases: Cases, books: Books) -> Iterator[Household]:
    """Split a building into its households, and decide for each."""
    reports = {report.what.id: report for report in place.reports}
    traces = [_trace(report) for report in reports.values()]
    found = matching.residences(traces, place.verdicts, is_multi_let=place.is_multi_let)
    families = families_of(place.households, found, reports)
    for residence in found:
        inside = [reports[fact_id] for fact_id in residence.fact_ids]
        family = families[residence.household_id]
        known = _known(residence, inside, family, cases)
        decision = _decide(known, inside, books)
        yield Household(known, decision, family.own, inside)


def _known(residence: Residence, inside: Sequence[Report], family: Family, cases: Cases) -> Known:
    case = cases.open.get(residence.household_id)
    last_closed = cases.last_closed.get(residence.household_id)
    latest = case or last_closed
    if case:
        is_entered = any(_is_entered(one) for one in inside)
        work = replace(case.work, review_on=family.review_on(case.work.review_on))
        case = replace(
            case,
            work=work,
            is_touched=case.is_touched or is_entered,
            restrictions=family.restrictions,
        )
    stored = family.own
    stated = next((one.language for one in inside if one.language), None)
    return Known(
        residence=residence,
        address=residence.address,
        case=case,
        last_closed=last_closed,
        case_count=stored.case_count if stored else 0,
        generalist_id=family.generalist_id(cases.open),
        needs=family.needs(stated),
        steps=cases.steps.get(case.id, {}) if case else {},
        statuses={one.what.id: one.status for one in inside if one.status},
        doubtful=frozenset(one for one, match in residence.matches.items() if match.doubt),
        doubtful_before=frozenset(one.what.id for one in inside if one.doubt),
        untold=frozenset(one.what.id for one in inside if one.is_untold),
        running=cases.running.get(latest.id, {}) if latest else {},
        moratorium_said=stored.moratorium_said if stored else None,
        restrictions=family.restrictions,
        restrictions_before=family.restrictions_before,
        kin=frozenset(one.id for one in family.kin),
        has_grown=family.has_grown,
    )


def _is_entered(report: Report) -> bool:
    """Whether a worker entered it, for the case at hand."""
    is_entered = isinstance(report.what, Fact) and bool(report.what.recorded_by)
    return is_entered and report.case_id is None


async def _with_visits(tx: Tx, households: list[Household]) -> list[Household]:
    """Fill in the planned visits of households that turned out to be more than was known."""
    grown = {one.known.case.id for one in households if one.known.case and one.known.has_grown}
    if not grown:
        return households
    now = clock.now()
    ahead = [one for one in await work_sql.load_planned_visits(tx, grown) if one.starts_at > now]
    return [
        replace(one, known=replace(one.known, visits=_visits_of(one.known.case, ahead)))
        for one in households
    ]


def _visits_of(case: Case | None, visits: Sequence[Visit]) -> tuple[Visit, ...]:
    return tuple(visit for visit in visits if case and visit.case_id == case.id)


def _decide(known: Known, inside: Sequence[Report], books: Books) -> Decision:
    """Decide on what no closed case dealt with; with the last case again when that one goes on."""
    book = books[known.address.municipality]
    told = [one.what for one in inside if isinstance(one.what, Signal)]
    facts = [one.what for one in inside if isinstance(one.what, Fact)]
    history = _history(known, inside, book.asks_for_age)
    decision = rules.decide(told, facts, book, history)
    if known.case is None and decision.needs_case and casework.reopens(known, decision):
        assert known.last_closed
        again = [one for one in inside if one.case_id != known.last_closed.id]
        history = _history(known, again, book.asks_for_age)
        decision = rules.decide(told, facts, book, history).as_risen(decision.risen)
    return decision


def _history(known: Known, inside: Sequence[Report], with_age: bool) -> History:
    born = (one.person.birth_date for one in inside if one.person) if with_age else ()
    return History(
        handled=frozenset(one.what.id for one in inside if one.case_id),
        closed_cases=known.case_count - (known.case is not None),
        birth_dates=tuple(day for day in born if day),
    )


def _trace(report: Report) -> Trace:
    """What a report tells of whose household it concerns."""
    what = report.what
    tenancy_start, left_on, is_rent = None, None, False
    if isinstance(what, Signal):
        # Only a landlord knows when a tenancy started.
        is_rent = what.partner_kind is PartnerKind.RENT
        tenancy_start = what.tenancy_start if is_rent else None
    elif _ends_residence(what):
        left_on = what.until or what.day
    return Trace(
        fact_id=what.id,
        address=report.address,
        contract=(what.partner_id, what.contract),
        reported_on=what.reported_on,
        bag_id=report.bag_id,
        person=report.person,
        is_rent=is_rent,
        tenancy_start=tenancy_start,
        left_on=left_on,
        follows=what.refers_to if isinstance(what, Fact) and what.recorded_by else None,
        household_id=report.household_id,
    )


def _ends_residence(fact: Fact) -> bool:
    """Whether a fact says that those who lived there do so no more."""
    has_moved = fact.kind is FactKind.RESIDENCE_CHECK and fact.detail in MOVED
    return has_moved or fact.kind is FactKind.EVICTION_CARRIED_OUT


MOVED = frozenset({ResidenceResult.MOVED_OUT, ResidenceResult.MOVED_WITHIN})


def _gone(
    places: Collection[Place] | Iterator[Place], households: Sequence[Household], cases: Cases
) -> list[Case]:
    """Open cases of households that turned out to be another's."""
    left = {one.known.residence.household_id for one in households}
    return [
        cases.open[household_id]
        for place in places
        for household_id in place.households
        if household_id not in left and household_id in cases.open
    ]


async def _lock_rosters(tx: Tx, households: Sequence[Household], gone: Sequence[Case]) -> Rosters:
    """Lock the teams of every municipality where somebody's load may change, sorted."""
    wanted = {
        one.known.address.municipality
        for one in households
        if casework.needs_roster(one.known, one.decision)
    }
    wanted |= {case.address.municipality for case in gone}
    read_only = {one.known.address.municipality for one in households} - wanted
    rosters = {name: await roster_sql.lock_roster(tx, name) for name in sorted(wanted)}
    rosters |= {name: await roster_sql.load_roster(tx, name) for name in sorted(read_only)}
    for name, roster in rosters.items():
        if not roster.teams:
            raise Park(f"municipality {name} has no team: load a roster")
    return rosters
