"""A lead lets messages to residents go, step by step; stops them all; and reviews what was held."""

from functools import partial
from uuid import UUID

from shared.contracts import triage
from shared.contracts.triage import Person, Role
from tests.notify.alone import Alone
from tests.notify.test_alone import AT, MORNING, case, hearing
from tests.notify.test_recipients import NUMBER, TOLD
from tests.pages.site import Site, Visitor

NOOR = Person(
    id="noor-de-wit", name="Noor de Wit", email="noor@voorbeeldstad.example", role=Role.LEAD
)
STEPS = ("shadow", "guests", "live")


async def settled_lead(site: Site) -> Visitor:
    """Noor, who looks at going live for the first time."""
    noor = site.visitor()
    page = await noor.sign_in("noor-de-wit", to="/live")
    assert page.status_code == 200, page.text
    assert "Dit kanaal is nog nooit aangezet." in page.text
    return noor


async def held_alert(site: Site, alone: Alone) -> UUID:
    """A text about a hearing that the switch held."""
    event = partial(case(1), lead=NOOR)
    first = event(triage.ContactDetailsKnown, 1, resident=TOLD)
    await alone.tell(first, hearing(event, 2, AT, was_told=False))
    (row,) = await site.town.fetch("notify", "select id from alert where state = 'held'")
    found: UUID = row["id"]
    return found


async def test_a_lead_goes_live_by_steps_stops_all_and_decides_of_what_was_held(
    site: Site,
) -> None:
    site.town.clock.move(MORNING)
    await site.start("notify")
    noor, alone = await settled_lead(site), Alone(site.town)

    # Not two steps at once, not without a reason; each step is on file with who took it.
    page = await noor.send("/live/modes/sms", mode="live", reason="alles in één keer")
    assert (page.status_code, "ga met één stap tegelijk verder" in page.text) == (409, True)
    await noor.open("/live")
    assert (await noor.send("/live/modes/sms", mode="shadow")).status_code == 400
    for step in STEPS:
        await noor.open("/live")
        page = await noor.send("/live/modes/sms", mode=step, reason="het college besloot zo")
        assert "De stap is vastgelegd" in page.text
    rows = await site.town.fetch("notify", "select mode, changed_by from live_mode order by id")
    assert [tuple(row) for row in rows] == [(step, "noor-de-wit") for step in STEPS]

    # One tap stops all, without a reason; to go on asks for one.
    page = await noor.send("/live/stop", to="stopped")
    assert "Alles is stilgezet" in page.text
    assert "stilgezet, zonder toelichting" in page.text
    assert (await noor.send("/live/stop", to="going")).status_code == 400

    alert = await a_held_alert_is_decided(site, noor, alone)
    await the_household_wants_none(site, noor, alert)
    await guests_are_listed(noor)
    await others_see_nothing(site, alert)


async def a_held_alert_is_decided(site: Site, noor: Visitor, alone: Alone) -> UUID:
    """It was kept back by the switch; she lets it go, once."""
    async with alone.speaking():
        alert = await held_alert(site, alone)
        page = await noor.open("/live")
        assert "alle berichten aan bewoners zijn stilgezet" in page.text
        assert NUMBER not in page.text
        page = await noor.send("/live/stop", to="going", reason="de fout is hersteld")
        assert "bekijk het een voor een" in page.text
        page = await noor.open(f"/live/alerts/{alert}")
        assert "Zitting, nieuw (sms)" in page.text
        assert NUMBER not in page.text
        page = await noor.send(
            f"/live/alerts/{alert}/decisions", decision="send", reason="het klopt nog"
        )
        assert "Uw besluit is vastgelegd." in page.text
        await alone.settled()
    assert [one["kind"] for one in await alone.notifications()] == ["sms"]
    (row,) = await site.town.fetch("notify", "select decided_by, reason from alert_decision")
    assert tuple(row) == ("noor-de-wit", "het klopt nog")
    await noor.open(f"/live/alerts/{alert}")
    page = await noor.send(f"/live/alerts/{alert}/decisions", decision="drop", reason="toch niet")
    assert (page.status_code, "Iemand anders besliste" in page.text) == (409, True)
    return alert


async def the_household_wants_none(site: Site, noor: Visitor, alert: UUID) -> None:
    """Who leads its team notes it; another lead sees it and cannot."""
    page = await noor.open(f"/live/alerts/{alert}")
    page = await noor.send(f"/live/alerts/{alert}/wishes", to="none", reason="zei ze aan de deur")
    assert "wil geen berichten en krijgt er geen" in page.text
    (row,) = await site.town.fetch("notify", "select changed_by from wishes_change")
    assert row["changed_by"] == "noor-de-wit"
    zeger = site.visitor()
    page = await zeger.sign_in("zeger-bos", to=f"/live/alerts/{alert}")
    assert "Alleen Noor de Wit kan dit wijzigen." in page.text
    page = await zeger.send(f"/live/alerts/{alert}/wishes", to="some", reason="wil weer")
    assert page.status_code == 403


async def guests_are_listed(noor: Visitor) -> None:
    await noor.open("/live")
    page = await noor.send("/live/guests", contacts="geen nummer", reason="wij kijken mee")
    assert (page.status_code, "Niet elke regel" in page.text) == (400, True)
    await noor.open("/live")
    page = await noor.send("/live/guests", contacts="06 1111 2222\nx@y.example", reason="proef")
    assert "+31611112222" in page.text
    await noor.open("/live", **{"Accept-Language": "en"})
    assert "Messages to residents" in noor.page.text
    assert "Change the step of text message" in noor.page.text


async def others_see_nothing(site: Site, alert: UUID) -> None:
    """A generalist has no role for it; an unknown alert is as one of elsewhere."""
    anna, zeger = site.visitor(), site.visitor()
    assert (await anna.sign_in("anna-jansen", to="/live")).status_code == 403
    await site.town.fetch("notify", "update case_file set municipality = 'GM9902'")
    page = await zeger.sign_in("zeger-bos", to=f"/live/alerts/{alert}")
    unknown = await zeger.open(f"/live/alerts/{UUID(int=9)}")
    assert page.status_code == unknown.status_code == 404
    assert page.text.count("bestaat niet") == unknown.text.count("bestaat niet") == 1
