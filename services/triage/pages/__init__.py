"""Door 2 of triage: the pages of generalists and leads, figures, and the operators' story."""

from pathlib import Path

from fastapi import FastAPI

from services.triage.api.taking import Counter
from services.triage.pages import (
    lead,
    lead_policy,
    lead_proposals,
    lead_staff,
    lead_tasks,
    story,
    work,
)
from services.triage.pages.desk import PageDesk
from shared.web.session import FindAccount
from shared.web.shell import add_shell

TEMPLATES = Path(__file__).parent.parent / "templates"


def add(app: FastAPI, counter: Counter, find_account: FindAccount) -> None:
    """Serve the pages of triage."""
    story.add(app, counter.core, find_account)
    shell = add_shell(app, app.state.entrance, TEMPLATES)
    app.state.page_desk = PageDesk(counter, shell)
    for door in (work, lead, lead_proposals, lead_staff, lead_tasks, lead_policy):
        app.include_router(door.router)
