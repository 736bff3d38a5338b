"""What another policy would change, tried on what is stored: it reads, and activates nothing."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.formparsers import MultiPartException, MultiPartParser

from services.triage import trials
from services.triage.pages.desk import At, PageDesk, PageLead
from services.triage.pages.trial_charts import chart
from services.triage.policy_tools import HISTORY_DAYS, in_force
from services.triage.proofreading import Findings, proofread
from services.triage.proofreading.document import DOCUMENT_BYTES_MAX
from services.triage.simulation.words import Words
from services.triage.trials import Telling
from shared.settings import StartupFault
from shared.web.forms import Form, require_own
from shared.web.problems import Problem
from shared.web.sessions import Session
from shared.web.words import language_of, translations

router = APIRouter(include_in_schema=False)

PERIODS = (7, HISTORY_DAYS, 90)  # days of history
SECONDS_MAX = 45
FORM_BYTES_MAX = 2 * DOCUMENT_BYTES_MAX + 10_000  # a file or a text, and a few fields
TOO_LONG = "Trying it took too long and was stopped. Take fewer days, or ask your operators."
BUSY = "Somebody else is trying a policy now. Try again in a minute; your text was not kept."

_one_at_a_time = asyncio.Semaphore(1)  # it costs a replica most of a processor


async def policy_form(request: Request, who: PageLead) -> Form:
    """The form with a file in it; raises Problem for one that no page of ours sent."""
    session: Session = request.state.session
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise Problem(415, "The form cannot be read; nothing was changed.")
    parser = MultiPartParser(
        request.headers, _bounded(request), max_files=1, max_fields=10,
        max_part_size=DOCUMENT_BYTES_MAX,
    )  # fmt: skip
    try:
        told = await parser.parse()
    except MultiPartException:
        raise Problem(413, "That is no policy: it is too long, or not a form.") from None
    fields: dict[str, list[str]] = {}
    try:
        for name, value in told.multi_items():
            text = value if isinstance(value, str) else (await value.read()).decode()
            fields.setdefault(name, []).append(text)
    except UnicodeDecodeError:
        raise Problem(400, "The file is not text in UTF-8; nothing was tried.") from None
    finally:
        await told.close()
    form = Form(fields)
    require_own(request, form, session)
    return form


async def _bounded(request: Request) -> AsyncGenerator[bytes, None]:
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > FORM_BYTES_MAX:
            raise Problem(413, "The form is too long; nothing was changed.")
        yield part


PolicyForm = Annotated[Form, Depends(policy_form)]


@router.get("/lead/policy")
async def show_policy(request: Request, desk: At, _: PageLead) -> Response:
    """Where a policy is handed in to be tried."""
    return _page(request, desk)


@router.post("/lead/policy")
async def try_policy(request: Request, desk: At, who: PageLead, form: PolicyForm) -> Response:
    """Proofread a policy and, when nothing is wrong with it, show what it would change."""
    text = _written(form, "file") or _written(form, "text")
    if not text:
        raise Problem(400, "Choose a file or paste a policy; nothing was tried.")
    days = next((one for one in PERIODS if form.one("days") == str(one)), HISTORY_DAYS)
    found = proofread(text)
    if found.policy is None:
        return _page(request, desk, found=found, days=days, status=422)
    if found.policy.municipality != who.municipality:
        raise Problem(403, "This policy is for another municipality; nothing was tried.")
    told = await _tried(desk, found, days, _words(request))
    return _page(request, desk, found=found, days=days, told=told, chart=chart(told))


def _written(form: Form, name: str) -> str:
    """A document as it was written, so that lines are counted as its writer counts them."""
    text = form.fields.get(name, [""])[0].replace("\r\n", "\n")
    return text if text.strip() else ""


async def _tried(desk: PageDesk, found: Findings, days: int, words: Words) -> dict[str, Any]:
    """What it would change; raises Problem when that takes too long or cannot be told."""
    if _one_at_a_time.locked():
        raise Problem(503, BUSY)
    try:
        async with _one_at_a_time, asyncio.timeout(SECONDS_MAX):
            return await _compared(desk, found, days, words)
    except TimeoutError:
        raise Problem(503, TOO_LONG) from None
    except StartupFault:
        raise Problem(409, "There is no policy or team to compare it with.") from None


async def _compared(desk: PageDesk, found: Findings, days: int, words: Words) -> dict[str, Any]:
    assert found.policy
    counter = desk.counter
    async with (
        counter.core.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        before = in_force(await counter.shelf.policies.current(connection), found.policy)
        telling = Telling(_say_nothing, words)
        return await trials.over_history(connection, before, found.policy, days, telling)


def _say_nothing(_: int) -> None:
    """Nobody waits at a terminal."""


def _words(request: Request) -> Words:
    language = language_of(request)
    return Words(language, translations(language).gettext)


def _page(
    request: Request, desk: PageDesk, *, status: int = 200, found: Findings | None = None,
    **shown: Any,
) -> Response:  # fmt: skip
    told = {"days": HISTORY_DAYS, "told": None, "chart": None, **shown}
    return desk.shell.page(
        request, "lead_policy.html", status=status, found=found, periods=PERIODS, **told
    )
