"""Planning visits: my week, and windows for one case."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.triage.api import assignments
from services.triage.api.assignments import VisitWindow
from services.triage.pages.desk import back_to, new_key, read_body
from services.triage.pages.listed import listed
from services.triage.pages.reading import Reads, read_file, read_hours, read_week
from services.triage.pages.sent import Sent, SentForm
from services.triage.pages.spelled import spell
from services.triage.pages.windows import NoWindow, fortnight, window_of
from shared import clock
from shared.web.problems import Problem

router = APIRouter(include_in_schema=False)
TWO = "visit_with_two"


@router.get("/week")
async def show_week(request: Request, reader: Reads) -> Response:
    """What I have in the coming two weeks, and what is free."""
    agenda = await read_week(reader)
    me = reader.who.id
    days = fortnight(clock.now(), agenda.visits, lambda day: agenda.is_there(me, day))
    return reader.desk.shell.page(
        request, "week.html", days=days, agenda=agenda, me=me, spell=spell
    )


@router.get("/work/{case_id}/visits")
async def show_windows(request: Request, case_id: UUID, reader: Reads) -> Response:
    """Where a visit of this case fits in."""
    file = await read_file(case_id, reader)
    if not file.may_act:
        raise Problem(404, "No such case.")
    visit = listed(file.case, clock.today()).visit
    hours = await read_hours(file.case.assignee_id, reader)
    others = [one for one in hours if visit is None or str(one["id"]) != visit["id"]]
    return reader.desk.shell.page(
        request,
        "windows.html",
        file=file,
        case=file.case,
        visit=visit,
        days=fortnight(clock.now(), others, file.is_there),
        must_be_two=any(one["kind"] == TWO for one in file.case.restrictions),
        key=new_key(),
        spell=spell,
    )


def _window(sent: SentForm) -> VisitWindow:
    """The window that a form names; raises Problem when it names none."""
    try:
        names = ("slot", "on", "from", "until")
        starts_at, ends_at = window_of(*(sent.form.one(name) for name in names))
    except NoWindow:
        raise Problem(400, "Choose a day and hours for the visit; nothing was changed.") from None
    second = sent.filled("second_worker_id")
    return read_body(VisitWindow, {"starts_at": starts_at, "ends_at": ends_at, **second})


@router.post("/work/{case_id}/visits")
async def plan_visit(case_id: UUID, sent: Sent) -> Response:
    """Plan a visit."""
    await assignments.plan_visit(case_id, _window(sent), sent.take)
    return back_to(f"/work/{case_id}", "visit_planned")


@router.post("/work/{case_id}/visits/{visit_id}/moves")
async def move_visit(case_id: UUID, visit_id: UUID, sent: Sent) -> Response:
    """Give the visit another window."""
    await assignments.move_visit(visit_id, _window(sent), sent.take, sent.counter)
    return back_to(f"/work/{case_id}", "visit_moved")


@router.post("/work/{case_id}/visits/{visit_id}/cancellations")
async def cancel_visit(case_id: UUID, visit_id: UUID, sent: Sent) -> Response:
    """Call the visit off."""
    await assignments.cancel_visit(visit_id, sent.take, sent.counter)
    return back_to(f"/work/{case_id}", "visit_cancelled")
