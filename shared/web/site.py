"""The app of a service: health, what flows, the AsyncAPI document, security headers, templates."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from faststream.specification import AsyncAPI

from shared import clock, waiting
from shared import outbox as outbox_table
from shared.contracts.envelope import CONTENT_TYPE
from shared.core import Core
from shared.web.problems import Problem, add_problems
from shared.web.session import Account, AccountOf, FindAccount, signed_in
from shared.web.sign_in import add_sign_in, new_entrance

HERE = Path(__file__).parent
VERSION = "0.1.0"
CONTACT = {
    "name": "Voordeur",
    "url": "https://voordeur.example",
    "email": "beheer@voordeur.example",
}
# For pages that have no script: whatever gets into one, it does not run.
NO_SCRIPTS = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": f"{NO_SCRIPTS}; script-src 'self'; connect-src 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

NextDue = Callable[[], Awaitable[datetime | None]]


async def nothing_due() -> datetime | None:
    """For a service whose calendar is empty."""
    return None


def new_app(core: Core, find_account: FindAccount, next_due: NextDue = nothing_due) -> FastAPI:
    """An app with what every service serves; `next_due` is its calendar's next instant."""
    app = FastAPI(
        title=f"Voordeur {core.service}",
        version=VERSION,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        contact=CONTACT,
    )
    add_problems(app)
    app.middleware("http")(partial(_add_headers, _headers(core.settings.oidc_issuer)))
    add_sign_in(app, new_entrance(core))
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    _add_watch_routes(app, core, signed_in(find_account), next_due)
    return app


def _headers(issuer: str | None) -> Mapping[str, str]:
    """The headers of every answer. Signing out leads a form on to the provider."""
    if issuer is None:
        return HEADERS
    provider = "{0.scheme}://{0.netloc}".format(urlsplit(issuer))
    policy = HEADERS["Content-Security-Policy"]
    allowed = policy.replace("form-action 'self'", f"form-action 'self' {provider}")
    return {**HEADERS, "Content-Security-Policy": allowed}


async def _add_headers(
    headers: Mapping[str, str],
    request: Request,
    call_next: Callable[[Request], Awaitable[Response]],
) -> Response:
    response = await call_next(request)
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    response.headers["API-Version"] = VERSION
    return response


def _add_watch_routes(app: FastAPI, core: Core, account_of: AccountOf, next_due: NextDue) -> None:
    """What operators and their tools look at."""

    @app.get("/health", include_in_schema=False)
    async def show_health() -> Response:
        return PlainTextResponse("ok")

    @app.get("/ready", include_in_schema=False)
    async def show_readiness() -> Response:
        if not await core.is_ready():
            raise Problem(503, "The database or the broker does not answer.")
        return PlainTextResponse("ready")

    @app.get("/flow", include_in_schema=False)
    async def show_flow(_: Annotated[Account, Depends(account_of)]) -> dict[str, Any]:
        return await _flow(core, await next_due())

    @app.get("/asyncapi.json", include_in_schema=False)
    async def show_asyncapi(_: Annotated[Account, Depends(account_of)]) -> Response:
        return JSONResponse(asyncapi(core))


def asyncapi(core: Core) -> dict[str, Any]:
    """The AsyncAPI 3 document of what a service consumes and publishes."""
    specification = AsyncAPI(core.broker, title=f"Voordeur {core.service}", version=VERSION)
    document: dict[str, Any] = specification.to_specification().to_jsonable()
    document.pop("servers", None)  # where it runs is not part of the contract
    document["defaultContentType"] = CONTENT_TYPE
    for channel in document["channels"].values():
        channel.pop("servers", None)
    # FastStream lists them in an order of its own, another in every process.
    for part in (document["components"], document):
        for name in part.keys() & {"messages", "schemas", "channels", "operations"}:
            part[name] = dict(sorted(part[name].items()))
    return document


async def _flow(core: Core, due_at: datetime | None) -> dict[str, Any]:
    """What a driver or an operator needs to see whether anything is still under way."""
    async with core.pool.acquire() as connection:
        waits = await waiting.count(connection)
        depth = await outbox_table.count(connection, core.outbox.rows_max + 1)
    return {
        "now": clock.now(),
        "busy": core.door.busy,
        "outbox": depth,
        "waiting": waits,
        "settled": core.door.settled,
        "published": core.outbox.published,
        "conflicts": core.door.conflicts,
        "next_due_at": due_at,
    }


def templates(folder: Path) -> Jinja2Templates:
    """Templates of a service, with the shared shell behind them; everything is escaped."""
    found = Jinja2Templates(directory=[folder, HERE])
    found.env.filters["amsterdam"] = _amsterdam
    return found


def _amsterdam(instant: datetime) -> str:
    return instant.astimezone(clock.AMSTERDAM).strftime("%a %d %b %Y %H:%M:%S")
