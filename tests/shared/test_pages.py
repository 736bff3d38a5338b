"""Pages and stories: for those who signed in, escaped, and the same story everywhere."""

from typing import Any

import httpx

from deploy.local import story
from deploy.local.month import Month
from tests.town import MONDAY, SERVICES, Town

WAY = ("signals: Aangenomen: achterstand-gemeld", "triage: ", "anna-jansen", "crisis",
       "notify: Gepland", "notify: Verstuurd", "gateway: Aangenomen")  # fmt: skip
MARKED = "<script>alert(1)</script>"


async def ask(town: Town, service: str, path: str, **params: str) -> httpx.Response:
    auth = ("ops", town.ops_password)
    async with httpx.AsyncClient(base_url=town.urls[service], auth=auth, timeout=20) as client:
        return await client.get(path, params=params)


async def test_a_signals_way_is_told_from_event_to_mail(town: Town) -> None:
    await town.start()
    month = Month(seed=1, signals=1)
    signal = month.signal(month.new_household(), "woonstad", MONDAY)
    month.send("woonstad", "achterstand-gemeld", MONDAY, signal | {"crisissignaal": True})
    await town.send(month.out)
    await town.quiet()
    body = month.out[0].body
    assert isinstance(body, dict)

    teller = story.Teller(town.urls, ("ops", town.ops_password))
    told = await teller.tell(body["id"])
    said = "\n".join(f"{who}: {what} {details}" for _, who, what, details in sorted(told.lines))
    for words in WAY:
        assert words in said, said
    assert [at for at, *_ in told.lines], "with times"
    await _pages(town, body["id"])


async def _pages(town: Town, event_id: str) -> None:
    for service in SERVICES:
        start = await ask(town, service, f"/{service}/story")
        assert start.status_code == 200
        assert "<h1>" in start.text
        policy = start.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert start.headers["x-content-type-options"] == "nosniff"
        escaped = await ask(town, service, f"/{service}/story", id=MARKED)
        assert escaped.status_code == 200
        assert MARKED not in escaped.text
        assert "Hier is niets bekend" in escaped.text
        unknown = await ask(town, service, "/v1/stories/nobody-knows-this")
        assert unknown.status_code == 404
        told: dict[str, Any] = unknown.json()
        assert "nobody-knows-this" not in str(told)
        page = await httpx.AsyncClient().get(f"{town.urls[service]}/{service}/story")
        assert page.status_code == 401
    shown = await ask(town, "signals", "/signals/story", id=event_id)
    assert "Aangenomen: achterstand-gemeld" in shown.text
    # A worker sees cases, not the whole stories of everybody.
    headers = {"Authorization": f"Bearer {town.tokens['anna-jansen']}"}
    async with httpx.AsyncClient(base_url=town.urls["triage"], headers=headers) as worker:
        assert (await worker.get(f"/v1/stories/{event_id}")).status_code == 403
