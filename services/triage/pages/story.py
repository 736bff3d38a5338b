"""The page of triage: a household's way here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import FastAPI

from services.triage.sql import reading as reading_sql
from services.triage.sql import story as story_sql
from shared import clock
from shared.clock import AMSTERDAM
from shared.core import Core
from shared.db import Tx
from shared.web.session import FindAccount
from shared.web.story import Line, Story, Teller, add_story

PURPOSE = "operator's story"  # of reading
WORDS = {
    "signal": "Signaal van {partner_id}",
    "settled": "Voldaan, zegt {partner_id}",
    "withdrawn": "Ingetrokken door {partner_id}",
    "objection": "Bezwaar, gemeld door {partner_id}",
    "arrangement_made": "Betalingsregeling getroffen met {partner_id}",
    "arrangement_broken": "Betalingsregeling verbroken, zegt {partner_id}",
    "summons": "Dagvaarding betekend, zegt {partner_id}",
    "hearing_scheduled": "Zitting gepland, zegt {partner_id}",
    "hearing_cancelled": "Zitting vervallen, zegt {partner_id}",
    "judgment": "Vonnis gewezen, zegt {partner_id}",
    "eviction_scheduled": "Ontruiming aangezegd door {partner_id}",
    "eviction_cancelled": "Ontruiming afgelast, zegt {partner_id}",
    "eviction_carried_out": "Ontruiming uitgevoerd, zegt {partner_id}",
    "hearing_unknown": "Zitting, tijdstip nog onbekend, zegt {partner_id}",
    "eviction_unknown": "Ontruiming, tijdstip nog onbekend, zegt {partner_id}",
    "moratorium": "Moratorium, vastgelegd door {partner_id}",
    "residence_check": "Gekeken wie er woont, door {partner_id}",
    "status_decided": "Besluit over een signaal, door {partner_id}",
    "decided": "Voorstel: aanpak {track}, prioriteit {priority}",
    "assigned": "Toegewezen aan {who}",
    "accepted": "Aangenomen door {who}",
    "declined": "Afgewezen door {who}",
    "visit planned": "Huisbezoek gepland door {who}",
    "visit moved": "Huisbezoek verplaatst door {who}",
    "visit cancelled": "Huisbezoek afgezegd door {who}",
    "visit alone": "Huisbezoek verder zonder tweede medewerker, door {who}",
    "visit made": "Huisbezoek gedaan door {who}",
    "attempt": "Contactpoging ({kind}) door {who}",
    "alert sent": "Bericht aan {who} verstuurd",
    "alert failed": "Bericht aan {who} mislukt",
    "alert stopped": "Bericht aan {who} tegengehouden",
    "replied other_time": "Antwoord op een bericht: graag een andere tijd",
    "replied not_me": "Antwoord op een bericht: dit ben ik niet",
    "replied no_messages": "Antwoord op een bericht: geen berichten meer",
    "replied call_me": "Antwoord op een bericht: bel mij",
}
# Of what happened at one instant, the cause comes first.
ORDER = {what: number for number, what in enumerate(WORDS)}
STATUSES = {
    "taken_up": "opgepakt",
    "repeated": "herhaalde melding",
    "unjustified": "onterecht signaal",
    "withdrawn": "ingetrokken",
    "other_reason": "niet opgepakt: andere reden",
    "known_to_debt_help": "inwoner al bekend bij schuldhulpverlening",
    "deceased": "inwoner is overleden",
    "not_resident": "geen inwoner (meer) in de gemeente",
}


def add(app: FastAPI, core: Core, find_account: FindAccount) -> None:
    """Serve the pages of triage."""
    figures = {
        "households": "huishoudens",
        "open_cases": "open zaken",
        "legal_cases": "daarvan op het juridische pad",
        "unanswered": "wachten op een antwoord",
    }
    teller = Teller(tell, story_sql.count_cases, "Huishoudens en zaken", figures, note_read)
    add_story(app, core, find_account, teller)


async def note_read(tx: Tx, actor: str, story: Story) -> None:
    """Note that an operator reads the cases of a story."""
    case_ids = [UUID(one) for one in story.related["case"]]
    await reading_sql.note_read(tx, actor, PURPOSE, case_ids, clock.now())


async def tell(tx: Tx, wanted: str) -> Story | None:
    """The story of the household that this id belongs to."""
    household_id = await story_sql.find_household(tx, wanted)
    if household_id is None:
        return None
    case_ids = await story_sql.list_case_ids(tx, household_id)
    reports = await story_sql.list_reports(tx, household_id)
    work = await story_sql.list_work(tx, case_ids)
    told = [(one["at"], ORDER[one["kind"]], _report_line(one)) for one in reports]
    told += [(one["at"], ORDER[one["what"]], _work_line(one)) for one in work]
    return Story(
        service="triage",
        wanted=wanted,
        title=f"Huishouden {household_id}",
        related={
            "household": (str(household_id),),
            "case": tuple(map(str, case_ids)),
            "signal": tuple(str(report["id"]) for report in reports),
        },
        lines=tuple(line for _, _, line in sorted(told, key=lambda one: one[:2])),
    )


def _report_line(report: Mapping[str, Any]) -> Line:
    details = []
    if report["arrears_cents"]:
        details.append(f"achterstand {report['arrears_cents'] / 100:.2f} euro")
    if report["happens_at"]:
        details.append(f"tijdstip {_in_amsterdam(report['happens_at'])}")
    details += [STATUSES[status] for status in report["statuses"]]
    return Line(
        at=report["at"],
        text=WORDS[report["kind"]].format(partner_id=report["partner_id"]),
        details=tuple(details),
    )


def _work_line(row: Mapping[str, Any]) -> Line:
    details = row["details"]
    told = [details[name] for name in ("reason", "part_of_day", "template") if details.get(name)]
    if details.get("starts_at"):
        told.append(_in_amsterdam(datetime.fromisoformat(details["starts_at"])))
    if details.get("fired"):
        told.append(f"regels: {', '.join(details['fired'])}")
    if "was_reached" in details:
        told.append("bereikt" if details["was_reached"] else "niet bereikt")
    return Line(at=row["at"], text=WORDS[row["what"]].format(**details), details=tuple(told))


def _in_amsterdam(instant: datetime) -> str:
    return instant.astimezone(AMSTERDAM).strftime("%d-%m-%Y %H:%M")
