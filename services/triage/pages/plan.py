"""The household's plan, and the page of it that stays behind."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.triage.api import decisions
from services.triage.api.decisions import PlanItem
from services.triage.pages.desk import back_to, read_body
from services.triage.pages.listed import listed
from services.triage.pages.reading import Reads, read_file
from services.triage.pages.sent import Sent
from services.triage.pages.spelled import LAYERS, spell
from shared import clock

router = APIRouter(include_in_schema=False)


@router.post("/work/{case_id}/plan-items")
async def add_plan_item(case_id: UUID, sent: Sent) -> Response:
    """A line in the resident's words."""
    body = read_body(PlanItem, sent.filled("layer", "words", "written_by"))
    await decisions.add_plan_item(case_id, body, sent.take)
    return back_to(f"/work/{case_id}", "planned")


@router.post("/work/{case_id}/plan-items/{item_id}/removals")
async def remove_plan_item(case_id: UUID, item_id: UUID, sent: Sent) -> Response:
    """Take a line off."""
    await decisions.remove_plan_item(case_id, item_id, sent.take)
    return back_to(f"/work/{case_id}", "planned")


@router.get("/work/{case_id}/leave-behind")
async def show_leave_behind(request: Request, case_id: UUID, reader: Reads) -> Response:
    """One sheet of paper for the household: who comes, what was agreed, whom to call."""
    file, today = await read_file(case_id, reader), clock.today()
    visit = listed(file.case, today).visit
    return reader.desk.shell.page(
        request,
        "leave_behind.html",
        file=file,
        case=file.case,
        visit=visit,
        visit_on=clock.amsterdam_day(visit["starts_at"]) if visit else None,
        today=today,
        layers=LAYERS,
        spell=spell,
    )
