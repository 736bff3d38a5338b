"""What is uncertain stays before a person until they say whose it is."""

from datetime import date
from typing import Any

import pytest

from tests.builders import arrears_reported
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
