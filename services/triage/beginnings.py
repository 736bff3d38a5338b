"""A case at its beginning, and one that goes on: before what was decided is written in it. Pure."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from services.triage.addresses import Address
from services.triage.assignment import Answer
from services.triage.cases import Case, Help
from services.triage.rules import Decision
from shared.contracts.envelope import derived_id


def new_case(where: tuple[UUID, Address], number: int, decision: Decision, today: date) -> Case:
    """The household's case with this number, nobody's yet."""
    household_id, address = where
    return Case(
        id=derived_id("case", household_id, number),
        household_id=household_id,
        address=address,
        revision=0,
        is_open=True,
        opened_on=today,
        track=decision.track,
        track_since=today,
        priority=decision.priority,
        proposed_track=decision.track,
        proposed_priority=decision.priority,
        confirmed_by=None,
        override_reason=None,
        legal_stage=decision.facts.legal_stage,
        is_multiple=False,
        is_consecutive=False,
        has_objection=False,
        was_reached=False,
        is_touched=False,
        assignee_id="",
        assigned_on=today,
        lead_id="",
        answer=Answer.NOT_ASKED,
        weight_tenths=0,
        reason=decision.reason,
    )


def reopened(case: Case, today: date) -> Case:
    """A closed case that goes on; its terms begin anew, and what was tried before is history."""
    return replace(
        case,
        is_open=True,
        closed_by=None,
        result=None,
        reopened_on=today,
        track_since=today,
        work=replace(case.work, first_attempt_on=None),
    )


def again(case: Case, today: date, *, has_risen: bool) -> Case:
    """The last case, which goes on by itself."""
    case = reopened(case, today)
    if not has_risen:
        return case
    # More is owed than people knew when they decided and offered: they are asked again.
    return replace(
        case,
        confirmed_by=None,
        override_reason=None,
        help=Help.UNKNOWN,
        paused_until=None,
        work=replace(case.work, help_accepted_on=None, first_talk_on=None),
    )
