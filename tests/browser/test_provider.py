"""Signing in and out at a provider that is not ours, as an organisation has it."""

import asyncio
import json
import os
from collections.abc import AsyncIterator

import pytest

from tests.browser.conftest import Arrive
from tests.pages.site import SECRET, Site
from tests.paths import REPOSITORY
from tests.town import Town

NOORD = {"municipality": "GM9901", "team": "noord"}
ACCOUNTS = {
    "anna-jansen": {"name": "Anna Jansen", "roles": ["generalist"], **NOORD},
    "noor-de-wit": {"name": "Noor de Wit", "roles": ["lead"], **NOORD},
    "vreemdeling": {"name": "Niemand Van Ons", "roles": ["boekhouder"]},
}


class ForeignSite(Site):
    """A site whose provider is npm's oidc-provider."""

    async def start_identity(self, port: int) -> None:
        own = {"PORT": str(port), "SITE_URL": self.url, "CLIENT_SECRET": SECRET}
        with (self.town.folder / "identity.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                "node", "tests/browser/provider.mjs", cwd=REPOSITORY, stdout=log, stderr=log,
                env={**os.environ, **own, "ACCOUNTS": json.dumps(ACCOUNTS)},
            )  # fmt: skip
        self.town.processes["identity"] = process  # type: ignore[assignment]


@pytest.fixture
async def foreign_site(town: Town) -> AsyncIterator[ForeignSite]:
    site = ForeignSite(town)
    await site.start()
    yield site
    await site.close()


async def test_a_provider_that_is_not_ours_signs_in_and_out_of_every_service(
    foreign_site: ForeignSite, arriving: Arrive
) -> None:
    site = foreign_site
    noor, other = await arriving("desktop", site.url), await arriving("phone", site.url)
    await noor.open("/live")
    await noor.page.get_by_label("Account").fill("noor-de-wit")
    await noor.button("Inloggen").click()
    await noor.sees("Berichten aan bewoners")
    await noor.open("/work")
    await noor.sees("Noor de Wit")
    await noor.open("/signals/sign-in?to=/work")
    for service in ("signals", "triage", "notify"):
        assert len(await site.town.fetch(service, "select 1 from web_session")) == 1, service

    # The provider tells every service, which no longer knows her.
    await noor.button("Uitloggen").click()
    await noor.button("Ja, uitloggen").click()
    await noor.sees("U bent uitgelogd")
    for service in ("signals", "triage", "notify"):
        await site.town.until(service, "select count(*) from web_session", 0)

    # Somebody without a role of ours is signed in there, and sees nothing here.
    await other.open("/work")
    await other.page.get_by_label("Account").fill("vreemdeling")
    await other.button("Inloggen").click()
    await other.sees("Deze pagina is niet voor uw rol.")
