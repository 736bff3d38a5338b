"""Households that cannot be mistaken, worked on until they stand wherever a household can stand."""

import asyncio
import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from deploy.local.generalist import window
from deploy.local.month import Household, Month
from tests import searching
from tests.paths import REPOSITORY
from tests.searching import marks_in
from tests.town import MONDAY, SERVICES, Town

COMMAND_SECONDS_MAX = 60
DATABASES = ("signals", "triage", "notify")


@dataclass(frozen=True)
class Marked:
    """A household with marks that nothing else has."""

    surname: str
    phone: str
    postcode: str
    contract: str
    born: str
    hall: str  # where its hearing is

    @property
    def marks(self) -> list[str]:
        return [self.surname, self.phone, self.postcode, self.contract, self.born, self.hall]

    def send(self, month: Month) -> None:
        """A crisis signal, and a hearing."""
        client = {
            "postcode": self.postcode, "huisnummer": "17", "achternaam": self.surname,
            "voorletters": "Q.", "geboortedatum": self.born, "telefoonnummer": self.phone,
            "email": f"{self.surname}@voorbeeld.example",
        }  # fmt: skip
        household = Household(0, client, {"woonstad": self.contract})
        signal = month.signal(household, "woonstad", MONDAY)
        signal |= {"contractnummer": self.contract, "bedrag": "1800.00", "crisissignaal": True}
        month.send("woonstad", "achterstand-gemeld", MONDAY, signal)
        household.contracts["woonstad"] = self.contract
        hearing = {
            **month.about("woonstad", household, MONDAY),
            "grondslag": "convenant", "rechtbank": "Rechtbank Noord-Nederland",
            "zaaknummer": f"26-{self.contract}", "soortZitting": "rolzitting",
            "plaats": self.hall, "tijdstip": "2026-04-14T10:30:00+02:00",
        }  # fmt: skip
        month.send("woonstad", "zitting-gepland", MONDAY, hearing, sequence="1")


ERASED = Marked("Qwyxzhuis", "0611223399", "9948QX", "QX-60417", "1949-08-17", "Zaal Qwexelboom")
PURGED = Marked("Zwyxqhuis", "0699887755", "9949ZX", "ZX-70531", "1951-11-23", "Zaal Zwexelboom")


class Desk:
    """Somebody's way to triage."""

    def __init__(self, town: Town, who: str) -> None:
        self.town, self.who, self.keys = town, who, 0
        self.client = httpx.AsyncClient(
            base_url=town.urls["triage"],
            headers={"Authorization": f"Bearer {town.tokens[who]}"},
            timeout=30,
        )

    async def send(self, path: str, body: Any, *, key: str = "", seen: int | None = None) -> Any:
        """Post a command."""
        self.keys += 1
        headers = {"Idempotency-Key": key or f"{self.who}-{self.keys:08}"}
        if seen is not None:
            headers["If-Match"] = f'"{seen}"'
        return await self.client.post(path, json=body, headers=headers)

    async def order(self, case_id: str, what: str, body: Any) -> dict[str, Any]:
        """Have something done to a case as it is now."""
        case = (await self.client.get(f"/v1/cases/{case_id}")).raise_for_status().json()
        answer = await self.send(f"/v1/cases/{case_id}/{what}", body, seen=case["revision"])
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told


async def case_of(town: Town, marked: Marked) -> dict[str, Any]:
    """The case of a household, as the database has it."""
    (row,) = await town.fetch(
        "triage",
        "select household_case.* from household_case join address on address.id = address_id "
        "where postcode = $1",
        marked.postcode,
    )
    return {name: str(row[name]) for name in ("id", "household_id", "assignee_id", "lead_id")}


async def work_on(town: Town, marked: Marked) -> dict[str, Any]:
    """Do everything that leaves words of somebody about the household; the case in the end."""
    case = await case_of(town, marked)
    desk = Desk(town, case["assignee_id"])
    about = f"Bij {marked.surname}, bel {marked.phone}."
    review = {"review_on": str((MONDAY + timedelta(days=30)).date()), "reason": about}
    day = str(MONDAY.date())
    for what, body in (
        ("assignment-answers", {"answer": "accepted"}),
        ("track-decisions", {"decision": "overridden", "track": "visit", "priority": 1,
                             "reason": about}),
        ("visits", window(MONDAY + timedelta(days=2))),
        ("contact-attempts", {"kind": "Telefoon", "result": "spoke",
                              "attempted_at": MONDAY.isoformat()}),
        ("help-answers", {"answer": "accepted", "answered_on": day}),
        ("pauses", review),
        ("restrictions", {"kind": "no_letters", **review}),
        ("plan-items", {"layer": "own", "words": about, "written_by": "resident"}),
        ("consultations", {"kind": "colleague", "with_whom": marked.surname, "held_on": day,
                           "outcome": about}),
        ("needs", {"kind": "language", "value": "pl"}),
        ("objections", {"received_on": day, "source": about}),
        ("hand-overs", {"to": case["lead_id"], "reason": about}),
    ):  # fmt: skip
        await desk.order(case["id"], what, body)
    await desk.client.aclose()
    await town.quiet()
    return await case_of(town, marked)


async def command(town: Town, service: str, *words: str) -> tuple[int, str, str]:
    """An operator's command on a service's database: exit code, output, errors."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"services.{service}", *words,
        cwd=REPOSITORY, env=town.environment[service],
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), COMMAND_SECONDS_MAX)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def found_in(town: Town, marks: list[str]) -> dict[str, set[str]]:
    """Where marks stand: in tables, queues, and logs of services and servers.

    Not in the mail server: what a mail says is out of our hands once it was sent. Nor in what the
    servers keep on disk of rows and messages that are gone, until they write over it.
    """
    found: dict[str, set[str]] = {}
    for service in DATABASES:
        tables = await searching.in_tables(town.databases[service], marks)
        found |= {f"{service}.{table}": there for table, there in tables.items()}
    queues = await searching.in_queues(town.servers, town.name, marks)
    found |= {f"queue {name}": there for name, there in queues.items()}
    logs = [*town.folder.glob("*.log"), *town.servers.data.glob("logs/*.log")]
    assert {path.name for path in logs} >= {f"{name}.log" for name in SERVICES}
    for path in logs:
        if there := marks_in(path.read_bytes(), marks):
            found[f"log {path.name}"] = there
    return found
