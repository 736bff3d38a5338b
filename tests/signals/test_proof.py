"""Proof on paper and offline: the printable page, the public page, and the command."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from services.signals import receipts
from services.signals.summons import may_summon
from shared.contracts import partners
from tests import builders
from tests.builders import NOW
from tests.paths import REPOSITORY
from tests.signals.http import client, deliver, event, post
from tests.town import Town, partner_keys

SECTIONS = ("Bewijs van melding", "Inspanningen vóór de melding", "Dagvaarden mogelijk vanaf",
            "Ontvangstbewijs")  # fmt: skip


async def verify(folder: Path, *words: str) -> tuple[int, str]:
    """The command, with no setting and no connection at all."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.signals", "receipt", "verify", *words,
        cwd=REPOSITORY, env={"PATH": os.environ["PATH"]},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, out.decode()


async def test_a_signal_is_proven_on_paper_in_public_and_offline(
    town: Town, tmp_path: Path
) -> None:
    town.clock.move(NOW)
    await town.start("signals")
    async with client(town) as web:
        (accepted,) = await deliver(web, [event("p-1")])
        keys = (await web.get("/v1/keys")).text
    await _on_paper(town, accepted["meldingId"])
    await _in_public(town, accepted["ontvangstbewijs"], accepted["zout"])

    for name, text in (
        ("receipt", accepted["ontvangstbewijs"]),
        ("keys", keys),
        ("event", json.dumps(event("p-1"))),
        ("other", json.dumps(event("p-1", bedrag="1.00"))),
    ):
        (tmp_path / name).write_text(text)
    files = [str(tmp_path / "receipt"), "--keys", str(tmp_path / "keys")]
    whole = ["--event", str(tmp_path / "event"), "--salt", accepted["zout"]]
    code, out = await verify(tmp_path, *files, *whole, "--demo")
    assert (code, "precies wat is aangenomen" in out) == (0, True), out
    assert "Voorbeeld" not in out
    code, out = await verify(tmp_path, *files)
    assert (code, "NIET RECHTSGELDIG" in out) == (1, True), "a demo is none without --demo"
    other = ["--event", str(tmp_path / "other"), "--salt", accepted["zout"]]
    code, out = await verify(tmp_path, *files, *other, "--demo")
    assert (code, "NOT inhoud" in out) == (1, True)
    code, out = await verify(tmp_path, "absent", "--keys", str(tmp_path / "keys"))
    assert (code, out.strip()) == (2, "voordeur: absent cannot be read")


async def _on_paper(town: Town, fact_id: str) -> None:
    auth = ("woonstad", partner_keys("woonstad")[0])
    async with httpx.AsyncClient(base_url=town.urls["signals"], auth=auth) as web:
        page = (await web.get(f"/events/{fact_id}/receipt")).text
        styles = (await web.get("/static/voordeur.css")).text
    assert "@media print" in styles
    for words in (*SECTIONS, "NIET RECHTSGELDIG", "Voorbeeld", "9901AB", "€ 1250,75", "12-02-2026",
                  "Advies, geen recht", "(van deze gemeente)"):  # fmt: skip
        assert words in page, words
    # Two months after 3 March, at the municipality's own court.
    own = re.search(r"Rechtbank Noord-Nederland.*?<td[^>]*>(\S+)</td>", page, re.DOTALL)
    assert own
    assert own[1] == "03-05-2026"


async def _in_public(town: Town, receipt: str, salt: str) -> None:
    async with httpx.AsyncClient(base_url=town.urls["signals"]) as anybody:
        empty = await anybody.get("/receipts")
        assert (empty.status_code, "Plak hier" in empty.text) == (200, True)
        form = {"receipt": receipt, "event": json.dumps(event("p-1")), "salt": salt}
        found = (await anybody.post("/receipts", data=form)).text
        for words in ("NIET RECHTSGELDIG", "✓ handtekening", "✓ inhoud", "urn:nld:kvknr:90000001"):
            assert words in found, words
        for wrong in ({"receipt": receipt[:-9] + "AAAAAAAAA"}, {"receipt": "<script>"}, {},
                      {"receipt": receipt, "event": "geen json"},
                      {"receipt": "x" * 20_000}):  # fmt: skip
            answer = await anybody.post("/receipts", data=wrong)
            assert answer.status_code == 200
            assert "niet in orde" in answer.text
            assert "<script>" not in answer.text


