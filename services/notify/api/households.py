"""What a household asks of how it is written to."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from services.notify.api.desk import Contacts, Decision, Ops, Shared, Told, as_contacts
from services.notify.sql import cases as case_sql
from services.notify.sql import wishes as wish_sql
from services.notify.subjects import Wishes
from shared import log
from shared.db import Tx
from shared.door import Follow
from shared.web.problems import Problem

router = APIRouter(dependencies=[Ops], tags=["households"])
logger = log.get()
HouseholdId = Annotated[UUID, Path(alias="householdId")]


class NewWishes(Decision):
    """What a household asks from now on."""

    has_opted_out: bool
    wrong_contacts: Contacts


class HouseholdWishes(Told):
    """What a household asks of how it is written to."""

    household_id: UUID
    has_opted_out: bool
    wrong_contacts: list[str]


@router.get(
    "/households/{householdId}/wishes",
    operation_id="showWishes",
    summary="What a household asks of how it is written to",
)
async def show_wishes(household_id: HouseholdId, desk: Shared) -> HouseholdWishes:
    """Whether it wants no messages, and which numbers and mail addresses are not theirs."""
    async with desk.core.pool.acquire() as connection:
        if not await wish_sql.list_cases(connection, household_id):
            raise Problem(404, "notify knows no such household.")
        return _told(household_id, await wish_sql.load_wishes(connection, household_id))


@router.put(
    "/households/{householdId}/wishes",
    operation_id="changeWishes",
    summary="Note what a household asks of how it is written to",
)
async def change_wishes(
    household_id: HouseholdId, body: NewWishes, desk: Shared
) -> HouseholdWishes:
    """The whole of it. Who wants no messages gets none from now on, also none that was planned."""
    wrong = as_contacts(body.wrong_contacts, field="wrongContacts")
    wishes, change = Wishes(body.has_opted_out, frozenset(wrong)), body.as_change()

    async def work(tx: Tx) -> tuple[None, Follow]:
        case_ids = await wish_sql.list_cases(tx, household_id)
        await case_sql.hold_case_files(tx, case_ids)
        if not await wish_sql.list_cases(tx, household_id):
            raise Problem(404, "notify knows no such household.")
        await wish_sql.save_wishes(tx, household_id, wishes, change)
        if wishes.has_opted_out:
            await wish_sql.supersede_to_residents(tx, case_ids, change.at)
        return None, ()

    await desk.core.door.transact(work)
    logger.info("wishes_noted")
    return _told(household_id, wishes)


def _told(household_id: UUID, wishes: Wishes) -> HouseholdWishes:
    return HouseholdWishes(
        household_id=household_id,
        has_opted_out=wishes.has_opted_out,
        wrong_contacts=sorted(wishes.wrong_contacts),
    )
