"""What NotifyNL tells of messages after it took them, by its delivery callbacks."""

import hmac
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.notify import receipts
from services.notify.api.desk import Shared
from services.notify.outcomes import Ending
from services.notify.sql.receipts import Receipt
from shared import clock, log
from shared.db import Tx
from shared.door import Follow
from shared.web.bounded import Text
from shared.web.problems import Problem

router = APIRouter()
logger = log.get()
RETRY_SECONDS = 300


class Callback(BaseModel):
    """A delivery receipt as NotifyNL sends it; of what we do not use, such as `to`, nothing."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: Annotated[Text, Field(min_length=1, max_length=100, description="NotifyNL's own id")]
    reference: Annotated[Text, Field(max_length=1000)] | None = Field(
        None, description="as the message was handed over: the id of our alert"
    )
    status: Annotated[Text, Field(min_length=1, max_length=40)]
    completed_at: AwareDatetime | None = None


async def who_calls(request: Request, desk: Shared) -> None:
    """Only NotifyNL, by the token that it was given; raises Problem otherwise."""
    if desk.callback_token is None:
        headers = {"Retry-After": str(RETRY_SECONDS)}
        raise Problem(503, "No token for callbacks is set up here.", headers=headers)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    is_right = hmac.compare_digest(token.strip().encode(), desk.callback_token.encode())
    if scheme.lower() != "bearer" or not is_right:
        raise Problem(401, "Send the token for callbacks.", headers={"WWW-Authenticate": "Bearer"})


@router.post(
    "/receipts",
    operation_id="takeReceipt",
    tags=["receipts"],
    status_code=202,
    response_class=Response,
    dependencies=[Depends(who_calls)],
    summary="NotifyNL tells what became of a message",
)
async def take_receipt(body: Callback, desk: Shared) -> Response:
    """As often and in what order it likes. Of a message that we do not know nothing is kept."""
    alert_id = _as_uuid(body.reference)
    if alert_id is None:
        logger.warning("receipt_of_unknown_alert", count=1)
    elif body.status in receipts.STATUSES:
        receipt = Receipt(alert_id, body.id, body.status, body.completed_at)

        async def work(tx: Tx) -> tuple[None, Follow]:
            return None, await receipts.take(Ending(tx, desk.shelf, clock.now()), receipt)

        await desk.core.door.transact(work)
    return Response(status_code=202)


def _as_uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
