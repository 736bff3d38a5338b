"""Entering what somebody learned, with who says so: first what, then only what that asks for."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.triage.api import facts
from services.triage.api.facts import LegalFact, Moratorium, Objection, ResidenceCheck
from services.triage.pages.desk import back_to, new_key, read_body
from services.triage.pages.enterable import ENTERABLE
from services.triage.pages.reading import Reads, read_file
from services.triage.pages.sent import Sent, SentForm
from services.triage.pages.spelled import spell
from services.triage.pages.timeline import line_of
from shared import clock
from shared.web.problems import Problem

router = APIRouter(include_in_schema=False)


@router.get("/work/{case_id}/facts")
async def show_facts(
    request: Request,
    case_id: UUID,
    reader: Reads,
    what: Annotated[str, Query(max_length=30)] = "",
) -> Response:
    """Which fact, and its form."""
    file = await read_file(case_id, reader)
    if not file.may_act or (what and what not in ENTERABLE):
        raise Problem(404, "No such case.")
    known = [one for one in line_of(file.case, clock.now()) if one.court]
    return reader.desk.shell.page(
        request,
        "facts.html",
        case=file.case,
        what=what,
        entry=ENTERABLE.get(what),
        entries=ENTERABLE,
        known=known[-1] if known else None,
        today=clock.today(),
        key=new_key(),
        spell=spell,
    )


@router.post("/work/{case_id}/facts/{what}")
async def enter_fact(case_id: UUID, what: str, sent: Sent) -> Response:
    """Enter it; of what was entered before the later one holds."""
    if what in {"moratorium", "residence", "objection"}:
        await _enter_other(case_id, what, sent)
    elif entry := ENTERABLE.get(what):
        body = read_body(LegalFact, _told(sent, {"step": entry.step, "state": entry.state}))
        await facts.enter_legal_fact(case_id, body, sent.take)
    else:
        raise Problem(404, "No such case.")
    return back_to(f"/work/{case_id}", "entered")


def _told(sent: SentForm, entry: Mapping[str, str]) -> Mapping[str, Any]:
    names = ("court", "case_number", "source", "day", "place", "hearing", "outcome")
    told: dict[str, Any] = {**sent.filled(*names), **entry}
    if at := sent.instant("at_day", "at_hour"):
        told["at"] = at
    return told


async def _enter_other(case_id: UUID, what: str, sent: SentForm) -> None:
    if what == "moratorium":
        granted = read_body(Moratorium, sent.filled("granted_on", "until", "source"))
        await facts.record_moratorium(case_id, granted, sent.take)
    elif what == "residence":
        check = read_body(ResidenceCheck, sent.filled("result", "day", "source"))
        await facts.record_residence_check(case_id, check, sent.take)
    else:
        objection = read_body(Objection, sent.filled("received_on", "source"))
        await facts.record_objection(case_id, objection, sent.take)
