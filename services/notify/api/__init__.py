"""Door 3 of notify: NotifyNL tells what arrived, and operators let messages go or hold them.

Who works on cases does not sign in here. An operator acts on a decision of a lead, and says whose
it is and why. Both are kept with what was changed; a log line has neither, for why may be personal.
"""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.responses import Response

from services.notify.api import alerts, going_live, households, openapi, receipts
from services.notify.api.desk import Desk
from shared.web.problems import Problem, add_problems, answer_of
from shared.web.site import CONTACT, VERSION

BODY_BYTES_MAX = 64 * 1024


def new_api(desk: Desk) -> FastAPI:
    """The API of notify, an app of its own with its own description."""
    told = FastAPI(
        title="Voordeur notify",
        version=VERSION,
        description="How far messages to residents go, which are held, and whether they arrived.",
        contact=CONTACT,
        docs_url=None,
        redoc_url=None,
    )
    told.state.desk = desk
    add_problems(told)
    told.middleware("http")(refuse_large)
    for door in (receipts, going_live, alerts, households):
        told.include_router(door.router)
    openapi.describe(told)
    return told


async def refuse_large(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Take in no body that is larger than any of ours, or does not say how large it is."""
    length = request.headers.get("content-length", "0")
    is_small = length.isdecimal() and int(length) <= BODY_BYTES_MAX
    if not is_small or "transfer-encoding" in request.headers:
        why = f"Send at most {BODY_BYTES_MAX} bytes, and say how many; nothing was changed."
        return answer_of(Problem(413, why))
    return await call_next(request)
