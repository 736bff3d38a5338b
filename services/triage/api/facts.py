"""What workers learn and enter, with who says so."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from services.triage.api.bounded import Source
from services.triage.api.taking import Body, CaseId, Done, Take
from services.triage.commands import facts
from services.triage.commands.desk import Desk
from services.triage.commands.facts import LegalEntry, LegalState, LegalStep
from services.triage.reports import ResidenceResult
from shared.contracts.signals import HearingKind, JudgmentOutcome
from shared.web.bounded import Day, Filled, Instant, Text

router = APIRouter()


class LegalFact(Body):
    """A step of the legal path, as somebody told it; entered again, it is corrected."""

    step: LegalStep
    state: LegalState = LegalState.KNOWN
    court: Filled = Field(min_length=2, max_length=100)
    case_number: Filled = Field(min_length=1, max_length=60)
    source: Source
    at: Instant | None = Field(None, description="of a hearing or eviction")
    day: Day | None = Field(None, description="of a summons, judgment or eviction carried out")
    place: Text = Field("", max_length=200, description="of a hearing; of an eviction the bailiff")
    hearing: HearingKind | None = None
    outcome: JudgmentOutcome | None = None


class Moratorium(Body):
    """The court forbade the eviction for a time (Fw art. 287b)."""

    granted_on: Day
    until: Day
    source: Source


class ResidenceCheck(Body):
    """Who lives here; of who moved, the last day here."""

    result: ResidenceResult
    day: Day
    source: Source


class Objection(Body):
    """The tenant objects to being reported."""

    received_on: Day
    source: Source


@router.post(
    "/cases/{caseId}/legal-facts",
    operation_id="enterLegalFact",
    tags=["facts"],
    response_model=Done,
    summary="Enter, correct, call off or mark unknown a step of the legal path",
)
async def enter_legal_fact(case_id: CaseId, body: LegalFact, take: Take) -> Response:
    """No municipality gets them all by wire. The later record holds; alerts follow at once."""
    entry = LegalEntry(**body.model_dump())

    async def act(desk: Desk) -> dict[str, Any]:
        return await facts.enter_legal_fact(desk, entry)

    return await take.carry_out(case_id, act)


@router.post(
    "/cases/{caseId}/moratoria",
    operation_id="recordMoratorium",
    tags=["facts"],
    response_model=Done,
    summary="The court forbade the eviction for a time",
)
async def record_moratorium(case_id: CaseId, body: Moratorium, take: Take) -> Response:
    """Six months at most; the current rent must be paid meanwhile."""

    async def act(desk: Desk) -> dict[str, Any]:
        return await facts.record_moratorium(desk, body.granted_on, body.until, body.source)

    return await take.carry_out(case_id, act)


@router.post(
    "/cases/{caseId}/residence-checks",
    operation_id="recordResidenceCheck",
    tags=["facts"],
    response_model=Done,
    summary="Who lives here",
)
async def record_residence_check(case_id: CaseId, body: ResidenceCheck, take: Take) -> Response:
    """Who moved leaves the address to who comes after: a later signal is of a new household."""

    async def act(desk: Desk) -> dict[str, Any]:
        return await facts.record_residence_check(desk, body.result, body.day, body.source)

    return await take.carry_out(case_id, act)


@router.post(
    "/cases/{caseId}/objections",
    operation_id="recordObjection",
    tags=["facts"],
    response_model=Done,
    summary="The tenant objects to being reported",
)
async def record_objection(case_id: CaseId, body: Objection, take: Take) -> Response:
    """Nothing goes to a resident from then on."""

    async def act(desk: Desk) -> dict[str, Any]:
        return await facts.record_objection(desk, body.received_on, body.source)

    return await take.carry_out(case_id, act)
