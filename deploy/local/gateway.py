"""Plays the mail provider: a real SMTP server that keeps what it gets and shows it in a browser.

    python -m deploy.local.gateway serve --smtp-port 2525 --http-port 8025 --store mails.sqlite

Nothing is sent on to anyone. It listens on 127.0.0.1 only.
"""

import asyncio
import functools
import os
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import FastAPI

from deploy.local.gateway_pages import Behaviour, Switches, build
from deploy.local.mail_store import MailStore

HOST = "127.0.0.1"
MAIL_BYTES_MAX = 10 * 1024 * 1024
SHUTDOWN_SECONDS_MAX = 5
POLL_SECONDS = 0.02

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The demo's mail provider.")


class Receiver:
    """What happens to a mail after its last line: delay, refuse, keep, answer or hang up."""

    def __init__(self, store: MailStore, switches: Switches) -> None:
        self._store = store
        self._switches = switches
        self._at_hand = 0

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:  # noqa: N802
        """Answer a mail; "250" is said only once it is on disk."""
        self._at_hand += 1
        try:
            return await self._answer(server, envelope)
        finally:
            self._at_hand -= 1

    async def finish(self) -> None:
        """Wait until the mails at hand are answered, but not for ever."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SHUTDOWN_SECONDS_MAX):
                while self._at_hand:  # noqa: ASYNC110 - only for the end of the process
                    await asyncio.sleep(POLL_SECONDS)

    async def _answer(self, server: SMTP, envelope: Envelope) -> str:
        await asyncio.sleep(self._switches.now.delay_seconds)
        if code := self._switches.take_refusal():
            refusal = f"{code} refused: a test switch of this gateway is on"
            if code == 421:
                await server.push(refusal)
                await _hang_up(server)
            return refusal
        assert isinstance(envelope.content, bytes), "nothing is decoded unless one asks for it"
        try:
            mail_id = await asyncio.to_thread(
                self._store.keep, envelope.mail_from or "", envelope.rcpt_tos, envelope.content
            )
        except sqlite3.Error:
            return "451 cannot keep it now, try again later"
        if self._switches.take_drop():
            await _hang_up(server)
        return f"250 OK, kept as {mail_id}"


async def _hang_up(server: SMTP) -> None:
    """Close the connection and wait for the session to be cancelled, as it is when it closes."""
    if server.transport:
        server.transport.close()
    await asyncio.Event().wait()


@asynccontextmanager
async def listen(
    listener: socket.socket, receiver: Receiver, store: MailStore, _: FastAPI
) -> AsyncIterator[None]:
    """Take mails while the pages are served, and close the store after the last."""
    session = functools.partial(
        SMTP, receiver, data_size_limit=MAIL_BYTES_MAX, enable_SMTPUTF8=True, hostname="localhost"
    )
    async with await asyncio.get_running_loop().create_server(session, sock=listener):
        yield
    await receiver.finish()
    store.close()


@app.callback()
def _commands() -> None:
    """Have `serve` named, though it is the only command."""


@app.command()
def serve(
    smtp_port: Annotated[int, typer.Option(min=1, max=65535, help="port for mails")],
    http_port: Annotated[int, typer.Option(min=1, max=65535, help="port for pages")],
    store: Annotated[Path, typer.Option(help="file that mails are kept in")],
) -> None:
    """Take mails and show them until SIGTERM."""
    smtp, http = _bind(smtp_port), _bind(http_port)
    mails = MailStore(store)
    switches = Switches(Behaviour())
    lifespan = functools.partial(listen, smtp, Receiver(mails, switches), mails)
    config = uvicorn.Config(
        build(mails, switches, lifespan),
        log_level="warning",
        timeout_graceful_shutdown=SHUTDOWN_SECONDS_MAX,
    )
    uvicorn.Server(config).run([http])


def _bind(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        typer.echo(f"gateway: port {port} of {HOST}: {os.strerror(error.errno or 0)}", err=True)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    app()
