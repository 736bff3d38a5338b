"""Door 4 of triage, the calendar: households that were kept long enough are purged.

How long is the municipality's policy (`triage.case_days`), from when the last case closed, or from
the last report where that came later or where there never was a case. Of what goes, the counts of
the monitor are kept before. What must not take effect twice does not rest on what goes: signals
keeps the id of every event for good and publishes none again, our inbox keeps ids longer than
anything is delivered again, and ids of households and cases are not given out a second time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

from services.triage.sql import erasing as erase_sql
from services.triage.sql import purging as purge_sql
from services.triage.sql import tasks as task_sql
from services.triage.sql.erasing import UNANSWERED
from services.triage.sql.purging import Holding, Terms
from services.triage.sql.tasks import NewTask
from shared import clock, log, waiting
from shared.contracts import triage
from shared.contracts.envelope import Event
from shared.db import Tx
from shared.door import INBOX_DAYS, Door, Follow
from shared.policy import Policies
from shared.policy.shelf import Shelf

POLL_SECONDS = 3600.0
PART_MAX = 200  # households in one transaction
ROWS_MAX = 5000  # of what is forgotten without a lock of a building
EMPTY_MAX = 500
FIRST = UUID(int=0)
# A command that comes again after that is a new one; nothing is delivered again so late.
COMMAND_DAYS = INBOX_DAYS
# That a household was erased is kept as long as who read it: see sealing.READ_DAYS.
ERASURE_DAYS = 5 * 365 + 1
ANSWER_DAYS = 7  # ours: then somebody looks why a service has not answered

logger = log.get()


@dataclass
class Figures:
    """How much is due, or was purged, of one municipality."""

    households: int = 0
    cases: int = 0
    signals: int = 0


@dataclass
class Purging:
    """The loop that purges."""

    door: Door
    shelf: Shelf

    async def run(self) -> None:
        """Purge now and every hour, for ever; a loop of the service."""
        while True:
            async with self.door.pool.acquire() as connection:
                policies = await self.shelf.current(connection)
            await purge(self.door, policies)
            await ask_who_answers_not(self.door)
            await asyncio.sleep(POLL_SECONDS)


def terms_of(policies: Policies) -> Terms:
    """How long households are kept, by the policies that hold now."""
    now = clock.now()
    today = clock.amsterdam_day(now)
    found = {name: policies.on(name, today) for name in policies.by_municipality}
    return Terms(
        now,
        {
            name: timedelta(days=policy.triage.case_days.value)
            for name, policy in found.items()
            if policy
        },
        {name: policy.sha256 for name, policy in found.items() if policy},
    )


async def purge(door: Door, policies: Policies) -> dict[str, Figures]:
    """Purge all that is due, part by part; how much went of each municipality."""
    terms = terms_of(policies)
    figures: dict[str, Figures] = {}
    after: UUID | None = FIRST
    while after is not None:
        after, gone = await door.transact(partial(_purge_part, terms=terms, after=after))
        _add(figures, gone)
    for municipality, of in sorted(figures.items()):
        logger.info("households_purged", municipality=municipality, count=of.households)
    await _purge_the_rest(door, terms)
    return figures


def _add(figures: dict[str, Figures], holdings: Sequence[Holding]) -> None:
    for one in holdings:
        of = figures.setdefault(one.municipality, Figures())
        of.households += 1
        of.cases += len(one.case_ids)
        of.signals += one.signals


Part = tuple[UUID | None, Sequence[Holding]]  # where the next one begins, and what went


async def _purge_part(tx: Tx, terms: Terms, after: UUID) -> tuple[Part, Follow]:
    """Purge the next households that are due and whose buildings are free."""
    due = await purge_sql.list_due(tx, terms, after, PART_MAX)
    if not due:
        return (None, ()), ()
    locked = set(await purge_sql.lock_free_buildings(tx, [building for _, building in due]))
    wanted = [household_id for household_id, building in due if building in locked]
    still = await purge_sql.still_due(tx, terms, wanted)
    holdings = await purge_sql.load_holdings(tx, still)
    if holdings:
        await purge_sql.lock_cases(tx, holdings)
        await purge_sql.forget(tx, holdings, clock.today())
        await purge_sql.delete_empty_places(tx, sorted(locked))
        await purge_sql.insert_purges(tx, terms, holdings)
    return (due[-1][0], holdings), list(_purged(holdings))


def _purged(holdings: Sequence[Holding]) -> Iterator[Event]:
    """What notify hears: it keeps a file of every case."""
    for one in holdings:
        if one.case_ids:
            yield triage.HouseholdPurged(household_id=one.household_id, case_ids=one.case_ids)


async def count_due(tx: Tx, policies: Policies) -> dict[str, Figures]:
    """What a purge would take away now, of each municipality; nothing is changed."""
    terms = terms_of(policies)
    figures: dict[str, Figures] = {}
    after = FIRST
    while due := await purge_sql.list_due(tx, terms, after, PART_MAX):
        _add(figures, await purge_sql.load_holdings(tx, [household_id for household_id, _ in due]))
        after = due[-1][0]
    return figures


async def _purge_the_rest(door: Door, terms: Terms) -> None:
    """What no household holds: commands, bodies nobody acted on, empty places, old erasures."""

    async def forget_commands(tx: Tx) -> int:
        before = terms.now - timedelta(days=COMMAND_DAYS)
        return await purge_sql.purge_commands(tx, before, ROWS_MAX)

    async def forget_parked(tx: Tx) -> int:
        # Real time: attempts follow no stepped clock. Whose it is is not known: the shortest term.
        return await waiting.purge_parked(tx, clock.lease_now() - terms.shortest, ROWS_MAX)

    async def forget_erasures(tx: Tx) -> int:
        before = terms.now - timedelta(days=ERASURE_DAYS)
        return await erase_sql.purge_erasures(tx, before, ROWS_MAX)

    async def forget_empty(tx: Tx) -> int:
        empty = await purge_sql.list_empty_buildings(tx, EMPTY_MAX)
        locked = await purge_sql.lock_free_buildings(tx, empty)
        await purge_sql.delete_empty_places(tx, locked)
        return len(locked)

    for name, forget in (
        ("commands_purged", forget_commands),
        ("parked_purged", forget_parked),
        ("erasures_purged", forget_erasures),
        ("empty_buildings_purged", forget_empty),
    ):
        if count := await _until_none_is_left(door, forget):
            logger.info(name, count=count)


async def _until_none_is_left(door: Door, forget: Callable[[Tx], Awaitable[int]]) -> int:
    """Forget part by part, each in its own transaction; how many went."""
    count = 0

    async def part(tx: Tx) -> tuple[int, Follow]:
        return await forget(tx), ()

    while some := await door.transact(part):
        count += some
    return count


async def ask_who_answers_not(door: Door) -> None:
    """An erasure that a service did not answer in time is something to look at."""
    now = clock.now()
    before = now - timedelta(days=ANSWER_DAYS)

    async def work(tx: Tx) -> tuple[None, Follow]:
        rows = await erase_sql.list_unanswered(tx, before, ROWS_MAX)
        if rows:
            tasks = [_unanswered(**row) for row in rows]
            await task_sql.insert_tasks(tx, tasks, now)
        return None, ()

    await door.transact(work)


def _unanswered(
    household_id: UUID, municipality: str, signals_at: object, notify_at: object
) -> NewTask:
    silent = [name for name, at in (("signals", signals_at), ("notify", notify_at)) if not at]
    reason = f"Gewist, maar al {ANSWER_DAYS} dagen zonder antwoord van {' en '.join(silent)}."
    return NewTask(UNANSWERED, municipality, household_id, None, reason)
