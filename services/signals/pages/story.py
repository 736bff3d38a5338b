"""The operators' page of signals: one event's way here."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI

from services.signals.sql import events as event_sql
from services.signals.sql import refusals as refusal_sql
from services.signals.texts import STATUSES
from shared.core import Core
from shared.db import Tx
from shared.web.session import FindAccount
from shared.web.story import Line, Story, Teller, add_story


def add(app: FastAPI, core: Core, find_account: FindAccount) -> None:
    """Serve the operators' page."""
    figures = {
        "accepted": "meldingen aangenomen",
        "refused": "meldingen geweigerd",
        "duplicates": "nogmaals ontvangen",
    }
    add_story(app, core, find_account, Teller(tell, event_sql.count_events, "Meldingen", figures))


async def tell(tx: Tx, wanted: str) -> Story | None:
    """The story of an event by its fact id, the partner's own id, or a refusal."""
    event = await event_sql.list_story(tx, wanted)
    refusals = await refusal_sql.list_refusals(tx, wanted)
    if event is None and not refusals:
        return None
    lines = [*map(_refusal_line, refusals), *(_event_lines(event) if event else ())]
    return Story(
        service="signals",
        wanted=wanted,
        title=f"Melding {event['event_id'] if event else wanted}",
        related={"signal": (str(event["fact_id"]),) if event else ()},
        lines=tuple(sorted(lines, key=lambda line: line.at)),
    )


def _event_lines(event: Mapping[str, Any]) -> list[Line]:
    name = event["event_type"].split(".")[-2]
    details = [f"gemeente {event['municipality']}", f"gemeld per {event['reported_on']}"]
    if event["times_seen"] > 1:
        details.append(f"{event['times_seen']} keer ontvangen, één keer verwerkt")
    if event["unknown"]:
        details.append(f"onbekende velden, niet bewaard: {', '.join(event['unknown'])}")
    accepted = Line(
        at=event["received_at"],
        text=f"Aangenomen: {name} van {event['partner_id']}",
        details=tuple(details),
    )
    statuses = [
        Line(at=status["decided_at"], text=f"Status: {STATUSES[status['status']].nl}")
        for status in event["statuses"]
    ]
    return [accepted, *statuses]


def _refusal_line(refusal: Mapping[str, Any]) -> Line:
    return Line(
        at=refusal["received_at"],
        text=f"Geweigerd: melding van {refusal['partner_id'] or 'onbekende afzender'}",
        details=tuple(f"{field}: {text}" for _, field, text, *_ in refusal["faults"]),
    )
