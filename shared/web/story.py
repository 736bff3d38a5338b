"""The way of one household, signal or alert through a service: a page at
`/<service>/story` and its JSON.

Each service tells its own part. `related` names what to ask the other services for.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import AwareDatetime, BaseModel

from shared.core import Core
from shared.db import Tx
from shared.web.problems import Problem
from shared.web.session import Account, FindAccount, signed_in
from shared.web.site import templates

ID_LENGTH_MAX = 200


class Line(BaseModel):
    """Something that happened, in words."""

    at: AwareDatetime
    text: str
    details: tuple[str, ...] = ()


class Story(BaseModel):
    """What one service knows of an id, in order."""

    service: str
    wanted: str
    title: str
    related: dict[str, tuple[str, ...]]  # ids by kind: signal, household, case, alert, mail
    lines: tuple[Line, ...]


Tell = Callable[[Tx, str], Awaitable[Story | None]]
Note = Callable[[Tx, str, Story], Awaitable[None]]  # that an account reads a story
Count = Callable[[Tx], Awaitable[Mapping[str, int]]]
Remark = Callable[[Tx], Awaitable[Sequence[str]]]  # what there is to know now, in sentences


@dataclass(frozen=True)
class Teller:
    """What a service's story pages are made of."""

    tell: Tell
    count: Count
    heading: str
    figures: Mapping[str, str]  # the words of each figure of `count`
    note: Note | None = None  # where reads are logged
    remark: Remark | None = None


def add_story(app: FastAPI, core: Core, find_account: FindAccount, teller: Teller) -> None:
    """Serve the page and `GET /v1/stories/{id}`, both for those who signed in."""
    site = templates(Path(__file__).parent)
    account_of = signed_in(find_account)

    @app.get(f"/{core.service}/story", include_in_schema=False)
    async def show_start(
        request: Request,
        account: Annotated[Account, Depends(account_of)],
        id: str = "",  # noqa: A002
    ) -> HTMLResponse:
        wanted = id.strip()
        async with core.pool.acquire() as connection:
            figures = await teller.count(connection)
            remarks = await teller.remark(connection) if teller.remark else ()
        story = await _tell(core, teller, wanted, account) if wanted else None
        shown = {"service": core.service, "teller": teller, "figures": figures}
        shown["remarks"] = remarks
        return site.TemplateResponse(
            request, "story.html", shown | {"wanted": wanted, "story": story}
        )

    @app.get(
        "/v1/stories/{story_id}",
        operation_id="showStory",
        tags=["stories"],
        response_model=Story,
        summary="One household's, signal's or alert's way through this service",
    )
    async def show_story(
        story_id: str, account: Annotated[Account, Depends(account_of)]
    ) -> Response | Story:
        if story := await _tell(core, teller, story_id, account):
            return story
        raise Problem(404, f"{core.service} knows nothing by this id.")


async def _tell(core: Core, teller: Teller, wanted: str, account: Account) -> Story | None:
    """The story, and that it was read; raises Problem for who may not read it."""
    if not account.is_ops:
        raise Problem(403, "Only operators read whole stories.")
    async with core.pool.acquire() as connection, connection.transaction():
        story = await teller.tell(connection, wanted[:ID_LENGTH_MAX])
        if story and teller.note:
            await teller.note(connection, account.id, story)
        return story
