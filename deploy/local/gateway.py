"""Plays the providers: a real SMTP server, and the API of NotifyNL for SMS and letters.

    python -m deploy.local.gateway serve --smtp-port 2525 --http-port 8025 --store gateway.sqlite

Keeps what it gets, shows it in a browser (mails at `/`, SMS and letters at `/notifications`), and
as JSON under `/v1/`. Nothing is sent on to anyone. It listens on 127.0.0.1 only. NotifyNL's API is
at `/v2/` of the same port; base URL, key and template ids are at `/switches`, with everything that
makes the gateway misbehave. It calls nobody back unless `--callback-url` says whom.
"""

import asyncio
import functools
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, NoReturn

import typer
import uvicorn
from fastapi import FastAPI

from deploy.local import smtp_server
from deploy.local.gateway_behaviour import Behaviour, Switches
from deploy.local.gateway_pages import Gateway, build
from deploy.local.hanging_up import Droppable
from deploy.local.mail_store import MailStore
from deploy.local.notification_store import NotificationStore
from deploy.local.notify_api import NotifyApi
from deploy.local.notify_callbacks import Caller, Receiver
from deploy.local.notify_keys import ApiKey
from deploy.local.store_file import StoreFile

HOST = "127.0.0.1"
# Opens this tool and nothing else.
LOCAL_KEY = "lokaal-6e6f7469-6679-4e4c-8c6f-000000000001-6b657920-666f-4f72-8c6f-000000000002"
SMS_SENDER = "Gemeente"  # eleven characters at most

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The demo's mail provider.")


@asynccontextmanager
async def run_beside(
    listener: socket.socket, gateway: Gateway, caller: Caller | None, file: StoreFile, _: FastAPI
) -> AsyncIterator[None]:
    """Take mails and call back while the pages are served; close the file after the last."""
    calling = asyncio.create_task(caller.call_for_ever()) if caller else None
    async with smtp_server.listen(listener, gateway.mails, gateway.switches):
        yield
    if calling:
        calling.cancel()
        with suppress(asyncio.CancelledError):
            await calling
    file.close()


@app.callback()
def _commands() -> None:
    """Have `serve` named, though it is the only command."""


@app.command()
def serve(
    *,
    smtp_port: Annotated[int, typer.Option(min=1, max=65535, help="port for mails")],
    http_port: Annotated[int, typer.Option(min=1, max=65535, help="port for pages and the API")],
    store: Annotated[Path, typer.Option(help="file that everything is kept in")],
    api_key: Annotated[
        str, typer.Option(envvar="GATEWAY_API_KEY", help="name-service-secret, two UUIDs")
    ] = LOCAL_KEY,
    callback_url: Annotated[
        str | None, typer.Option(envvar="GATEWAY_CALLBACK_URL", help="who hears of deliveries")
    ] = None,
    callback_token: Annotated[
        str | None, typer.Option(envvar="GATEWAY_CALLBACK_TOKEN", help="bearer token for that")
    ] = None,
) -> None:
    """Take mails, SMS and letters and show them until SIGTERM."""
    receiver = _read_receiver(callback_url, callback_token)
    key, smtp, http = _read_key(api_key), _bind(smtp_port), _bind(http_port)
    file, switches = StoreFile(store), Switches(Behaviour())
    notifications = NotificationStore(file)
    api = NotifyApi(notifications, switches, key, SMS_SENDER, calls_back=receiver is not None)
    gateway = Gateway(MailStore(file), api, callback_url)
    caller = Caller(notifications, switches, receiver) if receiver else None
    config = uvicorn.Config(
        build(gateway, functools.partial(run_beside, smtp, gateway, caller, file)),
        http=Droppable,
        log_level="warning",
        timeout_graceful_shutdown=smtp_server.SHUTDOWN_SECONDS_MAX,
    )
    uvicorn.Server(config).run([http])


def _read_receiver(url: str | None, token: str | None) -> Receiver | None:
    if url is None:
        return None
    if not (token and token.isprintable() and token == token.strip()):
        _stop("who is called back wants a token")
    if not url.startswith(("http://", "https://")):
        _stop("the callback URL begins with http:// or https://")
    return Receiver(url, token)


def _read_key(key: str) -> ApiKey:
    try:
        return ApiKey.parse(key)
    except ValueError as error:
        _stop(str(error))


def _bind(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        _stop(f"port {port} of {HOST}: {os.strerror(error.errno or 0)}")


def _stop(reason: str) -> NoReturn:
    typer.echo(f"gateway: {reason}", err=True)
    raise typer.Exit(1) from None


if __name__ == "__main__":
    app()
