"""A household is forgotten, as a lead decides it; and who has answered."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel

from services.triage.api.households import HouseholdId
from services.triage.api.taking import Body, Lead, Shared, Take
from services.triage.commands import erasing
from services.triage.commands.households import Done, Judge
from services.triage.sql import erasing as erase_sql
from services.triage.sql.erasing import ErasureReason

router = APIRouter()

LIST_MAX = 500


class NewErasure(Body):
    """Why a household is to be forgotten, as a code: nothing of anybody stays."""

    reason: ErasureReason


class Erasure(BaseModel):
    """That a household was erased, and when the other services said that they had."""

    household_id: UUID
    reason: ErasureReason
    asked_by: str
    asked_at: datetime
    signals_at: datetime | None
    notify_at: datetime | None


class Erasures(BaseModel):
    """Erasures, those that wait for an answer first."""

    erasures: list[Erasure]


@router.post(
    "/households/{householdId}/erasures",
    operation_id="eraseHousehold",
    tags=["households"],
    summary="Forget a household, in every service",
)
async def erase_household(household_id: HouseholdId, body: NewErasure, take: Take) -> Response:
    """For good, with its open case. Who worked on it is in the answer: no mail tells them."""

    async def work(judge: Judge) -> Done:
        return await erasing.erase(judge, household_id, body.reason)

    return await take.judge(work)


@router.get(
    "/erasures",
    operation_id="listErasures",
    tags=["households"],
    summary="Erasures of my municipality, and who has answered",
)
async def list_erasures(
    who: Lead, counter: Shared, limit: Annotated[int, Query(ge=1, le=LIST_MAX)] = 100
) -> Erasures:
    """One without an answer after seven days is a task too."""
    async with counter.core.pool.acquire() as connection:
        rows = await erase_sql.list_erasures(connection, who.municipality, limit)
    return Erasures(erasures=[Erasure(**row) for row in rows])
