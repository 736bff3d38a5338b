"""How much may come in at once, of one partner and of all, and how slowly."""

import asyncio
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import Request

from services.signals import api
from services.signals.api import BATCH_BYTES_MAX, read_body
from services.signals.limits import BYTES_IN_FLIGHT_MAX, PARTNER_BYTES_MAX, Limits
from shared.web.problems import Problem
from tests.builders import NOW
from tests.signals.http import client, deliver, event, post
from tests.town import Town, partner_keys


def test_a_partner_has_room_for_its_largest_batch_and_no_more() -> None:
    limits = Limits()
    assert PARTNER_BYTES_MAX >= BATCH_BYTES_MAX
    with limits.hold("woonstad", PARTNER_BYTES_MAX):
        with pytest.raises(Problem) as mine, limits.hold("woonstad", 1):
            pass
        assert mine.value.status == 429
        assert mine.value.headers == {"Retry-After": "2"}
        with limits.hold("volkshuis", PARTNER_BYTES_MAX):
            pass
    with limits.hold("woonstad", PARTNER_BYTES_MAX):
        pass


def test_all_together_have_their_bound() -> None:
    limits = Limits()
    many = BYTES_IN_FLIGHT_MAX // PARTNER_BYTES_MAX
    held = [limits.hold(f"p{no}", PARTNER_BYTES_MAX) for no in range(many)]
    for one in held:
        one.__enter__()
    with pytest.raises(Problem) as full, limits.hold("other", 1):
        pass
    assert full.value.status == 503
    for one in held:
        one.__exit__(None, None, None)
    with limits.hold("other", PARTNER_BYTES_MAX):
        pass


async def test_a_body_that_comes_too_slowly_gives_its_room_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also one that keeps trickling: what counts is when the whole is there."""
    monkeypatch.setattr(api, "BODY_SECONDS_MAX", 0.1)

    async def trickle() -> MutableMapping[str, Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b" ", "more_body": True}

    with pytest.raises(Problem) as slow:
        await read_body(Request({"type": "http", "headers": []}, trickle), 1000)
    assert slow.value.status == 408


async def test_one_slow_partner_locks_nobody_else_out(town: Town) -> None:
    town.clock.move(NOW)
    await town.start("signals")
    address = urlsplit(town.urls["signals"])
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
        f"{partner_keys('woonstad')[0]}\r\nContent-Type: application/cloudevents+json\r\n"
        f"Content-Length: {BATCH_BYTES_MAX}\r\n\r\n"
    )
    writers = []
    for _ in range(6):
        _, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(head.encode())
        await writer.drain()
        writers.append(writer)
    await asyncio.sleep(0.5)
    own = {**event("l-1"), "source": "urn:nld:kvknr:90000002"}
    async with client(town) as web, client(town, "volkshuis") as other:
        assert (await post(web, event("l-2"))).status_code == 429
        assert (await deliver(other, [own]))[0]["resultaat"] == "aangenomen"
        for writer in writers:
            writer.close()
        async with asyncio.timeout(10):
            while (await post(web, event("l-2"))).status_code == 429:  # noqa: ASYNC110 - theirs
                await asyncio.sleep(0.1)
