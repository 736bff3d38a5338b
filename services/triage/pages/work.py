"""Pages of who works on cases: my list, and one case."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from services.triage.api import assignments, cases
from services.triage.api.assignments import AssignmentAnswer
from services.triage.pages.desk import (
    At,
    SignedForm,
    Worker,
    back_to,
    new_key,
    read_body,
    taking_of,
)
from services.triage.pages.listed import listed
from services.triage.sql import lists as list_sql
from shared import clock
from shared.web.oidc import SiteRole
from shared.web.sessions import Session
from shared.web.shell import start_of
from shared.web.sign_in import SEE_OTHER, Roles

router = APIRouter(include_in_schema=False)
Done = Annotated[str, Query(max_length=40)]


@router.get("/")
async def show_start(
    desk: At,
    session: Annotated[Session, Depends(Roles(*SiteRole))],
    id: str = "",  # noqa: A002
) -> Response:
    """Where somebody begins; with a case's reference, that case, as links in mails have it."""
    if not id:
        return RedirectResponse(start_of(session), SEE_OTHER)
    async with desk.counter.core.pool.acquire() as connection:
        case_id = await list_sql.find_case(connection, id[:100])
    # Who may not see it finds out there, and no more than of one that does not exist.
    return RedirectResponse(f"/work/{case_id or UUID(int=0)}", SEE_OTHER)


@router.get("/work")
async def show_work(request: Request, desk: At, who: Worker, done: Done = "") -> Response:
    """My list: who first, why, and by when."""
    mine = await cases.list_cases(who, desk.counter, cases.Asked())
    with_me = await cases.list_cases(who, desk.counter, cases.Asked(of=cases.Which.VISITS))
    lines = [listed(one, clock.today()) for one in mine.cases]
    lines.sort(key=lambda line: line.rank)
    return desk.shell.page(
        request,
        "work.html",
        lines=lines,
        along=with_me.cases,
        has_more=mine.next is not None,
        done=done,
    )


@router.get("/work/{case_id}")
async def show_case(
    request: Request, case_id: UUID, desk: At, who: Worker, done: Done = ""
) -> Response:
    """One case: who, why, what next."""
    case = await cases.read_case(case_id, who, desk.counter)
    line = listed(case, clock.today())
    return desk.shell.page(
        request, "case.html", case=case, line=line, done=done, key=new_key(), who=who
    )


@router.post("/work/{case_id}/answers")
async def answer_assignment(
    request: Request, case_id: UUID, desk: At, who: Worker, form: SignedForm
) -> Response:
    """Accept or decline."""
    told = form.filled("answer", "reason") | {"has_conflict": bool(form.one("has_conflict"))}
    body = read_body(AssignmentAnswer, told)
    take = taking_of(request, form, who, desk)
    await assignments.answer_assignment(case_id, body, take)
    is_mine_still = body.answer == "accepted"
    return back_to(f"/work/{case_id}" if is_mine_still else "/work", body.answer)
