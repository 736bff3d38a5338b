"""Door 2 of notify: where a lead lets messages to residents go, and the operators' story.

Where residents answer by a link is apart (reply_pages): there nobody signs in.
"""

from pathlib import Path

from fastapi import FastAPI

from services.notify.api.desk import Desk
from services.notify.freshness import Freshness
from services.notify.pages import live, review, story
from services.notify.pages.desk import PageDesk
from shared.web.session import FindAccount
from shared.web.shell import add_shell

TEMPLATES = Path(__file__).parent.parent / "templates"


def add(app: FastAPI, desk: Desk, freshness: Freshness, find_account: FindAccount) -> None:
    """Serve the pages of notify."""
    story.add(app, desk.core, find_account)
    shell = add_shell(app, app.state.entrance, TEMPLATES)
    app.state.page_desk = PageDesk(desk, freshness, shell)
    for door in (live, review):
        app.include_router(door.router)
