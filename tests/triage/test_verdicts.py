"""What is uncertain stays before a person until they say whose it is."""

from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from shared.contracts import signals
from tests.builders import arrears_reported, fact
from tests.triage.counter import NOOR, Api

OLD = {"arrears_since": date(2025, 12, 1)}


@pytest.fixture
def leases() -> list[Any]:
    """Three landlords with three tenants of other names at one address."""
    names = {"woonstad": "Jansen", "volkshuis": "Bakker", "nutsbedrijf": "Visser"}
    return [
        arrears_reported(1, partner_id=partner, contract=partner, surname=name, **OLD)
        for partner, name in names.items()
    ]


async def tasks(api: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.show(NOOR, "/tasks"))["tasks"]
    return found


def ids(told: list[Any]) -> list[str]:
    return sorted(str(one.fact_id) for one in told)


async def heard(api: Api) -> set[str]:
    """The signals of which partners heard what became of them."""
    rows = await api.pool.fetch(
        "select convert_from(body, 'UTF8')::jsonb #>> '{data,signal_id}' as signal_id from outbox"
        " where routing_key like 'triage.signal_taken_up.%'"
    )
    return {row["signal_id"] for row in rows}


async def test_a_doubt_is_not_closed_without_a_verdict(api: Api, leases: list[Any]) -> None:
    await api.say(*leases[:2])
    (task,) = await tasks(api)
    assert (task["kind"], task["signal_ids"]) == ("two_leases", ids(leases[:2]))
    refused = await api.send(NOOR, f"/tasks/{task['id']}/outcomes", {"outcome": "Bekeken."})
    assert refused.status_code == 409
    assert all(word in refused.json()["detail"] for word in ("verdict", "confirm", "split"))
    assert await tasks(api) == [task]
    assert not await heard(api)

    path = f"/households/{task['household_id']}/match-confirmations"
    assert (await api.send(NOOR, path, {"reason": "Een gezin."})).status_code == 200
    assert not await tasks(api)
    assert await heard(api) == set(ids(leases[:2]))


async def test_what_a_verdict_leaves_in_doubt_is_before_a_person_again(
    api: Api, leases: list[Any]
) -> None:
    await api.say(*leases[:2])
    (first,) = await tasks(api)
    await api.say(leases[2])
    (task,) = await tasks(api)
    assert task["id"] == first["id"], "one open task for each household and kind of doubt"
    assert task["signal_ids"] == ids(leases)

    out = {"signal_ids": ids(leases[2:]), "reason": "Een kamer."}
    split = await api.send(NOOR, f"/households/{task['household_id']}/splits", out)
    assert split.status_code == 200, split.text
    (left,) = await tasks(api)
    assert left["signal_ids"] == ids(leases[:2])
    right = f"/households/{left['household_id']}/match-confirmations"
    verdict = (await api.send(NOOR, right, {"reason": "Een gezin."})).json()["verdict_id"]
    assert not await tasks(api)

    undone = await api.send(NOOR, f"/verdicts/{verdict}/undoings", {"reason": "Toch niet."})
    assert undone.status_code == 200, undone.text
    (again,) = await tasks(api)
    assert again["signal_ids"] == left["signal_ids"]


async def test_a_task_whose_doubt_went_by_itself_is_closed_with_a_word(
    api: Api, leases: list[Any]
) -> None:
    await api.say(*leases[:2])
    (task,) = await tasks(api)
    await api.pool.execute("update signal set is_match_uncertain = false")
    path = f"/tasks/{task['id']}/outcomes"
    assert (await api.send(NOOR, path, {"outcome": "Opgelost."})).status_code == 200
    assert not await tasks(api)


async def case_of(api: Api, table: str, told: Any) -> asyncpg.Record:
    """The case of the household that a signal or another fact is of."""
    row = await api.pool.fetchrow(
        "select household_case.* from household_case"
        f" join {table} using (household_id) where {table}.id = $1",
        told.fact_id,
    )
    assert row is not None
    return row


async def household(api: Api, household_id: Any) -> dict[str, Any]:
    found: dict[str, Any] = await api.show(NOOR, f"/households/{household_id}")
    return found


async def test_who_decides_sees_the_neighbours_and_the_verdicts_so_far(api: Api) -> None:
    born, later = date(1980, 2, 29), date(2026, 3, 4)
    one = arrears_reported(1, contract="C-1", house_addition="A", birth_date=born, **OLD)
    other = arrears_reported(1, contract="C-2", house_addition="B", reported_on=later, **OLD)
    await api.say(one, other, arrears_reported(2, **OLD))
    first, second = await case_of(api, "signal", one), await case_of(api, "signal", other)
    shown = await household(api, first["household_id"])
    (signal,) = shown["signals"]
    assert (signal["id"], signal["born_on"]) == (str(one.fact_id), "1980-02-29")
    assert signal["match_reason"]
    (neighbour,) = shown["neighbours"]
    assert neighbour["id"] == str(second["household_id"])
    assert [known["id"] for known in neighbour["cases"]] == [str(second["id"])]
    assert (shown["suffix"], neighbour["suffix"]) == ("A", "B")
    assert not shown["verdicts"]

    same = {"household_id": neighbour["id"], "reason": "Een gezin met twee deuren."}
    merged = await api.send(NOOR, f"/households/{shown['id']}/merges", same)
    assert merged.status_code == 200, merged.text
    shown = await household(api, first["household_id"])
    assert not shown["neighbours"]
    (verdict,) = shown["verdicts"]
    assert (verdict["kind"], verdict["made_by"]) == ("together", NOOR)
    assert verdict["reason"] == same["reason"]
    assert verdict["household_ids"] == [shown["id"]]
    gone = await api.get(NOOR, f"/households/{neighbour['id']}")
    assert (gone.status_code, shown["id"] in gone.json()["detail"]) == (404, True)

    path = f"/verdicts/{merged.json()['verdict_id']}/undoings"
    assert (await api.send(NOOR, path, {"reason": "Toch niet."})).status_code == 200
    shown = await household(api, first["household_id"])
    assert [known["id"] for known in shown["neighbours"]] == [neighbour["id"]]
    assert [known["undone_reason"] for known in shown["verdicts"]] == ["Toch niet."]

    reads = await api.pool.fetch("select distinct case_ids from read_log where actor = $1", NOOR)
    assert set().union(*(row["case_ids"] for row in reads)) == {first["id"], second["id"]}
    assert (await api.get("anna-jansen", f"/households/{shown['id']}")).status_code == 403
    assert (await api.get(NOOR, f"/households/{UUID(int=1)}")).status_code == 404


async def test_a_household_known_by_its_hearing_alone_is_put_together_too(api: Api) -> None:
    hearing = fact(signals.HearingScheduled, 1, house_addition="A")
    signal = arrears_reported(1, contract="C-2", house_addition="B", **OLD)
    await api.say(hearing, signal)
    first, second = await case_of(api, "fact", hearing), await case_of(api, "signal", signal)
    shown = await household(api, first["household_id"])
    assert [known["id"] for known in shown["facts"]] == [str(hearing.fact_id)]
    same = {"household_id": str(second["household_id"]), "reason": "Een gezin."}
    merged = await api.send(NOOR, f"/households/{first['household_id']}/merges", same)
    assert merged.status_code == 200, merged.text
    rows = await api.pool.fetch(
        "select household_id from signal union select household_id from fact"
    )
    assert len(rows) == 1
