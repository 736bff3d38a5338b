"""What workers do to a case: one transaction each, under the lock of its address.

A command is taken once: the same key again gets the same answer. It names the revision that its
sender saw; when the case has moved on, nothing is done and the answer says what is true now.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.triage.announcements import Voice
from services.triage.assignment import (
    Answer,
    Roster,
    Wanted,
    answer_wanted,
    choose_assignee,
    weight_tenths,
)
from services.triage.casework import Case
from services.triage.rules import PolicyBook
from services.triage.sql import cases as case_sql
from services.triage.sql import reports as report_sql
from services.triage.sql import roster as roster_sql
from services.triage.sql import work as work_sql
from services.triage.sql.work import Attempt, Visit
from shared import clock
from shared.clock import AMSTERDAM
from shared.contracts import triage
from shared.contracts.envelope import Event, derived_id
from shared.contracts.triage import ContactKind, PartOfDay
from shared.db import Tx
from shared.door import Door, Follow

VISIT_HOURS_MAX = 4
NOON, EVENING = 12, 18


class Refused(Exception):
    """A command cannot be carried out; nothing was changed."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


@dataclass(frozen=True)
class Order:
    """A command as it came in: who asks, its key, what it saw, and what it is about."""

    actor_id: str
    key: str
    request_hash: bytes
    revision: int
    case_id: UUID


@dataclass
class Desk:
    """A case under lock, with what a command needs to act on it."""

    tx: Tx
    order: Order
    voice: Voice
    roster: Roster
    book: PolicyBook
    now: datetime
    extra_events: list[Event]

    @property
    def case(self) -> Case:
        return self.voice.case

    def change(self, **fields: Any) -> None:
        """Change the case."""
        self.voice.case = replace(self.voice.case, **fields)


Act = Callable[[Desk], Awaitable[dict[str, Any]]]


async def take(
    door: Door, order: Order, books: Mapping[str, PolicyBook], act: Act
) -> tuple[int, dict[str, Any]]:
    """Carry a command out, or give the answer it got before; raises Refused."""

    async def work(tx: Tx) -> tuple[tuple[int, dict[str, Any]], Follow]:
        now = clock.now()
        before = await work_sql.claim_command(
            tx, order.actor_id, order.key, order.request_hash, now
        )
        if before:
            if before.request_hash != order.request_hash:
                raise Refused(409, "This Idempotency-Key was used for another command.")
            return (before.status, before.answer), ()
        desk = await _open_desk(tx, order, books, now)
        answer = await act(desk)
        await case_sql.save_cases(tx, [desk.case])
        if loads := desk.roster.changed_loads():
            await roster_sql.save_loads(tx, loads)
        answer = {**answer, "case_id": str(desk.case.id), "revision": desk.case.revision}
        await work_sql.save_answer(tx, order.actor_id, order.key, 200, answer)
        return (200, answer), [*desk.voice.events, *desk.extra_events]

    return await door.transact(work)


async def _open_desk(tx: Tx, order: Order, books: Mapping[str, PolicyBook], now: datetime) -> Desk:
    """Lock address and teams, in the one order, and check that the command fits the case."""
    address_id = await work_sql.find_case_address(tx, order.case_id)
    if address_id is None:
        raise Refused(404, "No such case.")
    await report_sql.lock_address(tx, address_id)
    case = await case_sql.load_case(tx, order.case_id)
    # Whose case it is not learns no more than of a case that does not exist.
    if case is None or order.actor_id not in {case.assignee_id, case.lead_id}:
        raise Refused(404, "No such case.")
    if not case.is_open:
        raise Refused(409, "The case is closed.")
    if case.revision != order.revision:
        raise Refused(
            412,
            f"The case is at revision {case.revision}; you saw {order.revision}. Read it again.",
        )
    roster = await roster_sql.lock_roster(tx, case.address.municipality)
    assignee, lead = roster.workers[case.assignee_id], roster.workers[case.lead_id]
    voice = Voice(case, assignee.person(), lead.person())
    return Desk(tx, order, voice, roster, books[case.address.municipality], now, [])


async def accept(desk: Desk) -> dict[str, Any]:
    """The assignee takes the case on; that confirms the track."""
    _require_answer_awaited(desk)
    desk.change(answer=Answer.ACCEPTED)
    desk.voice.say(triage.AssignmentAccepted)
    actor = desk.order.actor_id
    await work_sql.insert_assignment_answer(
        desk.tx, desk.case, actor, Answer.ACCEPTED.value, "", now=desk.now
    )
    await work_sql.meet_deadline(desk.tx, desk.case.id, "acceptance", desk.now)
    return {"answer": Answer.ACCEPTED.value}


def _require_answer_awaited(desk: Desk) -> None:
    if desk.order.actor_id != desk.case.assignee_id:
        raise Refused(409, "Only the assignee can answer an assignment.")
    if desk.case.answer is not Answer.AWAITED:
        raise Refused(409, f"No answer is awaited: the assignment is {desk.case.answer.value}.")


