"""A table on its way in: judged row by row, on trial or for real, and resumed after anything."""

import asyncio
import csv
import json
import os
import statistics
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest

from services.signals import partners as partner_admin
from services.signals import uploads
from shared.contracts import partners
from tests import builders
from tests.builders import NOW
from tests.paths import REPOSITORY
from tests.signals.http import client, deliver
from tests.signals.test_proof import verify
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


def as_workbook(path: Path) -> Path:
    """The same table as a workbook, with dates and numbers as Excel has them."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    with path.open(encoding="cp1252", newline="") as file:
        header, *rows = csv.reader(file, delimiter=";")
    sheet.append(header)
    at = header.index("signaaldatum"), header.index("huisnummer")
    for row in rows:
        cells: list[Any] = list(row)
        cells[at[0]], cells[at[1]] = datetime(2026, 3, 3), int(row[at[1]])
        sheet.append(cells)
    workbook = path.with_suffix(".xlsx")
    book.save(workbook)
    return workbook


async def test_a_workbook_is_taken_in_as_the_same_rows(town: Town, tmp_path: Path) -> None:
    town.clock.move(NOW)
    await town.start("signals")
    path = table(tmp_path / "t.csv", 30, bad_every=10)
    workbook = as_workbook(path)
    sender = await send(town, workbook)
    out, err = await asyncio.wait_for(sender.communicate(), 60)
    assert sender.returncode == 1, err.decode()
    assert "30 rows: 27 were accepted, 3 refused" in " ".join(out.decode().split())
    async with client(town) as web:
        *rows, summary = await upload(web, workbook.read_bytes())
        assert (summary["bekend"], summary["geweigerd"]) == (27, 3)
        *same, summary = await upload(web, path.read_bytes())
        assert (summary["bekend"], summary["geweigerd"]) == (27, 3), "the same events as a CSV"
    assert [row["gebeurtenisId"] for row in rows] == [row["gebeurtenisId"] for row in same]
    wrong = [row for row in rows if row["resultaat"] == "geweigerd"]
    assert {(row["rij"], row["fouten"][0]["veld"]) for row in wrong} == {
        (11, "bedrag"), (21, "bedrag"), (31, "bedrag")
    }  # fmt: skip


async def test_a_receipt_of_a_row_is_tied_to_the_tenant(town: Town, tmp_path: Path) -> None:
    town.clock.move(NOW)
    await town.start("signals")
    sender = await send(town, table(tmp_path / "t.csv", 2))
    await asyncio.wait_for(sender.communicate(), 60)
    rows = [json.loads(line) for line in (tmp_path / "t.csv.answers.jsonl").open()][1:]
    async with client(town) as web:
        (tmp_path / "keys").write_text((await web.get("/v1/keys")).text)
        shown = (await web.get(f"/v1/events/{rows[0]['meldingId']}")).json()
    assert shown["gebeurtenis"] == rows[0]["gebeurtenis"]
    assert rows[0]["gebeurtenis"]["data"]["client"]["achternaam"] == "Müller"
    (tmp_path / "receipt").write_text(rows[0]["ontvangstbewijs"])
    for row, wanted in ((rows[0], 0), (rows[1], 1)):
        (tmp_path / "event").write_text(json.dumps(row["gebeurtenis"]))
        code, out = await verify(
            tmp_path, str(tmp_path / "receipt"), "--keys", str(tmp_path / "keys"), "--demo",
            "--event", str(tmp_path / "event"), "--salt", rows[0]["zout"],
        )  # fmt: skip
        assert code == wanted, out
        assert ("precies wat is aangenomen" in out) == (wanted == 0)


async def test_a_corrected_row_is_a_withdrawal_and_a_signal_of_another_day(
    town: Town, tmp_path: Path
) -> None:
    """As docs/CORPORATIONS.md says, under "Tables"."""
    town.clock.move(NOW)
    await town.start("signals", "triage")
    path = table(tmp_path / "t.csv", 1)
    async with client(town) as web:
        first, _ = await upload(web, path.read_bytes())
        mended = path.read_bytes().replace(b"1,50", b"801,50")
        (same_day, _) = await upload(web, mended)
        assert [one["code"] for one in same_day["fouten"]] == ["id_reused"]

        town.clock.move(NOW + timedelta(days=1))
        signal = first["gebeurtenis"]
        withdrawal = builders.document(
            partners.SignalWithdrawn,
            signaalId=first["gebeurtenisId"],
            signaaldatum="2026-03-04",
            **{name: signal["data"][name] for name in ("contractnummer", "client")},
        )
        assert withdrawal["source"] == first["bron"]
        (withdrawn,) = await deliver(web, [{**withdrawal, "id": "ingetrokken-1"}])
        assert withdrawn["resultaat"] == "aangenomen", withdrawn
        mended = mended.replace(b"03-03-2026", b"04-03-2026")
        again, _ = await upload(web, mended)
        assert again["resultaat"] == "aangenomen", again
        assert again["meldingId"] != first["meldingId"]
        await town.until(
            "signals", f"select count(*) from status where fact_id = '{first['meldingId']}' "
            "and status = 'withdrawn'", 1,
        )  # fmt: skip


async def test_tables_have_places_of_which_no_partner_has_all(town: Town) -> None:
    town.clock.move(NOW)
    await town.start("signals")
    async with (
        client(town) as one, client(town, "volkshuis") as two, client(town, "stroomnet") as three,
        slow_uploads(one, two) as end,
    ):  # fmt: skip
        own = await one.post("/v1/uploads", content=b"x")
        assert (own.status_code, "retry-after" in own.headers) == (429, True)
        other = await three.post("/v1/uploads", content=b"x")
        assert (other.status_code, "retry-after" in other.headers) == (503, True)
        assert set(await end()) == {400}, "read as a table, at last"
        assert (await one.post("/v1/uploads", content=b"x")).status_code == 400
        assert (await three.post("/v1/uploads", content=b"x")).status_code == 400


@asynccontextmanager
async def slow_uploads(*webs: httpx.AsyncClient) -> AsyncIterator[Callable[[], Awaitable[Any]]]:
    """Two tables of each of them that have begun and do not end before they are told to."""
    may_end = asyncio.Event()
    began = asyncio.Semaphore(0)

    async def body() -> AsyncIterator[bytes]:
        yield b"naam\n"
        began.release()
        await may_end.wait()
        yield b"Jansen\n"

    async def run(web: httpx.AsyncClient) -> int:
        return (await web.post("/v1/uploads", content=body())).status_code

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        tasks = [group.create_task(run(web)) for web in webs for _ in range(2)]
        for _ in tasks:
            await began.acquire()
        await asyncio.sleep(0.5)  # what was sent has come in

        async def end() -> list[int]:
            may_end.set()
            return list(await asyncio.gather(*tasks))

        yield end


async def test_who_stops_reading_loses_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "READER_SECONDS_MAX", 0.05)

    async def lines() -> AsyncIterator[bytes]:
        while True:
            yield b"{}\n"

    async def send(_: Any) -> None:
        await asyncio.sleep(3600)

    async def receive() -> Any:
        await asyncio.sleep(3600)

    async with asyncio.timeout(5):
        await uploads.Lines(lines())({"type": "http", "asgi": {}}, receive, send)


async def test_a_full_outbox_is_said_before_a_table_and_midway(town: Town, tmp_path: Path) -> None:
    """Triage takes nothing, so the first part of a table fills the outbox."""
    town.clock.move(NOW)
    town.environment["signals"]["OUTBOX_ROWS_MAX"] = "20"
    api = partner_admin.connect(town.servers.management_url, town.name)
    tight = {
        "pattern": "^triage.from.signals.", "apply-to": "queues", "priority": 99,
        "definition": {"max-length": 5, "overflow": "reject-publish"},
    }  # fmt: skip
    await asyncio.to_thread(api.put, f"policies/{town.name}/tight", tight)
    await town.start("signals")
    content = table(tmp_path / "t.csv", 5000).read_bytes()
    async with client(town) as web:
        *rows, last = await upload(web, content)
        assert 0 < len(rows) < 5000
        assert (last["klaar"], last["status"]) == (False, 503)
        assert last["retryAfter"] >= 1
        answer = await web.post("/v1/uploads", content=content)
        assert (answer.status_code, int(answer.headers["retry-after"]) >= 1) == (503, True)
        trial = await upload(web, content, dryRun="true")
        assert trial[-1]["klaar"], "a trial leaves nothing behind"
    (found,) = await town.fetch("signals", "select count(*) from event")
    assert found[0] == len(rows)


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
    assert said[1].startswith("4 rows: 2 were accepted, 2 refused"), "sent again, refused again"
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
