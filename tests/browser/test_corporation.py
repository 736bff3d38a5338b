"""A corporation's month: a table on trial, then for real, and a receipt on paper."""

from pathlib import Path

from tests.browser.conftest import Arrive
from tests.browser.people import Person
from tests.pages.site import Site
from tests.signals.test_uploads import table


async def test_a_corporation_uploads_a_table_and_prints_a_receipt(
    place: Site, arriving: Arrive, size: str, tmp_path: Path
) -> None:
    file = table(tmp_path / f"{size}.csv", 3)
    clerk = await arriving(size, place.url)
    await clerk.sign_in("Medewerker van Woningcorporatie De Woonstad", to="/partner/upload")
    await clerk.page.set_input_files('input[name="file"]', file)
    await clerk.button("Proberen").click()
    await clerk.sees("Proef: dit zou er gebeuren")
    await clerk.button("Dit bestand aanleveren").click()
    await clerk.sees("Aangeleverd")
    await clerk.link("Naar de meldingen").click()
    await clerk.link("Bewijs").click()
    await clerk.sees("Bewijs van melding")
    await printed(clerk)


async def printed(clerk: Person) -> None:
    """On paper there is the receipt, and nothing of the site around it."""
    await clerk.page.emulate_media(media="print")
    assert await clerk.page.locator("article, main").first.is_visible()
    assert not await clerk.page.locator("header.site").is_visible()
    assert not await clerk.page.get_by_role("button").count()
    assert (await clerk.page.pdf(format="A4", print_background=True)).startswith(b"%PDF")
