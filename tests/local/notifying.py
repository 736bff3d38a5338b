"""Speaks the Notify API by hand, as a client would, and listens for what it calls back."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import OctKey

from deploy.local.gateway import LOCAL_KEY
from deploy.local.notify_keys import ApiKey
from deploy.local.notify_requests import LETTER_TEMPLATE, SMS_TEMPLATE
from tests.local.conftest import CALLBACK_TOKEN, Gateway

KEY = ApiKey.parse(LOCAL_KEY)
AT_ONCE = {"sending_seconds": 0, "completed_seconds": 0}
WAIT_SECONDS_MAX = 10
ADDRESS = {
    "address_line_1": "Bewoner",
    "address_line_2": "Kerkstraat 1",
    "address_line_3": "1234 ab Voorbeeldstad",
}


def token(*, secret: str = KEY.secret, alg: str = "HS256", **claims: object) -> str:
    """A token of the gateway's key; a claim that is None is left out."""
    said = {"iss": KEY.service_id, "iat": int(time.time()), **claims}
    kept = {name: value for name, value in said.items() if value is not None}
    return jwt.encode({"typ": "JWT", "alg": alg}, kept, OctKey.import_key(secret), algorithms=[alg])


def signed() -> dict[str, str]:
    """The header of a request that is allowed."""
    return {"Authorization": f"Bearer {token()}"}


def sms(text: str = "Bel ons: 14 012", **changes: object) -> dict[str, Any]:
    """What is posted for an SMS."""
    body = {
        "phone_number": "06 12345678",
        "template_id": SMS_TEMPLATE,
        "personalisation": {"bericht": text},
    }
    return {**body, **changes}


def letter(**changes: object) -> dict[str, Any]:
    """What is posted for a letter; `changes` are of its personalisation."""
    said = {"onderwerp": "Uw huur", "bericht": "Wij komen langs.", **ADDRESS, **changes}
    return {"template_id": LETTER_TEMPLATE, "personalisation": said}


async def post(gateway: Gateway, kind: str, body: object, **options: Any) -> httpx.Response:
    """Post to the API, signed."""
    url = f"/v2/notifications/{kind}"
    return await gateway.api.post(url, json=body, headers=signed(), **options)


async def accepted(gateway: Gateway, kind: str, body: object) -> dict[str, Any]:
    """Post what the API takes, and return its answer."""
    answer = await post(gateway, kind, body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def look_up(gateway: Gateway, **parameters: object) -> httpx.Response:
    """Look notifications up over the API."""
    return await gateway.api.get("/v2/notifications", params=parameters, headers=signed())


async def kept(gateway: Gateway, notification_id: str) -> dict[str, Any]:
    """What the gateway itself knows of a notification."""
    answer = await gateway.api.get(f"/v1/notifications/{notification_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def with_reference(gateway: Gateway, reference: str) -> list[dict[str, Any]]:
    """Every notification that carries a reference, oldest first."""
    answer = await gateway.api.get("/v1/notifications", params={"reference": reference})
    return list(answer.json()["notifications"])


@dataclass
class Receiver:
    """An HTTP server that a gateway calls back: answers in turn, the last one for ever."""

    answers: Sequence[int] = (204,)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    authorizations: set[str] = field(default_factory=set)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, count: int, notification_id: str) -> None:
        """Wait until one notification was told of so often."""
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while len(self.about(notification_id)) < count:
                self.came.clear()
                await self.came.wait()

    def about(self, notification_id: str) -> list[dict[str, Any]]:
        """What was told of one notification, in the order in which it came."""
        return [body for body in self.bodies if body["id"] == notification_id]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = dict(line.split(": ", 1) for line in head.lower().splitlines()[1:] if line)
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        turn = min(len(self.bodies), len(self.answers) - 1)
        self.bodies.append(body)
        self.authorizations.add(headers["authorization"])
        self.came.set()
        line = f"HTTP/1.1 {self.answers[turn]} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        writer.write(line.encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def receiving(gateway: Gateway, *answers: int) -> AsyncIterator[Receiver]:
    """Listen where the gateway calls back."""
    receiver = Receiver(answers or (204,))
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", gateway.receiver_port)
    async with server:
        yield receiver
    assert receiver.authorizations <= {f"bearer {CALLBACK_TOKEN}"}
