"""What happened at the door: one tap for most of it."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from services.triage.api import assignments
from services.triage.api.assignments import ContactAttempt
from services.triage.api.decisions import HelpAnswer, Restriction
from services.triage.commands import help as help_commands
from services.triage.commands import visits
from services.triage.commands.desk import Desk
from services.triage.commands.visits import Tried
from services.triage.pages.desk import back_to, read_body
from services.triage.pages.sent import Sent, SentForm
from shared.contracts.triage import ContactKind

router = APIRouter(include_in_schema=False)


def attempt_of(sent: SentForm, **fixed: str) -> ContactAttempt:
    """The attempt that a form tells of: a visit, now, unless it says otherwise."""
    told: dict[str, Any] = {
        "kind": ContactKind.VISIT,
        "attempted_at": sent.instant("day", "hour") or sent.tapped_at(),
        "is_first_talk": bool(sent.form.one("is_first_talk")),
        **sent.filled("kind", "result", "visit_id"),
        **fixed,
    }
    if told["kind"] != ContactKind.VISIT:
        told.pop("visit_id", None)
    return read_body(ContactAttempt, told)


def _tried(body: ContactAttempt) -> Tried:
    return Tried(body.kind, body.attempted_at, body.result, body.visit_id, body.is_first_talk)


@router.post("/work/{case_id}/attempts")
async def record_attempt(case_id: UUID, sent: Sent) -> Response:
    """Not home, a card, a talk, a call, a letter."""
    body = attempt_of(sent)
    await assignments.record_attempt(case_id, body, sent.take)
    return back_to(f"/work/{case_id}", body.result.value)


@router.post("/work/{case_id}/help-answers")
async def record_help_answer(case_id: UUID, sent: Sent) -> Response:
    """They want help, or do not; the talk in which they said so is recorded with it."""
    body = read_body(HelpAnswer, sent.filled("answer", "answered_on"))
    tried = _tried(attempt_of(sent, result="spoke"))

    async def act(desk: Desk) -> dict[str, Any]:
        told = await visits.record_attempt(desk, tried)
        return told | await help_commands.record_help_answer(desk, body.answer, body.answered_on)

    await sent.take.carry_out(case_id, act)
    return back_to(f"/work/{case_id}", f"help_{body.answer}")


@router.post("/work/{case_id}/dangers")
async def record_danger(case_id: UUID, sent: Sent) -> Response:
    """It was not safe: from now on with two, or not at all; in the same breath."""
    body = read_body(Restriction, sent.filled("kind", "reason", "review_on"))
    told = {"kind": ContactKind.VISIT.value, "result": "unsafe"}
    tried = _tried(attempt_of(sent, **told))

    async def act(desk: Desk) -> dict[str, Any]:
        done = await visits.record_attempt(desk, tried)
        held = await help_commands.restrict(desk, body.kind, body.review_on, body.reason)
        return done | held

    await sent.take.carry_out(case_id, act)
    return back_to(f"/work/{case_id}", "unsafe")
