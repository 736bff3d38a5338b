"""One site for the pages of three services, as Caddy does in a deployment (deploy/Caddyfile).

    SIGNALS_URL=… TRIAGE_URL=… NOTIFY_URL=… python -m deploy.local.proxy --http-port 8080

Passes requests on by the beginning of their path, and answers back as they come. It listens on
127.0.0.1 only.
"""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
import typer
import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

HOST = "127.0.0.1"
SECONDS_MAX = 120.0
# The beginning of a path, and whose it is; all others are triage's. As in deploy/Caddyfile.
PATHS: tuple[tuple[str, str], ...] = (
    ("/signals/", "signals"),
    ("/partner", "signals"),
    ("/receipts", "signals"),
    ("/events/", "signals"),
    ("/examples", "signals"),
    ("/v1/", "signals"),
    ("/.well-known/", "signals"),
    ("/notify/", "notify"),
    ("/live", "notify"),
    ("/r/", "notify"),
)
# Of one connection, not of the message (RFC 9110, 7.6.1); the length is counted anew.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade",
              "proxy-authenticate", "proxy-authorization", "content-length"}  # fmt: skip
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def service_of(path: str) -> str:
    """Whose page this is."""
    return next((service for begin, service in PATHS if path.startswith(begin)), "triage")


def build(urls: Mapping[str, str]) -> Starlette:
    """The site, with the services at these addresses."""

    @asynccontextmanager
    async def with_transport(site: Starlette) -> AsyncIterator[None]:
        # No client: that would keep one reader's cookies and send them for another.
        async with httpx.AsyncHTTPTransport() as transport:
            site.state.transport = transport
            yield

    async def show_readiness(_: Request) -> Response:
        return PlainTextResponse("ready")

    async def pass_on(request: Request) -> Response:
        transport: httpx.AsyncHTTPTransport = request.app.state.transport
        try:
            answer = await transport.handle_async_request(_as_asked(request, urls))
        except httpx.TransportError:
            return PlainTextResponse("This service does not answer.", 502)
        close = BackgroundTask(answer.aclose)
        response = StreamingResponse(answer.aiter_raw(), answer.status_code, background=close)
        response.raw_headers = [(name.lower(), value) for name, value in _kept(answer.headers.raw)]
        return response

    routes = [
        Route("/ready", show_readiness),
        Route("/{path:path}", pass_on, methods=METHODS),
    ]
    return Starlette(routes=routes, lifespan=with_transport)


def _as_asked(request: Request, urls: Mapping[str, str]) -> httpx.Request:
    query: bytes = request.scope["query_string"]
    path = request.scope["raw_path"] + (b"?" + query if query else b"")
    has_body = bool({"content-length", "transfer-encoding"} & set(request.headers.keys()))
    return httpx.Request(
        request.method,
        httpx.URL(urls[service_of(request.url.path)]).copy_with(raw_path=path),
        headers=_kept(request.headers.raw),
        content=request.stream() if has_body else None,
        extensions={"timeout": httpx.Timeout(SECONDS_MAX).as_dict()},
    )


def _kept(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [one for one in headers if one[0].decode().lower() not in HOP_BY_HOP]


def main(http_port: Annotated[int, typer.Option()]) -> None:
    """Serve until it is stopped."""
    urls = {name: os.environ[f"{name.upper()}_URL"] for name in ("signals", "triage", "notify")}
    uvicorn.run(build(urls), host=HOST, port=http_port, log_level="warning", access_log=False)


if __name__ == "__main__":
    typer.run(main)
