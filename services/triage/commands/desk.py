"""A case on the desk: under lock, with what a command needs to act on it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.triage import deciding
from services.triage.announcements import Voice, say_terms_met
from services.triage.assignment import Roster
from services.triage.books import Books, BookShelf
from services.triage.cases import Case
from services.triage.reports import Fact, FactKind, Report
from services.triage.rules import PolicyBook
from services.triage.sql import cases as case_sql
from services.triage.sql import deadlines as deadline_sql
from services.triage.sql import reports as report_sql
from services.triage.sql import roster as roster_sql
from services.triage.sql import work as work_sql
from shared import clock
from shared.contracts.envelope import Event, derived_id
from shared.contracts.triage import Role
from shared.db import Tx
from shared.door import Door, Follow
from shared.policy import TriagePolicy
from shared.web.session import Account

OURS = "gemeente"  # who says what a worker enters, beside the source that they name


@dataclass(frozen=True)
class WorkerAccount(Account):
    """A worker who signed in."""

    team_id: str
    municipality: str
    role: Role

    @property
    def is_lead(self) -> bool:
        return self.role is Role.LEAD


class Refused(Exception):
    """A command cannot be carried out; nothing was changed."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


@dataclass(frozen=True)
class Order:
    """A command as it came in: who asks, its key, what it saw, and what it is about."""

    actor: WorkerAccount
    key: str
    request_hash: bytes
    revision: int
    case_id: UUID
    may_be_closed: bool = False


@dataclass
class Desk:
    """A case under lock, with what a command needs to act on it."""

    tx: Tx
    order: Order
    voice: Voice
    roster: Roster
    book: PolicyBook
    now: datetime
    extra_events: list[Event] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)  # facts that the command enters

    @property
    def case(self) -> Case:
        return self.voice.case

    @property
    def actor(self) -> WorkerAccount:
        return self.order.actor

    @property
    def today(self) -> date:
        return clock.amsterdam_day(self.now)

    @property
    def policy(self) -> TriagePolicy:
        """The policy of today."""
        return self.book.on(self.today).policy.triage

    def change(self, **fields: Any) -> None:
        """Change the case."""
        self.voice.case = replace(self.voice.case, **fields)

    def note(self) -> None:
        """Raise the revision without an event: nobody outside needs to hear of it."""
        self.change(revision=self.case.revision + 1)

    def new_id(self, what: str) -> UUID:
        """The id of something that this command makes; the same when it is carried out again."""
        return derived_id(what, self.case.id, self.case.revision + 1)

    async def enter(self, kind: FactKind, source: str, **fields: Any) -> UUID:
        """Enter a fact for this household, with who says so; it is decided on with the command."""
        anchor = fields.pop("refers_to", None)
        if anchor is None:
            anchor = await work_sql.find_any_report(self.tx, self.case.household_id)
        fact = Fact(
            id=derived_id("entered", kind, self.case.id, self.case.revision, len(self.reports)),
            kind=kind,
            partner_id=OURS,
            contract="",
            reported_on=self.today,
            recorded_at=self.now,
            sequence=None,
            refers_to=anchor,
            source=source,
            recorded_by=self.actor.id,
            **fields,
        )
        self.reports.append(Report(fact, self.case.address))
        return fact.id


async def meet_terms(desk: Desk, *names: str) -> None:
    """Note that terms were met, if they run, and say so to who heard that they did."""
    await deadline_sql.meet(desk.tx, desk.case.id, names, desk.now)
    if not desk.case.is_open:
        return  # nothing is said of it after its closing: that alone says that it is closed
    unsaid = await deadline_sql.take_unsaid(desk.tx, desk.case.id, names, desk.now)
    say_terms_met(desk.voice, unsaid)


Act = Callable[[Desk], Awaitable[dict[str, Any]]]


async def take(door: Door, order: Order, shelf: BookShelf, act: Act) -> tuple[int, dict[str, Any]]:
    """Carry a command out, or give the answer it got before; raises Refused."""

    async def work(tx: Tx) -> tuple[tuple[int, dict[str, Any]], Follow]:
        now = clock.now()
        if before := await claimed_before(tx, order, now):
            return before, ()
        answer, events = await carry_out(tx, order, shelf, act)
        await work_sql.save_answer(tx, order.actor.id, order.key, 200, answer)
        return (200, answer), events

    return await door.transact(work)


async def claimed_before(tx: Tx, order: Order, now: datetime) -> tuple[int, dict[str, Any]] | None:
    """Claim the key of a command; the answer when it was taken before. Raises Refused."""
    before = await work_sql.claim_command(tx, order.actor.id, order.key, order.request_hash, now)
    if before is None:
        return None
    if before.request_hash != order.request_hash:
        raise Refused(409, "This Idempotency-Key was used for another command.")
    return before.status, before.answer


async def carry_out(
    tx: Tx, order: Order, shelf: BookShelf, act: Act
) -> tuple[dict[str, Any], list[Event]]:
    """Act on a case, save it, and decide anew what follows; the answer and the events."""
    books = await shelf.current(tx)
    case = await _lock_case(tx, order)
    desk = await lay_out(tx, order, case, books)
    answer = await act(desk)
    events = await put_away(desk)
    events += await deciding.decide(tx, books, desk.reports, [case.address.building])
    if case.is_open and not desk.case.is_open:
        # What was entered to end it was dealt with by it too.
        await report_sql.mark_handled(tx, case.household_id, case.id)
    after = await case_sql.load_case(tx, case.id)
    assert after
    return {**answer, "case_id": str(after.id), "revision": after.revision}, events


async def lay_out(tx: Tx, order: Order, case: Case, books: Books) -> Desk:
    """A case, whose building is locked, on the desk; locks its teams."""
    roster = await roster_sql.lock_roster(tx, case.address.municipality)
    voice = Voice.of(case, roster)
    return Desk(tx, order, voice, roster, books[case.address.municipality], clock.now())


async def put_away(desk: Desk) -> list[Event]:
    """Save what was done on the desk; the events of it."""
    await case_sql.save_cases(desk.tx, [desk.case], desk.now)
    if loads := desk.roster.changed_loads():
        await roster_sql.save_loads(desk.tx, loads)
    return [*desk.voice.events, *desk.extra_events]


async def _lock_case(tx: Tx, order: Order) -> Case:
    """Lock the building, and check that the command fits the case; raises Refused."""
    address = await work_sql.find_case_address(tx, order.case_id)
    if address is None:
        raise Refused(404, "No such case.")
    await report_sql.lock_buildings(tx, [address.building])
    case = await case_sql.load_case(tx, order.case_id)
    leads = await roster_sql.load_leads(tx, order.case_id)
    # Whose case it is not learns no more than of a case that does not exist.
    if case is None or order.actor.id not in {case.assignee_id, *leads}:
        raise Refused(404, "No such case.")
    if not case.is_open and not order.may_be_closed:
        raise Refused(409, "The case is closed.")
    if case.revision != order.revision:
        raise Refused(
            412,
            f"The case is at revision {case.revision}; you saw {order.revision}. Read it again.",
        )
    return case
