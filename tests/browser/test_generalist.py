"""A generalist's day: a case comes in while she looks; she accepts, plans, visits and closes."""

import re

from playwright.async_api import expect

from tests.browser.cases import HEARING_AT, Household, hearing_at, order, reported
from tests.browser.conftest import Arrive
from tests.browser.people import Person
from tests.pages.site import Site

CLOSED = "Vervolghulp en/of verwijzing financieel"


async def test_from_an_assignment_that_appears_to_the_end_of_the_case(
    place: Site, arriving: Arrive, size: str
) -> None:
    # Who gets the next case is not known beforehand: both look at their lists.
    names = ("Anna Jansen", "Bram Yilmaz")
    people = {name: await arriving(size, place.url) for name in names}
    for name, person in people.items():
        await person.sign_in(name, to="/work")
        await person.sees("Mijn zaken")
    home = await reported(place)
    worker = people[home.assignee]
    await worker.sees(home.address)
    await worker.link(home.address).click()
    await worker.button("Aannemen").click()
    await worker.sees("U hebt de zaak aangenomen.")
    await planned(worker)
    await recorded_in_a_few_taps(place, worker, home)
    await closed(worker, home)
    (row,) = await place.town.fetch(
        "triage", "select is_open, result from household_case where id::text = $1", home.case_id
    )
    assert tuple(row) == (False, CLOSED)


async def planned(worker: Person) -> None:
    """A window in the week is one tap."""
    await worker.link("Huisbezoek plannen").click()
    await worker.page.get_by_role("button", name=re.compile("vrij")).last.click()
    await worker.sees("Het huisbezoek is gepland.")


async def recorded_in_a_few_taps(place: Site, worker: Person, home: Household) -> None:
    """What happened at the door is one tap."""
    await worker.button("Niet thuis").click()
    await worker.sees("Opgeslagen: niet thuis.")
    await worker.button("Gesproken").click()
    await worker.sees("Opgeslagen: gesproken.")
    rows = await place.town.fetch(
        "triage",
        "select result from contact_attempt where case_id::text = $1",
        home.case_id,
    )
    assert {row["result"] for row in rows} == {"not_home", "spoke"}


async def closed(worker: Person, home: Household) -> None:
    """The case ends with a result."""
    await worker.page.get_by_text(re.compile("^(Zaak s|S)luiten$")).first.click()
    form = worker.page.locator(f'form[action="/work/{home.case_id}/closures"]')
    await form.get_by_role("combobox").select_option(CLOSED)
    await form.get_by_role("textbox").fill("In traject bij schuldhulp.")
    await form.get_by_role("button").click()
    await worker.sees("De zaak is gesloten.")


async def test_a_hearing_that_is_set_and_moved_appears_without_reloading(
    place: Site, arriving: Arrive, size: str
) -> None:
    home = await reported(place)
    await order(place, home, "assignment-answers", {"answer": "accepted"})
    worker = await arriving(size, place.url)
    await worker.sign_in(home.assignee, to=f"/work/{home.case_id}")
    await worker.page.evaluate("window.notReloaded = true")
    await hearing_at(place, home, HEARING_AT, 1)
    await worker.sees(re.compile(r"1 apr\.? (2026 )?11:30"))
    await hearing_at(place, home, HEARING_AT.replace(day=14, hour=11), 2)
    await worker.sees(re.compile(r"14 apr\.? (2026 )?13:30"))
    assert await worker.page.evaluate("window.notReloaded"), "the page was loaded again"


async def test_a_form_survives_a_lost_connection_and_takes_effect_once(
    place: Site, arriving: Arrive, size: str
) -> None:
    home = await reported(place)
    worker = await arriving(size, place.url)
    await worker.sign_in(home.assignee, to=f"/work/{home.case_id}")
    await worker.context.set_offline(True)
    await worker.button("Aannemen").click()
    await worker.sees("Geen verbinding. Het formulier is op dit apparaat bewaard")
    await expect(worker.says("Nog te versturen:")).to_be_visible()
    assert await accepted(place, home) == 0
    await worker.context.set_offline(False)
    await worker.sees("Het bewaarde formulier is verstuurd.")
    assert await accepted(place, home) == 1
    left = await worker.page.evaluate("localStorage.getItem('unsent')")
    assert left in {None, "[]"}
    await worker.page.reload()
    await worker.sees(home.address)
    assert await worker.button("Aannemen").count() == 0
    assert await accepted(place, home) == 1


async def accepted(place: Site, home: Household) -> int:
    """How many commands took effect on the case."""
    (row,) = await place.town.fetch(
        "triage",
        "select count(*) as n from command where answer ->> 'case_id' = $1 and status = 200",
        home.case_id,
    )
    found: int = row["n"]
    return found
