"""What a household asks of how it is written to."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import Field

from services.notify import heeding
from services.notify.api.desk import Contacts, Decision, Ops, Shared, Told, as_contacts
from services.notify.sql import wishes as wish_sql
from services.notify.subjects import NO_WISHES, Wishes
from shared import log
from shared.db import Tx
from shared.door import Follow
from shared.policy import Channel
from shared.web.problems import Problem

router = APIRouter(dependencies=[Ops], tags=["households"])
logger = log.get()
HouseholdId = Annotated[UUID, Path(alias="householdId")]
NOT_KNOWN = "notify knows no such household."
FIRST = "tried before the others, where the policy has it; null: no preference"
SPOKEN = "in which they are written to, whatever a partner told; null: no preference"


class NewWishes(Decision):
    """What a household asks from now on."""

    has_opted_out: bool
    wrong_contacts: Contacts
    channel: Channel | None = Field(default=None, description=FIRST)
    language: Literal["nl", "en"] | None = Field(default=None, description=SPOKEN)


class HouseholdWishes(Told):
    """What a household asks of how it is written to."""

    household_id: UUID
    has_opted_out: bool
    wrong_contacts: list[str]
    channel: Channel | None = Field(description=FIRST)
    language: str | None = Field(description=SPOKEN)


@router.get(
    "/households/{householdId}/wishes",
    operation_id="showWishes",
    summary="What a household asks of how it is written to",
)
async def show_wishes(household_id: HouseholdId, desk: Shared) -> HouseholdWishes:
    """As it asked itself. In its cases also counts what those asked that turned out to be it."""
    async with desk.core.pool.acquire() as connection:
        if not await wish_sql.has_case(connection, household_id):
            raise Problem(404, NOT_KNOWN)
        found = await wish_sql.load_wishes(connection, [household_id])
    return _told(household_id, found.get(household_id, NO_WISHES))


@router.put(
    "/households/{householdId}/wishes",
    operation_id="changeWishes",
    summary="Note what a household asks of how it is written to",
)
async def change_wishes(
    household_id: HouseholdId, body: NewWishes, desk: Shared
) -> HouseholdWishes:
    """The whole of it. What was planned follows at once: taken back, another way, or again."""
    wrong, change = as_contacts(body.wrong_contacts, field="wrongContacts"), body.as_change()
    wishes = Wishes(
        body.has_opted_out, frozenset(wrong), body.channel, body.language, preferred_at=change.at
    )

    async def work(tx: Tx) -> tuple[None, Follow]:
        policies = await desk.shelf.current(tx)
        household = await heeding.hold(tx, household_id)
        if not household.is_known:
            raise Problem(404, NOT_KNOWN)
        await heeding.heed(tx, household, wishes=wishes, change=change, policies=policies)
        return None, ()

    await desk.core.door.transact(work)
    logger.info("wishes_noted")
    return _told(household_id, wishes)


def _told(household_id: UUID, wishes: Wishes) -> HouseholdWishes:
    return HouseholdWishes(
        household_id=household_id,
        has_opted_out=wishes.has_opted_out,
        wrong_contacts=sorted(wishes.wrong_contacts),
        channel=wishes.channel,
        language=wishes.language,
    )
