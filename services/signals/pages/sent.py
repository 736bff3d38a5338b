"""Pages of what a partner sent: what was accepted with what became of it, and what was refused."""

from typing import Annotated, Any
from uuid import UUID

import rfc8785
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from services.signals.api import Cursor, read_cursor, write_cursor
from services.signals.pages.desk import At, PageDesk, Partner, municipality_names
from services.signals.pages.listed import event_line, refusal_line
from services.signals.sql import events as event_sql
from services.signals.sql import refusals as refusal_sql
from services.signals.texts import STATUSES
from shared.web.forms import Form
from shared.web.problems import Problem
from shared.web.sign_in import signed_form

router = APIRouter(include_in_schema=False)

PAGE_MAX = 50
WANTED_LENGTH_MAX = 300
NOTHING_YET = "none"
LAST: Cursor = (10**18 - 1, UUID(int=2**128 - 1))  # before which everything is
Before = Annotated[str, Query(pattern=r"^([0-9]{1,18}\.[0-9a-f]{32})?$")]
SignedForm = Annotated[Form, Depends(signed_form)]


@router.get("/partner")
async def show_sent(
    request: Request,
    desk: At,
    who: Partner,
    status: Annotated[str, Query(max_length=40)] = "",
    before: Before = "",
) -> Response:
    """Own events, the newest first, with what is known of each."""
    if status not in {"", NOTHING_YET, *STATUSES}:
        raise Problem(404, "There is no such status.")
    wanted = {"": None, NOTHING_YET: ""}.get(status, status)
    after = read_cursor(before) if before else LAST
    async with desk.front.database() as connection:
        rows = await event_sql.list_newest(connection, who.id, wanted, after, PAGE_MAX + 1)
    shown = rows[:PAGE_MAX]
    return desk.shell.page(
        request,
        "sent.html",
        lines=[event_line(row) for row in shown],
        older=write_cursor((shown[-1]["told_in"], shown[-1]["fact_id"])) if rows[PAGE_MAX:] else "",
        chosen=status,
        before=before,
        wanted="",
        **await _words(desk),
    )


@router.get("/partner/refusals")
async def show_refused(request: Request, desk: At, who: Partner, before: Before = "") -> Response:
    """Own events that were refused, with their faults; of what they said nothing is kept."""
    after = read_cursor(before) if before else LAST
    async with desk.front.database() as connection:
        rows = await refusal_sql.list_newest(connection, who.id, None, after, PAGE_MAX + 1)
    shown = rows[:PAGE_MAX]
    older = write_cursor((shown[-1]["told_in"], shown[-1]["id"])) if rows[PAGE_MAX:] else ""
    return desk.shell.page(
        request,
        "refused.html",
        lines=[refusal_line(row) for row in shown],
        older=older,
        before=before,
    )


@router.post("/partner")
async def find_sent(request: Request, desk: At, who: Partner, form: SignedForm) -> Response:
    """Own events by the partner's own id or a contract's number: a form, to keep it out of URLs."""
    wanted = form.one("wanted")[:WANTED_LENGTH_MAX].replace("\x00", "")
    if not wanted:
        return await show_sent(request, desk, who)
    async with desk.front.database() as connection:
        rows = await event_sql.list_named(
            connection, who.id, wanted, _contract_part(wanted), PAGE_MAX
        )
        refused = await refusal_sql.list_newest(connection, who.id, wanted, LAST, PAGE_MAX)
    return desk.shell.page(
        request,
        "sent.html",
        lines=[event_line(row) for row in rows],
        refused=[refusal_line(row) for row in refused],
        is_full=len(rows) == PAGE_MAX,
        wanted=wanted,
        chosen="",
        **await _words(desk),
    )


def _contract_part(contract: str) -> bytes:
    """How a contract's number stands in the body of an event, which is kept in its JCS form."""
    return rfc8785.dumps({"contractnummer": contract})[1:-1]


async def _words(desk: PageDesk) -> dict[str, Any]:
    async with desk.front.database() as connection:
        policies = await desk.archive.shelf.current(connection)
    return {
        "municipalities": municipality_names(policies),
        "statuses": STATUSES,
        "nothing_yet": NOTHING_YET,
    }
