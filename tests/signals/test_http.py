"""The API for partners, over real HTTP: three modes, one result an event, and nothing of others."""

import base64
from typing import Any
from urllib.parse import quote

import httpx
import orjson
import pytest

from services.signals import receipts
from shared.contracts.envelope import BODY_BYTES_MAX
from shared.web.limits import Bucket
from tests.builders import NOW
from tests.signals.http import BATCH, EVENT, client, deliver, event, post
from tests.town import Town, partner_keys


async def started(town: Town) -> Town:
    town.clock.move(NOW)
    await town.start("signals")
    return town


async def test_an_event_is_accepted_in_every_mode_and_proven(town: Town) -> None:
    await started(town)
    async with client(town) as web:
        single = (await post(web, event("h-1"))).json()["resultaten"][0]
        again = (await post(web, event("h-1"))).json()["resultaten"][0]
        assert (single["resultaat"], again["resultaat"]) == ("aangenomen", "bekend")
        assert again["ontvangstbewijs"] == single["ontvangstbewijs"]

        told = event("h-2", 2)
        attributes = {f"ce-{name}": str(value) for name, value in told.items() if name != "data"}
        answer = await post(web, told["data"], "application/json", **attributes)
        assert answer.json()["resultaten"][0]["resultaat"] == "aangenomen"

        refused, accepted = await deliver(web, [event("h-3", bedrag="0.00"), event("h-4", 4)])
        assert (refused["resultaat"], accepted["resultaat"]) == ("geweigerd", "aangenomen")
        (fault,) = refused["fouten"]
        assert (fault["code"], fault["veld"]) == ("not_positive", "data.bedrag")
        assert fault["tekst"]
        assert fault["bron"]

        keys = (await web.get("/v1/keys", headers={"Authorization": ""})).json()["keys"]
        found = receipts.verify(
            single["ontvangstbewijs"], keys, event=event("h-1"), salt=single["zout"], demo=True
        )
        assert found.is_right, found.findings
        assert found.claims
        assert found.claims["inspanningen"]["herinneringOp"] == "2026-02-12"
        assert found.claims["demo"] == "NIET RECHTSGELDIG"
    assert (await town.fetch("signals", "select count(*) from event"))[0][0] == 3


ENVELOPES: list[tuple[Any, str, int]] = [
    (b"{", EVENT, 400),
    (b"[]", EVENT, 400),
    (b"\xff", EVENT, 400),
    (b"{}", BATCH, 400),
    (b"", BATCH, 400),
    (b"{}", "text/plain", 415),
    (b"{}", "application/json", 415),
    (b"[" + b"1," * 10_000 + b"1]", BATCH, 413),
    (b"[" + b" " * (16 * 1024**2) + b"]", BATCH, 413),
]


