"""Door 3 of signals: partners deliver events over HTTP, and ask what became of them.

The same path as AMQP. A batch is taken in parts, each in its own transaction: when something gives
way in between, sending the whole batch again does no harm, because an id takes effect once.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import unquote
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse, Response

from services.signals.answers import (
    Events,
    KeySet,
    Meldingen,
    WholeEvent,
    event_of,
    told_of,
    told_with_event,
    whole_event_of,
)
from services.signals.arrivals import JSON, Arrival, as_body, media_type, structured
from services.signals.intake import Office, Outcome, take_in
from services.signals.keys import as_jwk
from services.signals.limits import BODY_SECONDS_MAX, FULL_RETRY_SECONDS, Limits
from services.signals.receipts import oldest_shown
from services.signals.sign_in import PartnerAccount
from services.signals.sql import events as event_sql
from services.signals.sql import partners as partner_sql
from shared import clock, db, log
from shared.contracts import partners
from shared.contracts.envelope import BODY_BYTES_MAX, CONTENT_TYPE, Lane
from shared.core import Core
from shared.db import Tx
from shared.web.problems import Problem
from shared.web.session import AccountOf

router = APIRouter()
logger = log.get()

BATCH_TYPE = "application/cloudevents-batch+json"
BATCH_EVENTS_MAX = 10_000
BATCH_BYTES_MAX = 16 * 1024**2
PART_MAX = 500
PAGE_MAX = 1000
AWAY_RETRY_SECONDS = 10
TURN_SECONDS_MAX = 20
ACQUIRE_SECONDS_MAX = 5
Cursor = tuple[int, UUID]  # the transaction, and of what; a partner takes it as it is
Since = Annotated[
    str,
    Query(pattern=r"^([0-9]{1,18}\.[0-9a-f]{32})?$", description="`volgende` of the last page"),
]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX)]


@dataclass
class FrontDesk:
    """What the routes share: the running service, and how much is coming in."""

    core: Core
    office: Office
    account_of: AccountOf
    limits: Limits

    async def take(self, arrivals: Sequence[Arrival]) -> list[Outcome]:
        """Take events in, the urgent first; outcomes in the order given.

        Raises Problem 503 when the outbox is full or the database is away: of what came before
        nothing is lost, and the same request may be sent again.
        """
        outcomes: dict[int, Outcome] = {}
        lanes = [lane_of(one) for one in arrivals]
        for lane in (Lane.URGENT, Lane.BULK):
            numbers = [no for no, its_lane in enumerate(lanes) if its_lane is lane]
            for start in range(0, len(numbers), PART_MAX):
                part = numbers[start : start + PART_MAX]
                found = await self._take_part([arrivals[no] for no in part], lane)
                outcomes.update(zip(part, found, strict=True))
        return [outcomes[no] for no in range(len(arrivals))]

    def require_room(self) -> None:
        """Raise Problem 503 when the outbox is full."""
        if self.core.outbox.is_full:
            raise unavailable("Events wait to be passed on.", FULL_RETRY_SECONDS)

    async def _take_part(self, part: Sequence[Arrival], lane: Lane) -> list[Outcome]:
        door = self.core.door
        self.require_room()
        try:
            async with asyncio.timeout(TURN_SECONDS_MAX):
                await door.may_start(lane)
            for _ in part:
                door.arrived(lane)
            try:
                return await door.transact(lambda tx: take_in(tx, part, self.office))
            finally:
                door.left(lane, len(part))
        except db.MAYBE_AWAY as error:
            raise await self.problem_of(error) from None

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Tx]:
        """A connection; raises Problem 503 when the database is away."""
        try:
            async with self.core.pool.acquire(timeout=ACQUIRE_SECONDS_MAX) as connection:
                yield connection
        except db.MAYBE_AWAY as error:
            raise await self.problem_of(error) from None

    async def problem_of(self, error: Exception) -> Problem:
        """503 when the database is away; what is wrong with a statement is raised as it is."""
        if not isinstance(error, db.CONNECTION_LOST) and await db.answers(self.core.pool):
            raise error
        logger.warning("database_away", fault=log.fault_of(error))
        return unavailable("The database does not answer.", AWAY_RETRY_SECONDS)


def lane_of(arrival: Arrival) -> Lane:
    """The lane that an event will travel in, as far as its type and a crisis tell."""
    try:
        document = orjson.loads(arrival.body)
    except orjson.JSONDecodeError:
        return Lane.BULK
    match document:
        case {"data": {"crisissignaal": True}}:
            return Lane.URGENT
        case {"type": str(wire_type)} if wire_type in partners.BY_TYPE:
            return partners.BY_TYPE[wire_type].accepted_as.lanes[
                0
            ]  # bulk, unless urgent is its only lane
    return Lane.BULK


def unavailable(why: str, seconds: int) -> Problem:
    """503 with the advice to send the same again."""
    return Problem(
        503,
        f"{why} Send the same request again later: what was accepted already stays accepted, once.",
        headers={"Retry-After": str(seconds)},
    )


def desk_of(request: Request) -> FrontDesk:
    """What the routes share."""
    desk: FrontDesk = request.app.state.desk
    return desk


Shared = Annotated[FrontDesk, Depends(desk_of)]


async def who_sends(request: Request, desk: Shared) -> PartnerAccount:
    """The partner who signed in, its request counted."""
    try:
        account = await desk.account_of(request)
    except db.MAYBE_AWAY as error:
        raise await desk.problem_of(error) from None
    assert isinstance(account, PartnerAccount)
    desk.limits.count_request(account.id, account.requests_per_minute)
    return account


Who = Annotated[PartnerAccount, Depends(who_sends)]


@router.post(
    "/events",
    operation_id="deliverEvents",
    tags=["events"],
    status_code=202,
    response_model=Meldingen,
    summary="Deliver one event, or a batch of at most 10,000 events and 16 MB",
)
async def deliver_events(request: Request, who: Who, desk: Shared) -> Response:
    """One result for each event, in order; 400 only when the envelope cannot be read at all.

    CloudEvents 1.0 in structured mode (`application/cloudevents+json`), binary mode
    (`application/json` with `ce-` headers) or a batch (`application/cloudevents-batch+json`).
    An id takes effect once: sending the same again gives the same receipt. In binary mode the
    answer has the event as it was put together and signed.
    """
    with desk.limits.hold(who.id, _announced_bytes(request)):
        body = await read_body(request, BATCH_BYTES_MAX)
        arrivals = read_events(request, body, who.id)
        outcomes = await desk.take(arrivals)
    is_composed_here = media_type(request.headers.get("content-type")) == JSON
    tell = told_with_event if is_composed_here else told_of
    return JSONResponse({"resultaten": [tell(one) for one in outcomes]}, 202)


def _announced_bytes(request: Request) -> int:
    given = request.headers.get("content-length", "")
    return min(int(given), BATCH_BYTES_MAX) if given.isdigit() else BATCH_BYTES_MAX


async def read_body(request: Request, bytes_max: int) -> bytes:
    """The body of a request; raises Problem 413 when it is too long, 408 when it takes too long."""
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            async for part in request.stream():
                size += len(part)
                if size > bytes_max:
                    raise Problem(
                        413, f"The body is larger than {bytes_max} bytes; nothing was accepted."
                    )
                parts.append(part)
    except TimeoutError:
        why = f"The body did not come in within {BODY_SECONDS_MAX} seconds; nothing was accepted."
        raise Problem(408, why) from None
    return b"".join(parts)


def read_events(request: Request, body: bytes, partner_id: str) -> list[Arrival]:
    """The events of a request; raises Problem when its envelope cannot be read."""
    kind = media_type(request.headers.get("content-type"))
    if kind == BATCH_TYPE:
        return [Arrival(partner_id, one) for one in _read_batch(body)]
    if kind == JSON and (attributes := _attributes(request)):
        _require_object(body)
        return [Arrival(partner_id, structured(attributes, body, JSON))]
    if kind == CONTENT_TYPE:
        _require_object(body)
        return [Arrival(partner_id, body)]
    raise Problem(
        415,
        f"Send {CONTENT_TYPE}, {BATCH_TYPE}, or {JSON} with the CloudEvents attributes as ce- "
        "headers.",
    )


def _attributes(request: Request) -> dict[str, str]:
    """The attributes of binary mode; their values are percent-encoded (HTTP binding 3.1.3.2)."""
    return {
        name[3:]: unquote(value)
        for name, value in request.headers.items()
        if name.startswith("ce-")
    }


def _require_object(body: bytes) -> None:
    if len(body) > BODY_BYTES_MAX:
        return  # read no further: the event is refused for its size
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise Problem(400, "The body is not a JSON object in UTF-8; nothing was accepted.")


def _read_batch(body: bytes) -> list[bytes]:
    try:
        batch = orjson.loads(body)
    except orjson.JSONDecodeError:
        batch = None
    if not isinstance(batch, list):
        raise Problem(400, "The body is not a JSON array in UTF-8; nothing was accepted.")
    if len(batch) > BATCH_EVENTS_MAX:
        raise Problem(413, f"More than {BATCH_EVENTS_MAX} events; nothing was accepted.")
    return [as_body(one) for one in batch]


@router.get(
    "/events",
    operation_id="listEvents",
    tags=["events"],
    summary="Events of which something became known since a cursor",
)
async def list_events(
    who: Who,
    desk: Shared,
    since: Since = "",
    limit: Limit = 100,
) -> Events:
    """Own events that were accepted or got a status, oldest first; empty when there is no news.

    An event comes again when something more became known of it.
    """
    after = read_cursor(since)
    async with desk.database() as connection:
        told = await event_sql.list_told(connection, who.id, after, limit)
        ids = list(dict.fromkeys(fact_id for _, fact_id in told))
        rows = await event_sql.load_events(connection, who.id, ids) if ids else []
    next_page = write_cursor(told[-1] if told else after)
    return Events(events=[event_of(row) for row in rows], next=next_page)


def read_cursor(since: str) -> Cursor:
    """Where to read on; from the beginning without one."""
    number, _, one = since.partition(".")
    return (int(number), UUID(one)) if since else (0, UUID(int=0))


def write_cursor(cursor: Cursor) -> str:
    """A cursor as a partner hands it back."""
    return f"{cursor[0]}.{cursor[1].hex}"


@router.get(
    # A path, because a partner's id may have a slash in it.
    "/events/{eventId:path}",
    operation_id="showEvent",
    tags=["events"],
    summary="One event, with its receipt and what became of it",
)
async def show_event(
    who: Who,
    desk: Shared,
    event_id: Annotated[str, Path(alias="eventId", min_length=1, max_length=300)],
    source: Annotated[
        str | None, Query(max_length=200, description="its `source`, if the id is not unique")
    ] = None,
) -> WholeEvent:
    """An own event by the id that the partner gave it, percent-encoded, or by its `meldingId`."""
    if "\x00" in event_id or (source and "\x00" in source):
        raise Problem(404, "No such event of yours.")
    async with desk.database() as connection:
        ids = await event_sql.find_events(connection, who.id, event_id, source)
        if len(ids) > 1:
            raise Problem(409, "You used this id in more than one source: say which `source`.")
        rows = await event_sql.load_events(connection, who.id, ids)
        document = await event_sql.load_document(connection, ids[0]) if rows else None
    if not rows:
        raise Problem(404, "No such event of yours.")
    return whole_event_of(rows[0], document)


@router.get("/keys", operation_id="listKeys", tags=["receipts"], summary="Keys of receipts")
async def list_keys(desk: Shared) -> KeySet:
    """The public keys that receipts verify with, those that were retired in ten years included."""
    async with desk.database() as connection:
        rows = await partner_sql.list_keys(connection, oldest_shown(clock.now()))
    return KeySet.model_validate({"keys": [as_jwk(row) for row in rows]})
