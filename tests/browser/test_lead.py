"""A lead's morning: confirm what the rules propose as a list, and give a case to somebody else."""

from tests.browser.cases import NAMES, Household, household_at, reported
from tests.browser.conftest import Arrive
from tests.browser.people import Person
from tests.pages.site import Site

CONFIRMED = "select confirmed_by from household_case where id::text = $1"


def tick(lead: Person, home: Household) -> None:
    """The box of a case in a list."""
    return lead.page.locator(f'input[name="case"][value^="{home.case_id} "]').check()


async def test_a_lead_confirms_a_list_and_reassigns(
    place: Site, arriving: Arrive, size: str
) -> None:
    homes = [await reported(place) for _ in range(2)]
    lead = await arriving(size, place.url)
    await lead.sign_in("Noor de Wit", to="/lead")
    await lead.link("voorstellen om te bevestigen").click()
    for home in homes:
        await tick(lead, home)
    await lead.button("Bevestig wat is aangevinkt").click()
    await lead.sees("Bevestigd")
    for home in homes:
        (row,) = await place.town.fetch("triage", CONFIRMED, home.case_id)
        assert row["confirmed_by"] == "noor-de-wit"

    home = homes[0]
    other = next(name for name in list(NAMES.values())[:2] if name != home.assignee)
    await lead.open("/lead/cases")
    await tick(lead, home)
    form = lead.page.locator('form[action="/lead/cases"][method="post"]')
    chosen = await form.locator("select option").filter(has_text=other).first.get_attribute("value")
    await form.get_by_role("combobox").select_option(chosen)
    await form.get_by_role("textbox").fill("De ander is ziek.")
    await lead.button("Draag over wat is aangevinkt").click()
    await lead.sees("Overgedragen")
    assert (await household_at(place, home.number)).assignee == other
