"""A household is forgotten, here and by the other services, because somebody asked for it.

Here everything goes in one transaction, as when its term is over; the others hear of it by event,
erase and answer. What stays is in the table `erasure`: no name, no address, and who has answered.
"""

import json
from collections.abc import Sequence
from uuid import UUID

from services.triage.addresses import Building
from services.triage.commands.desk import Refused
from services.triage.commands.households import Done, Judge
from services.triage.sql import erasing as erase_sql
from services.triage.sql import purging as purge_sql
from services.triage.sql import roster as roster_sql
from services.triage.sql.erasing import Erasure, ErasureReason, OpenCase
from services.triage.sql.purging import Holding
from shared import clock, waiting
from shared.contracts import triage
from shared.contracts.envelope import Event
from shared.db import Tx

# An event holds 64 KB; more ids than this of one household would not fit.
IDS_MAX = 1500


async def erase(judge: Judge, household_id: UUID, reason: ErasureReason) -> Done:
    """Forget a household, also its open case; who worked on it is in the answer, to be told."""
    building = await judge.building_of(household_id)
    if other := await erase_sql.find_mover(judge.tx, household_id):
        raise Refused(409, f"This household became part of {other}: erase that one.")
    holdings = await purge_sql.load_holdings(judge.tx, [household_id])
    if any(len(one.fact_ids) + len(one.case_ids) > IDS_MAX for one in holdings):
        raise Refused(409, f"More than {IDS_MAX} facts and cases: split the household first.")
    await purge_sql.lock_cases(judge.tx, holdings)
    cases = [case_id for one in holdings for case_id in one.case_ids]
    open_cases = await erase_sql.list_open_cases(judge.tx, cases)
    await _give_back(judge, open_cases)
    await _forget(judge.tx, holdings)
    erasure = Erasure(judge.actor.municipality, reason, judge.actor.id, clock.now())
    await erase_sql.insert_erasures(judge.tx, [one.household_id for one in holdings], erasure)
    events = await _decide_on_others(judge, building)
    await purge_sql.delete_empty_places(judge.tx, [building])
    return _told(household_id, holdings, open_cases), [*map(_erased, holdings), *events]


async def _give_back(judge: Judge, open_cases: Sequence[OpenCase]) -> None:
    """Open cases weigh on nobody any more."""
    if not open_cases:
        return
    roster = await roster_sql.lock_roster(judge.tx, judge.actor.municipality)
    for case in open_cases:
        roster.add_load(case.assignee_id, -case.weight_tenths)
    await roster_sql.save_loads(judge.tx, roster.changed_loads())


async def _forget(tx: Tx, holdings: Sequence[Holding]) -> None:
    """Delete it all, also what waits to be taken in."""
    households = [one.household_id for one in holdings]
    facts = [fact_id for one in holdings for fact_id in one.fact_ids]
    cases = [case_id for one in holdings for case_id in one.case_ids]
    contracts = await erase_sql.list_contracts(tx, facts)
    await waiting.forget(tx, [[str(one)] for one in (*households, *facts, *cases)])
    await waiting.forget(tx, [_fields(*one) for one in contracts])
    await purge_sql.delete_judgements(tx, households)
    await purge_sql.forget(tx, holdings, clock.today())


async def _decide_on_others(judge: Judge, building: Building) -> list[Event]:
    """Who else lives there is decided on without what was erased."""
    has_policy = building.municipality in await judge.shelf.current(judge.tx)
    return await judge.decide(building) if has_policy else []


def _fields(partner_id: str, contract: str) -> list[str]:
    """How a fact of a contract is written on the wire."""
    told = {"partner_id": partner_id, "contract": contract}
    return [f'"{name}":{json.dumps(value, ensure_ascii=False)}' for name, value in told.items()]


def _erased(holding: Holding) -> Event:
    return triage.HouseholdErased(
        household_id=holding.household_id, fact_ids=holding.fact_ids, case_ids=holding.case_ids
    )


def _told(
    household_id: UUID, holdings: Sequence[Holding], open_cases: Sequence[OpenCase]
) -> dict[str, object]:
    return {
        "household_id": str(household_id),
        "facts": sum(len(one.fact_ids) for one in holdings),
        "cases": sum(len(one.case_ids) for one in holdings),
        "open_cases": len(open_cases),
        "planned_visits": sum(one.planned_visits for one in open_cases),
        "assignee_ids": sorted({one.assignee_id for one in open_cases}),
    }
