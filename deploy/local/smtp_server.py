"""The gateway's SMTP side: keeps what it gets, unless a switch says otherwise."""

import asyncio
import functools
import socket
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.gateway_behaviour import Switches
from deploy.local.mail_store import MailStore
from deploy.local.received_mail import read

MAIL_BYTES_MAX = 10 * 1024 * 1024
SHUTDOWN_SECONDS_MAX = 5
POLL_SECONDS = 0.02
NO_SMTP = "<html><title>Welkom</title>"
BY_SWITCH = "a test switch of this gateway is on"

Occasion = tuple[str, tuple[str, ...], str]


class Receiver:
    """What happens to a mail: refuse a recipient, delay, refuse, keep, answer or hang up."""

    def __init__(self, store: MailStore, switches: Switches) -> None:
        self._store = store
        self._switches = switches
        self._greylisted_until: dict[Occasion, float] = {}
        self._at_hand = 0

    async def handle_RCPT(  # noqa: N802
        self, _: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer one recipient; the mail goes to those that were accepted."""
        if code := self._switches.now.code_for(address):
            return f"{code} not to this recipient: {BY_SWITCH}"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:  # noqa: N802
        """Answer a mail; "250" is said only once it is on disk."""
        self._at_hand += 1
        try:
            answer, is_kept = await self._take(server, envelope)
        finally:
            self._at_hand -= 1
        return await self._spoil(server, answer) if is_kept else answer

    async def finish(self) -> None:
        """Wait until the mails at hand are answered, but not for ever."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SHUTDOWN_SECONDS_MAX):
                while self._at_hand:  # noqa: ASYNC110 - only for the end of the process
                    await asyncio.sleep(POLL_SECONDS)

    async def _take(self, server: SMTP, envelope: Envelope) -> tuple[str, bool]:
        """What to answer to a mail, and whether it was kept."""
        await asyncio.sleep(self._switches.now.delay_seconds)
        if code := self._switches.take_from("refuse_next"):
            refusal = f"{code} refused: {BY_SWITCH}"
            if code == 421:
                await server.push(refusal)
                await _hang_up(server)
            return refusal, False
        assert isinstance(envelope.content, bytes), "nothing is decoded unless one asks for it"
        if await self._is_too_early(envelope, envelope.content):
            return "451 4.7.1 greylisted, try again later", False
        try:
            mail_id = await asyncio.to_thread(
                self._store.keep, envelope.mail_from or "", envelope.rcpt_tos, envelope.content
            )
        except sqlite3.Error:
            return "451 cannot keep it now, try again later", False
        return f"250 OK, kept as {mail_id}", True

    async def _is_too_early(self, envelope: Envelope, content: bytes) -> bool:
        if self._switches.now.greylist_seconds is None and not self._greylisted_until:
            return False
        message_id = (await asyncio.to_thread(read, content)).header("message-id")
        mail = (envelope.mail_from or "", tuple(envelope.rcpt_tos), message_id)
        if mail in self._greylisted_until:
            return time.monotonic() < self._greylisted_until[mail]
        seconds = self._switches.take_from("greylist_next")
        if seconds is None:
            return False
        self._greylisted_until[mail] = time.monotonic() + seconds
        return True

    async def _spoil(self, server: SMTP, answer: str) -> str:
        if self._switches.take("drop_after_data"):
            await _hang_up(server)
        if self._switches.take("hang_after_data"):
            await _say_nothing()
        return NO_SMTP if self._switches.take("nonsense_after_data") else answer


class Peer(SMTP):
    """A session that may begin badly."""

    def __init__(self, receiver: Receiver, switches: Switches, **options: Any) -> None:
        super().__init__(receiver, **options)
        self._switches = switches

    async def _handle_client(self) -> None:
        if self._switches.take("hang_on_connect"):
            await _say_nothing()
        if self._switches.take("nonsense_on_connect"):
            await self.push(NO_SMTP)
            await _hang_up(self)
        await super()._handle_client()


async def _hang_up(server: SMTP) -> None:
    """Close the connection and wait for the session to be cancelled, as it is when it closes."""
    if server.transport:
        server.transport.close()
    await _say_nothing()


async def _say_nothing() -> None:
    """Wait for the client to close the connection, which cancels the session."""
    await asyncio.Event().wait()


@asynccontextmanager
async def listen(
    listener: socket.socket, store: MailStore, switches: Switches
) -> AsyncIterator[None]:
    """Take mails, and at the end answer those at hand."""
    receiver = Receiver(store, switches)
    session = functools.partial(
        Peer, receiver, switches,
        data_size_limit=MAIL_BYTES_MAX, enable_SMTPUTF8=True, hostname="localhost",
    )  # fmt: skip
    async with await asyncio.get_running_loop().create_server(session, sock=listener):
        yield
    await receiver.finish()
