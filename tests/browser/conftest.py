"""One town for all journeys in a browser, with everything running; and the browser."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from playwright.async_api import Browser, async_playwright

from deploy.local.servers import Servers
from tests.browser.people import SIZES, Person, arrive
from tests.builders import NOW
from tests.conftest import ROSTER_TOKENS
from tests.pages.site import Site
from tests.town import Town

ARGUMENTS = ["--no-sandbox", "--disable-background-networking"]
Arrive = Callable[..., Awaitable[Person]]


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium, without a window."""
    path = shutil.which("chromium")
    assert path, "no chromium: deploy/local/setup.sh pages installs it"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
async def place(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """The site of a town that all journeys share: each has households of its own."""
    town = Town(servers, tmp_path_factory.mktemp("browser"), servers.data / ROSTER_TOKENS)
    await town.build()
    town.clock.move(NOW)
    site = Site(town)
    try:
        await site.start()
        yield site
    finally:
        await site.close()
        await town.tear_down()


@pytest.fixture(params=list(SIZES))
def size(request: pytest.FixtureRequest) -> str:
    """On a phone, and at a desk."""
    found: str = request.param
    return found


@pytest.fixture
async def arriving(chromium: Browser) -> AsyncIterator[Callable[..., Awaitable[Person]]]:
    """Lets people come with a browser of their own; at the end nothing strange was asked."""
    here: list[Person] = []

    async def come(size: str, site_url: str, language: str = "nl") -> Person:
        here.append(await arrive(chromium, size, site_url, language))
        return here[-1]

    yield come
    for one in here:
        await one.close()
