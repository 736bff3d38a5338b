"""My list, and the page of one case."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from services.triage.pages import spelled
from services.triage.pages.desk import At, new_key
from services.triage.pages.listed import at_the_door, listed
from services.triage.pages.reading import Reads, read_file, read_mine
from services.triage.pages.timeline import line_of, next_of
from services.triage.sql import lists as list_sql
from shared import clock
from shared.web.oidc import SiteRole
from shared.web.sessions import Session
from shared.web.shell import start_of
from shared.web.sign_in import SEE_OTHER, Roles

router = APIRouter(include_in_schema=False)
Done = Annotated[str, Query(max_length=40)]
REVIEW_DAYS = 90  # after which somebody looks again, unless they say otherwise
PAGES_MAX = 1000


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
async def show_work(
    request: Request,
    reader: Reads,
    done: Done = "",
    page: Annotated[int, Query(ge=1, le=PAGES_MAX)] = 1,
) -> Response:
    """My list: who first, why, and by when."""
    mine, today = await read_mine(reader, page), clock.today()
    return reader.desk.shell.page(
        request,
        "work.html",
        lines=[listed(one, today) for one in mine.cases],
        along=[listed(one, today) for one in mine.along],
        ahead=mine.ahead,
        has_more=mine.has_more,
        spell=spelled.spell,
        page=page,
        done=done,
    )


@router.get("/work/{case_id}")
async def show_case(request: Request, case_id: UUID, reader: Reads, done: Done = "") -> Response:
    """One case: who, why, what next."""
    file, now = await read_file(case_id, reader), clock.now()
    line, path = listed(file.case, clock.today()), line_of(file.case, now)
    return reader.desk.shell.page(
        request,
        "case.html",
        file=file,
        case=file.case,
        line=line,
        path=path,
        ahead=next_of(path, now),
        visit_now=at_the_door(line.visit, now),
        review_on=clock.today() + timedelta(days=REVIEW_DAYS),
        today=clock.today(),
        done=done,
        key=new_key(),
        who=reader.who,
        says=spelled,
        spell=spelled.spell,
    )
