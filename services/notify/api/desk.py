"""What every route of notify's API needs: the running service, who asks, and on whose decision."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from services.notify.recipients import as_number
from services.notify.sql.live import Change
from shared import clock
from shared.core import Core
from shared.db import Tx
from shared.policy import Policy
from shared.policy.shelf import Shelf
from shared.web.bounded import Filled, Reason
from shared.web.problems import Problem
from shared.web.session import Account, AccountOf

MAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]+")
CONTACTS_MAX = 100
Contact = Annotated[Filled, Field(min_length=3, max_length=254)]
Contacts = Annotated[
    list[Contact],
    Field(max_length=CONTACTS_MAX, description="numbers that take a text, and mail addresses"),
]


class Told(BaseModel):
    """Base of every answer, in the spelling of the API."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Body(BaseModel):
    """Base of every request: a field that we do not know is a mistake."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class Decision(Body):
    """Base of what an operator does on somebody's decision."""

    decided_by: Annotated[
        Filled, Field(min_length=3, max_length=100, description="the lead who decided it")
    ]
    reason: Reason

    def as_change(self) -> Change:
        """Who changes something now, and why."""
        return Change(self.decided_by, self.reason, clock.now())


@dataclass
class Desk:
    """What the routes share."""

    core: Core
    shelf: Shelf
    account_of: AccountOf
    callback_token: str | None  # None: NotifyNL tells nothing
    has_notifynl: bool


def desk_of(request: Request) -> Desk:
    """What the routes share."""
    desk: Desk = request.app.state.desk
    return desk


Shared = Annotated[Desk, Depends(desk_of)]


async def who_asks(request: Request, desk: Shared) -> Account:
    """The operators: nobody else has an account here."""
    return await desk.account_of(request)


Ops = Depends(who_asks)
Municipality = Annotated[Filled, Path(min_length=1, max_length=100)]


async def policy_of(tx: Tx, desk: Desk, municipality: str) -> Policy:
    """The policy of a municipality as it holds now; raises Problem 404 when there is none."""
    policies = await desk.shelf.current(tx)
    if policy := policies.on(municipality, clock.today()):
        return policy
    raise Problem(404, "There is no policy of such a municipality.")


def as_contacts(told: Sequence[str], *, field: str = "contacts") -> list[str]:
    """Contacts in the one spelling that they are compared in; raises Problem for what is none."""
    found = [as_contact(one.strip()) for one in told]
    faults = [
        {"field": f"body.{field}.{number}", "fault": "neither a mobile number nor a mail address"}
        for number, contact in enumerate(found)
        if contact is None
    ]
    if faults:
        raise Problem(400, "Not all can be written to; nothing was changed.", errors=faults)
    return sorted({contact for contact in found if contact})


def as_contact(text: str) -> str | None:
    """A number as E.164, a mail address in small letters; None when it is neither."""
    if "@" in text:
        return text.casefold() if MAIL.fullmatch(text) else None
    return as_number(text)
