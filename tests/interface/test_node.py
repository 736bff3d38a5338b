"""A developer of a partner who works in Node: AMQP in every mode, and the examples as they are."""

import asyncio
import html
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.builders import NOW
from tests.paths import REPOSITORY
from tests.signals.http import event
from tests.town import Town, partner_keys

CLIENT = REPOSITORY / "tests/interface/deliver.mjs"


async def run(
    *command: str, folder: Path, environment: dict[str, str], given: str = ""
) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env={**os.environ, **environment},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await asyncio.wait_for(process.communicate(given.encode()), 90)
    assert process.returncode is not None
    return process.returncode, out.decode()


async def deliver(town: Town, mode: str, events: Sequence[dict[str, Any]]) -> tuple[int, str]:
    url = town.partners._urls["woonstad"]
    given = "".join(json.dumps(one) + "\n" for one in events)
    return await run(
        "node", str(CLIENT), mode, folder=REPOSITORY, environment={"AMQP_URL": url}, given=given
    )


async def test_a_node_client_delivers_in_every_mode(town: Town) -> None:
    town.clock.move(NOW)
    await town.start("signals")
    for start, mode in ((1, "structured"), (51, "binary"), (101, "binary-underscore")):
        events = [event(f"n-{number}", number) for number in range(start, start + 50)]
        code, out = await deliver(town, mode, events)
        assert code == 0, out
        assert out.count('"confirmed":true') == 50
    await town.until("signals", "select count(*) from event", 150)
    # Binary and structured are one: the same event again is known.
    assert (await deliver(town, "structured", [event("n-60", 60)]))[0] == 0
    await town.until("signals", "select times_seen from event where event_id = 'n-60'", 2)
    assert (await town.fetch("signals", "select count(*) from refusal"))[0][0] == 0


async def test_a_node_client_hears_that_nobody_takes_it(town: Town) -> None:
    url = town.partners._urls["woonstad"].replace("woonstad:", "volkshuis:")
    code, out = await run(
        "node", str(CLIENT), "structured", folder=REPOSITORY, environment={"AMQP_URL": url},
        given=json.dumps(event("n-1")) + "\n",
    )  # fmt: skip
    assert code != 0
    assert "ACCESS" in out.upper()


@pytest.fixture
async def page(town: Town, tmp_path: Path) -> dict[str, str]:
    """The examples page's texts by id, with its event on file."""
    town.clock.move(NOW)
    await town.start("signals")
    async with httpx.AsyncClient() as web:
        text = (await web.get(f"{town.urls['signals']}/examples")).text
    found = {
        name: html.unescape(code)
        for name, code in re.findall(r'<code id="(\w+)">(.*?)</code>', text, re.DOTALL)
    }
    (tmp_path / "melding.json").write_text(found["event"])
    return found


async def test_the_examples_work_as_they_stand(
    town: Town, page: dict[str, str], tmp_path: Path
) -> None:
    environment = {
        "VOORDEUR_URL": town.urls["signals"],
        "VOORDEUR_KEY": partner_keys("woonstad")[0],
    }
    commands = {
        "curl": ("bash", "-c", page["curl"]),
        "python": ("python3", "-c", page["python"]),
        "node": ("node", "-e", page["node"]),
    }
    for name, wanted in (("curl", "aangenomen"), ("python", "bekend"), ("node", "bekend")):
        code, out = await run(*commands[name], folder=tmp_path, environment=environment)
        assert code == 0, (name, out)
        assert wanted in out, (name, out)
        assert "ontvangstbewijs" in out
