"""Door 2 of triage: the pages of generalists and leads, figures, and the operators' story."""

from pathlib import Path

from fastapi import FastAPI

from services.triage.api.taking import Counter
from services.triage.pages import (
    acts,
    doorstep,
    facts,
    lead,
    lead_policy,
    lead_proposals,
    lead_staff,
    lead_tasks,
    monitor,
    open_data,
    plan,
    story,
    week,
    work,
)
from services.triage.pages.desk import PageDesk
from services.triage.pages.kept_figures import KeptFigures
from services.triage.pages.open_data import Publications
from shared.web.session import FindAccount
from shared.web.shell import add_shell

OF_WORK = (work, acts, doorstep, week, facts, plan)
OF_LEADS = (lead, lead_proposals, lead_staff, lead_tasks, lead_policy)
TEMPLATES = Path(__file__).parent.parent / "templates"


def add(app: FastAPI, counter: Counter, find_account: FindAccount) -> None:
    """Serve the pages of triage."""
    story.add(app, counter.core, find_account)
    shell = add_shell(app, app.state.entrance, TEMPLATES)
    app.state.page_desk = PageDesk(counter, shell)
    app.state.kept_figures = KeptFigures(counter)
    app.state.publications = Publications(counter)
    for door in (*OF_WORK, *OF_LEADS, monitor, open_data):
        app.include_router(door.router)
