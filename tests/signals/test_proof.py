"""Proof on paper and offline: the printable page, the public page, and the command."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import httpx

from shared.contracts import partners
from tests import builders
from tests.builders import NOW
from tests.paths import REPOSITORY
from tests.signals.http import client, deliver, event
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
    own = re.search(r"Rechtbank Noord-Nederland.*?<td>(\S+)</td>", page, re.DOTALL)
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
                      {"receipt": receipt, "event": "geen json"}):  # fmt: skip
            answer = await anybody.post("/receipts", data=wrong)
            assert answer.status_code == 200
            assert "niet in orde" in answer.text
            assert "<script>" not in answer.text
        assert (await anybody.post("/receipts", data={"receipt": "x" * 20_000})).status_code == 400


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
