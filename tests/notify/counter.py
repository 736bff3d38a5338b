"""notify without a broker: its door, its API, its gate and its sender on a real database.

What NotifyNL and the mail server answer, a test says beforehand.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson

from services.notify import handlers
from services.notify.api import new_api
from services.notify.api.desk import Desk
from services.notify.asking import Asking
from services.notify.channels.answers import Answer, Outcome
from services.notify.delivery import Carrier
from services.notify.freshness import Freshness
from services.notify.gating import Gate
from services.notify.sending import Sending
from services.notify.sql import live as live_sql
from shared import clock, db
from shared.contracts import triage
from shared.contracts.envelope import Event
from shared.contracts.signals import HearingKind
from shared.core import Core
from shared.door import Door
from shared.outbox import LeftToRelay, Outbox
from shared.policy import Policies
from shared.policy.shelf import Shelf
from shared.web.session import only_ops, signed_in
from tests.builders import MUNICIPALITY, NOW, POLICY, case_event
from tests.notify.test_delivery import SITE, TEXTS
from tests.notify.test_recipients import TOLD

PASSWORD, TOKEN = "a password of the tests", "a token of the tests"
OPS, CALLBACK = ("ops", PASSWORD), {"Authorization": f"Bearer {TOKEN}"}
WHY = {"decidedBy": "Noor", "reason": "zo besloten"}
CASE, HOUSEHOLD, HEARING = UUID(int=1), UUID(int=2), UUID(int=7)
HEARING_AT = NOW + timedelta(days=30)
POLICIES = Policies({MUNICIPALITY: [POLICY]})
MODES = f"/municipalities/{MUNICIPALITY}/modes"
FOREVER = float("inf")


class Gateway:
    """NotifyNL and a mail server: takes everything, unless it was told to answer otherwise."""

    def __init__(self) -> None:
        self.answers: list[Outcome] = []  # to what comes next
        self.found: Answer = Answer(Outcome.TEMPORARY, "not there")  # when it is looked up
        self.asked: list[UUID] = []  # what was looked up
        self.taken: list[str] = []  # numbers and addresses that were written to
        self.mails: list[Any] = []

    def _answer(self) -> Answer:
        outcome = self.answers.pop(0) if self.answers else Outcome.ACCEPTED
        is_taken = outcome is Outcome.ACCEPTED
        return Answer(outcome, "…", f"gw-{len(self.taken)}" if is_taken else None)

    async def send_sms(self, to: str, *_: Any) -> Answer:
        self.taken.append(to)
        return self._answer()

    send_letter = send_sms

    async def send(self, mail: Any) -> Answer:
        self.mails.append(mail)
        return Answer(Outcome.ACCEPTED, "250")

    async def look_up(self, reference: UUID) -> Answer:
        self.asked.append(reference)
        return self.found


class Counter:
    """What a test does and sees."""

    def __init__(self, pool: db.Pool, web: httpx.AsyncClient, sending: Sending) -> None:
        self.pool, self.web, self.sending = pool, web, sending
        self.asking = Asking(sending.door, sending.gate.shelf, sending.carrier)
        self.gateway: Any = sending.carrier.smtp

    async def say(self, *events: Event) -> None:
        """Have triage say something."""
        for event in events:
            async with self.pool.acquire() as tx, tx.transaction():
                await handlers.take_events(tx, [event], POLICIES)  # type: ignore[list-item]

    async def put(self, path: str, status: int = 200, **body: Any) -> dict[str, Any]:
        """Change something as an operator."""
        return told(await self.web.put(path, json=body | WHY, auth=OPS), status)

    async def get(self, path: str, status: int = 200) -> dict[str, Any]:
        """Look at something as an operator."""
        return told(await self.web.get(path, auth=OPS), status)

    async def decide(self, decision: str, alert_id: UUID, status: int = 200) -> dict[str, Any]:
        """Decide of an alert."""
        path, body = f"/alerts/{alert_id}/decisions", {"decision": decision} | WHY
        return told(await self.web.post(path, json=body, auth=OPS), status)

    async def tell(self, status: str, alert_id: UUID, gateway_id: str = "gw-1") -> None:
        """Have NotifyNL call back."""
        body = {
            "id": gateway_id, "reference": str(alert_id), "to": "+31612345678", "status": status,
            "created_at": NOW.isoformat(), "completed_at": NOW.isoformat(),
            "sent_at": NOW.isoformat(), "notification_type": "sms", "template_version": 1,
        }  # fmt: skip
        answer = await self.web.post("/receipts", json=body, headers=CALLBACK)
        assert answer.status_code == 202, answer.text

    async def go_live(self, channel: str = "sms") -> None:
        """Let messages go to everybody."""
        for mode in ("shadow", "guests", "live"):
            await self.put(f"{MODES}/{channel}", mode=mode)

    async def hearing_told(self, at: datetime = HEARING_AT) -> UUID:
        """A household that can be reached, with a hearing; the alert by text message."""
        first = case_event(triage.ContactDetailsKnown, 1, is_confirmed=True, resident=TOLD)
        await self.say(first, hearing(2, at=at))
        return await self.alert("sms")

    async def alert(self, channel: str) -> UUID:
        """The first word to the resident by a channel."""
        found: UUID = await self.pool.fetchval(
            "select id from alert where recipient_role = 'resident' and channel = $1"
            " and template = 'hearing_set'", channel,
        )  # fmt: skip
        assert found
        return found

    async def send(self) -> None:
        """Send all that is due."""
        async with self.pool.acquire() as tx:
            await live_sql.note_alive(tx, clock.lease_now())
        while await self.sending.send_due():
            pass

    async def ask(self) -> int:
        """Ask the gateway of whatever no receipt came of; how often it was asked."""
        before = len(self.gateway.asked)
        while await self.asking.ask_next():
            pass
        return len(self.gateway.asked) - before

    async def state(self, alert_id: UUID) -> str:
        """What has become of an alert."""
        return str(await self.pool.fetchval("select state from alert where id = $1", alert_id))

    async def told_worker(self) -> list[str]:
        """Of what kind the messages are that say that a household was not reached."""
        rows = await self.pool.fetch("select template from alert where kind = 'undelivered'")
        return [row["template"] for row in rows]

    async def events(self, alert_id: UUID) -> list[str]:
        """What triage hears of an alert."""
        rows = await self.pool.fetch("select routing_key, body from outbox order by id")
        ours = [row for row in rows if orjson.loads(row["body"])["data"].get("alert_id")]
        return [
            row["routing_key"].split(".")[1]
            for row in ours
            if orjson.loads(row["body"])["data"]["alert_id"] == str(alert_id)
        ]


def hearing(revision: int, at: datetime = HEARING_AT) -> Event:
    """A hearing that was set."""
    return case_event(
        triage.CaseHearingSet, revision, hearing_id=HEARING, at=at, place="Voorbeeldstad",
        kind=HearingKind.ROLL, court="Rechtbank", case_number="26-1", is_confirmed=True,
    )  # fmt: skip


def told(answer: httpx.Response, status: int) -> dict[str, Any]:
    """What was answered, which must be with this status."""
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


@asynccontextmanager
async def opened(pool: db.Pool, token: str | None = TOKEN) -> AsyncIterator[Counter]:
    """notify on this database."""
    outbox = Outbox("urn:nld:oin:0:systeem:notify", pool, LeftToRelay(), 50_000)
    door, shelf, gateway = Door("notify", pool, outbox), Shelf(POLICIES), Gateway()
    broker: Any = None
    core = Core("notify", broker, pool, broker, outbox, door)
    carrier = Carrier(gateway, gateway, TEXTS, "v@voorbeeldstad.example", SITE)  # type: ignore[arg-type]
    fresh = Freshness(core, _looked_at=FOREVER)
    desk = Desk(core, shelf, signed_in(only_ops(PASSWORD)), token, has_notifynl=True)
    transport = httpx.ASGITransport(new_api(desk), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://notify") as web:
        yield Counter(pool, web, Sending(door, Gate(shelf, fresh), carrier))


@asynccontextmanager
async def clean_pool(url: str) -> AsyncIterator[db.Pool]:
    """Connections to a database that is empty again afterwards."""
    found = await db.open_pool(url, service="notify", size=3)
    yield found
    tables = await found.fetch(
        "select tablename from pg_tables where schemaname = 'public'"
        " and tablename <> 'schema_version'"
    )
    for row in tables:
        await found.execute(f"delete from {row['tablename']}")
    await found.close()
