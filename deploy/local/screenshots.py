"""Takes the README's pictures of the five main pages, from a demo that is up.

    make demo && make screenshots

They change with every demo only in what happened in its month: who lives there is made up.
"""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from playwright.async_api import Browser, Page, async_playwright

PHONE, DESK = (360, 740), (1280, 900)
WAIT_MS = 20_000
ARGUMENTS = ["--no-sandbox", "--disable-background-networking"]


async def as_it_is(_: Page) -> None:
    """The page where somebody begins."""


async def open_first_case(page: Page) -> None:
    """The case at the top of the list."""
    await page.locator("main .case a").first.click()
    await page.wait_for_url("**/work/*")


@dataclass(frozen=True)
class Picture:
    """A picture: who looks where, on what, and what they do first."""

    name: str
    who: str
    path: str
    size: tuple[int, int]
    first: Callable[[Page], Awaitable[None]] = as_it_is


PICTURES = (
    Picture("list", "Anna Jansen", "/work", PHONE),
    Picture("case", "Anna Jansen", "/work", PHONE, open_first_case),
    Picture("team", "Noor de Wit", "/lead", DESK),
    Picture("corporation", "Medewerker van Woningcorporatie De Woonstad", "/partner", DESK),
    Picture("figures", "Noor de Wit", "/monitor", DESK),
)


async def take(browser: Browser, site_url: str, picture: Picture, folder: Path) -> int:
    """Take one picture; its size in bytes. Colours and edges are kept, so it stays small as PNG."""
    width, height = picture.size
    context = await browser.new_context(
        viewport={"width": width, "height": height}, locale="nl-NL", reduced_motion="reduce"
    )
    context.set_default_timeout(WAIT_MS)
    page = await context.new_page()
    await page.goto(f"{site_url}{picture.path}")
    await page.get_by_role("button", name=picture.who, exact=True).click()
    await page.wait_for_url(f"{site_url}{picture.path}*")
    await picture.first(page)
    await page.wait_for_load_state("load")
    image = await page.screenshot(path=folder / f"{picture.name}.png", animations="disabled")
    await context.close()
    return len(image)


async def take_all(site_url: str, folder: Path) -> None:
    """Take them all."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("screenshots: no chromium: deploy/local/setup.sh pages installs it")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        for picture in PICTURES:
            size = await take(browser, site_url, picture, folder)
            print(f"{folder / picture.name}.png: {size // 1024} KB")
        await browser.close()


def main(folder: Annotated[Path, typer.Argument(help="where the pictures go")]) -> None:
    """Take pictures of the demo that is up; SITE_URL says where, as `.local/env` has it."""
    site_url = os.environ.get("SITE_URL")
    if not site_url:
        raise SystemExit("screenshots: nothing is up: make demo first")
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(take_all(site_url, folder))


if __name__ == "__main__":
    typer.run(main)
