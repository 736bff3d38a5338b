"""What the roster says of somebody is what assignment knows of them; what cannot be, is refused."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from services.triage.roster import RosterFile, save
from services.triage.sql import roster as roster_sql
from shared import db
from shared.contracts.triage import Role
from shared.files import read_yaml
from shared.settings import StartupFault
from shared.web.session import token_hash
from tests.builders import MUNICIPALITY, TODAY
from tests.paths import DEMO

ENTRIES = read_yaml(DEMO / "roster.yaml", RosterFile)
OTHER = "GM9902"


@pytest.fixture
async def tx(pool: db.Pool) -> AsyncIterator[Any]:
    """A transaction that never happened, in which the demo's roster is loaded."""
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await save(connection, ENTRIES, {})
        yield connection
        await transaction.rollback()


async def test_a_roster_comes_back_as_it_was_loaded(tx: Any) -> None:
    told = {worker.id: worker for team in ENTRIES.teams for worker in team.workers()}
    assert any(worker.skills and worker.own_postcodes for worker in told.values())
    found = await roster_sql.lock_roster(tx, MUNICIPALITY)
    assert found.workers == told
    assert found.teams == {team.id: team.team() for team in ENTRIES.teams}


def elsewhere(lead: str, *generalists: str) -> RosterFile:
    """A team in another municipality."""
    known = {entry.id: entry for team in ENTRIES.teams for entry in (team.lead, *team.generalists)}
    fields = {"id": "west", "name": "Wijkteam West", "municipality": OTHER, "districts": ("9950",)}
    known["nina-bos"] = known["zeger-bos"].model_copy(update={"id": "nina-bos"})
    team = {**fields, "lead": known[lead], "generalists": [known[one] for one in generalists]}
    return RosterFile.model_validate({"teams": [team]})


async def all_rows(tx: Any) -> Any:
    return await tx.fetch("select * from worker order by id"), await tx.fetch("select * from team")


async def refused(tx: Any, file: RosterFile) -> str:
    """Why a roster is refused, which changes nothing."""
    before = await all_rows(tx)
    with pytest.raises(StartupFault) as fault:
        async with tx.transaction():
            await save(tx, file, {})
    assert await all_rows(tx) == before
    return str(fault.value)


async def test_who_has_open_cases_does_not_move_to_another_municipality(tx: Any) -> None:
    await tx.execute(
        """
        insert into household_case (id, household_id, address_id, municipality, reference,
          revision, is_open, opened_on, opened_at, track, track_since, priority, legal_stage,
          is_multiple, is_consecutive, has_objection, assignee_id, assigned_on, lead_id, answer,
          weight_tenths, reason)
        values (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), $1, 'Z-1', 1, true,
          $2, now(), 'visit', $2, 3, 'none', false, false, false, 'daan-smit', $2, 'zeger-bos',
          'accepted', 10, 'Omdat.')
        """,
        MUNICIPALITY,
        TODAY,
    )
    told = await refused(tx, elsewhere("nina-bos", "chaima-el-idrissi", "daan-smit"))
    assert told == ("teams.0.generalists.1: has 1 open cases in GM9901; hand them over first"), (
        "names the field, not the worker"
    )
    await tx.execute("update household_case set is_open = false")
    await save(tx, elsewhere("nina-bos", "chaima-el-idrissi", "daan-smit"), {})
    assert {*(await roster_sql.lock_roster(tx, OTHER)).workers} >= {"nina-bos", "daan-smit"}


async def test_a_lead_does_not_move_away_from_a_team_that_gets_no_other(tx: Any) -> None:
    assert await refused(tx, elsewhere("zeger-bos")) == "no lead in its own municipality: team zuid"


async def test_a_worker_signs_in_until_the_day_on_which_they_leave(tx: Any) -> None:
    tokens: dict[str, str] = {}
    await save(tx, ENTRIES, tokens)
    await tx.execute("update worker set left_on = $1 where id = 'daan-smit'", TODAY)
    token = token_hash(tokens["daan-smit"])
    assert await roster_sql.find_login(tx, token, TODAY - timedelta(days=1))
    assert await roster_sql.find_login(tx, token, TODAY) is None


async def test_who_leads_no_team_any_more_signs_in_as_no_lead(tx: Any) -> None:
    tokens: dict[str, str] = {}
    await save(tx, ENTRIES, tokens)
    token = token_hash(tokens["zeger-bos"])
    login = await roster_sql.find_login(tx, token, TODAY)
    assert login
    assert login.role is Role.LEAD
    await tx.execute("update team set lead_id = 'daan-smit' where id = 'zuid'")
    login = await roster_sql.find_login(tx, token, TODAY)
    assert login
    assert login.role is Role.GENERALIST
