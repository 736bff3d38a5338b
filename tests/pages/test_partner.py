"""The pages of a corporation: deliver a table, see what became of it, and nothing of another's."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import httpx

from shared.contracts import partners
from tests import builders
from tests.builders import NOW
from tests.pages.site import INPUT, Site, Visitor
from tests.signals.http import client, deliver, event
from tests.signals.test_tables import GOOD
from tests.signals.test_uploads import as_workbook, table

ROUTES = ("/partner", "/partner/refusals", "/partner/upload", "/partner/upload/template.csv",
          "/partner/dates", "/partner/keys", "/partner/examples")  # fmt: skip


async def send(visitor: Visitor, content: bytes, action: str, **changes: Any) -> httpx.Response:
    """Send a file with the form of the upload page."""
    await visitor.open("/partner/upload")
    hidden = dict(INPUT.findall(visitor.page.text))
    told = {**hidden, "action": action, "layout": "voordeur", **changes}
    visitor.page = await visitor.client.post(
        "/partner/upload",
        data=told,
        files={"file": ("maart.csv", content)},
        headers={"Accept": "text/html"},
    )
    return visitor.page


def figures(page: httpx.Response) -> list[str]:
    """Rows, new, known and refused, total and median, as they stand on the page."""
    return [part.partition("</dd>")[0] for part in page.text.split("<dd>")[1:]]


async def test_a_table_is_tried_delivered_and_proven(site: Site, tmp_path: Path) -> None:
    site.town.clock.move(NOW)
    await site.start("signals")
    who = site.visitor()
    page = await who.sign_in("woonstad-medewerker", to="/partner")
    assert page.url.path == "/partner"
    assert "U hebt nog geen meldingen gedaan" in page.text
    path = table(tmp_path / "t.csv", 2520, bad_every=500)
    content = path.read_bytes()

    page = await send(who, content, "try")
    assert page.status_code == 200
    assert "Proef: dit zou er gebeuren" in page.text
    assert "2.500 rijen bekeken" in page.text, "how far it is, on the way"
    assert figures(page)[:4] == ["2.520", "2.515", "0", "5"]
    assert figures(page)[5] == "€ 1.260,50"
    assert '<th scope="row">501</th>' in page.text
    assert "bedrag, zoals 1.250,75" in page.text
    assert not await site.town.fetch("signals", "select 1 from event union select 1 from refusal")

    file = await send(who, content, "faults")
    assert "fouten.csv" in file.headers["content-disposition"]
    _, *rows = csv.reader(io.StringIO(file.text.removeprefix("\ufeff")), delimiter=";")
    assert [row[:3] for row in rows] == [
        [str(no * 500 + 1), "bedrag", "invalid"] for no in range(1, 6)
    ]

    page = await send(who, content, "deliver")
    assert figures(page)[:4] == ["2.520", "2.515", "0", "5"]
    workbook = as_workbook(table(tmp_path / "few.csv", 12))
    page = await send(who, workbook.read_bytes(), "deliver")
    assert figures(page)[:4] == ["12", "0", "12", "0"], "said, not doubled"
    file = await send(who, workbook.read_bytes(), "answers")
    told = [json.loads(line) for line in file.text.splitlines()]
    assert sum("ontvangstbewijs" in one for one in told) == 12
    (count,) = await site.town.fetch("signals", "select count(*) as n from event")
    assert count["n"] == 2515

    await _found_and_proven(who)


async def _found_and_proven(who: Visitor) -> None:
    page = await who.open("/partner")
    assert page.text.count("contract C-") == 50
    older = page.text.split('href="/partner?')[-1].partition('"')[0].replace("&amp;", "&")
    first = page.text.partition("contract C-")[2].partition("<")[0]
    page = await who.open(f"/partner?{older}")
    assert page.text.count("contract C-") == 50
    assert f"contract C-{first}<" not in page.text

    page = await who.send("/partner", wanted="C-17")
    assert "1 melding gevonden" in page.text
    assert page.url.query == b"", "a contract's number is in no URL"
    proof = page.text.split('href="/events/')[1].partition('"')[0]
    page = await who.open(f"/events/{proof}")
    assert "Bewijs van melding" in page.text
    assert "Müller" in page.text
    assert "Dagvaarden mogelijk vanaf" in page.text
    page = await who.open("/partner")
    assert "Niets gevonden" in (await who.send("/partner", wanted="C-")).text


async def test_what_became_of_events_is_shown_and_what_was_refused(site: Site) -> None:
    site.town.clock.move(NOW)
    await site.start("signals", "triage")
    async with client(site.town) as web:
        signal = event("p-1")
        bad = event("p-2", bedrag="1250,75", bezwaar=True)
        await deliver(web, [signal, event("p-3", 2), bad])
        withdrawal = builders.document(
            partners.SignalWithdrawn, signaalId="p-3", client=event("p-3", 2)["data"]["client"]
        )
        await deliver(web, [{**withdrawal, "id": "p-4"}])
    both = "select count(distinct status) from status where status in ('withdrawn', 'taken_up')"
    await site.town.until("signals", both, 2)
    who = site.visitor()
    page = await who.sign_in("woonstad-medewerker", to="/partner?status=withdrawn")
    assert "p-3" in page.text
    assert "Ingetrokken <small>" in page.text
    assert "p-1" not in page.text
    assert "p-1" in (await who.open("/partner?status=taken_up")).text
    assert "Hier zijn geen meldingen" in (await who.open("/partner?status=none")).text
    assert (await who.open("/partner?status=nonsense")).status_code == 404
    page = await who.open("/partner/refusals")
    assert "de huurder heeft bezwaar" in page.text
    assert "Voorbeeld" not in page.text, "nothing of what it said is kept"
    page = await who.send("/partner", form_key=_key(page), wanted="p-2")
    assert "Geweigerd onder dit kenmerk" in page.text
    await who.open("/language/en?to=/partner/refusals")
    assert "the tenant objects" in who.page.text
    assert "Withdrawn <small>" in (await who.open("/partner")).text


def _key(page: httpx.Response) -> str:
    return page.text.split('name="form-key" content="')[1].split('"')[0]


async def test_nobody_sees_what_another_partner_sent(site: Site) -> None:
    site.town.clock.move(NOW)
    await site.start("signals")
    async with client(site.town) as web:
        bad = event("p-9", bezwaar=True)
        accepted, _ = await deliver(web, [event("p-8", contractnummer="HUUR-8888"), bad])
    proof = f"/events/{accepted['meldingId']}/receipt"
    own, other, anna, nobody = (site.visitor() for _ in range(4))
    await own.sign_in("woonstad-medewerker", to="/partner")
    await other.sign_in("volkshuis-medewerker", to="/partner")
    await anna.sign_in("anna-jansen", to="/partner")
    for path in ROUTES:
        page = await own.open(path)
        assert page.status_code == 200, path
        page = await other.open(path)
        assert page.status_code == 200, path
        for word in ("p-8", "p-9", "HUUR-8888", "woonstad", "De Woonstad"):
            assert word not in page.text, (path, word)
        assert (await anna.open(path)).status_code == 403, path
        assert (await nobody.open(path)).url.path == "/authorize"
    assert "HUUR-8888" in (await own.open("/partner")).text
    await _see_own_receipts_only(proof, own, other, anna, nobody)
    await _find_nothing(other, accepted["meldingId"])

    # The same row from another partner is another's: nothing tells that it was delivered before.
    content = _rows(GOOD | {"gemeentecode": "GM9901"})
    assert figures(await send(own, content, "deliver"))[:4] == ["1", "1", "0", "0"]
    assert figures(await send(other, content, "try"))[:4] == ["1", "1", "0", "0"]

    await _suspended(site, own, proof)
    await site.town.fetch("signals", "delete from agreement where partner_id = 'volkshuis'")
    assert "Er is geen overeenkomst" in (await other.open("/partner/keys")).text
    for secret in ("p-8", "HUUR-8888", "C-1"):
        assert secret not in site.town.log("signals")


async def _see_own_receipts_only(proof: str, *visitors: Visitor) -> None:
    own, other, anna, nobody = visitors
    assert (await own.open(proof)).status_code == 200
    assert (await other.open(proof)).status_code == 404
    assert (await anna.open(proof)).status_code == 403
    assert (await nobody.open(proof)).url.path == "/authorize"
    for path in ("/receipts", "/examples"):
        assert "Uitloggen" not in (await nobody.open(path)).text
        assert "Uitloggen" in (await own.open(path)).text, "the menu is here too"


async def _find_nothing(other: Visitor, fact_id: str) -> None:
    await other.open("/partner")
    for wanted in ("p-8", "HUUR-8888", "p-9", fact_id):
        page = await other.send("/partner", wanted=wanted)
        assert "Niets gevonden" in page.text
        assert "Geweigerd onder" not in page.text
        await other.open("/partner")
    cursor = "999999999999999999." + "f" * 32
    assert "p-8" not in (await other.open(f"/partner?before={cursor}")).text


async def _suspended(site: Site, own: Visitor, proof: str) -> None:
    # Who was suspended is told so, whatever the provider says.
    await site.town.fetch(
        "signals", "update partner set suspended_at = now() where id = 'woonstad'"
    )
    for path in (*ROUTES, proof):
        page = await own.open(path)
        assert page.status_code == 403, path
        assert "geschorst" in page.text


def _rows(*rows: dict[str, str]) -> bytes:
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]), delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue().encode()


async def test_what_cannot_be_delivered_is_said(site: Site) -> None:
    site.town.clock.move(NOW)
    await site.start("signals")
    who = site.visitor()
    await who.sign_in("woonstad-medewerker", to="/partner/upload")
    page = await send(who, b"naam\nJansen\n", "deliver")
    assert page.status_code == 400
    assert "Dit bestand is niet te lezen" in page.text
    assert "<code>bedrag</code>: ontbreekt" in page.text
    assert "Jansen" not in page.text

    broken = _rows(GOOD) + b'C-2;"never closed\n'
    page = await send(who, broken, "try")
    assert "Afgebroken" in page.text
    assert "er is niets aangenomen" in page.text
    bsn = _rows(GOOD | {"burgerservicenummer": "111222333"})
    assert "burgerservicenummer" in (await send(who, bsn, "deliver")).text

    for changes, status in (({"form_key": "x"}, 403), ({"action": "nonsense"}, 400)):
        page = await send(who, _rows(GOOD), **{"action": "deliver", **changes})
        assert page.status_code == status
    page = await who.send("/partner/upload", action="deliver")
    assert page.status_code == 400, "a form without a file"
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Accept": "text/html"}
    page = await who.client.post("/partner/upload", files={"file": b"x"}, headers=elsewhere)
    assert page.status_code == 403
    assert not await site.town.fetch("signals", "select 1 from event")

    template = await who.open("/partner/upload/template.csv")
    assert "gemeentecode;contractnummer;grondslag" in template.text
    page = await send(who, template.content, "try")
    assert figures(page)[:4] == ["0", "0", "0", "0"]
    await _calculate(who)
    page = await who.open("/partner/keys")
    assert "vdk_of_" not in page.text
    assert "GM9901" in page.text


async def _calculate(who: Visitor) -> None:
    page = await who.open("/partner/dates?day=2026-03-03&court=Rechtbank+Rotterdam")
    assert "vanaf zondag 3 mei 2026" in page.text
    assert "boitenluhrs.nl" in page.text
    assert (await who.open("/partner/dates?day=gisteren")).status_code == 400
    assert "Dit is geen dag" in who.page.text
