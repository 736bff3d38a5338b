"""The cases of a team and who has them: hand over one, many, or all of somebody; absence."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.triage.api import cases, staff
from services.triage.api.cases import Asked, Which
from services.triage.api.staff import Absence, HandOverAll, ListHandOver, Load
from services.triage.commands.desk import WorkerAccount
from services.triage.pages.desk import (
    At,
    PageDesk,
    PageLead,
    SignedForm,
    back_to,
    new_key,
    read_body,
    taking_of,
)
from services.triage.pages.lead import names_of, people, read_loads
from services.triage.pages.lead_proposals import results_of, seen_cases
from services.triage.pages.leading import handle_of
from services.triage.pages.listed import listed
from shared import clock
from shared.web.problems import Problem

router = APIRouter(include_in_schema=False)
Done = Annotated[str, Query(max_length=40)]
Of = Annotated[str, Query(max_length=40)]

SHOWN = 100


@router.get("/lead/cases")
async def show_cases(
    request: Request, desk: At, who: PageLead, of: Of = "", after: UUID | None = None
) -> Response:
    """The cases that somebody leads, of everybody or of one assignee; the most pressing first."""
    shown = await _cases(desk, who, of, after)
    return desk.shell.page(request, "lead_cases.html", **shown)


async def _cases(
    desk: PageDesk, who: WorkerAccount, of: str, after: UUID | None = None
) -> dict[str, Any]:
    loads = await read_loads(who, desk.counter)
    one = next((load for load in loads if handle_of(load.worker_id) == of), None)
    if of and one is None:
        raise Problem(404, "No such worker in this municipality.")
    asked = Asked(of=Which.TEAM, assignee=one.worker_id if one else None, limit=SHOWN, after=after)
    found = await cases.list_cases(who, desk.counter, asked)
    return {
        "lines": [listed(case, clock.today()) for case in found.cases],
        "next": found.next,
        "one": one,
        "of": of,
        "is_first": after is None,
        "key": new_key(),
        "results": None,
        "references": {},
        **people(loads, who),
    }


@router.post("/lead/cases")
async def hand_over_cases(request: Request, desk: At, who: PageLead, form: SignedForm) -> Response:
    """Give the cases that were ticked to somebody, or each to who comes next."""
    told = {**form.filled("to", "reason"), "cases": seen_cases(form)}
    body = read_body(ListHandOver, told)
    answer = await staff.hand_over_list(body, taking_of(request, form, who, desk))
    shown = await _cases(desk, who, form.one("of")[:40])
    return desk.shell.page(request, "lead_cases.html", **{**shown, **results_of(answer, form)})


@router.get("/lead/staff")
async def show_staff(request: Request, desk: At, who: PageLead, done: Done = "") -> Response:
    """Who is there, from when until when not, and what can be handed over."""
    return desk.shell.page(request, "lead_staff.html", **await _staff(desk, who), done=done)


async def _staff(desk: PageDesk, who: WorkerAccount) -> dict[str, Any]:
    loads = await read_loads(who, desk.counter)
    return {"key": new_key(), "results": None, "references": {}, **people(loads, who)}


@router.post("/lead/staff/hand-overs")
async def hand_over_all(request: Request, desk: At, who: PageLead, form: SignedForm) -> Response:
    """Give all cases of somebody to others; those that this lead does not lead stay."""
    body = read_body(HandOverAll, form.filled("to", "reason"))
    worker_id = await _worker(desk, who, form.one("worker"))
    take = taking_of(request, form, who, desk)
    answer = await staff.hand_over_all(worker_id, body, take, who)
    shown = {**await _staff(desk, who), **results_of(answer, form), "done": ""}
    return desk.shell.page(request, "lead_staff.html", **shown)


@router.post("/lead/staff/absences")
async def note_absence(request: Request, desk: At, who: PageLead, form: SignedForm) -> Response:
    """Somebody is away from a day on, or is back."""
    is_back = form.one("is_back") == "yes"
    body = read_body(Absence, {} if is_back else form.filled("absent_from", "absent_until"))
    if not is_back and body.absent_from is None:
        raise Problem(400, "Say from which day they are away; nothing was changed.")
    worker_id = await _worker(desk, who, form.one("worker"))
    await staff.note_absence(worker_id, body, taking_of(request, form, who, desk), who)
    return back_to("/lead/staff", "back" if is_back else "away")


async def _worker(desk: PageDesk, who: WorkerAccount, worker_id: str) -> str:
    """Somebody of the lead's municipality; raises Problem for anybody else."""
    loads: list[Load] = await read_loads(who, desk.counter)
    if worker_id not in names_of(loads):
        raise Problem(404, "No such worker in this municipality.")
    return worker_id
