"""The gateway's pages and JSON: what was received, and the switches that make it misbehave."""

import dataclasses
import inspect
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi import Path as UrlPath
from fastapi.responses import FileResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel

from deploy.local.gateway_behaviour import Behaviour, Switches
from deploy.local.mail_store import PAGE_MAX, Mail, MailStore
from deploy.local.notification_store import Notification, NotificationStore
from deploy.local.notify_api import NotifyApi, add_notify_api
from deploy.local.notify_requests import TEMPLATES as TEMPLATES_OF_NOTIFY
from deploy.local.received_mail import read

TEMPLATES = Path(__file__).parent / "gateway_templates"
ROWS_A_PAGE = 50
# SQLite's largest integer.
ID_MAX = 2**63 - 1
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
T = TypeVar("T")
MailId = Annotated[int, UrlPath(ge=1, le=ID_MAX)]
Search = Annotated[str, Query(max_length=200)]
Before = Annotated[int | None, Query(ge=1, le=ID_MAX)]
After = Annotated[int, Query(ge=0, le=ID_MAX)]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX)]


@dataclasses.dataclass(frozen=True)
class Gateway:
    """What the pages show: mails, the account at NotifyNL, and whom it calls back."""

    mails: MailStore
    api: NotifyApi
    callback_url: str | None

    @property
    def switches(self) -> Switches:
        """The switches that every side obeys."""
        return self.api.switches


class MailPage(BaseModel):
    """Mails, oldest first; ask again with `after=next_after`, also when there are none yet."""

    mails: list[Mail]
    next_after: int


class NotificationPage(BaseModel):
    """SMS, letters and e-mails by the API, oldest first; ask again with `after=next_after`."""

    notifications: list[Notification]
    next_after: int


