"""The page of notify for operators: the way of a case's alerts."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from fastapi import FastAPI

from services.notify.gate import Mode
from services.notify.sql import alerts as alert_sql
from services.notify.sql import live as live_sql
from services.notify.writing.facts import kind_of
from shared.clock import AMSTERDAM
from shared.core import Core
from shared.db import Tx
from shared.policy import Channel
from shared.web.session import FindAccount
from shared.web.story import Line, Story, Teller, add_story

TEMPLATES = {
    "assignment": "Toewijzing",
    "track": "Andere aanpak",
    "visit": "Huisbezoek",
    "hearing": "Zitting",
    "eviction": "Ontruiming",
    "summons": "Dagvaarding",
    "judgment": "Vonnis",
    "objection": "Bezwaar",
    "deadline_near": "Termijn bijna om",
    "deadline_missed": "Termijn voorbij",
    "not_accepted": "Niet aangenomen",
    "restriction": "Contactafspraak",
    "moratorium": "Moratorium",
    "undelivered": "Bericht aan bewoner kwam niet aan",
    "bounced": "Bericht aan medewerker kwam niet aan",
    "reply": "Antwoord van bewoner",
    "first_contact": "Eerste bericht aan bewoner",
}
CHANNELS = {Channel.MAIL: "mail", Channel.SMS: "sms", Channel.LETTER: "brief"}
MODES = {Mode.OFF: "uit", Mode.SHADOW: "proef", Mode.GUESTS: "alleen gasten", Mode.LIVE: "live"}
RECEIPTS = {"delivered": "Bezorgd", "permanent-failure": "Niet bezorgd",
            "temporary-failure": "Niet bezorgd", "technical-failure": "Niet bezorgd"}  # fmt: skip
MOMENTS = {
    "set": "melding",
    "reminder": "herinnering",
    "moved": "verplaatst",
    "cancelled": "gaat niet door",
    "passed_on": "door iemand anders",
}
ENDS = {
    "held": "Wacht op een mens: {what} aan {who}",
    "unknown": "Onbekend of het is aangekomen: {what} aan {who}",
    "shadowed": "Proef, niet verstuurd: {what} aan {who}",
    "delivered": "Verstuurd: {what} aan {who}",
    "superseded": "Vervangen: {what} aan {who}",
    "stopped": "Tegengehouden: {what} aan {who}",
    "failed": "Mislukt: {what} aan {who}",
    "sent": "Verstuurd: {what} aan {who}",
}


def add(app: FastAPI, core: Core, find_account: FindAccount) -> None:
    """Serve the story and its figures."""
    figures = {
        "scheduled": "berichten gepland",
        "sent": "verstuurd",
        "delivered": "bezorgd",
        "held": "wachten op een mens",
        "unknown": "onbekend of ze zijn aangekomen",
        "superseded": "vervangen voor verzending",
        "stopped": "tegengehouden bij verzending",
        "failed": "mislukt",
    }
    teller = Teller(tell, alert_sql.count_alerts, "Berichten", figures, remark=tell_modes)
    add_story(app, core, find_account, teller)


async def tell_modes(tx: Tx) -> list[str]:
    """How far messages to residents go, of each municipality where they ever went."""
    remarks = []
    if await live_sql.is_all_stopped(tx):
        remarks.append("Alle berichten aan bewoners zijn stilgezet.")
    modes = await live_sql.load_modes(tx, await live_sql.list_municipalities(tx))
    for name in sorted({municipality for municipality, _ in modes}):
        ways = (f"{CHANNELS[one]} {MODES[modes.get((name, one), Mode.OFF)]}" for one in Channel)
        remarks.append(f"Aan bewoners van {name}: {', '.join(ways)}.")
    return remarks


async def tell(tx: Tx, wanted: str) -> Story | None:
    """The story of the alerts of the case that this id belongs to."""
    case_ids = await alert_sql.find_cases(tx, wanted)
    if not case_ids:
        return None
    alerts = await alert_sql.list_story(tx, case_ids)
    lines = [line for alert in alerts for line in _lines(alert)]
    mails = {alert["message_id"] for alert in alerts if alert["message_id"]}
    return Story(
        service="notify",
        wanted=wanted,
        title=f"Berichten over {len(case_ids)} zaak" + ("" if len(case_ids) == 1 else "en"),
        related={
            "case": tuple(map(str, case_ids)),
            "alert": tuple(str(alert["id"]) for alert in alerts),
            "mail": tuple(sorted(mails)),
        },
        lines=tuple(sorted(lines, key=lambda line: line.at)),
    )


def _lines(alert: Mapping[str, Any]) -> Iterator[Line]:
    kind = kind_of(alert["template"])
    moment = alert["template"].removeprefix(f"{kind}_")
    what = f"{TEMPLATES[kind]}, {MOMENTS[moment]}"
    who = alert["recipient_id"]
    due_at = alert["due_at"].astimezone(AMSTERDAM).strftime("%d-%m-%Y %H:%M")
    yield Line(
        at=alert["scheduled_at"],
        text=f"Gepland: {what} aan {who}",
        details=(f"voor {due_at}", f"bericht {alert['id']}"),
    )
    for attempt in alert["attempts"]:
        if attempt["outcome"] and attempt["outcome"] != "accepted":
            yield Line(
                at=datetime.fromisoformat(attempt["answered_at"]),
                text=f"Poging niet gelukt: {what} aan {who}",
                details=(f"{attempt['outcome']} {attempt['answer']}",),
            )
    for receipt in alert["receipts"]:
        yield Line(
            at=datetime.fromisoformat(receipt["received_at"]),
            text=f"{RECEIPTS[receipt['status']]}: {what} aan {who}",
            details=(receipt["status"],),
        )
    if alert["state"] in ENDS:
        details = [alert["reason"]] if alert["reason"] else []
        if alert["message_id"]:
            details.append(f"mail {alert['message_id']}")
        is_untold = alert["state"] == "unknown" and alert["asked_at"]
        yield Line(
            at=alert["asked_at"] if is_untold else alert["changed_at"],
            text=ENDS[alert["state"]].format(what=what, who=who),
            details=tuple(details),
        )
