"""Somebody at a browser: what they do, and what must hold of every page that they see."""

import re
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, BrowserContext, Locator, Page, Request

from tests.paths import REPOSITORY

AXE = REPOSITORY / "tests/browser/node_modules/axe-core/axe.min.js"
SIZES: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True},
    "desktop": {"viewport": {"width": 1280, "height": 900}},
}
# All that WCAG 2.2 AA asks and a program can see, and what axe calls good practice.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOK = """async (tags) => {
  const found = await axe.run(document, {runOnly: {type: "tag", values: tags}});
  return found.violations.map((one) =>
    `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(" | ")}`);
}"""
WAIT_MS = 15_000


@dataclass
class Person:
    """Somebody who uses the site, on a phone or at a desk."""

    context: BrowserContext
    page: Page
    site_url: str
    strange: list[str] = field(default_factory=list)  # what pages asked of elsewhere, or must not

    async def open(self, path: str) -> None:
        """Go to a page."""
        await self.page.goto(self.site_url + path)

    async def sign_in(self, name: str, to: str = "/") -> None:
        """Open a page, and say who one is where the demo's provider asks."""
        await self.open(to)
        await self.button(name).click()
        await self.page.wait_for_url(f"{self.site_url}/**")

    def button(self, words: str | re.Pattern[str]) -> Locator:
        """A button by what it says."""
        return self.page.get_by_role("button", name=words, exact=isinstance(words, str))

    def link(self, words: str | re.Pattern[str]) -> Locator:
        """The first link that says this."""
        return self.page.get_by_role("link", name=words).first

    def says(self, words: str | re.Pattern[str]) -> Locator:
        """Where the page says something."""
        return self.page.get_by_text(words).first

    async def sees(self, words: str | re.Pattern[str], seconds: float = 15) -> None:
        """Wait until the page says something."""
        await self.says(words).wait_for(timeout=seconds * 1000)

    async def barriers(self) -> list[str]:
        """What keeps somebody from using this page, all of it unfolded; empty when nothing does."""
        await self.page.evaluate(
            "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
        )
        await self.page.evaluate(AXE.read_text())
        found: list[str] = await self.page.evaluate(LOOK, TAGS)
        wide = await self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            found.append(f"it sticks out {wide} pixels")
        return found

    async def close(self) -> None:
        """Leave; whatever a page did that it must not is a fault."""
        await self.context.close()
        assert not self.strange, self.strange


async def arrive(browser: Browser, size: str, site_url: str, language: str = "nl") -> Person:
    """A browser that nobody used yet."""
    context = await browser.new_context(**SIZES[size], locale=f"{language}-NL")
    context.set_default_timeout(WAIT_MS)
    page = await context.new_page()
    person = Person(context, page, site_url)

    def note(request: Request) -> None:
        is_ours = person.page.url.startswith(site_url)
        if is_ours and not request.url.startswith(("http://127.0.0.1:", "data:")):
            person.strange.append(f"asked of elsewhere: {request.url}")

    context.on("request", note)
    page.on("pageerror", lambda error: person.strange.append(f"a script failed: {error}"))
    page.on("console", lambda line: person.strange.append(line.text) if _is_refused(line) else None)
    return person


def _is_refused(line: Any) -> bool:
    return line.type == "error" and "Content Security Policy" in line.text
