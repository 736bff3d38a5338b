"""What the pages for partners share: who looks, and what their pages are made from."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from services.signals.api import FrontDesk
from services.signals.sign_in import PartnerAccount
from services.signals.sql import partners as partner_sql
from services.signals.summons import Terms
from shared import clock
from shared.policy import Policies
from shared.policy.shelf import Shelf
from shared.web.oidc import SiteRole
from shared.web.problems import Problem
from shared.web.sessions import Session
from shared.web.shell import Shell
from shared.web.sign_in import Roles


@dataclass(frozen=True)
class Archive:
    """What the pages are made from, besides the database."""

    shelf: Shelf
    terms: Terms


@dataclass(frozen=True)
class PageDesk:
    """The running service, what draws its pages, and what they are made from."""

    front: FrontDesk
    shell: Shell
    archive: Archive


def desk_of(request: Request) -> PageDesk:
    """What the pages share."""
    found: PageDesk = request.app.state.page_desk
    return found


At = Annotated[PageDesk, Depends(desk_of)]
Employee = Annotated[Session, Depends(Roles(SiteRole.PARTNER))]


async def partner_of(desk: At, session: Employee) -> PartnerAccount:
    """The partner whose employee looks: whom the provider names, and whom we know today."""
    partner_id = session.identity.partner_id
    async with desk.front.database() as connection:
        known = await partner_sql.load_partners(connection, [partner_id])
    partner = known.get(partner_id)
    if partner is None:
        raise Problem(403, "Your organisation is not known here: ask the municipality.")
    if partner.is_suspended:
        raise Problem(403, "This partner is suspended: ask the municipality.")
    return PartnerAccount(partner.id, False, partner.requests_per_minute)


Partner = Annotated[PartnerAccount, Depends(partner_of)]


def municipality_names(policies: Policies) -> dict[str, str]:
    """The name of each municipality that is served, by its code."""
    found = {code: policies.on(code, clock.today()) for code in policies.by_municipality}
    return {code: policy.name for code, policy in found.items() if policy}
