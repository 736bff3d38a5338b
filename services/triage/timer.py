"""Door 4 of triage, the calendar: terms that are near or over, the weekly sample, lost causes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID

from services.triage import deadlines, deciding, telling
from services.triage.announcements import Voice, named
from services.triage.books import BookShelf
from services.triage.cases import Deadline
from services.triage.commands import assigning
from services.triage.commands.desk import Desk, Order, WorkerAccount, meet_terms
from services.triage.sql import care as care_sql
from services.triage.sql import cases as case_sql
from services.triage.sql import deadlines as deadline_sql
from services.triage.sql import lists as list_sql
from services.triage.sql import reports as report_sql
from services.triage.sql import roster as roster_sql
from services.triage.sql import tasks as task_sql
from services.triage.sql import telling as telling_sql
from services.triage.sql import verdicts as verdict_sql
from services.triage.sql.deadlines import DueTerm
from services.triage.sql.tasks import NewTask
from shared import clock, db, log
from shared.clock import AMSTERDAM
from shared.contracts import triage
from shared.contracts.envelope import Event
from shared.contracts.triage import Role
from shared.db import Tx
from shared.door import Door, Follow
from shared.workdays import at_hour

POLL_SECONDS = 0.5
SLOW_POLL_SECONDS = 60.0
# What a day brings is said at this hour, before the digest of eight o'clock goes out.
TELLS_AT = time(7, 0)
TERMS_MAX = 50  # in one transaction
SAMPLE_SIZE = 10  # decisions a week, of each municipality (DESIGN 5)
CAUSE_DAYS = 14  # that a fact waits for its cause before a person looks (DESIGN 3)
CAUSELESS_MAX = 500
REST = timedelta(hours=1)  # of a term that cannot be said
CLOCK_ACTOR = WorkerAccount("klok", False, "", "", Role.LEAD)


logger = log.get()


@dataclass
class Calendar:
    """What the calendar of triage needs."""

    door: Door
    shelf: BookShelf
    # How many terms the next steps take one by one, after a step that failed.
    _singly: int = 0
    _put_off: dict[UUID, datetime] = field(default_factory=dict)  # terms that failed, until when

    async def run_terms(self) -> None:
        """Say what is to be said of terms, for ever; a loop of the service."""
        while True:
            while await self.say_due():
                pass
            await asyncio.sleep(POLL_SECONDS)

    async def say_due(self) -> int:
        """Say what is due now, some terms at a time; how many there were.

        After a fault the same terms are taken one by one, and the culprit is put off: it keeps
        nobody else from hearing of theirs.
        """
        limit = 1 if self._singly else TERMS_MAX
        taken: list[UUID] = []
        try:
            said = await self.door.transact(lambda tx: self._say_some(tx, limit, taken))
        except db.IN_PASSING:
            raise
        except Exception as error:
            if not taken or not await db.answers(self.door.pool):
                raise
            logger.error("terms_failed", fault=log.fault_of(error), terms=len(taken))
            self._after_fault(taken)
            return len(taken)
        self._singly = max(self._singly - 1, 0)
        return said

    def _after_fault(self, taken: list[UUID]) -> None:
        if len(taken) > 1:
            self._singly = len(taken)
            return
        self._singly = max(self._singly - 1, 0)
        self._put_off[taken[0]] = clock.now() + REST

    async def _say_some(self, tx: Tx, limit: int, taken: list[UUID]) -> tuple[int, Follow]:
        """Say of some terms what is due; notes which it took."""
        now = clock.now()
        today = term_day(now)
        self._put_off = {one: until for one, until in self._put_off.items() if until > now}
        due = await deadline_sql.list_due(tx, today, limit, self._put_off)
        if not due:
            return 0, ()
        taken[:] = [one.id for one in due]  # anew when the door tries again
        buildings = sorted({one.building for one in due})
        await report_sql.lock_buildings(tx, buildings)
        events: list[Event] = []
        for one in due:
            events += await _say(tx, one, self.shelf, today)
        books = await self.shelf.current(tx)
        events += await deciding.decide(tx, books, buildings=buildings)
        return len(due), events

    async def run_slow(self) -> None:
        """Draw samples and look for lost causes, for ever; a loop of the service."""
        while True:
            await self.draw_samples()
            await self.find_causeless()
            await asyncio.sleep(SLOW_POLL_SECONDS)

    async def draw_samples(self) -> None:
        """Draw the sample of last week, once for each municipality."""
        today = clock.today()
        monday = today - timedelta(days=today.weekday())
        week = monday - timedelta(days=7)
        span = at_hour(week, time()), at_hour(monday, time())

        async def work(tx: Tx) -> tuple[None, Follow]:
            for municipality in sorted(await self.shelf.current(tx)):
                await verdict_sql.draw_sample(tx, municipality, week, span, SAMPLE_SIZE)
            return None, ()

        await self.door.transact(work)

    async def find_causeless(self) -> None:
        """A fact that waited long for its cause is something to look at."""
        before = clock.now() - timedelta(days=CAUSE_DAYS)

        async def work(tx: Tx) -> tuple[None, Follow]:
            rows = await list_sql.list_causeless(tx, before, CAUSELESS_MAX)
            if rows:
                tasks = [_causeless(row["household_id"], row["municipality"]) for row in rows]
                await task_sql.insert_tasks(tx, tasks, clock.now())
            return None, ()

        await self.door.transact(work)

    async def next_due(self) -> datetime | None:
        """The next instant at which something is to be said of a term."""
        today = term_day(clock.now())
        async with self.door.pool.acquire() as connection:
            day = await deadline_sql.find_next(connection, today)
        return at_hour(day, TELLS_AT) if day else None


def _causeless(household_id: UUID, municipality: str) -> NewTask:
    reason = f"Een feit zonder signaal of zaak, al {CAUSE_DAYS} dagen: klopt het adres?"
    return NewTask("fact_without_cause", municipality, household_id, None, reason)


def term_day(now: datetime) -> date:
    """The day of which terms are said: the calendar day from seven o'clock on."""
    local = now.astimezone(AMSTERDAM)
    return local.date() if local.time() >= TELLS_AT else local.date() - timedelta(days=1)


