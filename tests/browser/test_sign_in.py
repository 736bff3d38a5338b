"""Signing in and out at the demo's provider."""

from tests.browser.conftest import Arrive
from tests.pages.site import Site


async def test_one_sign_in_at_the_demos_provider_opens_all(
    place: Site, arriving: Arrive, size: str
) -> None:
    noor = await arriving(size, place.url)
    await noor.sign_in("Noor de Wit", to="/live")
    await noor.sees("Berichten aan bewoners")
    await noor.open("/work")
    await noor.sees("Mijn zaken")
    await noor.link("English").click()
    await noor.sees("My cases")
    await noor.button("Sign out").click()
    await noor.sees("You are signed out")
    await noor.open("/live")
    await noor.page.wait_for_url("**/authorize**")
