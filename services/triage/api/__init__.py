"""Door 3 of triage: the workers' lists and commands, as JSON over HTTP.

Every command has an `Idempotency-Key`, so that sending it again does no harm, and one on a case an
`If-Match` with the revision of the case that its sender saw.
"""

from fastapi import FastAPI

from services.triage.api import (
    assignments,
    cases,
    decisions,
    erasures,
    facts,
    households,
    monitor,
    neighbours,
    openapi,
    staff,
)
from services.triage.api.taking import Counter
from shared.web.problems import add_problems
from shared.web.site import CONTACT, VERSION

OF_CASES = (cases, assignments, decisions, facts)
OF_HOUSEHOLDS = (households, neighbours, erasures)


def new_api(counter: Counter) -> FastAPI:
    """The API for workers, an app of its own with its own description."""
    told = FastAPI(
        title="Voordeur triage",
        version=VERSION,
        description="Lists and commands of those who work on cases.",
        contact=CONTACT,
        docs_url=None,
        redoc_url=None,
    )
    told.state.counter = counter
    add_problems(told)
    for door in (*OF_CASES, *OF_HOUSEHOLDS, staff, monitor):
        told.include_router(door.router)
    openapi.describe(told)
    return told
