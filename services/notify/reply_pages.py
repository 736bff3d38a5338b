"""Door 2 of notify for residents: the page behind the link of a message, without signing in.

A GET changes nothing, for programs that look at mail follow links. Who has no link, an old one or a
wrong one sees the same page, and may not try many.
"""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from starlette.requests import ClientDisconnect

from services.notify import replies
from services.notify.reply_texts import WORDS, language_of
from services.notify.sql.replies import Link
from shared import clock, db, log
from shared.contracts.notify import Answer
from shared.core import Core
from shared.db import Tx
from shared.door import Follow
from shared.policy import Policies, ResidentRules
from shared.policy.shelf import Shelf
from shared.web.limits import Tries
from shared.web.site import NO_SCRIPTS, templates

# Of one network; residents of one provider may share an address, and a link that works is no try.
TRIES_PER_MINUTE = 30
FORM_BYTES_MAX = 1024
FORM_SECONDS_MAX = 10
FORM_FIELDS_MAX = 5
# Beside what every page has: a link in a message is nobody else's to find.
HEADERS = {
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Content-Security-Policy": NO_SCRIPTS,
}

site = templates(Path(__file__).parent / "templates")
logger = log.get()


@dataclass(frozen=True)
class Found:
    """What a page is made for: a link that works with who sent it; or neither."""

    link: Link | None
    sender: ResidentRules | None


@dataclass
class Desk:
    """Where residents answer."""

    core: Core
    shelf: Shelf
    tries: Tries

    async def find(self, tx: Tx, token: str) -> tuple[Found, Policies]:
        """What a token opens, and by which policies."""
        policies = await self.shelf.current(tx)
        link = await replies.find_link(tx, token)
        sender = _rules_of(policies, link.municipality) if link else None
        if link and sender:
            return Found(link, sender), policies
        return Found(None, _only_sender(policies)), policies

    async def show(self, token: str) -> Found:
        """What a token opens; nothing is changed."""
        async with self.core.pool.acquire() as connection:
            found, _ = await self.find(connection, token)
        return found

    async def answer(self, token: str, answer: Answer) -> Found:
        """Take an answer, if the token opens something."""

        async def work(tx: Tx) -> tuple[Found, Follow]:
            found, policies = await self.find(tx, token)
            if found.link is None:
                return found, ()
            events = await replies.take(tx, found.link, answer, policies)
            if events is None:
                return Found(None, _only_sender(policies)), ()
            return found, events

        return await self.core.door.transact(work)


def _rules_of(policies: Policies, municipality: str) -> ResidentRules | None:
    policy = policies.on(municipality, clock.today())
    return policy.notify.residents if policy else None


def _only_sender(policies: Policies) -> ResidentRules | None:
    """Who is to be called about a link that says nothing: known where only one municipality is."""
    found = [rules for name in policies.by_municipality if (rules := _rules_of(policies, name))]
    return found[0] if len(found) == 1 else None


@dataclass(frozen=True)
class Page:
    """What somebody asked for, and in which language."""

    request: Request
    token: str
    asked: str

    def render(
        self,
        what: str,
        status: int,
        sender: ResidentRules | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **shown: Any,
    ) -> HTMLResponse:
        """One of the pages; nothing of the case is on any."""
        language = language_of(self.asked, self.request.headers.get("accept-language", ""))
        told = {"what": what, "language": language, "words": WORDS[language], "sender": sender}
        told |= {"others": {one: WORDS[one] for one in WORDS if one != language}}
        return site.TemplateResponse(
            self.request,
            "reply.html",
            {**told, "answer": None, "is_unclear": False, **shown},
            status_code=status,
            headers={**HEADERS, **(headers or {})},
        )


def add(app: FastAPI, core: Core, shelf: Shelf) -> None:
    """Serve the page of residents."""
    desk = Desk(core, shelf, Tries(TRIES_PER_MINUTE))

    @app.get("/r/{token}", include_in_schema=False)
    async def show_answers(request: Request, token: str, lang: str = "") -> HTMLResponse:
        return await _respond(desk, Page(request, token, lang), None)

    @app.post("/r/{token}", include_in_schema=False)
    async def take_answer(request: Request, token: str, lang: str = "") -> HTMLResponse:
        answer = await _answer_of(request)
        return await _respond(desk, Page(request, token, lang), answer)


async def _respond(desk: Desk, page: Page, answer: Answer | None) -> HTMLResponse:
    """The page that a request gets; a try that found something is given back."""
    client = page.request.client.host if page.request.client else ""
    if seconds := desk.tries.take(client, clock.monotonic()):
        return page.render("busy", 429, headers={"Retry-After": str(math.ceil(seconds))})
    try:
        found = await (desk.answer(page.token, answer) if answer else desk.show(page.token))
    except db.MAYBE_AWAY as error:
        logger.error("request_failed", fault=log.fault_of(error))
        return page.render("busy", 503)
    if found.link is None:
        return page.render("gone", 404, found.sender)
    desk.tries.give_back(client)
    if answer:
        return page.render("thanks", 200, found.sender, answer=answer)
    is_unclear = page.request.method == "POST"
    return page.render("ask", 400 if is_unclear else 200, found.sender, is_unclear=is_unclear)


async def _answer_of(request: Request) -> Answer | None:
    """What was chosen; None when the form is none of ours."""
    body = b""
    try:
        async with asyncio.timeout(FORM_SECONDS_MAX):
            async for part in request.stream():
                body += part
                if len(body) > FORM_BYTES_MAX:
                    return None
        given = parse_qs(body.decode(), max_num_fields=FORM_FIELDS_MAX)
        return Answer(given.get("answer", [""])[0])
    except (ValueError, TimeoutError, ClientDisconnect):
        return None
