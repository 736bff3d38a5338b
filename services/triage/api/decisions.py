"""A person decides: tracks, signals, help, pauses, restrictions, plans, ends."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import Field

from services.triage.api.taking import Body, CaseId, Done, Take
from services.triage.commands import help as help_commands
from services.triage.commands import tracks
from services.triage.commands.desk import Desk
from services.triage.commands.help import Advice, PlanLayer, PlanLine
from services.triage.commands.tracks import EndResult, Override
from services.triage.reports import Status
from shared.contracts.triage import ContactRestriction, Track
from shared.web.bounded import Day, Reason, Text, Words
from shared.web.problems import Problem

router = APIRouter()


class TrackDecision(Body):
    """Whether a person agrees with the proposed track; who does not says what instead, and why."""

    decision: Literal["confirmed", "overridden"]
    track: Track | None = None
    priority: int | None = Field(None, ge=1, le=9)
    reason: Text = Field("", max_length=500)


class SignalDecision(Body):
    """Signals that a person does not take up, or takes up after all."""

    signal_ids: tuple[UUID, ...] = Field(min_length=1, max_length=100)
    status: Status
    reason: Reason


class HelpAnswer(Body):
    """What the household said to the offer of help."""

    answer: Literal["accepted", "declined"]
    answered_on: Day


class Pause(Body):
    """Until when the case rests; without a day it goes on."""

    review_on: Day | None = None
    reason: Reason


class Restriction(Body):
    """What nobody does towards this household, why, and when somebody looks again."""

    kind: ContactRestriction
    review_on: Day
    reason: Reason


class PlanItem(Body):
    """A line of the household's plan, in the resident's words."""

    layer: PlanLayer
    words: Words
    written_by: Literal["resident", "worker"]


class Consultation(Body):
    """Whom a worker asked, and what came of it."""

    kind: Literal["colleague", "specialist", "family_group_conference", "last_chance_meeting"]
    with_whom: Words
    held_on: Day
    outcome: Words


class Need(Body):
    """A language (ISO 639-1) or a skill that the resident asks for."""

    kind: Literal["language", "skill"]
    value: str = Field(pattern=r"^[a-z][a-z_]{1,39}$")


class Closure(Body):
    """How the case ended, as DDAS 1.2 spells it."""

    result: EndResult
    reason: Reason


class Reopening(Body):
    """Why a closed case goes on."""

    reason: Reason


@router.post(
    "/cases/{caseId}/track-decisions",
    operation_id="decideTrack",
    tags=["decisions"],
    response_model=Done,
    summary="Confirm the proposed track, or choose another",
)
async def decide_track(case_id: CaseId, body: TrackDecision, take: Take) -> Response:
    """Nothing goes to a resident before that. Confirming track `none` closes the case."""
    override = _override_of(body) if body.decision == "overridden" else None

    async def act(desk: Desk) -> dict[str, Any]:
        return await (tracks.override(desk, override) if override else tracks.confirm(desk))

    return await take.carry_out(case_id, act)


def _override_of(body: TrackDecision) -> Override:
    missing = [
        {"field": f"body.{name}", "fault": "missing"}
        for name in ("track", "priority", "reason")
        if not getattr(body, name)
    ]
    if body.track is None or body.priority is None or missing:
        raise Problem(400, "Say what instead, and why; nothing was changed.", errors=missing)
    return Override(body.track, body.priority, body.reason)


@router.post(
    "/cases/{caseId}/signal-decisions",
    operation_id="decideSignals",
    tags=["decisions"],
    response_model=Done,
    summary="Do not take signals up, or do after all",
)
async def decide_signals(case_id: CaseId, body: SignalDecision, take: Take) -> Response:
    """Partners hear that a signal was not taken up, and never why."""

    async def act(desk: Desk) -> dict[str, Any]:
        return await tracks.decide_signals(desk, body.signal_ids, body.status, body.reason)

    return await take.carry_out(case_id, act)


@router.post(
    "/cases/{caseId}/help-answers",
    operation_id="recordHelpAnswer",
    tags=["help"],
    response_model=Done,
    summary="What the household said to the offer of help",
)
async def record_help_answer(case_id: CaseId, body: HelpAnswer, take: Take) -> Response:
    """Accepted: partners pause collection, and the legal terms begin."""

    async def act(desk: Desk) -> dict[str, Any]:
        return await help_commands.record_help_answer(desk, body.answer, body.answered_on)

    return await take.carry_out(case_id, act)


@router.post(
    "/cases/{caseId}/pauses",
    operation_id="pauseCase",
    tags=["help"],
    response_model=Done,
    summary="Let a case rest, or go on",
)
async def pause_case(case_id: CaseId, body: Pause, take: Take) -> Response:
    """With a day on which somebody looks again; without one it goes on now."""

    async def act(desk: Desk) -> dict[str, Any]:
        return await help_commands.pause(desk, body.review_on, body.reason)

    return await take.carry_out(case_id, act)


@router.post(
    "/cases/{caseId}/restrictions",
    operation_id="restrictContact",
    tags=["help"],
    response_model=Done,
    summary="Say what nobody does towards this household",
)
async def restrict_contact(case_id: CaseId, body: Restriction, take: Take) -> Response:
    """Do not write, ring or approach, or visit with two; seen by the team only."""

    async def act(desk: Desk) -> dict[str, Any]:
        return await help_commands.restrict(desk, body.kind, body.review_on, body.reason)

    return await take.carry_out(case_id, act)


@router.post(
    "/cases/{caseId}/restrictions/{restrictionId}/liftings",
    operation_id="liftRestriction",
    tags=["help"],
    response_model=Done,
    summary="A restriction holds no longer",
)
async def lift_restriction(
    case_id: CaseId,
    restriction_id: Annotated[UUID, Path(alias="restrictionId")],
    take: Take,
) -> Response:
    """It stays on file who made and who lifted it."""

    async def act(desk: Desk) -> dict[str, Any]:
        return await help_commands.lift_restriction(desk, restriction_id)

    return await take.carry_out(case_id, act)


@router.post(
    "/cases/{caseId}/plan-items",
    operation_id="addPlanItem",
    tags=["help"],
    response_model=Done,
    summary="Add a line to the household's plan",
)
async def add_plan_item(case_id: CaseId, body: PlanItem, take: Take) -> Response:
    """In the resident's words: own strength, network, general, individual help."""

    async def act(desk: Desk) -> dict[str, Any]:
        writer = "resident" if body.written_by == "resident" else desk.actor.id
        return await help_commands.add_plan_line(desk, PlanLine(body.layer, body.words, writer))

    return await take.carry_out(case_id, act)