async def decline(desk: Desk, reason: str) -> dict[str, Any]:
    """The assignee passes the case on: to the next who has room, else to the lead."""
    _require_answer_awaited(desk)
    case, actor = desk.case, desk.order.actor_id
    declined = await work_sql.load_declined(desk.tx, case.id) | {actor}
    signals = await work_sql.load_taken_up(desk.tx, case.household_id)
    wanted = Wanted(
        postcode=case.address.postcode,
        language=next((language for _, language in signals if language), None),
        weight_tenths=case.weight_tenths,
        current_id=None,
        declined_ids=frozenset(declined),
    )
    desk.roster.add_load(actor, -case.weight_tenths)
    choice = choose_assignee(wanted, desk.roster, clock.amsterdam_day(desk.now))
    desk.roster.add_load(choice.assignee.id, case.weight_tenths)
    desk.change(
        assignee_id=choice.assignee.id,
        lead_id=choice.lead.id,
        answer=answer_wanted(case.track, choice.assignee.role),
    )
    desk.voice.hand_to(choice.assignee.person(), choice.lead.person())
    desk.voice.say(triage.GeneralistReassigned, previous_assignee_id=actor, reason=choice.reason)
    await work_sql.insert_assignment_answer(
        desk.tx, desk.case, actor, Answer.DECLINED.value, reason, now=desk.now
    )
    await case_sql.insert_assignments(desk.tx, [(desk.case, choice.reason)], desk.now)
    return {"answer": Answer.DECLINED.value, "assignee_id": choice.assignee.id}


async def plan_visit(desk: Desk, starts_at: datetime, ends_at: datetime) -> dict[str, Any]:
    """Plan a visit; a case has one planned visit at a time."""
    _require_window(desk, starts_at, ends_at)
    if await work_sql.has_planned_visit(desk.tx, desk.case.id):
        raise Refused(409, "A visit is planned already: move that one.")
    visit_id = derived_id("visit", desk.case.id, desk.case.revision + 1)
    visit = Visit(visit_id, desk.case.id, starts_at, ends_at, "planned")
    desk.voice.say(triage.VisitPlanned, visit_id=visit.id, starts_at=starts_at, ends_at=ends_at)
    return await _save_visit(desk, visit, "planned")


def _require_window(desk: Desk, starts_at: datetime, ends_at: datetime) -> None:
    if starts_at <= desk.now:
        raise Refused(400, "starts_at lies in the past.")
    if not timedelta() < ends_at - starts_at <= timedelta(hours=VISIT_HOURS_MAX):
        raise Refused(400, f"ends_at must be after starts_at, {VISIT_HOURS_MAX} hours at most.")


async def move_visit(
    desk: Desk, visit_id: UUID, starts_at: datetime, ends_at: datetime
) -> dict[str, Any]:
    """Give a planned visit another window."""
    _require_window(desk, starts_at, ends_at)
    visit = await _planned_visit(desk, visit_id)
    moved = replace(visit, starts_at=starts_at, ends_at=ends_at)
    desk.voice.say(triage.VisitMoved, visit_id=visit_id, starts_at=starts_at, ends_at=ends_at)
    return await _save_visit(desk, moved, "moved")


async def cancel_visit(desk: Desk, visit_id: UUID) -> dict[str, Any]:
    """Call a planned visit off."""
    visit = await _planned_visit(desk, visit_id)
    desk.voice.say(triage.VisitCancelled, visit_id=visit_id)
    return await _save_visit(desk, replace(visit, state="cancelled"), "cancelled")


async def _planned_visit(desk: Desk, visit_id: UUID) -> Visit:
    visit = await work_sql.load_visit(desk.tx, visit_id)
    if visit is None or visit.case_id != desk.case.id:
        raise Refused(404, "No such visit.")
    if visit.state != "planned":
        raise Refused(409, f"The visit is {visit.state}.")
    return visit


async def _save_visit(desk: Desk, visit: Visit, what: str) -> dict[str, Any]:
    await work_sql.save_visit(desk.tx, visit, what, desk.case, by=desk.order.actor_id, now=desk.now)
    return {
        "visit_id": str(visit.id),
        "starts_at": visit.starts_at.isoformat(),
        "ends_at": visit.ends_at.isoformat(),
        "state": visit.state,
    }


async def record_attempt(
    desk: Desk,
    kind: ContactKind,
    attempted_at: datetime,
    *,
    was_reached: bool,
    visit_id: UUID | None,
) -> dict[str, Any]:
    """Record that somebody tried to reach the household; also late, never ahead."""
    if attempted_at > desk.now:
        raise Refused(400, "attempted_at lies in the future.")
    attempt = Attempt(
        id=derived_id("attempt", desk.case.id, desk.case.revision + 1),
        case_id=desk.case.id,
        visit_id=visit_id,
        kind=kind,
        part_of_day=part_of_day(attempted_at),
        was_reached=was_reached,
        attempted_at=attempted_at,
    )
    if visit_id:
        visit = await _planned_visit(desk, visit_id)
        desk.voice.say(triage.VisitMade, visit_id=visit_id)
        await _save_visit(desk, replace(visit, state="made"), "made")
    else:
        desk.change(revision=desk.case.revision + 1)
    if was_reached and not desk.case.was_reached:
        _note_reached(desk)
    await work_sql.insert_attempt(desk.tx, attempt, desk.order.actor_id, desk.now)
    await work_sql.meet_deadline(desk.tx, desk.case.id, "first_attempt", desk.now)
    signals = await work_sql.load_taken_up(desk.tx, desk.case.household_id)
    desk.extra_events.append(_attempted(attempt, tuple(signal_id for signal_id, _ in signals)))
    return {"attempt_id": str(attempt.id), "part_of_day": attempt.part_of_day.value}


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
    policy = desk.book.on(clock.amsterdam_day(desk.now)).policy.triage
    weight = weight_tenths(policy, desk.case.track, was_reached=True)
    desk.roster.add_load(desk.case.assignee_id, weight - desk.case.weight_tenths)
    desk.change(was_reached=True, weight_tenths=weight)


def part_of_day(instant: datetime) -> PartOfDay:
    """Morning until 12, afternoon until 18, on the Amsterdam clock (DDAS 1.2)."""
    hour = instant.astimezone(AMSTERDAM).hour
    if hour < NOON:
        return PartOfDay.MORNING
    return PartOfDay.AFTERNOON if hour < EVENING else PartOfDay.EVENING
