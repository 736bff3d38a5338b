"""Triage alone, on the real broker and database: a test says what signals says, and works cases."""

import asyncio
from collections import Counter
from datetime import datetime
from typing import Any

import aio_pika
import httpx
import orjson

from deploy.local.private_rabbitmq import ADMINISTRATOR
from shared.contracts.envelope import CONTENT_TYPE, EVENTS_EXCHANGE, Event, to_wire
from tests.town import Town

SOURCE = "urn:nld:oin:0:systeem:signals"


class Office:
    """A town in which only triage runs."""

    def __init__(self, town: Town, keys: int = 0) -> None:
        self.town = town
        self.keys = keys  # how many were given out

    async def say(self, *events: Event) -> None:
        """Have signals say something, and wait until triage has dealt with it."""
        async with await aio_pika.connect(self.town.amqp["signals"], timeout=10) as connection:
            channel = await connection.channel(publisher_confirms=True)
            exchange = await channel.get_exchange(EVENTS_EXCHANGE, ensure=False)
            for one in events:
                body = to_wire(one, source=SOURCE, recorded_at=self.town.now())
                message = aio_pika.Message(
                    body, message_id=str(one.wire_id), content_type=CONTENT_TYPE, user_id="signals"
                )
                await exchange.publish(message, one.route[1], timeout=10)
        ids = [one.wire_id for one in events]
        await self.town.until(
            "triage",
            f"select count(*) from inbox where event_id in ({quoted(ids)})",
            len(set(ids)),
        )

    async def send(
        self, who: str, path: str, body: Any = None, *, seen: int | None = None, key: str = ""
    ) -> httpx.Response:
        """Post a command."""
        self.keys += 1
        headers = {
            "Authorization": f"Bearer {self.town.tokens[who]}",
            "Idempotency-Key": key or f"command {self.keys:08}",
        }
        if seen is not None:
            headers["If-Match"] = f'"{seen}"'
        async with self.client() as client:
            return await client.post(path, json=body, headers=headers)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.town.urls["triage"], timeout=20)

    async def get(self, who: str, path: str) -> Any:
        """What somebody sees."""
        headers = {"Authorization": f"Bearer {self.town.tokens[who]}"}
        async with self.client() as client:
            return (await client.get(path, headers=headers)).raise_for_status().json()

    async def order(self, case: dict[str, Any], what: str, body: Any = None) -> dict[str, Any]:
        """Have the assignee do something to a case as it is now, which must succeed."""
        answer = None
        for _ in range(3):  # the calendar may change a case just before
            now = await self.case(case["household_id"])
            path = f"/v1/cases/{now['id']}/{what}"
            answer = await self.send(now["assignee_id"], path, body, seen=now["revision"])
            if answer.status_code != httpx.codes.PRECONDITION_FAILED:
                break
        assert answer
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def case(self, household_id: Any) -> dict[str, Any]:
        """The last case of a household, as the database has it."""
        rows = await self.town.fetch(
            "triage",
            "select * from household_case where household_id::text = $1 order by opened_at desc"
            " limit 1",
            str(household_id),
        )
        return dict(rows[0])

    async def cases(self) -> list[dict[str, Any]]:
        """All cases, in the order in which they were opened."""
        rows = await self.town.fetch("triage", "select * from household_case order by opened_at")
        return [dict(row) for row in rows]

    async def said(self) -> Counter[str]:
        """How many events of each kind left triage."""
        return Counter((await self.town.flow("triage"))["published"])

    async def bodies(self, queue: str) -> list[dict[str, Any]]:
        """What waits in a queue; it stays there."""
        servers = self.town.servers
        password = servers.passwords.of(ADMINISTRATOR)
        url = servers.amqp_url(ADMINISTRATOR, self.town.name, password)
        found = []
        async with await aio_pika.connect(url, timeout=10) as connection:
            channel = await connection.channel()
            place = await channel.get_queue(queue)
            while message := await place.get(fail=False):
                found.append(orjson.loads(message.body)["data"])
        return found

    async def pass_time(self, instant: datetime) -> None:
        """Let it be another time, and wait until all that is due of terms was said."""
        self.town.clock.move(instant)
        async with asyncio.timeout(30):
            while await self._is_moving():  # noqa: ASYNC110 - what we wait for is elsewhere
                await asyncio.sleep(0.05)

    async def _is_moving(self) -> bool:
        flow = await self.town.flow("triage")
        due_at = flow["next_due_at"]
        is_due = due_at is not None and datetime.fromisoformat(due_at) <= self.town.now()
        return bool(flow["busy"] or flow["outbox"] or is_due)


def quoted(ids: Any) -> str:
    return ", ".join(f"'{one}'" for one in ids)


async def open_office(town: Town) -> Office:
    """Start triage alone."""
    await town.start("triage")
    return Office(town)
