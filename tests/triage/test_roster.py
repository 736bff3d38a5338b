"""What the roster says of somebody is what assignment knows of them."""

from services.triage.roster import RosterFile, save
from services.triage.sql import roster as roster_sql
from shared import db
from shared.files import read_yaml
from tests.builders import MUNICIPALITY
from tests.paths import DEMO


async def test_a_roster_comes_back_as_it_was_loaded(databases: dict[str, str]) -> None:
    entries = read_yaml(DEMO / "roster.yaml", RosterFile)
    told = {worker.id: worker for team in entries.teams for worker in team.workers()}
    assert any(worker.skills and worker.own_postcodes for worker in told.values())
    pool = await db.open_pool(databases["triage"], service="test", size=1)
    async with pool.acquire() as connection, connection.transaction():
        await save(connection, entries, {})
        found = await roster_sql.lock_roster(connection, MUNICIPALITY)
    await pool.close()
    assert found.workers == told
    assert found.teams == {team.id: team.team() for team in entries.teams}
