"""Triage without its processes: facts come in and workers act by the service's own code."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import asyncpg

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.triage import deciding
from services.triage.books import BookShelf
from services.triage.commands import desk as desk_commands
from services.triage.commands.desk import Act, Order, WorkerAccount
from services.triage.commands.help import record_help_answer
from services.triage.commands.households import Done, Judge
from services.triage.commands.tracks import EndResult, close
from services.triage.commands.visits import Tried, record_attempt
from services.triage.handlers import address_of
from services.triage.reports import new_report
from services.triage.timer import Calendar
from shared import clock as service_clock
from shared import db
from shared.contracts.envelope import Event
from shared.contracts.signals import PartnerFact
from shared.contracts.triage import AttemptResult, ContactKind, Role
from shared.policy import Policies
from tests.builders import MUNICIPALITY, POLICY

One = TypeVar("One", bound=Event)
LEAD = WorkerAccount("noor-de-wit", False, "noord", MUNICIPALITY, Role.LEAD)
SPOKE, NOT_HOME = AttemptResult.SPOKE, AttemptResult.NOT_HOME


@dataclass
class Office:
    """A database of triage, and those who work on it; a household is named by its house number."""

    url: str
    pool: db.Pool
    clock: Clock
    shelf: BookShelf = field(default_factory=lambda: BookShelf(Policies({MUNICIPALITY: [POLICY]})))
    said: list[Event] = field(default_factory=list)
    keys: int = 0  # given out to commands about households

    def __post_init__(self) -> None:
        self.calendar = Calendar(self, self.shelf)  # type: ignore[arg-type]

    def at(self, month: int, day: int, hour: int = 9) -> None:
        """Move the clock, to an hour in UTC."""
        self.clock.move(datetime(2026, month, day, hour, tzinfo=UTC))

    async def tell(self, *events: PartnerFact) -> None:
        """Let facts in, decided on together."""
        async with self.pool.acquire() as tx, tx.transaction():
            books = await self.shelf.current(tx)
            reports = [new_report(one, address_of(one)) for one in events]
            self.said += await deciding.decide(tx, books, reports)

    async def transact(self, work: Callable[[Any], Awaitable[tuple[Any, Sequence[Event]]]]) -> Any:
        """As the service's door does, for what asks for one."""
        async with self.pool.acquire() as tx, tx.transaction():
            result, events = await work(tx)
        self.said += events
        return result

    async def pass_time(self, month: int, day: int) -> None:
        """Let a day come, and have the calendar say what it brings."""
        self.at(month, day)
        for _ in range(300):
            if not await self.calendar.say_due():
                return
        raise AssertionError("the calendar never falls silent")

    def heard(self, event_class: type[One]) -> list[One]:
        """The events of one kind that were said."""
        return [one for one in self.said if isinstance(one, event_class)]

    async def terms(self, number: int) -> dict[str, asyncpg.Record]:
        """The terms that run for a household, by name."""
        rows = await self.fetch(
            "select deadline.*, missed_said_at is not null as is_missed"
            " from deadline join household_case on household_case.id = case_id"
            " join address on address.id = address_id"
            " where house_number = $1 and met_at is null and dropped_at is null",
            number,
        )
        return {row["name"]: row for row in rows}

    async def case(self, number: int) -> asyncpg.Record:
        """The newest case of a household."""
        rows = await self.fetch(
            "select one.* from household_case as one join address on address.id = address_id"
            " where house_number = $1 order by is_open desc, opened_at desc limit 1",
            number,
        )
        return rows[0]

    async def act(self, number: int, act: Act) -> dict[str, Any]:
        """Have the assignee of a household's newest case do something in it."""
        row = await self.case(number)
        async with self.pool.acquire() as tx, tx.transaction():
            actor = WorkerAccount(row["assignee_id"], False, "", MUNICIPALITY, Role.GENERALIST)
            order = Order(actor, "", b"", row["revision"], row["id"], may_be_closed=True)
            answer, events = await desk_commands.carry_out(tx, order, self.shelf, act)
            self.said += events
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

    async def act_in(self, row: asyncpg.Record, act: Act, who: str = "") -> dict[str, Any]:
        """Have the assignee, or who is named, do something in a case as it is now."""
        actor = WorkerAccount(who or row["assignee_id"], False, "", MUNICIPALITY, Role.GENERALIST)
        order = Order(actor, "", b"", row["revision"], row["id"], may_be_closed=True)
        async with self.pool.acquire() as tx, tx.transaction():
            answer, events = await desk_commands.carry_out(tx, order, self.shelf, act)
        self.said += events
        return answer

    async def judge(self, work: Callable[[Judge], Awaitable[Done]]) -> dict[str, Any]:
        """Have the lead decide about households."""
        self.keys += 1
        async with self.pool.acquire() as tx, tx.transaction():
            answer, events = await work(Judge(tx, LEAD, self.shelf, f"key {self.keys}"))
        self.said += events
        return answer

    async def doors(self) -> dict[str, asyncpg.Record]:
        """The newest case behind each front door, by what follows the house number."""
        rows = await self.fetch(
            "select household_case.*, suffix from household_case"
            " join address on address.id = address_id order by opened_at, is_open"
        )
        return {row["suffix"]: row for row in rows}

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
