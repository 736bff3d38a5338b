"""Who has a case: accept, decline, hand over, know a household too well."""

from collections.abc import Set
from dataclasses import dataclass
from typing import Any

from services.triage import deadlines
from services.triage.announcements import HANDED_OVER
from services.triage.assignment import (
    Answer,
    Choice,
    Wanted,
    choose_assignee,
    choose_lead,
    weight_tenths,
)
from services.triage.commands.desk import Desk, Refused, meet_terms
from services.triage.commands.visits import check_visits
from services.triage.hands import given
from services.triage.sql import cases as case_sql
from services.triage.sql import deadlines as deadline_sql
from services.triage.sql import work as work_sql
from shared.contracts import triage
from shared.contracts.triage import Role

UNKNOWN_TARGET = "to is nobody in this municipality."


async def accept(desk: Desk) -> dict[str, Any]:
    """The assignee takes the case on; that confirms the track."""
    _require_answer_awaited(desk)
    desk.change(answer=Answer.ACCEPTED, confirmed_by=desk.case.confirmed_by or desk.actor.id)
    desk.voice.say(triage.AssignmentAccepted)
    await _note_answer(desk, desk.actor.id, Answer.ACCEPTED, "")
    await meet_terms(desk, deadlines.ACCEPTANCE)
    return {"answer": Answer.ACCEPTED.value}


async def _note_answer(desk: Desk, worker_id: str, answer: Answer, reason: str) -> None:
    await work_sql.insert_assignment_answer(
        desk.tx, desk.case, worker_id, answer.value, reason, now=desk.now
    )


def _require_answer_awaited(desk: Desk) -> None:
    if desk.actor.id != desk.case.assignee_id:
        raise Refused(409, "Only the assignee can answer an assignment.")
    if desk.case.answer is not Answer.AWAITED:
        raise Refused(409, f"No answer is awaited: the assignment is {desk.case.answer.value}.")


@dataclass(frozen=True)
class Decline:
    """Why somebody passes a case on."""

    reason: str
    has_conflict: bool = False  # they know the household: they never get its cases again


async def decline(desk: Desk, said: Decline) -> dict[str, Any]:
    """The assignee passes the case on: to the next who has room, else to the lead."""
    if not said.has_conflict:
        _require_answer_awaited(desk)
    elif desk.actor.id != desk.case.assignee_id:
        raise Refused(409, "Only the assignee can pass the case on.")
    if said.has_conflict:
        household_id = desk.case.household_id
        await work_sql.insert_conflict(desk.tx, desk.actor.id, household_id, said.reason, desk.now)
    return await pass_on(desk, said.reason, is_timeout=False)


async def pass_on(desk: Desk, reason: str, *, is_timeout: bool) -> dict[str, Any]:
    """Take the case from its assignee, who declined or did not answer in time."""
    previous = desk.case.assignee_id
    desk.voice.say(triage.AssignmentDeclined, declined_by=previous, is_timeout=is_timeout)
    await _note_answer(desk, previous, Answer.DECLINED, reason)
    if is_timeout:
        # Not a word: what has just been said, that it was missed, holds until somebody answers.
        await deadline_sql.meet(desk.tx, desk.case.id, [deadlines.ACCEPTANCE], desk.now)
    else:
        await meet_terms(desk, deadlines.ACCEPTANCE)
    choice = await choose_next(desk, leave_out={previous})
    await give(desk, choice)
    return {"answer": Answer.DECLINED.value, "assignee_id": choice.assignee.id}


async def choose_next(desk: Desk, leave_out: set[str]) -> Choice:
    """Who comes next, whoever asks: nobody who declined, has a conflict, or is left out."""
    case = desk.case
    declined = await work_sql.load_declined(desk.tx, case.id)
    wanted = await _wanted(desk, leave_out | declined)
    desk.roster.add_load(case.assignee_id, -case.weight_tenths)
    choice = choose_assignee(wanted, desk.roster, desk.today)
    desk.roster.add_load(case.assignee_id, case.weight_tenths)
    return choice


