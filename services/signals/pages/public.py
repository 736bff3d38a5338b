"""The pages that are open to everybody: a receipt is verified, and a first event explained.

A receipt names no tenant, so anybody may verify it; nothing is kept.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import orjson
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from services.signals import receipts
from services.signals.api import read_body
from services.signals.keys import as_jwk
from services.signals.pages.desk import At, PageDesk, Partner
from services.signals.receipts import Finding, Verification
from services.signals.sql import partners as partner_sql
from services.signals.texts import EVIDENCES
from shared import clock
from shared.contracts import partners
from shared.db import MAYBE_AWAY
from shared.web.problems import Problem
from shared.web.sign_in import find_session

router = APIRouter(include_in_schema=False)

# An event of 64 KB, a receipt, and what a form adds: three bytes for a sign.
FORM_BYTES_MAX = 256 * 1024
FORM_FIELDS_MAX = 10


async def greet(request: Request, desk: At) -> None:
    """Who is signed in has the menu here too."""
    try:
        request.state.session = await find_session(request)
    except MAYBE_AWAY as error:
        raise await desk.front.problem_of(error) from None


Greeted = Depends(greet)


@router.get("/receipts", dependencies=[Greeted])
async def show_verification(request: Request, desk: At) -> Response:
    """Where anybody verifies a receipt."""
    return desk.shell.page(request, "verify.html", found=None)


@router.post("/receipts", dependencies=[Greeted])
async def verify_receipt(request: Request, desk: At) -> Response:
    """What was found in a receipt; nothing is kept."""
    form = _form(await read_body(request, FORM_BYTES_MAX))
    async with desk.front.database() as connection:
        rows = await partner_sql.list_keys(connection, receipts.oldest_shown(clock.now()))
    found = _verify(form, [as_jwk(row) for row in rows])
    return desk.shell.page(request, "verify.html", found=found, evidences=EVIDENCES)


def _form(body: bytes) -> Mapping[str, str]:
    """The fields of a form; raises Problem when it is none of ours."""
    try:
        given = parse_qs(body.decode(), max_num_fields=FORM_FIELDS_MAX)
    except ValueError:
        raise Problem(400, "This is not the form of this page.") from None
    return {name: values[0] for name, values in given.items()}


@router.get("/examples", dependencies=[Greeted])
async def show_examples(request: Request, desk: At) -> Response:
    """How to send a first event."""
    return await _examples(request, desk)


@router.get("/partner/examples")
async def show_own_examples(request: Request, desk: At, _: Partner) -> Response:
    """The same, where a partner looks for it."""
    return await _examples(request, desk)


async def _examples(request: Request, desk: PageDesk) -> Response:
    async with desk.front.database() as connection:
        policies = await desk.archive.shelf.current(connection)
    base = str(request.base_url).rstrip("/")
    event = _example(clock.now(), min(policies.by_municipality))
    return desk.shell.page(request, "examples.html", base=base, event=event, events=partners.EVENTS)


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
