"""What workers learn and enter, with who says so: the legal path, who lives here, objections."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from services.triage.commands.desk import Desk, Refused
from services.triage.reports import FactKind, ResidenceResult
from services.triage.rulebook import dates
from services.triage.sql import work as work_sql
from shared.contracts.signals import HearingKind, JudgmentOutcome

MORATORIUM_MONTHS_MAX = 6  # Fw art. 287b


class LegalStep(StrEnum):
    """A step of the legal path that a worker can enter."""

    SUMMONS = "summons"
    HEARING = "hearing"
    JUDGMENT = "judgment"
    EVICTION = "eviction"


class LegalState(StrEnum):
    """What is known of it."""

    KNOWN = "known"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"  # there is one; when is not known
    DONE = "done"


@dataclass(frozen=True)
class LegalEntry:
    """A step of the legal path, as somebody told it to a worker."""

    step: LegalStep
    state: LegalState
    court: str
    case_number: str
    source: str  # who told it: the tenant, the landlord by phone, a letter of the court
    at: datetime | None = None
    day: date | None = None
    place: str = ""
    hearing: HearingKind | None = None
    outcome: JudgmentOutcome | None = None


KINDS = {
    (LegalStep.SUMMONS, LegalState.KNOWN): FactKind.SUMMONS,
    (LegalStep.HEARING, LegalState.KNOWN): FactKind.HEARING_SCHEDULED,
    (LegalStep.HEARING, LegalState.CANCELLED): FactKind.HEARING_CANCELLED,
    (LegalStep.HEARING, LegalState.UNKNOWN): FactKind.HEARING_UNKNOWN,
    (LegalStep.JUDGMENT, LegalState.KNOWN): FactKind.JUDGMENT,
    (LegalStep.EVICTION, LegalState.KNOWN): FactKind.EVICTION_SCHEDULED,
    (LegalStep.EVICTION, LegalState.CANCELLED): FactKind.EVICTION_CANCELLED,
    (LegalStep.EVICTION, LegalState.UNKNOWN): FactKind.EVICTION_UNKNOWN,
    (LegalStep.EVICTION, LegalState.DONE): FactKind.EVICTION_CARRIED_OUT,
}
NEEDS_INSTANT = frozenset({FactKind.HEARING_SCHEDULED, FactKind.EVICTION_SCHEDULED})
NEEDS_DAY = frozenset({FactKind.SUMMONS, FactKind.JUDGMENT, FactKind.EVICTION_CARRIED_OUT})


async def enter_legal_fact(desk: Desk, entry: LegalEntry) -> dict[str, Any]:
    """Enter, correct, call off or mark unknown a step of the legal path."""
    kind = KINDS.get((entry.step, entry.state))
    if kind is None:
        raise Refused(400, f"state {entry.state.value} is none of {entry.step.value}.")
    _require_fields(kind, entry, desk)
    detail = entry.hearing.value if entry.hearing else ""
    if kind is FactKind.JUDGMENT:
        detail = entry.outcome.value if entry.outcome else ""
    fact_id = await desk.enter(
        kind,
        entry.source,
        court=entry.court,
        case_number=entry.case_number,
        detail=detail,
        place=entry.place,
        at=entry.at,
        day=entry.day,
    )
    desk.note()
    return {"fact_id": str(fact_id), "step": entry.step.value, "state": entry.state.value}


def _require_fields(kind: FactKind, entry: LegalEntry, desk: Desk) -> None:
    if kind in NEEDS_INSTANT and entry.at is None:
        raise Refused(400, "at is missing; if nobody knows it, state is unknown.")
    if kind in NEEDS_DAY and entry.day is None:
        raise Refused(400, "day is missing.")
    if kind in NEEDS_DAY and entry.day and entry.day > desk.today:
        raise Refused(400, "day lies in the future.")
    if entry.step is LegalStep.HEARING and entry.hearing is None:
        raise Refused(400, "hearing is missing: which of the two hearings.")
    if kind is FactKind.JUDGMENT and entry.outcome is None:
        raise Refused(400, "outcome is missing.")


async def record_moratorium(
    desk: Desk, granted_on: date, until: date, source: str
) -> dict[str, Any]:
    """The court forbade the eviction for a time; entered again, it is corrected."""
    if granted_on > desk.today:
        raise Refused(400, "granted_on lies in the future.")
    longest = dates.add_months(granted_on.toordinal(), MORATORIUM_MONTHS_MAX)
    if not granted_on.toordinal() <= until.toordinal() <= longest:
        raise Refused(400, f"until must be within {MORATORIUM_MONTHS_MAX} months of granted_on.")
    fact_id = await desk.enter(FactKind.MORATORIUM, source, day=granted_on, until=until)
    desk.note()
    return {"fact_id": str(fact_id)}


async def record_residence_check(
    desk: Desk, result: ResidenceResult, day: date, source: str
) -> dict[str, Any]:
    """Who lives here, by a person or a register; who moved leaves it to who comes after."""
    if day > desk.today:
        raise Refused(400, "day lies in the future.")
    # What is known of them by now stays theirs, also what was reported after they had moved.
    last = await work_sql.last_reported_on(desk.tx, desk.case.household_id)
    until = max(day, last or day)
    fact_id = await desk.enter(
        FactKind.RESIDENCE_CHECK, source, detail=result.value, day=day, until=until
    )
    desk.note()
    return {"fact_id": str(fact_id), "result": result.value}


async def record_objection(desk: Desk, received_on: date, source: str) -> dict[str, Any]:
    """The tenant objects to being reported: nothing goes to a resident."""
    if received_on > desk.today:
        raise Refused(400, "received_on lies in the future.")
    fact_id = await desk.enter(FactKind.OBJECTION, source, day=received_on)
    desk.note()
    return {"fact_id": str(fact_id)}
