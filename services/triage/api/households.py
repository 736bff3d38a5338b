"""Who belongs together, as a lead decides it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import Field

from services.triage.api.taking import Body, Take
from services.triage.commands import households
from services.triage.commands.households import Done, Judge
from shared.web.bounded import Reason

router = APIRouter()

HouseholdId = Annotated[UUID, Path(alias="householdId")]


class Merge(Body):
    """The household that is the same one, in the same building."""

    household_id: UUID
    reason: Reason


class Split(Body):
    """The signals whose contracts are another household's, now and later."""

    signal_ids: tuple[UUID, ...] = Field(min_length=1, max_length=100)
    reason: Reason


class MatchConfirmation(Body):
    """That the household is right as it is."""

    reason: Reason


class Undoing(Body):
    """Why a verdict is taken back."""

    reason: Reason


class MultiLet(Body):
    """Whether rooms of this building are let apart."""

    is_multi_let: bool


@router.post(
    "/households/{householdId}/merges",
    operation_id="mergeHouseholds",
    tags=["households"],
    summary="Two households of one building are one",
)
async def merge_households(household_id: HouseholdId, body: Merge, take: Take) -> Response:
    """The second one's open case closes; statuses that turn out otherwise are corrected."""

    async def work(judge: Judge) -> Done:
        return await households.merge(judge, household_id, body.household_id, body.reason)

    return await take.judge(work)


@router.post(
    "/households/{householdId}/splits",
    operation_id="splitHousehold",
    tags=["households"],
    summary="Some contracts are another household's",
)
async def split_household(household_id: HouseholdId, body: Split, take: Take) -> Response:
    """What comes later of these contracts follows them."""

    async def work(judge: Judge) -> Done:
        return await households.split(judge, household_id, body.signal_ids, body.reason)

    return await take.judge(work)


@router.post(
    "/households/{householdId}/match-confirmations",
    operation_id="confirmMatch",
    tags=["households"],
    summary="The household is right as it is",
)
async def confirm_match(household_id: HouseholdId, body: MatchConfirmation, take: Take) -> Response:
    """Partners now hear what they waited for."""

    async def work(judge: Judge) -> Done:
        return await households.confirm_match(judge, household_id, body.reason)

    return await take.judge(work)


@router.post(
    "/verdicts/{verdictId}/undoings",
    operation_id="undoVerdict",
    tags=["households"],
    summary="Take a merge, split or confirmation back",
)
async def undo_verdict(
    verdict_id: Annotated[UUID, Path(alias="verdictId")], body: Undoing, take: Take
) -> Response:
    """Everything is decided anew as if it had not been."""

    async def work(judge: Judge) -> Done:
        return await households.undo(judge, verdict_id, body.reason)

    return await take.judge(work)


@router.post(
    "/households/{householdId}/multi-lets",
    operation_id="letApart",
    tags=["households"],
    summary="Rooms of this building are let apart, or are not",
)
async def let_apart(household_id: HouseholdId, body: MultiLet, take: Take) -> Response:
    """Where they are, another surname is another household."""

    async def work(judge: Judge) -> Done:
        return await households.let_apart(judge, household_id, is_multi_let=body.is_multi_let)

    return await take.judge(work)