async def test_what_was_put_together_here_is_given_back_to_be_proven(town: Town) -> None:
    town.clock.move(NOW)
    await town.start("signals")
    told = event("p-6")
    attributes = {f"ce-{name}": str(value) for name, value in told.items() if name != "data"}
    async with client(town) as web:
        keys = (await web.get("/v1/keys")).json()["keys"]
        answers = [
            await post(web, told["data"], "application/json", **attributes) for _ in range(2)
        ]
        first, again = (one.json()["resultaten"][0] for one in answers)
        shown = (await web.get("/v1/events/p-6")).json()
        (whole,) = await deliver(web, [told])
    assert (first["resultaat"], again["resultaat"]) == ("aangenomen", "bekend")
    assert first["gebeurtenis"] == again["gebeurtenis"] == shown["gebeurtenis"]
    assert "gebeurtenis" not in whole, "who sent it whole has it"
    found = receipts.verify(
        first["ontvangstbewijs"], keys, event=first["gebeurtenis"], salt=first["zout"], demo=True
    )
    assert found.is_right, found.findings


async def test_the_public_page_reads_no_more_than_a_form(town: Town) -> None:
    await town.start("signals")
    async with httpx.AsyncClient(base_url=town.urls["signals"]) as anybody:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        form = b"receipt=" + b"x" * 1024**2
        answer = await anybody.post("/receipts", content=form, headers=kind)
        assert answer.status_code == 413
        many = "&".join(f"f{no}=x" for no in range(100))
        answer = await anybody.post("/receipts", content=many, headers=kind)
        assert answer.status_code == 400


async def test_a_database_that_is_away_is_said_on_every_page(town: Town) -> None:
    await town.start("signals")
    async with client(town) as web, away(town.servers.postgres_url, town.databases["signals"]):
        for answer in (
            await web.post("/receipts", data={"receipt": "x"}),
            await web.get("/events/5c1f4d0e-0000-4000-8000-000000000001/receipt"),
        ):
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["retry-after"]) >= 1


@asynccontextmanager
async def away(server_url: str, database_url: str) -> AsyncIterator[None]:
    """A database that takes no connections for a while."""
    name = database_url.rpartition("/")[2]
    admin = await asyncpg.connect(server_url, timeout=10)
    try:
        await admin.execute(f'alter database "{name}" allow_connections false')
        await admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name
        )
        yield
    finally:
        await admin.execute(f'alter database "{name}" allow_connections true')
        await admin.close()


ARREARS = partners.ArrearsReported.wire_type()


@pytest.mark.parametrize(
    ("event_type", "kind", "statuses", "wanted"),
    [
        (ARREARS, "Huur", [], True),
        (ARREARS, "Huur", ["taken_up", "help_declined"], True),
        (ARREARS, "Huur", ["withdrawn", "taken_up"], False),
        (ARREARS, "Energie", [], False),
        (ARREARS, None, [], False),
        (partners.ArrearsSettled.wire_type(), "Huur", [], False),
    ],
)
def test_a_summons_may_follow_a_standing_signal_of_rent(
    event_type: str, kind: str | None, statuses: Sequence[str], wanted: bool
) -> None:
    assert may_summon(event_type, kind, statuses) is wanted


async def test_no_summons_is_advised_for_energy_or_what_was_withdrawn(town: Town) -> None:
    town.clock.move(NOW)
    await town.start("signals", "triage")
    energy = event("p-3", 3, signaalpartner={"type": "Energie"})
    energy["source"] = "urn:nld:kvknr:90000003"
    async with client(town, "stroomnet") as web:
        (accepted,) = await deliver(web, [energy])
        page = (await web.get(f"/events/{accepted['meldingId']}/receipt")).text
        assert "Bewijs van melding" in page
        assert "Dagvaarden" not in page
    async with client(town) as web:
        (signal,) = await deliver(web, [event("p-4")])
        where = f"/events/{signal['meldingId']}/receipt"
        assert "Dagvaarden" in (await web.get(where)).text
        withdrawal = builders.document(
            partners.SignalWithdrawn, signaalId="p-4", client=event("p-4")["data"]["client"]
        )
        await deliver(web, [{**withdrawal, "id": "p-5"}])
        await town.until("signals", "select count(*) from status where status = 'withdrawn'", 1)
        page = (await web.get(where)).text
    assert "Ingetrokken" in page
    assert "Dagvaarden" not in page


async def test_what_is_no_signal_has_no_date_for_a_summons(town: Town) -> None:
    town.clock.move(NOW)
    await town.start("signals")
    async with client(town) as web:
        settled = {**builders.document(partners.ArrearsSettled), "id": "p-2"}
        (accepted,) = await deliver(web, [settled])
        page = (await web.get(f"/events/{accepted['meldingId']}/receipt")).text
    assert "achterstand-voldaan" in page
    assert "Dagvaarden" not in page
    assert "Huurder" not in page
