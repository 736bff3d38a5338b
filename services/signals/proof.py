"""The pages for partners and their courts: proof of an event, its verification, and examples.

The proof of an event is for its partner alone. Anybody may verify a receipt: it names no tenant.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.signals import receipts
from services.signals.api import Shared, Who, read_body
from services.signals.keys import as_jwk
from services.signals.receipts import Finding, Verification
from services.signals.sql import events as event_sql
from services.signals.sql import partners as partner_sql
from services.signals.summons import Advice, Terms, advise, may_summon
from services.signals.texts import STATUSES
from shared import clock
from shared.clock import AMSTERDAM
from shared.contracts import partners
from shared.policy import Policies
from shared.policy.shelf import Shelf
from shared.web.problems import Problem
from shared.web.site import templates

router = APIRouter(include_in_schema=False)
site = templates(Path(__file__).parent / "templates")
site.env.filters["nl_day"] = lambda day: f"{day:%d-%m-%Y}"
site.env.filters["nl_instant"] = lambda at: f"{at.astimezone(AMSTERDAM):%d-%m-%Y om %H.%M uur}"

# An event of 64 KB, a receipt, and what a form adds: three bytes for a sign.
FORM_BYTES_MAX = 256 * 1024
FORM_FIELDS_MAX = 10
EVIDENCES = {
    "persoonlijkContactOp": "Persoonlijk contact gezocht over voorkomen en beëindigen",
    "gewezenOpHulpOp": "Gewezen op schuldhulpverlening",
    "herinneringOp": "Schriftelijke herinnering verstuurd",
    "aanbodOp": "Aangeboden om contactgegevens aan de gemeente te geven; niet afwijzend gereageerd",
}


@dataclass(frozen=True)
class Archive:
    """What the pages are made from, besides the database."""

    shelf: Shelf
    terms: Terms


def _archive(request: Request) -> Archive:
    found: Archive = request.app.state.archive
    return found


def _page(request: Request, template: str, **shown: Any) -> HTMLResponse:
    return site.TemplateResponse(request, template, {"service": "signals", **shown})


@router.get("/events/{fact_id}/receipt")
async def show_receipt(request: Request, who: Who, desk: Shared, fact_id: UUID) -> HTMLResponse:
    """The printable proof of one event of the partner who signed in."""
    async with desk.database() as connection:
        rows = await event_sql.load_events(connection, who.id, [fact_id])
        document = await event_sql.load_document(connection, fact_id) if rows else None
        policies = await _archive(request).shelf.current(connection)
    if not rows:
        raise Problem(404, "No such event of yours.")
    told = _receipt(rows[0], document, policies, _archive(request).terms)
    return _page(request, "receipt.html", **told)


@router.get("/receipts")
async def show_verification(request: Request) -> HTMLResponse:
    """Where anybody verifies a receipt."""
    return _page(request, "verify.html")


@router.post("/receipts")
async def verify_receipt(request: Request, desk: Shared) -> HTMLResponse:
    """What was found in a receipt; nothing is kept."""
    form = _form(await read_body(request, FORM_BYTES_MAX))
    async with desk.database() as connection:
        rows = await partner_sql.list_keys(connection, receipts.oldest_shown(clock.now()))
    found = _verify(form, [as_jwk(row) for row in rows])
    return _page(request, "verify.html", found=found, evidences=EVIDENCES)


def _form(body: bytes) -> Mapping[str, str]:
    """The fields of a form; raises Problem when it is none of ours."""
    try:
        given = parse_qs(body.decode(), max_num_fields=FORM_FIELDS_MAX)
    except ValueError:
        raise Problem(400, "This is not the form of this page.") from None
    return {name: values[0] for name, values in given.items()}


@router.get("/examples")
async def show_examples(request: Request, desk: Shared) -> HTMLResponse:
    """How to send a first event."""
    async with desk.database() as connection:
        policies = await _archive(request).shelf.current(connection)
    base = str(request.base_url).rstrip("/")
    event = _example(clock.now(), min(policies.by_municipality))
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


def _verify(form: Mapping[str, str], keys: Sequence[Mapping[str, Any]]) -> Verification:
    """What a person pasted, looked at; a demo's receipt is shown for what it is."""
    receipt, event, salt = (form.get(name, "").strip() for name in ("receipt", "event", "salt"))
    document = None
    if event:
        try:
            document = orjson.loads(event)
        except orjson.JSONDecodeError:
            document = None
        if not isinstance(document, dict):
            return Verification(None, [Finding("inhoud", False, "de gebeurtenis is geen JSON")])
    return receipts.verify(receipt, keys, event=document, salt=salt or None)


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
    }


def _advices(terms: Terms, own_court: str | None, reported_on: date) -> list[Advice]:
    """The advice for every court that is known, the municipality's own first."""
    courts = sorted({*terms.courts, *([own_court] if own_court else [])})
    courts.sort(key=lambda court: court != own_court)
    found = (advise(terms, court, reported_on, clock.today()) for court in courts)
    return [one for one in found if one]


def _is_demo(receipt: str) -> bool:
    payload = receipt.split(".")[1]
    return "demo" in orjson.loads(receipts.from_base64url(payload))