async def _wanted(desk: Desk, excluded: Set[str], current_id: str | None = None) -> Wanted:
    needs = await work_sql.load_needs(desk.tx, desk.case.household_id)
    return Wanted(
        postcode=desk.case.address.postcode,
        language=needs.language,
        weight_tenths=desk.case.weight_tenths,
        current_id=current_id,
        excluded_ids=frozenset(excluded | needs.conflicts),
        skills=desk.policy.skills_for(desk.case.track) | needs.skills,
    )


async def assign_again(desk: Desk) -> None:
    """Assign a case that goes on: to who had it, else as a new one; and say so."""
    had = desk.case.assignee_id
    weight = weight_tenths(desk.policy, desk.case.track, was_reached=desk.case.was_reached)
    desk.change(weight_tenths=weight)
    declined = await work_sql.load_declined(desk.tx, desk.case.id)
    wanted = await _wanted(desk, declined - {had}, had)
    choice = choose_assignee(wanted, desk.roster, desk.today)
    desk.roster.add_load(choice.assignee.id, weight)
    desk.voice.case = given(desk.case, choice, desk.today)
    desk.voice.hand_to(choice.assignee.person(), choice.lead.person())
    is_urgent = desk.case.legal_stage != "none"
    desk.voice.say(triage.GeneralistAssigned, urgent=is_urgent, reason=choice.reason)
    await case_sql.insert_assignments(desk.tx, [(desk.case, choice.reason)], desk.now)
    if desk.case.answer is Answer.AWAITED and desk.actor.id == choice.assignee.id:
        desk.change(answer=Answer.ACCEPTED)  # who reopens a case of theirs has it
        desk.voice.say(triage.AssignmentAccepted)
        await _note_answer(desk, desk.actor.id, Answer.ACCEPTED, "")
        await meet_terms(desk, deadlines.ACCEPTANCE)


async def hand_over(desk: Desk, to: str | None, reason: str) -> dict[str, Any]:
    """Give the case to somebody, or, with nobody named, to who comes next.

    An assignee hands over their own case; a lead any case that they lead.
    """
    previous = desk.case.assignee_id
    if to is None:
        await give(desk, await choose_next(desk, leave_out={previous}))
    else:
        await give(desk, await _named(desk, to, reason), said=HANDED_OVER)
    return {"assignee_id": desk.case.assignee_id}


async def _named(desk: Desk, to: str, reason: str) -> Choice:
    worker = desk.roster.workers.get(to)
    if worker is None:
        raise Refused(400, UNKNOWN_TARGET)
    if not worker.is_there(desk.today):
        raise Refused(409, "Who you name is absent or has left.")
    needs = await work_sql.load_needs(desk.tx, desk.case.household_id)
    if worker.id in needs.conflicts or desk.case.address.postcode in worker.own_postcodes:
        raise Refused(409, "Who you name has a conflict of interest with this household.")
    if worker.id == desk.case.assignee_id:
        raise Refused(409, "Who you name has the case already.")
    lead = desk.roster.workers[desk.roster.teams[worker.team_id].lead_id]
    if lead.has_left(desk.today):
        lead = choose_lead(desk.case.address.postcode, desk.roster, desk.today)
    return Choice(worker, lead, f"Overgedragen door {desk.actor.id}: {reason}")


async def give(desk: Desk, choice: Choice, said: str = "") -> None:
    """Hand the case to who was chosen, and say so; `said` goes out instead of a typed reason."""
    case, previous = desk.case, desk.case.assignee_id
    desk.roster.add_load(previous, -case.weight_tenths)
    desk.roster.add_load(choice.assignee.id, case.weight_tenths)
    desk.voice.case = given(case, choice, desk.today)
    desk.voice.hand_to(choice.assignee.person(), choice.lead.person())
    desk.voice.say(
        triage.GeneralistReassigned,
        previous_assignee_id=previous,
        reason=said or choice.reason,
    )
    await case_sql.insert_assignments(desk.tx, [(desk.case, choice.reason)], desk.now)
    await check_visits(desk)


def require_lead(desk: Desk) -> None:
    """Only a lead may do this; raises Refused."""
    if desk.actor.role is not Role.LEAD:
        raise Refused(403, "Only a team lead may do this.")
