"""Who lives in a building, for a person who has to say who belongs together."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.triage.addresses import Building
from services.triage.api.households import HouseholdId
from services.triage.api.taking import Lead, Shared
from services.triage.matching import VerdictKind
from services.triage.sql import neighbours as neighbour_sql
from services.triage.sql import reading as reading_sql
from services.triage.sql import verdicts as verdict_sql
from shared import clock
from shared.db import Tx
from shared.web.problems import Problem

router = APIRouter()

PURPOSE = "who belongs together"  # of reading


class ReportedSignal(BaseModel):
    """A signal, of whom it speaks, and why it is with this household."""

    id: UUID
    partner_id: str
    partner_kind: str
    contract: str
    reported_on: date
    tenancy_start: date | None
    surname: str
    surname_infix: str
    initials: str
    born_on: date | None
    match_reason: str
    is_match_uncertain: bool


class ReportedFact(BaseModel):
    """Another fact that a partner reported."""

    id: UUID
    kind: str
    partner_id: str
    contract: str
    reported_on: date


class CaseOf(BaseModel):
    """A case of a household, open or over."""

    id: UUID
    reference: str
    is_open: bool
    assignee_id: str


class Neighbour(BaseModel):
    """A household of a building."""

    id: UUID
    suffix: str
    since: date | None = Field(description="null: no start is known")
    signals: list[ReportedSignal]
    facts: list[ReportedFact]
    cases: list[CaseOf]


class VerdictGiven(BaseModel):
    """What a person decided about who belongs together, and whether it was taken back."""

    id: UUID
    kind: VerdictKind
    fact_ids: list[UUID]
    household_ids: list[UUID] = Field(description="in which these facts are now")
    reason: str
    made_by: str
    made_at: datetime
    undone_by: str | None
    undone_at: datetime | None
    undone_reason: str | None


class Household(Neighbour):
    """A household, with who else lives in the building and what was decided about them."""

    postcode: str
    house_number: int
    is_multi_let: bool
    neighbours: list[Neighbour]
    verdicts: list[VerdictGiven]


@router.get(
    "/households/{householdId}",
    operation_id="showHousehold",
    tags=["households"],
    summary="One household, its neighbours in the building, and the verdicts so far",
)
async def show_household(household_id: HouseholdId, who: Lead, counter: Shared) -> Household:
    """What it takes to say: the same, or not the same. Who reads it is noted, by case."""
    async with counter.core.pool.acquire() as connection, connection.transaction():
        address = await verdict_sql.find_household(connection, household_id)
        if address is None or address.municipality != who.municipality:
            raise Problem(404, "No such household.")
        building = address.building
        known = await neighbour_sql.list_neighbours(connection, building)
        mine = next((row for row in known if row["id"] == household_id), None)
        if mine is None:
            raise Problem(404, await _why_gone(connection, household_id))
        verdicts = await neighbour_sql.list_verdicts(connection, building)
        is_multi_let = await neighbour_sql.is_multi_let(connection, building)
        read = [UUID(case["id"]) for row in known for case in row["cases"]]
        await reading_sql.note_read(connection, who.id, PURPOSE, read, clock.now())
    return Household(
        **mine,
        **_place(building),
        is_multi_let=is_multi_let,
        neighbours=[Neighbour(**row) for row in known if row["id"] != household_id],
        verdicts=[VerdictGiven(**row) for row in verdicts],
    )


async def _why_gone(tx: Tx, household_id: UUID) -> str:
    """Of a household that became part of another, which one to ask for."""
    other = await neighbour_sql.find_moved_to(tx, household_id)
    return f"It became part of household {other}." if other else "Nothing is known of it any more."


def _place(building: Building) -> dict[str, Any]:
    return {"postcode": building.postcode, "house_number": building.house_number}
