"""Plays the API of NotifyNL, which is GOV.UK Notify's version 2, under `/v2/`.

A reference is a label that is looked up by; it is no key: what is posted twice is sent twice.
Left out: schedules, files, precompiled letters, inbound messages and several senders.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from deploy.local.gateway_behaviour import Switches
from deploy.local.hanging_up import hang_up, say_nothing
from deploy.local.notification_store import Notification, NotificationStore
from deploy.local.notify_callbacks import moment
from deploy.local.notify_deliveries import plan
from deploy.local.notify_keys import ApiKey
from deploy.local.notify_requests import KINDS, ApiError, Kind, Wanted, is_uuid, read_request

PAGE = 250
MINUTE_SECONDS = 60
FAILED = ("technical-failure", "temporary-failure", "permanent-failure")
# A status that may be asked for, and the raw ones that it stands for.
STATUSES = {
    **{one: (one,) for one in ("created", "sending", "sent", "pending", "delivered", *FAILED)},
    "failed": FAILED,
    "accepted": ("created", "sending"),
    "received": ("delivered",),
}
PARAMETERS = {"reference", "status", "template_type", "older_than", "include_jobs"}
WEB_PAGE = "<!doctype html><title>Onderhoud</title><p>Wij zijn zo terug.</p>"


@dataclass
class NotifyApi:
    """A service's account: its key, its sender, and what it used of its limits."""

    store: NotificationStore
    switches: Switches
    key: ApiKey
    sms_sender: str
    calls_back: bool
    _posted_at: deque[float] = field(default_factory=deque)
    _accepted: Counter[tuple[Kind, date]] = field(default_factory=Counter)

    def count_request(self, kind: Kind) -> None:
        """Refuse what goes over the limits; refused requests count towards the rate as well."""
        behaviour, now = self.switches.now, time.monotonic()
        while self._posted_at and self._posted_at[0] <= now - MINUTE_SECONDS:
            self._posted_at.popleft()
        self._posted_at.append(now)
        if len(self._posted_at) > behaviour.api_rate_per_minute:
            limit = f"{behaviour.api_rate_per_minute} requests per {MINUTE_SECONDS} seconds"
            message = f"Exceeded rate limit for key type LIVE of {limit}"
            raise ApiError(429, "RateLimitError", message)
        if self._accepted[kind, _today()] >= behaviour.api_daily_limit:
            limits = f"{kind}: {behaviour.api_daily_limit}"
            message = f"Exceeded send limits ({limits}) for today"
            raise ApiError(429, "TooManyRequestsError", message)

    async def keep(self, wanted: Wanted) -> str:
        """Settle what becomes of a notification, store it and return its id."""
        notification_id = str(uuid4())
        sender = self.sms_sender if wanted.kind == "sms" else None
        now = datetime.now(UTC)  # when it really is: it is another's clock
        settled = plan(wanted.kind, wanted.to, self.switches, now, calls_back=self.calls_back)
        await asyncio.to_thread(self.store.keep, notification_id, wanted, sender, settled)
        self._accepted[wanted.kind, _today()] += 1
        return notification_id


def add_notify_api(app: FastAPI, api: NotifyApi) -> None:
    """Serve the API, and have its errors answered in its own shape."""

    @app.exception_handler(ApiError)
    async def tell(_: Request, error: ApiError) -> Response:
        return JSONResponse(error.body, error.status)

    app.include_router(_posts(api))
    app.include_router(_look_ups(api))


