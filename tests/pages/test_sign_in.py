"""Signing in once opens every service; signing out, or the provider, closes them all."""

import base64
import json
import time

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.pages.site import SECRET, Site


async def test_one_sign_in_opens_every_service_and_one_sign_out_ends_all(site: Site) -> None:
    await site.start()
    anna = site.visitor()
    page = await anna.sign_in("anna-jansen", to="/work?done=accepted")
    assert page.url.path == "/work"
    assert page.url.query == b"done=accepted"
    assert "Anna Jansen" in page.text
    assert "Mijn zaken" in page.text
    assert page.headers["content-language"] == "nl"
    assert "script-src 'self'" in page.headers["content-security-policy"]
    for service in ("signals", "notify"):
        await anna.open(f"/{service}/sign-in?to=/work")
        assert anna.page.url.path == "/work", "the provider asks nobody twice"
        count = await site.town.fetch(service, "select count(*) as n from web_session")
        assert count[0]["n"] == 1
    cookie = anna.client.cookies.jar
    kept = {one.name: one for one in cookie}
    assert {"voordeur_signals", "voordeur_triage", "voordeur_notify"} <= kept.keys()
    assert all(kept[name].has_nonstandard_attr("HttpOnly") for name in kept if "voordeur" in name)

    await anna.open("/work")
    ended = await anna.send("/triage/sign-out")
    assert ended.url.path == "/signed-out"
    assert "uitgelogd" in ended.text
    for service in ("signals", "triage", "notify"):
        assert not await site.town.fetch(service, "select 1 from web_session"), service
    await anna.open("/work")
    assert anna.page.url.path == "/authorize", "and the provider asks again who it is"


async def test_what_is_forged_or_late_signs_nobody_in_or_out(site: Site) -> None:
    await site.start("triage", "signals", "notify")
    anna, other = site.visitor(), site.visitor()
    await anna.sign_in("anna-jansen", to="/work")

    # A form that is not from a page of hers, and one with another's key.
    await anna.open("/work")
    assert (await anna.client.post("/triage/sign-out", data={"form_key": "x"})).status_code == 403
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    key = anna.page.text.split('name="form-key" content="')[1].split('"')[0]
    posted = await anna.client.post("/triage/sign-out", data={"form_key": key}, headers=elsewhere)
    assert posted.status_code == 403

    # A sign-in that another browser began: its code would make her somebody else.
    await other.open("/work")
    answer = await other.client.get(
        "/triage/signed-in", params={"code": "x", "state": "y"}, headers={"Accept": "text/html"}
    )
    assert answer.status_code == 400
    assert "niet hier begonnen" in answer.text

    # Nobody is led away by what a link asks for.
    for to in ("//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:x"):
        found = await anna.client.get("/triage/sign-in", params={"to": to})
        assert found.url.host == "127.0.0.1"
        assert found.url.path == "/work"

    for token in forged_logouts(site.identity_url):
        told = await other.client.post("/triage/back-channel-logout", data={"logout_token": token})
        assert told.status_code == 400
    assert (await anna.open("/work")).url.path == "/work", "she is signed in still"

    # Nobody signs in to what they have no role for.
    corporation = site.visitor()
    page = await corporation.sign_in("woonstad-medewerker", to="/work")
    assert page.status_code == 403
    assert "niet voor uw rol" in page.text
    assert SECRET not in site.town.log("triage")


def forged_logouts(issuer: str) -> list[str]:
    """Logout tokens that the provider did not sign."""
    key_of_nobody = RSAKey.generate_key(2048)
    event = {"http://schemas.openid.net/event/backchannel-logout": {}}
    claims = {"iss": issuer, "aud": "triage", "iat": int(time.time()), "events": event}
    whose = {**claims, "sub": "anna-jansen"}
    forged = jwt.encode({"alg": "RS256"}, whose, key_of_nobody)
    return [forged, _unsigned(whose), "", "x.y.z"]


def _unsigned(claims: dict[str, object]) -> str:
    def part(told: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part(claims)}."


async def test_a_session_ends_and_a_provider_that_is_away_is_said(site: Site) -> None:
    await site.start("triage", "notify")
    bram = site.visitor()
    await bram.sign_in("bram-yilmaz", to="/work")
    await site.town.fetch(
        "triage", "update web_session set seen_at = seen_at - interval '61 minutes'"
    )
    assert (await bram.open("/work", **{"X-Live": "1"})).status_code == 401
    assert (await bram.open("/work")).url.path == "/work", "the provider knows him still"
    assert len(await site.town.fetch("triage", "select 1 from web_session")) == 1

    await site.town.stop("identity")
    page = await bram.open("/notify/sign-in?to=/work")
    assert page.status_code == 503
    assert "Inloggen werkt nu niet" in page.text
    await bram.open("/language/en?to=/signed-out")
    page = await bram.open("/notify/sign-in?to=/work")
    assert "Signing in does not work now. Nothing was lost; try again." in page.text
