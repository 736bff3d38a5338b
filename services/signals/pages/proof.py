"""The printable proof of one event, for its partner alone: by a key of the API, or signed in."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from services.signals import receipts
from services.signals.api import who_sends
from services.signals.pages.dates import advices_for
from services.signals.pages.desk import At, partner_of
from services.signals.sign_in import PartnerAccount
from services.signals.sql import events as event_sql
from services.signals.summons import Advice, Terms, may_summon
from services.signals.texts import EVIDENCES, STATUSES
from shared import clock
from shared.clock import AMSTERDAM
from shared.policy import Policies
from shared.web.oidc import SiteRole
from shared.web.problems import Problem
from shared.web.sign_in import Roles

router = APIRouter(include_in_schema=False)
only_partners = Roles(SiteRole.PARTNER)


async def who_reads(request: Request, desk: At) -> PartnerAccount:
    """The partner who asks: a browser that is signed in or can be, else somebody with a key."""
    is_page = "text/html" in request.headers.get("accept", "")
    entrance = desk.shell.entrance
    if "authorization" in request.headers or not (is_page and entrance.provider):
        return await who_sends(request, desk.front)
    return await partner_of(desk, await only_partners(request))


@router.get("/events/{fact_id}/receipt")
async def show_receipt(
    request: Request, who: Annotated[PartnerAccount, Depends(who_reads)], desk: At, fact_id: UUID
) -> Response:
    """The printable proof of one event of the partner who signed in."""
    async with desk.front.database() as connection:
        rows = await event_sql.load_events(connection, who.id, [fact_id])
        document = await event_sql.load_document(connection, fact_id) if rows else None
        policies = await desk.archive.shelf.current(connection)
    if not rows:
        raise Problem(404, "No such event of yours.")
    told = _receipt(rows[0], document, policies, desk.archive.terms)
    return desk.shell.page(request, "receipt.html", **told)


def _receipt(
    row: Mapping[str, Any], document: bytes | None, policies: Policies, terms: Terms
) -> dict[str, Any]:
    """What the printable page of one event shows."""
    data = orjson.loads(document)["data"] if document else None
    policy = policies.on(row["municipality"], row["reported_on"])
    own_court = policy.signals.court if policy else None
    statuses = [one["status"] for one in row["statuses"]]
    kind = data["signaalpartner"]["type"] if data else None
    is_summonable = may_summon(row["event_type"], kind, statuses)
    return {
        "event": row,
        "data": data,
        "municipality": policy.name if policy else row["municipality"],
        "name": row["event_type"].split(".")[-2],
        "evidences": EVIDENCES,
        "advices": _advices(terms, own_court, row["reported_on"]) if is_summonable else [],
        "own_court": own_court,
        "today": clock.today(),
        "salt": receipts.base64url(row["salt"]) if row["salt"] is not None else None,
        "statuses": [STATUSES[one].nl for one in statuses],
        "is_demo": row["receipt"] is None or _is_demo(row["receipt"]),
        "not_valid": receipts.NOT_VALID,
        "nl_day": lambda day: f"{day:%d-%m-%Y}",
        "nl_instant": lambda at: f"{at.astimezone(AMSTERDAM):%d-%m-%Y om %H.%M uur}",
    }


def _advices(terms: Terms, own_court: str | None, reported_on: date) -> list[Advice]:
    """The advice for every court that is known, the municipality's own first."""
    courts = sorted({*terms.courts, *([own_court] if own_court else [])})
    courts.sort(key=lambda court: court != own_court)
    return advices_for(terms, courts, reported_on, clock.today())


def _is_demo(receipt: str) -> bool:
    payload = receipt.split(".")[1]
    return "demo" in orjson.loads(receipts.from_base64url(payload))
