"""A table on its way in: judged row by row, on trial or for real, and resumed after anything."""

import asyncio
import csv
import json
import os
import signal
import statistics
import sys
from pathlib import Path
from typing import Any

import httpx

from tests.builders import NOW
from tests.paths import REPOSITORY
from tests.signals.http import client
from tests.signals.test_tables import GOOD
from tests.town import Town, partner_keys


def table(path: Path, count: int, *, bad_every: int = 0) -> Path:
    """So many households, each `bad_every` of them without an amount."""
    with path.open("w", encoding="cp1252", newline="") as file:
        writer = csv.DictWriter(file, list(GOOD), delimiter=";")
        writer.writeheader()
        for number in range(1, count + 1):
            amount = "nul" if bad_every and number % bad_every == 0 else f"{number},50"
            own = {"contractnummer": f"C-{number}", "huisnummer": number, "bedrag": amount}
            writer.writerow(GOOD | own)
    return path


async def upload(web: httpx.AsyncClient, content: bytes, **params: str) -> list[dict[str, Any]]:
    answer = await web.post("/v1/uploads", content=content, params=params)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_a_table_is_tried_then_taken_in_once(town: Town, tmp_path: Path) -> None:
    town.clock.move(NOW)
    await town.start("signals")
    content = table(tmp_path / "t.csv", 1200, bad_every=100).read_bytes()
    async with client(town) as web:
        *rows, summary = await upload(web, content, dryRun="true")
        assert len(rows) == 1200
        assert not [row for row in rows if "ontvangstbewijs" in row]
        assert (await town.fetch("signals", "select count(*) from event"))[0][0] == 0
        assert (await town.fetch("signals", "select count(*) from refusal"))[0][0] == 0
        wanted = [no * 100 + 50 for no in range(1, 1201) if no % 100]
        assert summary["totaalBedrag"] == f"{sum(wanted) / 100:.2f}"
        assert summary["mediaanBedrag"] == f"{statistics.median(wanted) / 100:.2f}"

        *rows, summary = await upload(web, content)
        assert (summary["aangenomen"], summary["geweigerd"]) == (1188, 12)
        wrong = [row for row in rows if row["resultaat"] == "geweigerd"]
        assert [row["rij"] for row in wrong] == [no + 1 for no in range(100, 1201, 100)]
        assert {(one["code"], one["veld"]) for row in wrong for one in row["fouten"]} == {
            ("invalid", "bedrag")
        }
        assert sum("ontvangstbewijs" in row for row in rows) == 1188

        *rows, summary = await upload(web, content, fromRow="1100")
        assert (summary["rijen"], summary["bekend"], summary["aangenomen"]) == (102, 100, 0)
        answer = await web.post("/v1/uploads", content=b"naam\nJansen\n")
        assert answer.status_code == 400
        assert "Jansen" not in answer.text
        assert {one["field"] for one in answer.json()["errors"]} > {"bedrag", "bezwaar"}
        assert (await web.post("/v1/uploads", params={"format": "x"})).status_code == 400
    assert (await town.fetch("signals", "select count(*) from event"))[0][0] == 1188


async def send(town: Town, path: Path, *words: str) -> asyncio.subprocess.Process:
    environment = {
        **os.environ,
        "VOORDEUR_URL": town.urls["signals"],
        "VOORDEUR_KEY": partner_keys("woonstad")[0],
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.signals", "send", str(path), *words,
        cwd=REPOSITORY, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


async def answered(path: Path, count: int) -> None:
    """Wait until so many rows have their answer on file."""
    async with asyncio.timeout(60):
        while lines(path) < count:  # noqa: ASYNC110 - a file has no event for us
            await asyncio.sleep(0.02)


async def test_killing_either_side_loses_and_doubles_no_row(town: Town, tmp_path: Path) -> None:
    town.clock.move(NOW)
    await town.start()
    path = table(tmp_path / "t.csv", 2500, bad_every=500)
    answers = tmp_path / "t.csv.answers.jsonl"
    sender = await send(town, path)
    await answered(answers, 300)
    sender.send_signal(signal.SIGKILL)  # the corporation's laptop
    await sender.wait()
    with answers.open("ab") as file:
        file.write(b'{"rij": 99, "resul')  # cut off in the middle of a line

    sender = await send(town, path)
    for count in (800, 1600):  # and the service, twice
        await answered(answers, count)
        town.processes["signals"].kill()
        await town.died("signals")
        await town.start("signals")
    out, err = await asyncio.wait_for(sender.communicate(), 120)
    assert sender.returncode == 1, err.decode()
    assert "2500 rows: 2495 were accepted, 5 refused" in " ".join(out.decode().split())

    rows = [json.loads(line) for line in answers.read_text().splitlines()[1:]]
    assert [row["rij"] for row in rows] == list(range(2, 2502))
    assert sum("ontvangstbewijs" in row for row in rows) == 2495
    await town.quiet()
    assert (await town.fetch("signals", "select count(*) from event"))[0][0] == 2495
    assert (await town.fetch("triage", "select count(*) from signal"))[0][0] == 2495


async def test_a_table_that_was_mended_is_sent_whole(town: Town, tmp_path: Path) -> None:
    town.clock.move(NOW)
    await town.start("signals")
    path = table(tmp_path / "t.csv", 4, bad_every=2)
    said = []
    for mended in (False, False, True):
        if mended:
            table(path, 4)
        sender = await send(town, path)
        out, _ = await asyncio.wait_for(sender.communicate(), 60)
        said.append(" ".join(out.decode().split()))
    assert said[0].startswith("4 rows: 2 were accepted, 2 refused")
    assert said[1].startswith("4 rows: 2 were accepted, 2 refused"), "nothing was sent again"
    assert said[2].startswith("4 rows: 4 were accepted, 0 refused")
    rows = [json.loads(line) for line in (tmp_path / "t.csv.answers.jsonl").open()][1:]
    assert [row["resultaat"] for row in rows] == ["bekend", "aangenomen", "bekend", "aangenomen"]


async def test_what_cannot_be_sent_is_said_in_a_line(town: Town, tmp_path: Path) -> None:
    await town.start("signals")
    path = tmp_path / "t.csv"
    path.write_text("naam\nJansen\n")
    sender = await send(town, path)
    _, err = await asyncio.wait_for(sender.communicate(), 60)
    assert sender.returncode == 2
    assert "bedrag: ontbreekt" in err.decode()
    assert "Jansen" not in err.decode()
    sender = await send(town, table(path, 1), "--key", "vdk_wrong")
    _, err = await asyncio.wait_for(sender.communicate(), 60)
    assert (sender.returncode, "401" in err.decode()) == (2, True)
