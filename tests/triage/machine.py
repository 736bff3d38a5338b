"""What the state machine of triage stands on: a database in a transaction, events, commands."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import date
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from uuid import UUID

import asyncpg
from hypothesis.stateful import (
    RuleBasedStateMachine,
)

from deploy.local.driver import Clock
from services.triage import deciding
from services.triage.books import BookShelf
from services.triage.commands import desk
from services.triage.commands.desk import Act, Order, Refused, WorkerAccount
from services.triage.commands.households import Judge
from services.triage.handlers import address_of
from services.triage.reports import new_report
from shared import clock, db
from shared.contracts.envelope import Event
from shared.contracts.signals import PartnerFact
from shared.contracts.triage import (
    CaseClosed,
    CaseEvent,
    CaseReopened,
    DeadlineFact,
    DeadlineMet,
    Role,
)
from shared.policy import Policies
from tests.builders import MUNICIPALITY, NOW, POLICY

LEAD = WorkerAccount("noor-de-wit", False, "noord", MUNICIPALITY, Role.LEAD)


class Machine(RuleBasedStateMachine):
    """Triage with its clock, in a transaction that never happened."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        folder = Path(mkdtemp(prefix="voordeur-clock-"))
        self.clock = Clock(folder / "clock")
        self.now = NOW
        self.clock.move(self.now)
        clock.step_by(folder / "clock")
        self.shelf = BookShelf(Policies({MUNICIPALITY: [POLICY]}))
        self.keys = 0
        self.revisions: dict[UUID, list[int]] = {}
        self.closed: set[UUID] = set()
        self.words: dict[tuple[UUID, str], str] = {}  # said last of each term of each case
        self.tx: Any = self.run(self._open())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    async def _open(self) -> Any:
        connection = await asyncpg.connect(self.url, timeout=10)
        await db.prepare(connection)
        self.transaction = connection.transaction()
        await self.transaction.start()
        return connection

    def teardown(self) -> None:
        async def end() -> None:
            await self.transaction.rollback()
            await self.tx.close()

        self.run(end())
        self.runner.close()
        clock.step_by(None)

    def hear(self, events: list[Event]) -> None:
        """Every case event has a revision of its own, higher than those before.

        That a term runs no longer is said of what was said to run, once; of a closed case nothing.
        """
        for event in events:
            if isinstance(event, CaseEvent):
                known = self.revisions.setdefault(event.case_id, [])
                assert not known or event.revision > known[-1], type(event).__name__
                known.append(event.revision)
                self._note(event)

    def _note(self, event: CaseEvent) -> None:
        name = type(event).__name__
        if isinstance(event, CaseClosed):
            self.closed.add(event.case_id)
        elif isinstance(event, CaseReopened):
            self.closed.discard(event.case_id)
        elif isinstance(event, DeadlineFact):
            assert event.case_id not in self.closed, (name, event.name)
            key = event.case_id, event.name
            if isinstance(event, DeadlineMet):
                assert self.words.get(key) in {"DeadlineNear", "DeadlineMissed"}, event.name
            self.words[key] = name

    def tell(self, event: PartnerFact) -> None:
        self.keys += 1
        event = event.model_copy(update={"fact_id": UUID(int=self.keys)})

        async def take() -> list[Event]:
            books = await self.shelf.current(self.tx)
            return await deciding.decide(self.tx, books, [new_report(event, address_of(event))])

        self.hear(self.run(take()))

    def cases(self, *, is_open: bool = True) -> list[Any]:
        rows: list[Any] = self.run(
            self.tx.fetch(
                "select id, household_id, revision, assignee_id, lead_id from household_case"
                " where is_open = $1 order by id",
                is_open,
            )
        )
        return rows

    def command(
        self, act: Act, choice: int, *, as_lead: bool = False, closed: bool = False
    ) -> None:
        """Have somebody do something to a case; a refusal changes nothing."""
        found = self.cases(is_open=not closed)
        if not found:
            return
        case = found[choice % len(found)]
        name = case["lead_id"] if as_lead else case["assignee_id"]
        role = Role.LEAD if name == case["lead_id"] else Role.GENERALIST
        who = WorkerAccount(name, False, "noord", MUNICIPALITY, role)
        order = Order(
            who, "a key of its own", b"", case["revision"], case["id"], may_be_closed=closed
        )

        async def take() -> list[Event]:
            try:
                async with self.tx.transaction():
                    return (await desk.carry_out(self.tx, order, self.shelf, act))[1]
            except Refused:
                return []

        self.hear(self.run(take()))

    def judge(self, work: Callable[[Judge], Awaitable[Any]]) -> None:
        """Have the lead decide about households."""
        self.keys += 1
        one = Judge(self.tx, LEAD, self.shelf, f"key {self.keys}")

        async def take() -> list[Event]:
            try:
                async with self.tx.transaction():
                    events: list[Event] = (await work(one))[1]
                    return events
            except Refused:
                return []

        self.hear(self.run(take()))

    @property
    def today(self) -> date:
        return clock.amsterdam_day(self.now)

    def known(self) -> list[UUID]:
        rows = self.run(self.tx.fetch("select distinct household_id from signal order by 1"))
        return [row["household_id"] for row in rows]

    def none(self, query: str) -> None:
        rows = self.run(self.tx.fetch(query))
        assert not rows, [dict(row) for row in rows]


class Through:
    """A door that is always open: it carries out in the machine's own transaction."""

    def __init__(self, tx: Any, hear: Callable[[list[Event]], None]) -> None:
        self.tx, self.hear = tx, hear

    async def transact(self, work: Callable[[Any], Awaitable[tuple[Any, list[Event]]]]) -> Any:
        result, events = await work(self.tx)
        self.hear(list(events))
        return result
