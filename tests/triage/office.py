"""Triage without its processes: facts come in and workers act by the service's own code."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.triage import deciding
from services.triage.books import BookShelf
from services.triage.commands import desk as desk_commands
from services.triage.commands.desk import Act, Order, WorkerAccount
from services.triage.commands.help import record_help_answer
from services.triage.commands.tracks import EndResult, close
from services.triage.commands.visits import Tried, record_attempt
from services.triage.handlers import address_of
from services.triage.reports import new_report
from shared import clock as service_clock
from shared import db
from shared.contracts.signals import PartnerFact
from shared.contracts.triage import AttemptResult, ContactKind, Role
from shared.policy import Policies
from tests.builders import MUNICIPALITY, POLICY

SPOKE, NOT_HOME = AttemptResult.SPOKE, AttemptResult.NOT_HOME


@dataclass
class Office:
    """A database of triage, and those who work on it; a household is named by its house number."""

    url: str
    pool: db.Pool
    clock: Clock
    shelf: BookShelf = field(default_factory=lambda: BookShelf(Policies({MUNICIPALITY: [POLICY]})))

    def at(self, month: int, day: int, hour: int = 9) -> None:
        """Move the clock, to an hour in UTC."""
        self.clock.move(datetime(2026, month, day, hour, tzinfo=UTC))

    async def tell(self, *events: PartnerFact) -> None:
        """Let facts in, decided on together."""
        async with self.pool.acquire() as tx, tx.transaction():
            books = await self.shelf.current(tx)
            await deciding.decide(tx, books, [new_report(one, address_of(one)) for one in events])

    async def act(self, number: int, act: Act) -> dict[str, Any]:
        """Have the assignee of a household's newest case do something in it."""
        async with self.pool.acquire() as tx, tx.transaction():
            row = await tx.fetchrow(
                "select one.* from household_case as one join address on address.id = address_id"
                " where house_number = $1 order by is_open desc, opened_at desc limit 1",
                number,
            )
            assert row is not None
            actor = WorkerAccount(row["assignee_id"], False, "", MUNICIPALITY, Role.GENERALIST)
            order = Order(actor, "", b"", row["revision"], row["id"], may_be_closed=True)
            answer, _ = await desk_commands.carry_out(tx, order, self.shelf, act)
            return answer

    async def attempt(
        self, number: int, kind: ContactKind, result: AttemptResult = NOT_HOME
    ) -> None:
        """Somebody tries to reach a household, now."""
        tried = Tried(kind, service_clock.now(), result)
        await self.act(number, lambda desk: record_attempt(desk, tried))

    async def answer(self, number: int, answer: Any) -> None:
        """A household accepts or declines help, today."""
        today = service_clock.today()
        await self.act(number, lambda desk: record_help_answer(desk, answer, today))

    async def close(self, number: int, result: EndResult) -> None:
        """End a case."""
        await self.act(number, lambda desk: close(desk, result, "Afgerond."))

    async def fetch(self, query: str, *arguments: Any) -> Sequence[asyncpg.Record]:
        """Rows."""
        async with self.pool.acquire() as connection:
            return await connection.fetch(query, *arguments)


@asynccontextmanager
async def opened(servers: Servers, clock: Clock) -> AsyncIterator[Office]:
    """An office on a database of its own."""
    name = f"office{secrets.token_hex(4)}"
    url = await servers.create_database_from_template("template_triage", name, "triage")
    pool = await db.open_pool(url, service="test", size=3)
    try:
        yield Office(url, pool, clock)
    finally:
        await pool.close()
        await servers.drop_database(name)