async def _say(tx: Tx, due: DueTerm, shelf: BookShelf, today: date) -> list[Event]:
    """Say of one term that it is near, or what follows from its end; its building is locked."""
    found = await deadline_sql.load_due(tx, due.id)
    case = await case_sql.load_case(tx, due.case_id)
    if found is None or case is None or not (case.is_open or due.name in deadlines.OUTLIVE):
        return []
    term, near_said, missed_said = found
    is_over = term.due_on < today
    if missed_said if is_over else near_said:
        return []
    desk = await _open_desk(tx, due, shelf)
    follow = _end_of(term) if is_over else _near
    if not is_over or term.name not in deadlines.ENDINGS:
        await deadline_sql.note_said(tx, due.id, desk.now, is_over=is_over)
    await follow(desk, term)
    await case_sql.save_cases(tx, [desk.case], desk.now)
    if loads := desk.roster.changed_loads():
        await roster_sql.save_loads(tx, loads)
    return [*desk.voice.events, *desk.extra_events]


async def _open_desk(tx: Tx, due: DueTerm, shelf: BookShelf) -> Desk:
    case = await case_sql.load_case(tx, due.case_id)
    assert case
    books = await shelf.current(tx)
    roster = await roster_sql.lock_roster(tx, case.address.municipality)
    order = Order(CLOCK_ACTOR, str(due.id), b"", case.revision, case.id)
    voice = Voice.of(case, roster)
    return Desk(tx, order, voice, roster, books[case.address.municipality], clock.now())


Follows = Callable[[Desk, Deadline], Awaitable[None]]


def _end_of(term: Deadline) -> Follows:
    """What follows when a term is over."""
    special: dict[str, Follows] = {
        deadlines.ACCEPTANCE: _escalate,
        deadlines.PAUSE_END: _end_pause,
        deadlines.MORATORIUM_END: _end_quietly,
        deadlines.REVIEW: _ask_to_look_again,
    }
    return special.get(term.name, _miss)


async def _near(desk: Desk, term: Deadline) -> None:
    desk.voice.say(triage.DeadlineNear, **named(term))


async def _miss(desk: Desk, term: Deadline) -> None:
    """A term was missed; partners may know of the one that was agreed with them."""
    told = term.name == deadlines.ACT_ON_SIGNAL
    signals = await telling_sql.load_tellable(desk.tx, desk.case.household_id) if told else []
    desk.voice.say(triage.DeadlineMissed, **named(term), signal_ids=tuple(signals))


async def _escalate(desk: Desk, term: Deadline) -> None:
    """Nobody answered in time: the case goes to who comes next, or to the lead."""
    desk.voice.say(triage.DeadlineMissed, **named(term), signal_ids=())
    await assigning.pass_on(desk, "geen antwoord binnen de termijn", is_timeout=True)


async def _end_pause(desk: Desk, term: Deadline) -> None:
    """Whoever was told of the pause hears of its end, though the case be closed by then."""
    for answer_id in await care_sql.end_pauses(desk.tx, desk.case.id, desk.now):
        desk.extra_events.append(await telling.tell_pause_ended(desk.tx, answer_id))
    await _end_quietly(desk, term)


async def _end_quietly(desk: Desk, term: Deadline) -> None:
    """Nobody missed anything; who heard that the day comes hears that it is over."""
    await meet_terms(desk, term.name)


async def _ask_to_look_again(desk: Desk, term: Deadline) -> None:
    """The day has come on which somebody said that they would look again."""
    case = desk.case
    task = NewTask(
        "look_again",
        case.address.municipality,
        case.household_id,
        case.id,
        f"{case.reference}: de dag om opnieuw te kijken is voorbij.",
        occasion=term.due_on.isoformat(),
    )
    await task_sql.insert_tasks(desk.tx, [task], desk.now)
    await _end_quietly(desk, term)
