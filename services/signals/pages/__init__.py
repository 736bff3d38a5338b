"""Door 2 of signals: the pages of partners and their courts, and the operators' story."""

from fastapi import FastAPI

from services.signals.pages import dates, delivering, keys, proof, public, sent, story
from shared.core import Core
from shared.web.session import FindAccount


def add(app: FastAPI, core: Core, find_account: FindAccount) -> None:
    """Serve the pages of signals."""
    story.add(app, core, find_account)
    for door in (sent, delivering, dates, keys, proof, public):
        app.include_router(door.router)
