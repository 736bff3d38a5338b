"""What somebody does to a case by its page: decide, hand over, pause, restrict, close, reopen."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from services.triage.api import assignments, decisions
from services.triage.api.assignments import AssignmentAnswer, HandOver
from services.triage.api.decisions import (
    Closure,
    Consultation,
    Pause,
    Reopening,
    Restriction,
    TrackDecision,
)
from services.triage.pages.desk import back_to, read_body
from services.triage.pages.sent import Sent

router = APIRouter(include_in_schema=False)


@router.post("/work/{case_id}/answers")
async def answer_assignment(case_id: UUID, sent: Sent) -> Response:
    """Accept or decline."""
    told = {**sent.filled("answer", "reason"), "has_conflict": bool(sent.form.one("has_conflict"))}
    body = read_body(AssignmentAnswer, told)
    await assignments.answer_assignment(case_id, body, sent.take)
    is_mine_still = body.answer == "accepted"
    return back_to(f"/work/{case_id}" if is_mine_still else "/work", body.answer)


@router.post("/work/{case_id}/track-decisions")
async def decide_track(case_id: UUID, sent: Sent) -> Response:
    """Agree with the proposed track, or choose another and say why."""
    body = read_body(TrackDecision, sent.filled("decision", "track", "priority", "reason"))
    await decisions.decide_track(case_id, body, sent.take)
    return back_to(f"/work/{case_id}", body.decision)


@router.post("/work/{case_id}/hand-overs")
async def hand_over(case_id: UUID, sent: Sent) -> Response:
    """To who is named, or to who comes next; the case may be out of sight then."""
    body = read_body(HandOver, sent.filled("to", "reason"))
    await assignments.hand_over(case_id, body, sent.take)
    return back_to("/work", "handed_over")


@router.post("/work/{case_id}/pauses")
async def pause_case(case_id: UUID, sent: Sent) -> Response:
    """Let the case rest until a day; without one it goes on."""
    body = read_body(Pause, sent.filled("review_on", "reason"))
    await decisions.pause_case(case_id, body, sent.take)
    return back_to(f"/work/{case_id}", "paused" if body.review_on else "resumed")


@router.post("/work/{case_id}/restrictions")
async def restrict_contact(case_id: UUID, sent: Sent) -> Response:
    """Say what nobody does towards this household."""
    body = read_body(Restriction, sent.filled("kind", "reason", "review_on"))
    await decisions.restrict_contact(case_id, body, sent.take)
    return back_to(f"/work/{case_id}", "restricted")


@router.post("/work/{case_id}/restrictions/{restriction_id}/liftings")
async def lift_restriction(case_id: UUID, restriction_id: UUID, sent: Sent) -> Response:
    """A restriction holds no longer."""
    await decisions.lift_restriction(case_id, restriction_id, sent.take)
    return back_to(f"/work/{case_id}", "lifted")


@router.post("/work/{case_id}/consultations")
async def record_consultation(case_id: UUID, sent: Sent) -> Response:
    """Whom somebody asked, and what came of it."""
    told = sent.filled("kind", "with_whom", "held_on", "outcome")
    await decisions.record_consultation(case_id, read_body(Consultation, told), sent.take)
    return back_to(f"/work/{case_id}", "saved")


@router.post("/work/{case_id}/closures")
async def close_case(case_id: UUID, sent: Sent) -> Response:
    """End the case with a result."""
    body = read_body(Closure, sent.filled("result", "reason"))
    await decisions.close_case(case_id, body, sent.take)
    return back_to(f"/work/{case_id}", "closed")


@router.post("/work/{case_id}/reopenings")
async def reopen_case(case_id: UUID, sent: Sent) -> Response:
    """Let a closed case go on."""
    body = read_body(Reopening, sent.filled("reason"))
    await decisions.reopen_case(case_id, body, sent.take)
    return back_to(f"/work/{case_id}", "reopened")
