"""notify with its real app on a real database, without a broker, and links to answer by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson

from services.notify.app import wire
from services.notify.gate import Mode
from services.notify.gating import Gate, Item
from services.notify.settings import Settings
from services.notify.sql import alerts as alert_sql
from services.notify.sql import live as live_sql
from services.notify.sql.live import Change
from shared import clock, db
from shared.contracts import triage
from shared.contracts.envelope import Event, to_wire
from shared.contracts.triage import Resident
from shared.core import new_core
from shared.db import Tx
from shared.door import Door, Follow
from shared.outbox import LeftToRelay, Outbox
from shared.policy import Channel, Policies
from shared.policy.shelf import Shelf
from shared.waiting import Delivery
from tests.builders import MUNICIPALITY, NOW, POLICY, case_event
from tests.tidy.generated import SETTINGS

POLICIES = Policies({MUNICIPALITY: [POLICY]})
CASE, HOUSEHOLD = UUID(int=0xCA5E), UUID(int=0x401D)
VISIT_AT = NOW + timedelta(days=7)
RESIDENT = Resident(
    name="V. Voorbeeld", postcode="9901AB", house_number=1, suffix="A", phone="0612345678",
    email="V.Voorbeeld@post.example", language="nl", is_verified=True,
)  # fmt: skip
NUMBER, ADDRESS = "+31612345678", "v.voorbeeld@post.example"


class Fresh:
    """Nothing waits, and triage was heard of."""

    async def look_again(self) -> None:
        pass

    async def find_stale(self, *_: Any, patient: bool) -> set[UUID]:
        return set()


@dataclass
class Front:
    """What a test does with notify."""

    pool: db.Pool
    door: Door
    app: Any
    address: str = "203.0.113.7"  # of who asks

    @staticmethod
    def of(pool: db.Pool) -> "Front":
        """The service's own app."""
        core = new_core("notify", Settings(**SETTINGS), pool)
        core.door.outbox = Outbox("urn:nld:oin:0:systeem:notify", pool, LeftToRelay(), 50_000)
        return Front(pool, core.door, wire(core))

    async def go_live(self) -> None:
        """Open all channels to residents."""
        change = Change("noor", "test", NOW)
        async with self.pool.acquire() as tx:
            for channel in Channel:
                await live_sql.insert_mode(tx, MUNICIPALITY, channel, Mode.LIVE, change)

    def client(self, address: str = "", **headers: str) -> httpx.AsyncClient:
        """Somebody who did not sign in."""
        transport = httpx.ASGITransport(self.app, client=(address or self.address, 4711))
        url = "https://voordeur.example"
        return httpx.AsyncClient(transport=transport, base_url=url, headers=headers)

    async def get(self, token: str, **params: str) -> httpx.Response:
        async with self.client() as web:
            return await web.get(f"/r/{token}", params=params)

    async def post(self, token: str, answer: str, **params: str) -> httpx.Response:
        async with self.client() as web:
            return await web.post(f"/r/{token}", data={"answer": answer}, params=params)

    async def tell(self, *events: Event) -> None:
        """Have triage say something."""
        for event in events:
            body = to_wire(event, source="urn:nld:oin:0:systeem:triage", recorded_at=NOW)
            queue = type(event).queue("notify", event.lane)
            one = Delivery(queue, body, str(event.wire_id), "", None, None, redelivered=False)
            await self.door.take(self.door.consumers[queue], [one])
        assert not await self.pool.fetchval("select count(*) from waiting")

    async def pass_gate(self) -> Sequence[Item]:
        """Let what is due to residents pass the gate, as if it were sent; with its tokens."""
        gate = Gate(Shelf(POLICIES), Fresh())  # type: ignore[arg-type]
        until = clock.lease_until(60)

        async def work(tx: Tx) -> tuple[list[Item], Follow]:
            due = await alert_sql.claim_due(tx, clock.now(), clock.lease_now(), until, 100)
            items: list[Item] = []
            for one in due:
                passed, _ = await gate.pass_through(tx, [one], f"<{one.alert.id}@x>", until)
                items += passed
            ids = [item.alert.id for item in items]
            await alert_sql.settle(tx, ids, "sent", "", clock.now())
            return [item for item in items if item.token], ()

        return await self.door.transact(work)

    async def link(self) -> str:
        """The token of the one message to a resident that is due."""
        (item,) = await self.pass_gate()
        return item.token

    async def to_residents(self, state: str = "scheduled") -> list[tuple[str, str]]:
        """Template and channel of alerts to residents."""
        rows = await self.pool.fetch(
            "select template, channel from alert where recipient_id = 'resident' and state = $1"
            " order by due_at, channel",
            state,
        )
        return [tuple(row) for row in rows]

    async def kept(self) -> list[str]:
        """The answers that were kept."""
        rows = await self.pool.fetch("select answer from reply order by given_at, answer")
        return [row["answer"] for row in rows]

    async def said(self) -> list[dict[str, Any]]:
        """What triage is told of answers."""
        rows = await self.pool.fetch(
            "select body from outbox where routing_key = 'notify.resident_replied.v1' order by id"
        )
        return [orjson.loads(row["body"])["data"] for row in rows]


def a_visit(
    case_id: UUID = CASE, first: int = 1, resident: Resident = RESIDENT, **changes: Any
) -> list[Event]:
    """A confirmed case whose household can be reached, with a visit in a week."""
    common = {"case_id": case_id, "household_id": HOUSEHOLD, "is_confirmed": True, **changes}
    window = {"starts_at": VISIT_AT, "ends_at": VISIT_AT + timedelta(hours=1)}
    return [
        case_event(triage.ContactDetailsKnown, first, resident=resident, **common),
        case_event(triage.VisitPlanned, first + 1, visit_id=UUID(int=first), **window, **common),
    ]
