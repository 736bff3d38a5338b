"""Going by: visits, attempts to reach, and what came of them."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.triage import deadlines
from services.triage.assignment import Wanted, choose_second, weight_tenths
from services.triage.cases import Visit
from services.triage.commands.desk import Desk, Refused, meet_terms
from services.triage.sql import telling as telling_sql
from services.triage.sql import work as work_sql
from services.triage.sql.work import Attempt
from services.triage.visiting import Visitors, as_it_may_go_on, why_not
from shared.clock import AMSTERDAM, amsterdam_day
from shared.contracts import triage
from shared.contracts.triage import AttemptResult, ContactKind, PartOfDay, Person

VISIT_HOURS_MAX = 4
NOON, EVENING = 12, 18
REACHED = frozenset({AttemptResult.SPOKE, AttemptResult.JUST_TALKED, AttemptResult.UNSAFE})


@dataclass(frozen=True)
class Window:
    """Between which instants who comes; with whom, where two go."""

    starts_at: datetime
    ends_at: datetime
    second_worker_id: str | None = None


async def plan_visit(desk: Desk, window: Window) -> dict[str, Any]:
    """Plan a visit; a case has one planned visit at a time."""
    _require_window(desk, window)
    if await work_sql.has_planned_visit(desk.tx, desk.case.id):
        raise Refused(409, "A visit is planned already: move that one.")
    second = await _second_worker(desk, window)
    visit = Visit(
        desk.new_id("visit"),
        desk.case.id,
        window.starts_at,
        window.ends_at,
        "planned",
        second,
    )
    desk.voice.say(
        triage.VisitPlanned,
        visit_id=visit.id,
        starts_at=window.starts_at,
        ends_at=window.ends_at,
        second=_person(desk, second),
    )
    return await _save_visit(desk, visit, "planned")


def _person(desk: Desk, worker_id: str | None) -> Person | None:
    return desk.roster.workers[worker_id].person() if worker_id else None


def _require_window(desk: Desk, window: Window) -> None:
    if window.starts_at <= desk.now:
        raise Refused(400, "starts_at lies in the past.")
    if not timedelta() < window.ends_at - window.starts_at <= timedelta(hours=VISIT_HOURS_MAX):
        raise Refused(400, f"ends_at must be after starts_at, {VISIT_HOURS_MAX} hours at most.")


async def _second_worker(desk: Desk, window: Window, planned: str | None = None) -> str | None:
    """Who goes along: as said, else as it was planned, else whom it takes. Raises Refused."""
    who = await _visitors(desk)
    day = amsterdam_day(window.starts_at)
    if why := why_not(who, day):
        raise Refused(409, why)
    if given := window.second_worker_id:
        if not who.may_come(given, day):
            raise Refused(
                400, "second_worker_id must be somebody else who is there on that day and may come."
            )
        return given
    if planned and who.may_come(planned, day):
        return planned
    if not who.must_be_two:
        return None
    second = choose_second(who.first_id, who.wanted, who.roster, day)
    if second is None:
        raise Refused(409, "This household is visited with two, and nobody else is there.")
    return second.id


async def _visitors(desk: Desk) -> Visitors:
    household_id = desk.case.household_id
    restrictions = await work_sql.load_restrictions(desk.tx, household_id)
    needs = await work_sql.load_needs(desk.tx, household_id)
    asked = Wanted(desk.case.address.postcode, None, 0, None, excluded_ids=needs.conflicts)
    return Visitors(desk.case.assignee_id, asked, restrictions, desk.roster)


async def move_visit(desk: Desk, visit_id: UUID, window: Window) -> dict[str, Any]:
    """Give a planned visit another window."""
    _require_window(desk, window)
    visit = await _planned_visit(desk, visit_id)
    second = await _second_worker(desk, window, visit.second_worker_id)
    moved = replace(
        visit, starts_at=window.starts_at, ends_at=window.ends_at, second_worker_id=second
    )
    _say_moved(desk, moved)
    return await _save_visit(desk, moved, "moved")


async def cancel_visit(desk: Desk, visit_id: UUID) -> dict[str, Any]:
    """Call a planned visit off."""
    visit = await _planned_visit(desk, visit_id)
    desk.voice.say(triage.VisitCancelled, visit_id=visit_id)
    return await _save_visit(desk, replace(visit, state="cancelled"), "cancelled")


async def call_off_visits(desk: Desk) -> None:
    """Call the planned visit of a case off, if there is one: the case is being closed."""
    for visit in await work_sql.load_planned_visits(desk.tx, [desk.case.id]):
        await cancel_visit(desk, visit.id)


async def check_visits(desk: Desk) -> None:
    """See whether visits that lie ahead may still be made: by whom, with whom, and at all.

    Who may not go along any more does not; a visit that may not be made so is called off.
    """
    planned = await work_sql.load_planned_visits(desk.tx, [desk.case.id])
    for visit in [one for one in planned if one.starts_at > desk.now]:
        now = as_it_may_go_on(visit, await _visitors(desk))
        if now is None:
            await cancel_visit(desk, visit.id)
        elif now != visit:
            _say_moved(desk, now)
            await _save_visit(desk, now, "alone")


def _say_moved(desk: Desk, visit: Visit) -> None:
    """Say how a visit is now: when, and with whom."""
    desk.voice.say(
        triage.VisitMoved,
        visit_id=visit.id,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        second=_person(desk, visit.second_worker_id),
    )


async def _planned_visit(desk: Desk, visit_id: UUID) -> Visit:
    visit = await work_sql.load_visit(desk.tx, visit_id)
    if visit is None or visit.case_id != desk.case.id:
        raise Refused(404, "No such visit.")
    if visit.state != "planned":
        raise Refused(409, f"The visit is {visit.state}.")
    return visit


async def _save_visit(desk: Desk, visit: Visit, what: str) -> dict[str, Any]:
    await work_sql.save_visit(desk.tx, visit, what, desk.case, by=desk.actor.id, now=desk.now)
    return {
        "visit_id": str(visit.id),
        "starts_at": visit.starts_at.isoformat(),
        "ends_at": visit.ends_at.isoformat(),
        "second_worker_id": visit.second_worker_id,
        "state": visit.state,
    }


@dataclass(frozen=True)
class Tried:
    """How somebody tried to reach the household, and what came of it."""

    kind: ContactKind
    attempted_at: datetime
    result: AttemptResult
    visit_id: UUID | None = None
    is_first_talk: bool = False  # in which the call for help was settled (Wgs art. 4)


async def record_attempt(desk: Desk, tried: Tried) -> dict[str, Any]:
    """Record that somebody tried to reach the household; also late, never ahead."""
    if tried.attempted_at > desk.now:
        raise Refused(400, "attempted_at lies in the future.")
    was_reached = tried.result in REACHED
    if tried.is_first_talk and not was_reached:
        raise Refused(400, "is_first_talk needs a result in which somebody was spoken to.")
    attempt = Attempt(
        id=desk.new_id("attempt"),
        case_id=desk.case.id,
        visit_id=tried.visit_id,
        kind=tried.kind,
        part_of_day=part_of_day(tried.attempted_at),
        was_reached=was_reached,
        result=tried.result,
        is_first_talk=tried.is_first_talk,
        attempted_at=tried.attempted_at,
    )
    if tried.visit_id:
        visit = await _planned_visit(desk, tried.visit_id)
        desk.voice.say(triage.VisitMade, visit_id=tried.visit_id)
        await _save_visit(desk, replace(visit, state="made"), "made")
    else:
        desk.note()
    if was_reached and not desk.case.was_reached:
        _note_reached(desk)
    await work_sql.insert_attempt(desk.tx, attempt, desk.actor.id, desk.now)
    await _meet_terms(desk, tried)
    signals = await telling_sql.load_tellable(desk.tx, desk.case.household_id)
    desk.extra_events.append(_attempted(attempt, tuple(signals)))
    return {"attempt_id": str(attempt.id), "part_of_day": attempt.part_of_day.value}


async def _meet_terms(desk: Desk, tried: Tried) -> None:
    met = [deadlines.FIRST_ATTEMPT, deadlines.ACT_ON_SIGNAL]
    if tried.is_first_talk:
        met.append(deadlines.FIRST_TALK)
    await meet_terms(desk, *met)


def _attempted(attempt: Attempt, signal_ids: tuple[UUID, ...]) -> triage.ContactAttempted:
    return triage.ContactAttempted(
        attempt_id=attempt.id,
        signal_ids=signal_ids,
        attempted_at=attempt.attempted_at,
        kind=attempt.kind,
        part_of_day=attempt.part_of_day,
        was_reached=attempt.was_reached,
    )


def _note_reached(desk: Desk) -> None:
    """Who was reached weighs more than a letter."""
    weight = weight_tenths(desk.policy, desk.case.track, was_reached=True)
    desk.roster.add_load(desk.case.assignee_id, weight - desk.case.weight_tenths)
    desk.change(was_reached=True, weight_tenths=weight)


def part_of_day(instant: datetime) -> PartOfDay:
    """Morning until 12, afternoon until 18, on the Amsterdam clock (DDAS 1.2)."""
    hour = instant.astimezone(AMSTERDAM).hour
    if hour < NOON:
        return PartOfDay.MORNING
    return PartOfDay.AFTERNOON if hour < EVENING else PartOfDay.EVENING
