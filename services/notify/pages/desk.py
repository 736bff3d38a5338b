"""What the pages for leads share: of which municipality they are, and how a form becomes a change.

notify does not know the roster: that somebody leads, and where, the provider says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from services.notify.api.desk import Decision, Desk
from services.notify.freshness import Freshness
from shared.web.forms import Form
from shared.web.oidc import SiteRole
from shared.web.problems import Problem
from shared.web.sessions import Session
from shared.web.shell import Shell
from shared.web.sign_in import SEE_OTHER, Roles, signed_form

D = TypeVar("D", bound=Decision)


@dataclass(frozen=True)
class PageDesk:
    """The running service, what it knows of its own freshness, and what draws its pages."""

    api: Desk
    freshness: Freshness
    shell: Shell


@dataclass(frozen=True)
class LeadAccount:
    """The lead who looks, as the provider says."""

    id: str
    municipality: str


def desk_of(request: Request) -> PageDesk:
    """What the pages share."""
    found: PageDesk = request.app.state.page_desk
    return found


def lead_of(session: Annotated[Session, Depends(Roles(SiteRole.LEAD))]) -> LeadAccount:
    """The lead who looks; raises Problem for one of no municipality."""
    who = session.identity
    if not who.municipality:
        raise Problem(403, "Your account does not say for which municipality you work.")
    return LeadAccount(who.person, who.municipality)


At = Annotated[PageDesk, Depends(desk_of)]
PageLead = Annotated[LeadAccount, Depends(lead_of)]
SignedForm = Annotated[Form, Depends(signed_form)]


def read_decision(kind: type[D], who: LeadAccount, told: Mapping[str, Any]) -> D:
    """The body that the API would get, with who decides; raises what the API raises."""
    try:
        return kind.model_validate({**told, "decidedBy": who.id})
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_input=False)) from None


def back_to(path: str, done: str) -> Response:
    """After a change: the page that shows what came of it."""
    return RedirectResponse(f"{path}?done={done}", SEE_OTHER)
