"""Nobody who has left keeps a case, leads one or goes along: it goes to who comes next.

Looked at all the time rather than when a roster is loaded: the day on which somebody leaves may lie
ahead then. Locks: buildings, then teams.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from services.triage import deciding
from services.triage.addresses import Building
from services.triage.assignment import choose_lead
from services.triage.books import Books, BookShelf
from services.triage.commands import assigning
from services.triage.commands.desk import Desk, Order, WorkerAccount, lay_out, put_away
from services.triage.commands.visits import check_visits
from services.triage.sql import cases as case_sql
from services.triage.sql import reports as report_sql
from services.triage.sql import roster as roster_sql
from shared import clock
from shared.contracts import triage
from shared.contracts.envelope import Event
from shared.contracts.triage import Role
from shared.db import Tx
from shared.door import Door, Follow

POLL_SECONDS = 60.0
CASES_MAX = 50  # in one transaction
FIRST = UUID(int=0)
ROSTER_ACTOR = WorkerAccount("rooster", False, "", "", Role.LEAD)


@dataclass
class Leaving:
    """What giving cases away needs."""

    door: Door
    shelf: BookShelf

    async def run(self) -> None:
        """Look for cases that nobody has any more, for ever; a loop of the service."""
        while True:
            await self.sweep()
            await asyncio.sleep(POLL_SECONDS)

    async def sweep(self) -> None:
        """Go over all such cases once; where nobody else is left, a case stays as it is."""
        after: UUID | None = FIRST
        while after:
            after = await self._step(after)

    async def _step(self, after: UUID) -> UUID | None:
        """Some cases from one on; the last of them, None when there were none."""

        async def work(tx: Tx) -> tuple[UUID | None, Follow]:
            found = await roster_sql.list_orphans(tx, clock.now(), after, CASES_MAX)
            if not found:
                return None, ()
            return found[-1][0], await self._give_away(tx, found)

        return await self.door.transact(work)

    async def _give_away(self, tx: Tx, found: Sequence[tuple[UUID, Building]]) -> list[Event]:
        buildings = sorted({building for _, building in found})
        await report_sql.lock_buildings(tx, buildings)
        books = await self.shelf.current(tx)
        events: list[Event] = []
        for case_id, _ in found:
            events += await _give_one_away(tx, case_id, books)
        if events:
            events += await deciding.decide(tx, books, buildings=buildings)
        return events


async def _give_one_away(tx: Tx, case_id: UUID, books: Books) -> list[Event]:
    case = await case_sql.load_case(tx, case_id)
    if case is None or not case.is_open:
        return []  # it was closed, or forgotten, just before
    order = Order(ROSTER_ACTOR, "", b"", case.revision, case.id)
    desk = await lay_out(tx, order, case, books)
    if desk.roster.workers[case.assignee_id].has_left(desk.today):
        await _to_somebody_else(desk)
    _to_another_lead(desk)
    await check_visits(desk)
    return await put_away(desk) if desk.case.revision > case.revision else []


async def _to_somebody_else(desk: Desk) -> None:
    left = desk.roster.workers[desk.case.assignee_id]
    choice = await assigning.choose_next(desk, leave_out={left.id})
    if not choice.assignee.has_left(desk.today):
        reason = f"{left.name} werkt hier niet meer. {choice.reason}"
        await assigning.give(desk, replace(choice, reason=reason))


def _to_another_lead(desk: Desk) -> None:
    """Give the case the lead of its district, where its own has left or leads no longer."""
    case, roster = desk.case, desk.roster
    lead = roster.workers.get(case.lead_id)
    leads = lead and any(team.lead_id == lead.id for team in roster.teams.values())
    if lead and leads and not lead.has_left(desk.today):
        return
    other = choose_lead(case.address.postcode, roster, desk.today)
    if other.id != case.lead_id and not other.has_left(desk.today):
        desk.change(lead_id=other.id)
        desk.voice.hand_to(roster.workers[case.assignee_id].person(), other.person())
        desk.voice.say(triage.LeadReplaced, previous_lead_id=case.lead_id)