def _posts(api: NotifyApi) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.post("/v2/notifications/{kind}")
    async def post(kind: Kind, request: Request) -> Response:
        raw = await request.body()
        if trouble := await _trouble(api.switches, request):
            return trouble
        api.key.check(request.headers.get("authorization"))
        api.count_request(kind)
        wanted = read_request(kind, raw, api.key.service_id)
        answer = JSONResponse(_accepted(api, wanted, await api.keep(wanted), request), 201)
        if api.switches.take("api_drop_next"):
            hang_up(request)
        if api.switches.take("api_broken_json_next"):
            half = answer.body[: len(answer.body) // 2]
            return Response(bytes(half), 201, media_type="application/json")
        return answer

    return router


async def _trouble(switches: Switches, request: Request) -> Response | None:
    """What a request meets on its way; None: nothing, it gets there."""
    await asyncio.sleep(switches.now.api_delay_seconds)
    if switches.take("api_hang_next"):
        await say_nothing(request)
        return Response()
    if status := switches.take_from("api_error_next"):
        raise _failure(status)
    return HTMLResponse(WEB_PAGE) if switches.take("api_html_next") else None


def _failure(status: int) -> ApiError:
    names = {403: "AuthError", 429: "RateLimitError"}
    name = names.get(status, "Exception" if status >= 500 else "BadRequestError")
    message = "Internal server error" if status >= 500 else "a test switch of this gateway is on"
    return ApiError(status, name, message)


def _look_ups(api: NotifyApi) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    def check(request: Request) -> None:
        if status := api.switches.take_from("api_lookup_error_next"):
            raise _failure(status)
        api.key.check(request.headers.get("authorization"))

    @router.get("/v2/notifications/{notification_id}")
    async def load(notification_id: str, request: Request) -> dict[str, Any]:
        check(request)
        if not is_uuid(notification_id):
            raise ApiError(400, "ValidationError", "notification_id is not a valid UUID")
        found = await asyncio.to_thread(api.store.load, str(UUID(notification_id)))
        if found is None:
            raise ApiError(404, "NoResultFound", "No result found")
        return _looked_up(api, found, request)

    @router.get("/v2/notifications")
    async def look_up(
        request: Request,
        status: Annotated[Sequence[str], Query()] = (),
        template_type: Annotated[Sequence[str], Query()] = (),
        reference: str | None = None,
        older_than: str | None = None,
    ) -> dict[str, Any]:
        check(request)
        _check_parameters(request, status, template_type, older_than)
        found = await asyncio.to_thread(
            api.store.look_up,
            reference=reference,
            statuses={raw for one in status for raw in STATUSES[one]},
            kinds=template_type,
            older_than=older_than,
            limit=PAGE,
        )
        notifications = [_looked_up(api, one, request) for one in found]
        return {"notifications": notifications, "links": _links(request, found)}

    return router


def _check_parameters(
    request: Request, statuses: Sequence[str], kinds: Sequence[str], older_than: str | None
) -> None:
    faults = [
        f"status {one} is not one of {[*STATUSES]}" for one in statuses if one not in STATUSES
    ]
    faults += [f"template_type {one} is not one of {[*KINDS]}" for one in kinds if one not in KINDS]
    if older_than is not None and not is_uuid(older_than):
        faults.append("older_than is not a valid UUID")
    if foreign := [name for name in request.query_params if name not in PARAMETERS]:
        verb = "was" if len(foreign) == 1 else "were"
        listed = ", ".join(foreign)
        faults.append(f"Additional properties are not allowed ({listed} {verb} unexpected)")
    if faults:
        raise ApiError(400, "ValidationError", *(fault.replace("'", "") for fault in faults))


def _links(request: Request, found: Sequence[Notification]) -> dict[str, str]:
    links = {"current": str(request.url)}
    if found:
        asked = [pair for pair in request.query_params.multi_items() if pair[0] != "older_than"]
        query = urlencode([*asked, ("older_than", found[-1].id)])
        links["next"] = f"{request.base_url}v2/notifications?{query}"
    return links


def _accepted(
    api: NotifyApi, wanted: Wanted, notification_id: str, request: Request
) -> dict[str, Any]:
    content: dict[str, str | None] = {"body": wanted.text}
    if wanted.kind == "sms":
        content["from_number"] = api.sms_sender
    else:
        content["subject"] = wanted.subject
    if wanted.kind == "email":
        content |= {"from_email": "gemeente@notify.example", "one_click_unsubscribe_url": None}
    return {
        "id": notification_id,
        "reference": wanted.reference,
        "content": content,
        "uri": f"{request.base_url}v2/notifications/{notification_id}",
        "template": _template(api, wanted.template.id, request),
        "scheduled_for": None,
    }


def _looked_up(api: NotifyApi, found: Notification, request: Request) -> dict[str, Any]:
    *lines, postcode = found.address or [None] * 6
    return {
        "id": found.id,
        "reference": found.reference,
        "email_address": found.to if found.kind == "email" else None,
        "phone_number": found.to if found.kind == "sms" else None,
        **{f"line_{number}": line for number, line in enumerate([*lines, None], 1)},
        "postcode": postcode,
        "type": found.kind,
        "status": found.status,
        "template": _template(api, found.template_id, request),
        "body": found.text,
        "subject": found.subject,
        "created_at": moment(found.created_at),
        "created_by_name": None,
        "sent_at": moment(found.moment_of("sending")),
        "completed_at": moment(found.moment_of("delivered", *FAILED)),
        "scheduled_for": None,
        "postage": "netherlands" if found.kind == "letter" else None,
        "one_click_unsubscribe_url": None,
    }


def _template(api: NotifyApi, template_id: str, request: Request) -> dict[str, Any]:
    uri = f"{request.base_url}services/{api.key.service_id}/templates/{template_id}"
    return {"id": template_id, "version": 1, "uri": uri}


def _today() -> date:
    return datetime.now(UTC).date()
