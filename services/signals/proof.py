"""The pages for partners and their courts: proof of an event, its verification, and examples.

The proof of an event is for its partner alone. Anybody may verify a receipt: it names no tenant.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse

from services.signals import receipts
from services.signals.keys import as_jwk
from services.signals.receipts import Finding, Verification
from services.signals.sql import events as event_sql
from services.signals.sql import partners as partner_sql
from services.signals.summons import Terms, advise
from services.signals.texts import STATUSES
from shared import clock
from shared.contracts import partners
from shared.core import Core
from shared.policy import Policies
from shared.web.problems import Problem
from shared.web.session import AccountOf
from shared.web.site import templates

router = APIRouter(include_in_schema=False)
site = templates(Path(__file__).parent / "templates")
site.env.filters["nl_day"] = lambda day: f"{day:%d-%m-%Y}"

# Beyond RECEIPT_BYTES_MAX: an event of 64 KB, a receipt, and what a form adds.
FORM_BYTES_MAX = 256 * 1024
EVIDENCES = {
    "persoonlijkContactOp": "Persoonlijk contact gezocht over voorkomen en beëindigen",
    "gewezenOpHulpOp": "Gewezen op schuldhulpverlening",
    "herinneringOp": "Schriftelijke herinnering verstuurd",
    "aanbodOp": "Aangeboden om contactgegevens aan de gemeente te geven; niet afwijzend gereageerd",
}


@dataclass(frozen=True)
class Archive:
    """What the pages are made from."""

    core: Core
    partner_of: AccountOf
    policies: Policies
    terms: Terms


def _archive(request: Request) -> Archive:
    found: Archive = request.app.state.archive
    return found


def _page(request: Request, template: str, **shown: Any) -> HTMLResponse:
    return site.TemplateResponse(request, template, {"service": "signals", **shown})


@router.get("/events/{fact_id}/receipt")
async def show_receipt(request: Request, fact_id: UUID) -> HTMLResponse:
    """The printable proof of one event of the partner who signed in."""
    archive = _archive(request)
    account = await archive.partner_of(request)
    async with archive.core.pool.acquire(timeout=5) as connection:
        rows = await event_sql.load_events(connection, account.id, [fact_id])
        document = await event_sql.load_document(connection, fact_id) if rows else None
    if not rows:
        raise Problem(404, "No such event of yours.")
    shown = _receipt(rows[0], document, archive.policies, archive.terms)
    return _page(request, "receipt.html", **shown)


@router.get("/receipts")
async def show_verification(request: Request) -> HTMLResponse:
    """Where anybody verifies a receipt."""
    return _page(request, "verify.html")


@router.post("/receipts")
async def verify_receipt(
    request: Request,
    receipt: Annotated[str, Form(max_length=receipts.RECEIPT_BYTES_MAX)] = "",
    event: Annotated[str, Form(max_length=FORM_BYTES_MAX)] = "",
    salt: Annotated[str, Form(max_length=200)] = "",
) -> HTMLResponse:
    """What was found in a receipt; nothing is kept."""
    async with _archive(request).core.pool.acquire(timeout=5) as connection:
        rows = await partner_sql.list_keys(connection, receipts.oldest_shown(clock.now()))
    found = _verify(receipt, [as_jwk(row) for row in rows], event, salt)
    return _page(request, "verify.html", found=found, evidences=EVIDENCES)


@router.get("/examples")
async def show_examples(request: Request) -> HTMLResponse:
    """How to send a first event."""
    base = str(request.base_url).rstrip("/")
    event = _example(clock.now(), min(_archive(request).policies.by_municipality))
    return _page(request, "examples.html", base=base, event=event, events=partners.EVENTS)


def _example(now: datetime, municipality: str) -> str:
    """A signal of today that is right in every respect but who sends it and where."""
    today = clock.amsterdam_day(now)
    before = str(today - timedelta(days=14))
    document = {
        "specversion": "1.0",
        "id": f"mijn-eerste-melding-{today}",
        "source": "urn:nld:kvknr:90000001",
        "type": partners.ArrearsReported.wire_type(),
        "time": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {
            "gemeentecode": municipality,
            "contractnummer": "HUUR-0001",
            "signaalpartner": {"type": "Huur"},
            "grondslag": "bgs",
            "signaaldatum": str(today),
            "client": {"postcode": "9901AB", "huisnummer": "1", "achternaam": "Voorbeeld"},
            "bedrag": "1250.75",
            "ontstaansdatum": str(today - timedelta(days=40)),
            "bezwaar": False,
            "inspanningen": dict.fromkeys(EVIDENCES, before),
        },
    }
    return json.dumps(document, indent=2)


def _verify(receipt: str, keys: Sequence[Mapping[str, Any]], event: str, salt: str) -> Verification:
    """What a person pasted, looked at; a demo's receipt is shown for what it is."""
    document = None
    if event.strip():
        try:
            document = orjson.loads(event)
        except orjson.JSONDecodeError:
            document = None
        if not isinstance(document, dict):
            return Verification(None, [Finding("inhoud", False, "de gebeurtenis is geen JSON")])
    return receipts.verify(receipt, keys, event=document, salt=salt.strip() or None)


def _receipt(
    row: Mapping[str, Any], document: bytes | None, policies: Policies, terms: Terms
) -> dict[str, Any]:
    """What the printable page of one event shows."""
    today = clock.today()
    data = orjson.loads(document)["data"] if document else None
    policy = policies.on(row["municipality"], row["reported_on"])
    own_court = policy.signals.court if policy else None
    courts = sorted({*terms.courts, *([own_court] if own_court else [])})
    courts.sort(key=lambda court: court != own_court)
    is_signal = row["event_type"] == partners.ArrearsReported.wire_type()
    advices = [advise(terms, court, row["reported_on"], today) for court in courts]
    return {
        "event": row,
        "data": data,
        "municipality": policy.name if policy else row["municipality"],
        "name": row["event_type"].split(".")[-2],
        "evidences": EVIDENCES,
        "advices": [one for one in advices if one] if is_signal else [],
        "own_court": own_court,
        "today": today,
        "salt": receipts.base64url(row["salt"]) if row["salt"] is not None else None,
        "statuses": [STATUSES[one["status"]].nl for one in row["statuses"]],
        "is_demo": row["receipt"] is None or _is_demo(row["receipt"]),
        "not_valid": receipts.NOT_VALID,
    }


def _is_demo(receipt: str) -> bool:
    payload = receipt.split(".")[1]
    return "demo" in orjson.loads(receipts.from_base64url(payload))
