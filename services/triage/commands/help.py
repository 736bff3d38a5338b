"""What the household said and asked for: help, a pause, restrictions, the plan, advice."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from services.triage import telling
from services.triage.cases import Help
from services.triage.commands.desk import Desk, Refused
from services.triage.commands.visits import check_visits
from services.triage.sql import care as care_sql
from services.triage.sql import work as work_sql
from shared.contracts import triage
from shared.contracts.triage import ContactRestriction

REVIEW_DAYS_MAX = 366


async def record_help_answer(
    desk: Desk, answer: Literal["accepted", "declined"], answered_on: date
) -> dict[str, Any]:
    """What the household said to the offer; the latest answer holds.

    Accepted: partners pause collection and the legal terms begin. Declined: collection may resume.
    """
    if answered_on > desk.today:
        raise Refused(400, "answered_on lies in the future.")
    answer_id = desk.new_id("help")
    paused_until = None
    if answer == "accepted":
        paused_until = answered_on + timedelta(days=desk.policy.legal_terms.pause_days.value)
    await care_sql.end_pauses(desk.tx, desk.case.id, desk.now)
    row = care_sql.HelpRow(answer_id, desk.case.id, answer, answered_on, paused_until)
    await care_sql.insert_help_answer(desk.tx, row, desk.actor.id, desk.now)
    desk.change(help=Help(answer))
    desk.note()
    told = telling.tell_help_answer(desk.tx, desk.case.household_id, answer_id, paused_until)
    desk.extra_events.append(await told)
    return {"answer": answer, "collection_paused_until": _text(paused_until)}


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


async def pause(desk: Desk, review_on: date | None, reason: str) -> dict[str, Any]:
    """Let the case rest until a day on which somebody looks again; without a day it goes on."""
    if review_on:
        _require_review(desk, review_on)
    desk.change(paused_until=review_on)
    desk.voice.say(triage.WorkPaused)
    await care_sql.save_pause(desk.tx, desk.case.id, reason if review_on else None)
    return {"paused_until": _text(review_on)}


def _require_review(desk: Desk, review_on: date) -> None:
    if not desk.today < review_on <= desk.today + timedelta(days=REVIEW_DAYS_MAX):
        raise Refused(400, f"review_on must lie ahead, {REVIEW_DAYS_MAX} days at most.")


async def restrict(
    desk: Desk, kind: ContactRestriction, review_on: date, reason: str
) -> dict[str, Any]:
    """Say what nobody does towards this household, with a day to look again."""
    _require_review(desk, review_on)
    restriction_id = desk.new_id("restriction")
    row = care_sql.RestrictionRow(
        restriction_id, desk.case.household_id, kind.value, reason, review_on
    )
    await care_sql.insert_restriction(desk.tx, row, desk.actor.id, desk.now)
    await _say_restrictions(desk)
    await check_visits(desk)
    return {"restriction_id": str(restriction_id), "kind": kind.value}


async def lift_restriction(desk: Desk, restriction_id: UUID) -> dict[str, Any]:
    """A restriction holds no longer."""
    household_id = desk.case.household_id
    if not await care_sql.lift(desk.tx, restriction_id, household_id, desk.actor.id, desk.now):
        raise Refused(404, "No such restriction of this household.")
    await _say_restrictions(desk)
    return {"restriction_id": str(restriction_id)}


async def _say_restrictions(desk: Desk) -> None:
    held = await work_sql.load_restrictions(desk.tx, desk.case.household_id)
    desk.change(restrictions=held)
    desk.voice.say(triage.ContactRestricted)


class PlanLayer(StrEnum):
    """Where help comes from, the nearest first."""

    OWN = "own"
    NETWORK = "network"
    GENERAL = "general"
    INDIVIDUAL = "individual"


@dataclass(frozen=True)
class PlanLine:
    """One line of the household's plan, in the resident's words."""

    layer: PlanLayer
    words: str
    written_by: str  # "resident", or who wrote it down


async def add_plan_line(desk: Desk, line: PlanLine) -> dict[str, Any]:
    """Add a line to the household's plan."""
    item_id = desk.new_id("plan")
    row = care_sql.PlanRow(item_id, desk.case.id, line.layer.value, line.words, line.written_by)
    await care_sql.insert_plan_item(desk.tx, row, desk.actor.id, desk.now)
    desk.note()
    return {"plan_item_id": str(item_id)}


async def remove_plan_line(desk: Desk, item_id: UUID) -> dict[str, Any]:
    """Take a line off the plan; who wrote it stays on file."""
    if not await care_sql.remove_plan_item(desk.tx, item_id, desk.case.id, desk.now):
        raise Refused(404, "No such line in this plan.")
    desk.note()
    return {"plan_item_id": str(item_id)}


@dataclass(frozen=True)
class Advice:
    """Whom a worker asked, and what came of it."""

    kind: Literal["colleague", "specialist", "family_group_conference", "last_chance_meeting"]
    with_whom: str
    held_on: date
    outcome: str


async def record_consultation(desk: Desk, advice: Advice) -> dict[str, Any]:
    """Record advice of a colleague or specialist, a family group conference, a last chance."""
    consultation_id = desk.new_id("consultation")
    row = care_sql.ConsultationRow(
        consultation_id,
        desk.case.id,
        advice.kind,
        advice.with_whom,
        advice.held_on,
        advice.outcome,
    )
    await care_sql.insert_consultation(desk.tx, row, desk.actor.id, desk.now)
    desk.note()
    return {"consultation_id": str(consultation_id)}


async def state_need(desk: Desk, kind: Literal["language", "skill"], value: str) -> dict[str, Any]:
    """A language or a skill that the resident asks for; who comes next is chosen by it."""
    await care_sql.insert_need(
        desk.tx, desk.case.household_id, kind, value, desk.actor.id, now=desk.now
    )
    desk.note()
    return {"kind": kind, "value": value}
