"""A partner's HTTP client in a town."""

import json
from collections.abc import Sequence
from typing import Any

import httpx

from tests import builders
from tests.town import Town, partner_keys

EVENT = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


def client(town: Town, partner: str = "woonstad", **headers: str) -> httpx.AsyncClient:
    """Signed in with the partner's API key."""
    key = partner_keys(partner)[0]
    return httpx.AsyncClient(
        base_url=town.urls["signals"],
        headers={"Authorization": f"Bearer {key}", **headers},
        timeout=60,
    )


def event(event_id: str, number: int = 1, **changes: Any) -> dict[str, Any]:
    """A signal of a household of its own."""
    told = builders.document(**changes)
    told["data"]["client"] = {**told["data"]["client"], "huisnummer": str(number)}
    return {**told, "id": event_id}


async def post(
    web: httpx.AsyncClient, body: Any, kind: str = EVENT, **headers: str
) -> httpx.Response:
    """Deliver a body, as JSON unless it is bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await web.post("/v1/events", content=content, headers={"Content-Type": kind, **headers})


async def deliver(web: httpx.AsyncClient, events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Deliver a batch, and return the results."""
    answer = await post(web, list(events), BATCH)
    assert answer.status_code == 202, answer.text
    results: list[dict[str, Any]] = answer.json()["resultaten"]
    return results