@router.post(
    "/cases/{caseId}/plan-items/{planItemId}/removals",
    operation_id="removePlanItem",
    tags=["help"],
    response_model=Done,
    summary="Take a line off the household's plan",
)
async def remove_plan_item(
    case_id: CaseId, item_id: Annotated[UUID, Path(alias="planItemId")], take: Take
) -> Response:
    """Who wrote it stays on file until the household is purged."""

    async def act(desk: Desk) -> dict[str, Any]:
        return await help_commands.remove_plan_line(desk, item_id)

    return await take.carry_out(case_id, act)


@router.post(
    "/cases/{caseId}/consultations",
    operation_id="recordConsultation",
    tags=["help"],
    response_model=Done,
    summary="Record advice of others",
)
async def record_consultation(case_id: CaseId, body: Consultation, take: Take) -> Response:
    """A colleague, a specialist, a family group conference, a last-chance meeting."""
    advice = Advice(body.kind, body.with_whom, body.held_on, body.outcome)

    async def act(desk: Desk) -> dict[str, Any]:
        return await help_commands.record_consultation(desk, advice)

    return await take.carry_out(case_id, act)


@router.post(
    "/cases/{caseId}/needs",
    operation_id="stateNeed",
    tags=["help"],
    response_model=Done,
    summary="A language or skill that the resident asks for",
)
async def state_need(case_id: CaseId, body: Need, take: Take) -> Response:
    """Who comes next is chosen by it."""

    async def act(desk: Desk) -> dict[str, Any]:
        return await help_commands.state_need(desk, body.kind, body.value)

    return await take.carry_out(case_id, act)


@router.post(
    "/cases/{caseId}/closures",
    operation_id="closeCase",
    tags=["decisions"],
    response_model=Done,
    summary="End a case",
)
async def close_case(case_id: CaseId, body: Closure, take: Take) -> Response:
    """With a result of DDAS. A planned visit is called off; terms end."""

    async def act(desk: Desk) -> dict[str, Any]:
        return await tracks.close(desk, body.result, body.reason)

    return await take.carry_out(case_id, act)


@router.post(
    "/cases/{caseId}/reopenings",
    operation_id="reopenCase",
    tags=["decisions"],
    response_model=Done,
    summary="Let a closed case go on",
)
async def reopen_case(case_id: CaseId, body: Reopening, take: Take) -> Response:
    """With who had it, if they are there; else with who comes next."""

    async def act(desk: Desk) -> dict[str, Any]:
        return await tracks.reopen(desk, body.reason)

    return await take.carry_out(case_id, act, may_be_closed=True)