def build(gateway: Gateway, lifespan: Lifespan) -> FastAPI:
    """The web application over a gateway's stores and switches."""
    app = FastAPI(title="Voordeur demo gateway", lifespan=lifespan, docs_url=None, redoc_url=None)

    @app.middleware("http")
    async def harden(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await go_on(request)
        response.headers.update(HEADERS)
        return response

    templates = Jinja2Templates(TEMPLATES)
    _add_mail_pages(app, templates, gateway.mails)
    _add_notification_pages(app, templates, gateway.api.store)
    _add_switches_page(app, templates, gateway)
    _add_mail_api(app, gateway.mails)
    _add_notification_api(app, gateway.api.store)
    _add_health(app, gateway)
    _add_switches(app, gateway.switches)
    add_notify_api(app, gateway.api)
    return app


def _add_mail_pages(app: FastAPI, templates: Jinja2Templates, store: MailStore) -> None:
    @app.get("/", include_in_schema=False)
    def show_mails(
        request: Request,
        search: Search = "",
        before: Before = None,
    ) -> Response:
        mails = store.list_newest(search, before, ROWS_A_PAGE + 1)
        shown = mails[:ROWS_A_PAGE]
        older = shown[-1].id if len(mails) > ROWS_A_PAGE else None
        known = {"mails": shown, "search": search, "before": before, "older": older}
        return templates.TemplateResponse(request, "mails.html", known | {"count": store.count()})

    @app.get("/mails/{mail_id}", include_in_schema=False)
    def show_mail(request: Request, mail_id: MailId) -> Response:
        mail, raw = _found(store.load(mail_id)), _found(store.load_raw(mail_id))
        return templates.TemplateResponse(
            request, "mail.html", {"mail": mail, "contents": read(raw), "size_bytes": len(raw)}
        )

    @app.get("/mails/{mail_id}/raw", include_in_schema=False)
    def show_raw(mail_id: MailId) -> Response:
        raw = _found(store.load_raw(mail_id))
        return Response(raw, media_type="text/plain; charset=utf-8")

    @app.get("/style.css", include_in_schema=False)
    def show_style() -> FileResponse:
        return FileResponse(TEMPLATES / "style.css", media_type="text/css")


def _add_notification_pages(
    app: FastAPI, templates: Jinja2Templates, store: NotificationStore
) -> None:
    @app.get("/notifications", include_in_schema=False)
    def show_notifications(
        request: Request, search: Search = "", before: Before = None
    ) -> Response:
        found = store.list_newest(search, before, ROWS_A_PAGE + 1)
        shown = found[:ROWS_A_PAGE]
        older = shown[-1].number if len(found) > ROWS_A_PAGE else None
        known = {"notifications": shown, "search": search, "before": before, "older": older}
        return templates.TemplateResponse(
            request, "notifications.html", known | {"count": store.count()}
        )

    @app.get("/notifications/{notification_id}", include_in_schema=False)
    def show_notification(request: Request, notification_id: UUID) -> Response:
        found = _found(store.load(str(notification_id)))
        return templates.TemplateResponse(
            request, "notification.html", {"one": found, "templates": TEMPLATES_OF_NOTIFY}
        )


def _add_switches_page(app: FastAPI, templates: Jinja2Templates, gateway: Gateway) -> None:
    @app.get("/switches", include_in_schema=False)
    async def show_switches(request: Request) -> Response:
        known = {
            "behaviour": gateway.switches.now.model_dump(mode="json"),
            "off": Behaviour().model_dump(mode="json"),
            "explanation": inspect.cleandoc(Behaviour.__doc__ or ""),
            "api": gateway.api,
            "templates": TEMPLATES_OF_NOTIFY.values(),
            "callback_url": gateway.callback_url,
        }
        return templates.TemplateResponse(request, "switches.html", known)


def _add_mail_api(app: FastAPI, store: MailStore) -> None:
    @app.get("/v1/mails")
    def list_mails(
        after: After = 0,
        limit: Limit = 100,
        message_id: Annotated[str | None, Query(max_length=998)] = None,
    ) -> MailPage:
        """Mails with an id above `after`, oldest first; perhaps only those with a Message-ID."""
        found = store.list_after(after, limit, message_id)
        return MailPage(mails=found, next_after=found[-1].id if found else after)

    @app.get("/v1/mails/{mail_id}")
    def load_mail(mail_id: MailId) -> Mail:
        """One mail, without its raw bytes: those are at `/mails/{mail_id}/raw`."""
        return _found(store.load(mail_id))


def _add_notification_api(app: FastAPI, store: NotificationStore) -> None:
    @app.get("/v1/notifications")
    def list_notifications(
        after: After = 0,
        limit: Limit = 100,
        reference: Annotated[str | None, Query(max_length=1000)] = None,
    ) -> NotificationPage:
        """What came by the API after a number, oldest first; perhaps only with a reference."""
        found = store.list_after(after, limit, reference)
        next_after = found[-1].number if found else after
        return NotificationPage(notifications=found, next_after=next_after)

    @app.get("/v1/notifications/{notification_id}")
    def load_notification(notification_id: UUID) -> Notification:
        """One notification, by the id that the API gave it."""
        return _found(store.load(str(notification_id)))


def _add_health(app: FastAPI, gateway: Gateway) -> None:
    @app.get("/health")
    def show_health() -> dict[str, str]:
        """The process lives."""
        return {"status": "ok"}

    @app.get("/ready")
    def show_ready() -> dict[str, int | str]:
        """Mails are taken: the SMTP side listens before this page does, and the stores answer."""
        counts = {"mails": gateway.mails.count(), "notifications": gateway.api.store.count()}
        return {"status": "ok", **counts}


def _add_switches(app: FastAPI, switches: Switches) -> None:
    @app.get("/v1/behaviour")
    async def show_behaviour() -> Behaviour:
        """The test switches in force."""
        return switches.now

    @app.put("/v1/behaviour")
    async def replace_behaviour(wanted: Behaviour) -> Behaviour:
        """Set the test switches; what is left out is off."""
        switches.now = wanted
        return wanted


def _found(one: T | None) -> T:
    if one is None:
        raise HTTPException(404, "there is none")
    return one
