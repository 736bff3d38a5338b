"""Proposals to confirm as a list or to override; rules that disagreed; the weekly sample."""

import json
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.triage.api import decisions, staff
from services.triage.api.cases import Case
from services.triage.api.decisions import TrackDecision
from services.triage.api.staff import LIST_MAX, ListConfirmation, SampleReview
from services.triage.pages.desk import (
    At,
    PageLead,
    SignedForm,
    back_to,
    new_key,
    read_body,
    taking_of,
)
from services.triage.pages.lead import note_of
from services.triage.pages.leading import by_track, conflict_groups, rules_of
from services.triage.sql import leading as leading_sql
from shared import clock
from shared.web.bounded import Day
from shared.web.forms import Form
from shared.web.problems import Problem
from shared.web.words import language_of

router = APIRouter(include_in_schema=False)
Done = Annotated[str, Query(max_length=40)]

SHOWN = 200
CONFLICTS = "rules that disagreed"  # purpose of reading
WEEK = timedelta(days=7)
WEEKS_MAX = 12


@router.get("/lead/proposals")
async def show_proposals(request: Request, desk: At, who: PageLead, done: Done = "") -> Response:
    """What the rules propose and a person has not confirmed yet."""
    told = await staff.read_proposals(who, desk.counter, SHOWN + 1, note_of(request))
    return desk.shell.page(request, "lead_proposals.html", **_listed(told.cases), done=done)


def _listed(cases: list[Case]) -> dict[str, Any]:
    return {
        "groups": by_track(cases[:SHOWN]),
        "has_more": len(cases) > SHOWN,
        "shown": SHOWN,
        "key": new_key(),
        "results": None,
        "references": {},
    }


@router.post("/lead/proposals")
async def confirm_proposals(
    request: Request, desk: At, who: PageLead, form: SignedForm
) -> Response:
    """Confirm those that were ticked, each on its own; the page says what came of each."""
    body = read_body(ListConfirmation, {"cases": seen_cases(form)})
    answer = await staff.confirm_list(body, taking_of(request, form, who, desk))
    told = await staff.read_proposals(who, desk.counter, SHOWN + 1)
    return desk.shell.page(
        request,
        "lead_proposals.html",
        **{**_listed(told.cases), **results_of(answer, form)},
        done="",
    )


def seen_cases(form: Form) -> list[dict[str, Any]]:
    """The cases that were ticked: `id revision reference` each; raises Problem for none."""
    if not form.all("case"):
        raise Problem(400, "Nothing was ticked; nothing was changed.")
    parts = [one.split(" ", 2) for one in form.all("case")[: LIST_MAX + 1]]
    return [{"case_id": one[0], "revision": one[1] if len(one) > 1 else ""} for one in parts]


def results_of(answer: Response, form: Form) -> dict[str, Any]:
    """What came of each case of a list, and what the cases are called."""
    parts = [one.split(" ", 2) for one in form.all("case")]
    return {
        "results": json.loads(bytes(answer.body))["results"],
        "references": {one[0]: one[2] for one in parts if len(one) > 2},
    }


@router.post("/lead/proposals/{case_id}")
async def override_proposal(
    request: Request, case_id: UUID, desk: At, who: PageLead, form: SignedForm
) -> Response:
    """Another track or priority than the rules propose, and why."""
    told = form.filled("track", "priority", "reason") | {"decision": "overridden"}
    body = read_body(TrackDecision, told)
    await decisions.decide_track(case_id, body, taking_of(request, form, who, desk))
    return back_to("/lead/proposals", "overridden")


@router.get("/lead/conflicts")
async def show_conflicts(request: Request, desk: At, who: PageLead) -> Response:
    """Open cases in which rules named other tracks, or could not be evaluated."""
    note, counter = note_of(request), desk.counter
    async with counter.core.pool.acquire() as connection, connection.transaction():
        policies = await counter.shelf.policies.current(connection)
        known = policies.by_municipality.get(who.municipality, ())
        rows = await leading_sql.list_conflicts(connection, who.id, rules_of(known), SHOWN)
        seen = [row["id"] for row in rows[:SHOWN]]
        await note(connection, who.id, CONFLICTS, seen, clock.now())
    groups = conflict_groups(map(dict, rows[:SHOWN]), known, language_of(request))
    return desk.shell.page(
        request, "lead_conflicts.html", groups=groups, shown=SHOWN, has_more=len(rows) > SHOWN
    )


@router.get("/lead/sample")
@router.get("/lead/sample/{week}")
async def show_sample(
    request: Request, desk: At, who: PageLead, week: Day | None = None, done: Done = ""
) -> Response:
    """Ten decisions of a week that arithmetic made alone: last week's when none is named."""
    async with desk.counter.core.pool.acquire() as connection:
        weeks = await leading_sql.list_sampled_weeks(connection, who.municipality, WEEKS_MAX)
    wanted = week or (weeks[0] if weeks else clock.today() - WEEK)
    sample = await staff.show_sample(wanted, who, desk.counter)
    return desk.shell.page(
        request, "lead_sample.html", sample=sample, weeks=weeks, done=done, key=new_key()
    )


@router.post("/lead/sample")
async def review_sample(request: Request, desk: At, who: PageLead, form: SignedForm) -> Response:
    """Whether the arithmetic was right, with a remark."""
    told = form.filled("week", "signal_id", "remark")
    told["is_right"] = {"yes": "true", "no": "false"}.get(form.one("is_right"), "")
    body = read_body(SampleReview, told)
    await staff.review_sample(body, taking_of(request, form, who, desk), who)
    return back_to(f"/lead/sample/{body.week}", "reviewed")
