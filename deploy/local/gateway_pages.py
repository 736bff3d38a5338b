"""The gateway's pages and JSON: what was received, and the switches that make it misbehave."""

import dataclasses
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated, Self, TypeVar

from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi import Path as UrlPath
from fastapi.responses import FileResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel, ConfigDict, Field, model_validator

from deploy.local.mail_store import PAGE_MAX, Mail, MailStore
from deploy.local.received_mail import read

TEMPLATES = Path(__file__).parent / "gateway_templates"
MAILS_A_PAGE = 50
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


class Behaviour(BaseModel):
    """Test switches: how the gateway misbehaves. All off is how it starts.

    A mail waits `delay_seconds`, is then perhaps refused with `refuse_code` (`refuse_next` times;
    null: until the switch is changed; 421 also closes the connection), else kept. After keeping,
    `drop_after_data` times, the connection is closed without an answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    delay_seconds: float = Field(0, ge=0, le=60)
    refuse_code: int | None = Field(None, ge=400, le=599)
    refuse_next: int | None = Field(None, ge=0)
    drop_after_data: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _counts_something(self) -> Self:
        if self.refuse_next is not None and self.refuse_code is None:
            raise ValueError("refuse_next needs a refuse_code")
        return self


@dataclasses.dataclass
class Switches:
    """The behaviour in force."""

    now: Behaviour

    def take_refusal(self) -> int | None:
        """The code to refuse this mail with, counted; None: do not."""
        code, left = self.now.refuse_code, self.now.refuse_next
        if left is None:
            return code
        after = (
            {"refuse_next": left - 1} if left > 1 else {"refuse_code": None, "refuse_next": None}
        )
        self.now = self.now.model_copy(update=after)
        return code if left else None

    def take_drop(self) -> bool:
        """Whether to hang up on this mail, counted."""
        left = self.now.drop_after_data
        self.now = self.now.model_copy(update={"drop_after_data": max(left - 1, 0)})
        return left > 0


class MailPage(BaseModel):
    """Mails, oldest first; ask again with `after=next_after`, also when there are none yet."""

    mails: list[Mail]
    next_after: int


def build(store: MailStore, switches: Switches, lifespan: Lifespan) -> FastAPI:
    """The web application over a store, with the switches that the SMTP side obeys."""
    app = FastAPI(title="Voordeur demo gateway", lifespan=lifespan, docs_url=None, redoc_url=None)

    @app.middleware("http")
    async def harden(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await go_on(request)
        response.headers.update(HEADERS)
        return response

    _add_pages(app, store)
    _add_api(app, store)
    _add_switches(app, switches)
    return app


def _add_pages(app: FastAPI, store: MailStore) -> None:
    templates = Jinja2Templates(TEMPLATES)

    @app.get("/", include_in_schema=False)
    def show_mails(
        request: Request,
        search: Annotated[str, Query(max_length=200)] = "",
        before: Annotated[int | None, Query(ge=1, le=ID_MAX)] = None,
    ) -> Response:
        mails = store.list_newest(search, before, MAILS_A_PAGE + 1)
        shown = mails[:MAILS_A_PAGE]
        older = shown[-1].id if len(mails) > MAILS_A_PAGE else None
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


def _add_api(app: FastAPI, store: MailStore) -> None:
    @app.get("/v1/mails")
    def list_mails(
        after: Annotated[int, Query(ge=0, le=ID_MAX)] = 0,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 100,
        message_id: Annotated[str | None, Query(max_length=998)] = None,
    ) -> MailPage:
        """Mails with an id above `after`, oldest first; perhaps only those with a Message-ID."""
        mails = store.list_after(after, limit, message_id)
        return MailPage(mails=mails, next_after=mails[-1].id if mails else after)

    @app.get("/v1/mails/{mail_id}")
    def load_mail(mail_id: MailId) -> Mail:
        """One mail, without its raw bytes: those are at `/mails/{mail_id}/raw`."""
        return _found(store.load(mail_id))

    @app.get("/health")
    def show_health() -> dict[str, str]:
        """The process lives."""
        return {"status": "ok"}

    @app.get("/ready")
    def show_ready() -> dict[str, int | str]:
        """Mails are taken: the SMTP side listens before this page does, and the store answers."""
        return {"status": "ok", "mails": store.count()}


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
        raise HTTPException(404, "no such mail")
    return one
