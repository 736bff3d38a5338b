"""Absences that were noted stay when the roster is loaded again; what cannot be, is refused."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.triage.assignment import Worker
from services.triage.roster import RosterFile, save
from services.triage.sql import roster as roster_sql
from shared.files import read_yaml
from shared.settings import StartupFault
from tests.builders import MUNICIPALITY, TODAY
from tests.paths import DEMO
from tests.triage.counter import NOOR, Api

DAY = timedelta(days=1)


def roster_of(**entry: Any) -> RosterFile:
    """The demo's roster, in which something else is said of Anna."""
    told = yaml.safe_load((DEMO / "roster.yaml").read_text())
    told["teams"][0]["generalists"][0] |= entry
    return RosterFile.model_validate(told)


async def load(api: Api, **entry: Any) -> Worker:
    """Load the roster; Anna as assignment knows her then."""
    async with api.pool.acquire() as connection, connection.transaction():
        await save(connection, roster_of(**entry), {})
        found = await roster_sql.load_roster(connection, MUNICIPALITY)
    return found.workers["anna-jansen"]


async def note(api: Api, **absence: date) -> None:
    path = "/workers/anna-jansen/absences"
    told = {name: str(day) for name, day in absence.items()}
    assert (await api.send("anna-jansen", path, told)).status_code == 200


async def away(api: Api) -> tuple[str | None, str | None]:
    """When Anna is away, as her lead sees it."""
    loads = (await api.show(NOOR, "/workers"))["workers"]
    (anna,) = [one for one in loads if one["worker_id"] == "anna-jansen"]
    return anna["absent_from"], anna["absent_until"]


async def test_a_roster_that_is_loaded_again_undoes_no_absence_that_was_noted(api: Api) -> None:
    await note(api, absent_from=TODAY, absent_until=TODAY + 5 * DAY)
    holiday = {"absent_from": TODAY + 30 * DAY, "absent_until": TODAY + 40 * DAY}
    anna = await load(api, **holiday)
    days = [TODAY - DAY, TODAY, TODAY + 5 * DAY, TODAY + 6 * DAY, TODAY + 30 * DAY,
            TODAY + 41 * DAY]  # fmt: skip
    assert [anna.is_there(day) for day in days] == [True, False, False, True, False, True]
    assert await away(api) == (str(TODAY), str(TODAY + 5 * DAY))
    anna = await load(api)
    assert [anna.is_there(day) for day in days] == [True, False, False, True, True, True]


async def test_who_is_back_stays_back_whatever_the_roster_still_says(api: Api) -> None:
    ill = {"absent_from": TODAY - 3 * DAY, "absent_until": None}
    assert not (await load(api, **ill)).is_there(TODAY)
    assert await away(api) == (str(TODAY - 3 * DAY), None)
    await note(api)
    assert (await load(api, **ill)).is_there(TODAY)
    assert await away(api) == (None, None)
    later = {"absent_from": TODAY + DAY, "absent_until": TODAY + 2 * DAY}
    assert not (await load(api, **later)).is_there(TODAY + DAY)
    await load(api)


@pytest.mark.parametrize(
    ("entry", "fields"),
    [
        ({"load_min": 10, "load_max": 9}, ("load_min", "load_max")),
        ({"load_max": float("inf")}, ("load_max",)),
        ({"absent_from": TODAY, "absent_until": TODAY - DAY}, ("absent_until", "absent_from")),
    ],
)
def test_what_cannot_be_is_refused_by_the_names_of_its_fields(
    tmp_path: Path, entry: dict[str, Any], fields: tuple[str, ...]
) -> None:
    told = yaml.safe_load((DEMO / "roster.yaml").read_text())
    told["teams"][0]["generalists"][0] |= entry
    file = tmp_path / "roster.yaml"
    file.write_text(yaml.safe_dump(told))
    with pytest.raises(StartupFault) as fault:
        read_yaml(file, RosterFile)
    assert all(one in str(fault.value) for one in ("teams.0.generalists.0", *fields))
    assert roster_of(load_min=9, load_max=9)
