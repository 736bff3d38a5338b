"""Who belongs together: merge, split, confirm, let apart; each can be undone, by a lead.

A verdict is a row beside the facts. What follows, also the statuses that partners get, is decided
anew from both; so taking a verdict back brings back what was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.triage import deciding
from services.triage.addresses import Building
from services.triage.books import BookShelf
from services.triage.commands.desk import Refused, WorkerAccount
from services.triage.matching import VerdictKind
from services.triage.sql import reports as report_sql
from services.triage.sql import verdicts as verdict_sql
from services.triage.sql import work as work_sql
from services.triage.sql.verdicts import VerdictRow
from shared import clock
from shared.contracts.envelope import Event, derived_id
from shared.db import Tx

Done = tuple[dict[str, Any], list[Event]]


@dataclass(frozen=True)
class Judge:
    """Who decides, with what it takes."""

    tx: Tx
    actor: WorkerAccount
    shelf: BookShelf
    key: str

    async def building_of(self, household_id: UUID) -> Building:
        """Lock the building of a household; raises Refused for another municipality's."""
        if not self.actor.is_lead:
            raise Refused(403, "Only a team lead may do this.")
        address = await verdict_sql.find_household(self.tx, household_id)
        if address is None or address.municipality != self.actor.municipality:
            raise Refused(404, "No such household.")
        await report_sql.lock_buildings(self.tx, [address.building])
        return address.building

    async def keep(
        self, building: Building, kind: VerdictKind, fact_ids: Sequence[UUID], reason: str
    ) -> UUID:
        """Keep a verdict and close the tasks that it answers."""
        verdict_id = derived_id("verdict", self.actor.id, self.key)
        row = VerdictRow(verdict_id, building, kind, fact_ids, reason)
        now = clock.now()
        await verdict_sql.insert(self.tx, row, self.actor.id, now)
        concerned = await verdict_sql.households_of(self.tx, fact_ids)
        await verdict_sql.close_tasks(self.tx, concerned, self.actor.id, kind.value, now)
        return verdict_id

    async def decide(self, building: Building) -> list[Event]:
        """Decide anew for everybody in a building."""
        books = await self.shelf.current(self.tx)
        return await deciding.decide(self.tx, books, buildings=[building])


async def merge(judge: Judge, household_id: UUID, other_id: UUID, reason: str) -> Done:
    """Two households of one building are one; the open case of the second closes."""
    building = await judge.building_of(household_id)
    if household_id == other_id or await judge.building_of(other_id) != building:
        raise Refused(409, "These are not two households of one building.")
    anchors = [await _anchor(judge, one) for one in (household_id, other_id)]
    verdict_id = await judge.keep(building, VerdictKind.TOGETHER, anchors, reason)
    return {"verdict_id": str(verdict_id)}, await judge.decide(building)


async def _anchor(judge: Judge, household_id: UUID) -> UUID:
    """What a verdict holds on to: the report that keeps the household's id, a signal or not."""
    anchor = await work_sql.find_any_report(judge.tx, household_id)
    if anchor is None:
        raise Refused(409, "Nothing is known of this household any more.")
    return anchor


async def split(judge: Judge, household_id: UUID, signal_ids: Sequence[UUID], reason: str) -> Done:
    """The contracts of these signals are a household of their own, now and later."""
    building = await judge.building_of(household_id)
    rows = await verdict_sql.list_contracts(judge.tx, household_id)
    contracts = {row["id"]: (row["partner_id"], row["contract"]) for row in rows}
    if not signal_ids or not set(signal_ids) <= contracts.keys():
        raise Refused(404, "No such signal of this household.")
    out = {contracts[one] for one in signal_ids}
    if out == set(contracts.values()):
        raise Refused(409, "That would leave nobody behind.")
    verdict_id = await judge.keep(building, VerdictKind.APART, signal_ids, reason)
    events = await judge.decide(building)
    new = await verdict_sql.households_of(judge.tx, [*contracts])
    told = {"verdict_id": str(verdict_id), "household_ids": [str(one) for one in new]}
    return told, events


async def confirm_match(judge: Judge, household_id: UUID, reason: str) -> Done:
    """The household is right as it is; partners hear what they waited for."""
    building = await judge.building_of(household_id)
    anchor = await _anchor(judge, household_id)
    verdict_id = await judge.keep(building, VerdictKind.AS_IS, [anchor], reason)
    return {"verdict_id": str(verdict_id)}, await judge.decide(building)


async def undo(judge: Judge, verdict_id: UUID, reason: str) -> Done:
    """Take a verdict back; everything is as if it had not been."""
    found = await verdict_sql.find(judge.tx, verdict_id)
    if found is None:
        raise Refused(404, "No such verdict.")
    building, fact_ids = found
    before = await verdict_sql.households_of(judge.tx, fact_ids)
    for household_id in before:
        await judge.building_of(household_id)
    if not await verdict_sql.undo(judge.tx, verdict_id, judge.actor.id, reason, clock.now()):
        raise Refused(409, "That verdict was undone already.")
    events = await judge.decide(building)
    after = await verdict_sql.households_of(judge.tx, fact_ids)
    return {"household_ids": [str(one) for one in after]}, events


async def let_apart(judge: Judge, household_id: UUID, *, is_multi_let: bool) -> Done:
    """Rooms of this building are let apart: other surnames are other households."""
    building = await judge.building_of(household_id)
    await report_sql.save_multi_let(judge.tx, building, is_multi_let=is_multi_let)
    return {"is_multi_let": is_multi_let}, await judge.decide(building)
