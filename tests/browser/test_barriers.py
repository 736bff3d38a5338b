"""Every page that somebody can reach by links, looked at by axe-core, in both languages.

On the phone in Dutch, at the desk in English. A page that is new is found by its link; pages that
differ by the case or day they are about are looked at once.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from tests.browser.cases import HEARING_AT, hearing_at, order, reported
from tests.browser.conftest import Arrive
from tests.browser.people import Person
from tests.pages.site import Site

CLERK = "Medewerker van Woningcorporatie De Woonstad"
PEOPLE = {
    "generalist": ("", ("/work", "/week")),
    "lead": ("Noor de Wit", ("/lead", "/monitor", "/live")),
    "corporation": (CLERK, ("/partner", "/partner/upload", "/partner/keys")),
}
LANGUAGE = {"phone": "nl", "desktop": "en"}
PAGES_MAX = 40
NO_PAGE = re.compile(r"\.(csv|json|ics|xlsx|pdf)$|^/language/|^/static/|sign-(in|out)$")
LINKS = "[...document.querySelectorAll('a[href]:not([download])')].map((one) => one.href)"
IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-(\d\d-\d\d|W\d\d)")


@dataclass
class Walk:
    """A walk along the links of a site."""

    person: Person
    found: list[str] = field(default_factory=list)  # barriers
    seen: set[str] = field(default_factory=set)  # paths, with ids and days left out

    async def look_at(self, paths: list[str]) -> None:
        """Look at these pages and at all that they lead to."""
        while paths and len(self.seen) < PAGES_MAX:
            path = paths.pop(0)
            if self._is_known(path):
                continue
            answer = await self.person.page.goto(self.person.site_url + path)
            if answer is None or "text/html" not in answer.headers.get("content-type", ""):
                continue
            assert answer.status < 500, f"{path} answers {answer.status}"
            self.found += [f"{path}: {one}" for one in await self.person.barriers()]
            paths += await self._links()

    def _is_known(self, path: str) -> bool:
        kind = IDS.sub("…", urlsplit(path).path)
        is_known = kind in self.seen or bool(NO_PAGE.search(kind))
        self.seen.add(kind)
        return is_known

    async def _links(self) -> list[str]:
        urls: list[str] = await self.person.page.evaluate(LINKS)
        ours = [urlsplit(one) for one in urls if one.startswith(self.person.site_url)]
        return [one.path + (f"?{one.query}" if one.query else "") for one in ours]


@pytest.mark.parametrize("who", PEOPLE)
async def test_no_page_has_a_barrier_in_either_language(
    place: Site, arriving: Arrive, size: str, who: str
) -> None:
    name, starts = PEOPLE[who]
    if not name:
        home = await reported(place)
        await order(place, home, "assignment-answers", {"answer": "accepted"})
        await hearing_at(place, home, HEARING_AT, 1)
        name, starts = home.assignee, (f"/work/{home.case_id}", *starts)
    person = await arriving(size, place.url)
    await person.sign_in(name, to=starts[0])
    if LANGUAGE[size] == "en":
        await person.open("/language/en?to=/signed-out")
    await person.open(starts[0])
    assert await person.page.locator(f"html[lang={LANGUAGE[size]}]").count() == 1
    walk = Walk(person)
    await walk.look_at([*starts, "/signed-out", "/receipts", "/work/none"])
    assert len(walk.seen) > len(starts), "the walk led nowhere"
    assert not walk.found, "\n".join(walk.found)
