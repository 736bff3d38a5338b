"""A client's HTTP connection, to be closed in the middle or left without an answer.

No web framework offers the first; behind a middleware Starlette does not tell of a client's leave.
"""

import asyncio
from typing import ClassVar

from fastapi import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

POLL_SECONDS = 0.05

Address = tuple[str, int]


class Droppable(H11Protocol):
    """uvicorn's HTTP protocol, with its connections to be found by the client's address."""

    open: ClassVar[dict[Address, asyncio.Transport]] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.client:
            self.open[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.client:
            self.open.pop(self.client, None)


def hang_up(request: Request) -> None:
    """Close the connection at once; whatever is answered after this is lost."""
    Droppable.open[_client(request)].abort()


async def say_nothing(request: Request) -> None:
    """Return once the client has given up."""
    while _client(request) in Droppable.open:  # noqa: ASYNC110 - only for a test switch
        await asyncio.sleep(POLL_SECONDS)


def _client(request: Request) -> Address:
    assert request.client is not None, "a request by TCP has an address"
    return request.client.host, request.client.port
