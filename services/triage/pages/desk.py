"""What the pages for workers share: who looks, and how a form becomes a command of the API.

What a person can do by a page is what the API can do, by the same functions: a form's fields become
the same body, its `key` the Idempotency-Key, its `revision` what the person saw.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ValidationError

from services.triage.api.taking import Counter, Taking
from services.triage.commands.desk import WorkerAccount
from services.triage.sql import roster as roster_sql
from shared import clock
from shared.contracts.triage import Role
from shared.web.forms import Form
from shared.web.oidc import SiteRole
from shared.web.problems import Problem
from shared.web.sessions import Session
from shared.web.shell import Shell
from shared.web.sign_in import SEE_OTHER, Roles, signed_form

B = TypeVar("B", bound=BaseModel)
PASSING = frozenset({"form_key", "key", "waited"})  # fields that say nothing of the command
KEY_LENGTH_MIN, KEY_LENGTH_MAX = 8, 100


@dataclass(frozen=True)
class PageDesk:
    """The running service, and what draws its pages."""

    counter: Counter
    shell: Shell


def desk_of(request: Request) -> PageDesk:
    """What the pages share."""
    found: PageDesk = request.app.state.page_desk
    return found


At = Annotated[PageDesk, Depends(desk_of)]


async def worker_of(
    desk: At, session: Annotated[Session, Depends(Roles(SiteRole.GENERALIST, SiteRole.LEAD))]
) -> WorkerAccount:
    """The worker who looks: whom the provider names, and whom the roster knows today."""
    person = session.identity.person
    async with desk.counter.core.pool.acquire() as connection:
        login = await roster_sql.find_worker(connection, person, clock.today())
    if login is None:
        raise Problem(403, "The roster does not know you: ask your team lead.")
    # Who leads no team (any more) is no lead here, whatever the provider says; nor the other way.
    is_lead = login.role is Role.LEAD and session.has(SiteRole.LEAD)
    role = Role.LEAD if is_lead else Role.GENERALIST
    return WorkerAccount(login.worker_id, False, login.team_id, login.municipality, role)


Worker = Annotated[WorkerAccount, Depends(worker_of)]


def lead_of(who: Worker) -> WorkerAccount:
    """The lead who looks."""
    if not who.is_lead:
        raise Problem(403, "This page is for who leads a team.")
    return who


PageLead = Annotated[WorkerAccount, Depends(lead_of)]
SignedForm = Annotated[Form, Depends(signed_form)]


def new_key() -> str:
    """The idempotency key of a form."""
    return secrets.token_urlsafe(16)


def taking_of(request: Request, form: Form, who: WorkerAccount, desk: PageDesk) -> Taking:
    """The command that a form is; raises Problem for a form without a key."""
    key = form.one("key")
    if not KEY_LENGTH_MIN <= len(key) <= KEY_LENGTH_MAX:
        raise Problem(400, "The form has no key: open the page again; nothing was changed.")
    # Sent again it carries another form key and waited longer, and is the same command.
    told = sorted((k, v) for k, v in form.fields.items() if k not in PASSING)
    said = f"{request.url.path}\n{urlencode(told, doseq=True)}".encode()
    seen = form.one("revision")
    return Taking(
        counter=desk.counter,
        actor=who,
        key=key,
        request_hash=hashlib.sha256(said).digest(),
        revision=int(seen) if seen.isdigit() and len(seen) < 10 else None,
    )


def read_body(kind: type[B], told: Mapping[str, Any]) -> B:
    """The body that the API would get; raises what the API raises for a wrong one."""
    try:
        return kind.model_validate(told)
    except ValidationError as error:
        errors = [
            {"field": ".".join(map(str, one["loc"])), "fault": one["msg"]}
            for one in error.errors(include_input=False)
        ]
        told_badly = "One or more fields are not valid; nothing was changed."
        raise Problem(400, told_badly, errors=errors) from None


def back_to(path: str, done: str) -> Response:
    """After a command: the page that shows what came of it, and says what was done."""
    return RedirectResponse(f"{path}?{urlencode({'done': done})}", SEE_OTHER)
