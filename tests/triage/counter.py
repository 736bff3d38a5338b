"""The workers' API on a real database, without a broker: whoever is named is signed in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import asyncpg
import httpx
import orjson

from services.triage import deciding
from services.triage.api import new_api
from services.triage.api.taking import Counter
from services.triage.books import BookShelf
from services.triage.commands.desk import WorkerAccount
from services.triage.handlers import address_of
from services.triage.reports import new_report
from shared import db
from shared.contracts.signals import PartnerFact
from shared.contracts.triage import Role
from shared.core import Core
from shared.db import Tx
from shared.door import Door, Follow
from shared.web.session import Account, signed_in
from tests.triage.planting import POLICIES

NOOR, ZEGER = "noor-de-wit", "zeger-bos"  # the leads of the demo's roster
SHELF = BookShelf(POLICIES)


@dataclass
class _Running:
    """What the routes use of a running service."""

    pool: db.Pool
    door: Door


@dataclass
class Api:
    """The API, and who asks."""

    pool: db.Pool
    door: Door
    client: httpx.AsyncClient
    keys: int = 0

    async def say(self, *facts: PartnerFact) -> None:
        """Let facts of partners in, decided on together."""

        async def work(tx: Tx) -> tuple[None, Follow]:
            books = await SHELF.current(tx)
            reports = [new_report(one, address_of(one)) for one in facts]
            return None, await deciding.decide(tx, books, reports)

        await self.door.transact(work)

    async def get(self, who: str, path: str) -> httpx.Response:
        return await self.client.get(path, headers={"Authorization": f"Bearer {who}"})

    async def show(self, who: str, path: str) -> Any:
        """What somebody sees, which they must."""
        answer = await self.get(who, path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def send(
        self, who: str, path: str, body: Any = None, *, seen: int | None = None, key: str = ""
    ) -> httpx.Response:
        """Post a command."""
        self.keys += 1
        headers = {
            "Authorization": f"Bearer {who}",
            "Idempotency-Key": key or f"command {self.keys:08}",
            "Content-Type": "application/json",
        }
        if seen is not None:
            headers["If-Match"] = f'"{seen}"'
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        return await self.client.post(path, content=content, headers=headers)

    async def order(self, case_id: UUID, what: str, body: Any = None) -> dict[str, Any]:
        """Have the assignee do something to a case as it is now, which must succeed."""
        case = await self.case(case_id)
        path = f"/cases/{case_id}/{what}"
        answer = await self.send(case["assignee_id"], path, body, seen=case["revision"])
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def case(self, case_id: UUID) -> asyncpg.Record:
        """A case as the database has it."""
        row = await self.pool.fetchrow("select * from household_case where id = $1", case_id)
        assert row is not None
        return row

    async def cases(self) -> list[asyncpg.Record]:
        """All cases, in the order in which they were opened."""
        return await self.pool.fetch("select * from household_case order by opened_at, id")


@asynccontextmanager
async def opened(pool: db.Pool, door: Door) -> AsyncIterator[Api]:
    """The API of triage; a token is the name of who has it."""

    async def find(_: str | None, worker_id: str) -> Account | None:
        row = await pool.fetchrow(
            "select team_id, municipality, role from worker join team on team.id = team_id"
            " where worker.id = $1",
            worker_id,
        )
        if row is None:
            return None
        place = (row["team_id"], row["municipality"], Role(row["role"]))
        return WorkerAccount(worker_id, False, *place)

    running = cast(Core, _Running(pool, door))
    api = new_api(Counter(running, SHELF, signed_in(find)))
    transport = httpx.ASGITransport(app=api, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://triage") as client:
        yield Api(pool, door, client)