async def test_an_envelope_that_cannot_be_read_is_said_to_be_so(town: Town) -> None:
    await started(town)
    async with client(town) as web:
        for body, kind, status in ENVELOPES:
            answer = await post(web, body, kind)
            assert answer.status_code == status, (body[:20], kind, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["detail"]
        # What can be read is answered event by event, whatever stands in it.
        results = await deliver(web, [1, "x", None, [], {}, event("h-1")])  # type: ignore[list-item]
        assert [one["resultaat"] for one in results] == ["geweigerd"] * 5 + ["aangenomen"]
        large = event("h-2", toelichting="x" * BODY_BYTES_MAX)
        (fault,) = (await post(web, large)).json()["resultaten"][0]["fouten"]
        assert fault["code"] == "too_large"
        assert (await web.get("/v1/events", params={"since": "nonsense"})).status_code == 400
        assert (await web.get("/v1/events", params={"limit": 0})).status_code == 400
    assert (await town.fetch("signals", "select count(*) from event"))[0][0] == 1


async def test_a_partner_reads_its_own_and_nothing_else(town: Town) -> None:
    await started(town)
    async with client(town) as mine, client(town, "volkshuis") as theirs:
        (accepted,) = await deliver(mine, [event("h-1")])
        address = f"/v1/events/{accepted['meldingId']}"
        assert (await mine.get(address)).json()["gebeurtenisId"] == "h-1"
        assert (await mine.get("/v1/events/h-1")).json()["meldingId"] == accepted["meldingId"]
        proof = f"/events/{accepted['meldingId']}/receipt"
        assert "Voorbeeld" in (await mine.get(proof)).text
        for path in (address, "/v1/events/h-1", proof, "/v1/events/%00"):
            answer = await theirs.get(path)
            assert answer.status_code == 404, path
            assert "h-1" not in answer.text
        page = (await theirs.get("/v1/events")).json()
        assert page["meldingen"] == []
        # Somebody else's key, name or source opens nothing.
        (refused,) = await deliver(theirs, [event("h-9")])
        assert {one["code"] for one in refused["fouten"]} == {"wrong_partner"}
        key = partner_keys("woonstad")[0]
        for auth in (("volkshuis", key), ("ops", key), ("", "")):
            answer = await httpx.AsyncClient(auth=auth).get(town.urls["signals"] + address)
            assert answer.status_code == 401, auth
        assert (await mine.get("/signals/story")).status_code == 401, "the operators' page"
        assert (await mine.get("/v1/stories/h-1")).status_code in {401, 404}


@pytest.mark.parametrize("event_id", ["2026/03/een", "a b?c#d%2F", "https://x.example/1"])
async def test_an_event_is_found_by_whatever_id_its_partner_gave_it(
    town: Town, event_id: str
) -> None:
    await started(town)
    async with client(town) as web:
        (accepted,) = await deliver(web, [event(event_id)])
        found = await web.get(f"/v1/events/{quote(event_id, safe='')}")
        assert found.status_code == 200, found.text
        assert found.json()["meldingId"] == accepted["meldingId"]
        assert found.json()["gebeurtenisId"] == event_id
        assert (await web.get("/v1/events/" + quote(f"{event_id}/x", safe=""))).status_code == 404


async def test_news_is_read_on_from_a_cursor(town: Town) -> None:
    await started(town)
    async with client(town) as web:
        await deliver(web, [event(f"h-{no}", no) for no in range(1, 6)])
        seen: list[str] = []
        cursor = ""
        for _ in range(4):
            page = (await web.get("/v1/events", params={"since": cursor, "limit": 2})).json()
            seen += [one["gebeurtenisId"] for one in page["meldingen"]]
            cursor = page["volgende"]
        assert sorted(seen) == [f"h-{no}" for no in range(1, 6)]
        assert not (await web.get("/v1/events", params={"since": cursor})).json()["meldingen"]
        await deliver(web, [event("h-6", 6)])
        page = (await web.get("/v1/events", params={"since": cursor})).json()
        assert [one["gebeurtenisId"] for one in page["meldingen"]] == ["h-6"]


async def test_an_oauth_client_gets_a_token_that_works(town: Town) -> None:
    await started(town)
    _, secret = partner_keys("woonstad")
    form = {"grant_type": "client_credentials"}
    async with httpx.AsyncClient(base_url=town.urls["signals"]) as web:
        basic = base64.b64encode(f"woonstad:{secret}".encode()).decode()
        answer = await web.post(
            "/v1/tokens", data=form, headers={"Authorization": f"Basic {basic}"}
        )
        assert answer.status_code == 200
        in_form = {**form, "client_id": "woonstad", "client_secret": secret}
        token = (await web.post("/v1/tokens", data=in_form)).json()["access_token"]
        web.headers["Authorization"] = f"Bearer {token}"
        assert (await post(web, event("h-1"))).status_code == 202
        for asked, status, error in (
            ({**in_form, "client_secret": "x"}, 401, "invalid_client"),
            (form, 401, "invalid_client"),
            ({**in_form, "grant_type": "password"}, 400, "unsupported_grant_type"),
            ({"client_id": "woonstad"}, 400, "invalid_request"),
        ):
            answer = await web.post("/v1/tokens", data=asked)
            told = answer.json()
            assert (answer.status_code, told["error"], told["status"]) == (status, error, status)
            assert told["error_description"] == told["detail"]
            assert ("www-authenticate" in answer.headers) == (status == 401)
        web.headers["Authorization"] = "Bearer vdt_nobodys"
        assert (await post(web, event("h-2"))).status_code == 401


async def test_a_partner_that_asks_too_much_is_told_when_to_come_back(town: Town) -> None:
    await started(town)
    await town.fetch("signals", "update partner set requests_per_minute = 3")
    async with client(town) as web:
        answers = [await web.get("/v1/events") for _ in range(4)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429]
        assert 1 <= int(answers[3].headers["retry-after"]) <= 20
        async with client(town, "volkshuis") as other:
            assert (await other.get("/v1/events")).status_code == 200


@pytest.mark.parametrize(
    ("after_seconds", "waits"), [(0.0, True), (19.9, True), (20.0, False), (60.0, False)]
)
def test_a_bucket_fills_evenly(after_seconds: float, waits: bool) -> None:
    bucket = Bucket(per_minute=3, left=0.0, filled_at=100.0)
    assert bool(bucket.take(100.0 + after_seconds)) is waits


async def test_unknown_fields_are_named_and_not_kept(town: Town) -> None:
    await started(town)
    async with client(town) as web:
        told = {**event("h-1", hobby="vissen"), "traceparent": "00-x"}
        result = (await post(web, told)).json()["resultaten"][0]
        assert set(result["nietBewaard"]) == {"traceparent", "data.hobby"}
        keys = (await web.get("/v1/keys")).json()["keys"]
        found = receipts.verify(
            result["ontvangstbewijs"], keys, event=told, salt=result["zout"], demo=True
        )
        assert found.is_right, "the partner proves it with what it sent"
    (row,) = await town.fetch("signals", "select document from event")
    assert b"vissen" not in row["document"]
    assert orjson.loads(row["document"])["id"] == "h-1"
