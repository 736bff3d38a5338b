"""In whose hands a case is: pure."""

from dataclasses import replace
from datetime import date

from services.triage.assignment import Choice, Roster, Wanted, answer_wanted, choose_assignee
from services.triage.cases import Case


def given(case: Case, choice: Choice, today: date) -> Case:
    """The case in the hands of who was chosen."""
    return replace(
        case,
        assignee_id=choice.assignee.id,
        assigned_on=today,
        lead_id=choice.lead.id,
        answer=answer_wanted(case.track, choice.assignee.role),
    )


def passed_on(
    case: Case, wanted: Wanted, roster: Roster, today: date
) -> tuple[Case, Choice | None]:
    """The case with somebody else, where who has it may not; loads follow."""
    if case.assignee_id not in wanted.excluded_ids:
        return case, None
    choice = choose_assignee(wanted, roster, today)
    if choice.assignee.id == case.assignee_id:
        return case, None  # there is nobody else
    roster.add_load(case.assignee_id, -case.weight_tenths)
    roster.add_load(choice.assignee.id, case.weight_tenths)
    return given(case, choice, today), choice
