"""A command on many cases: done once, whoever sends it again, and only to what is the sender's."""

from datetime import date
from typing import Any

import asyncpg

from tests.builders import arrears_reported
from tests.triage.counter import NOOR, ZEGER, Api

OLD = {"arrears_since": date(2025, 12, 1)}


async def with_cases(api: Api, count: int) -> list[asyncpg.Record]:
    """Cases of one assignee of team Noord."""
    await api.say(*(arrears_reported(number + 1, **OLD) for number in range(count)))
    await api.pool.execute(
        "update household_case set assignee_id = 'anna-jansen', lead_id = $1", NOOR
    )
    return await api.cases()


def told(answer: Any) -> set[str]:
    assert answer.status_code == 200, answer.text
    return {one["case_id"] for one in answer.json()["results"]}


async def test_a_lead_hears_nothing_of_what_others_lead(api: Api) -> None:
    mine, other = await with_cases(api, 2)
    await api.pool.execute(
        "update household_case set lead_id = $2 where id = $1", other["id"], ZEGER
    )
    path = "/workers/anna-jansen/hand-overs"
    assert told(await api.send(NOOR, path, {"reason": "Ziek."})) == {str(mine["id"])}
    assert (await api.case(other["id"]))["assignee_id"] == "anna-jansen"


async def test_nobody_hands_over_from_or_to_a_stranger(api: Api) -> None:
    (case,) = await with_cases(api, 1)
    unknown = await api.send(NOOR, "/workers/iemand-anders/hand-overs", {"reason": "Weg."})
    assert unknown.status_code == 404
    body = {"to": "iemand-anders", "reason": "Ziek."}
    for worker in ("anna-jansen", "bram-yilmaz"):  # with a case, and without
        refused = await api.send(NOOR, f"/workers/{worker}/hand-overs", body)
        assert refused.status_code == 400, refused.text
    path = f"/cases/{case['id']}/hand-overs"
    one = await api.send(NOOR, path, body, seen=case["revision"])
    assert (one.status_code, one.json()["detail"]) == (400, refused.json()["detail"])
    assert dict(await api.case(case["id"])) == dict(case)


async def test_all_cases_are_handed_over_once(api: Api) -> None:
    await with_cases(api, 2)
    path, key = "/workers/anna-jansen/hand-overs", "hand over all, once"
    body = {"to": "bram-yilmaz", "reason": "Ziek."}
    first = await api.send(NOOR, path, body, key=key)
    assert len(told(first)) == 2
    assert {case["assignee_id"] for case in await api.cases()} == {"bram-yilmaz"}
    again = await api.send(NOOR, path, body, key=key)
    assert again.json() == first.json()
    other = await api.send(NOOR, path, {**body, "to": "daan-smit"}, key=key)
    assert other.status_code == 409
    assert {case["assignee_id"] for case in await api.cases()} == {"bram-yilmaz"}
    # The answer names cases: it goes when one of them is forgotten.
    (case, _) = await api.cases()
    erasure = {"reason": "request"}
    path = f"/households/{case['household_id']}/erasures"
    assert (await api.send(NOOR, path, erasure)).status_code == 200
    assert not await api.pool.fetch("select from command where key = $1", key)


async def test_a_list_that_broke_off_goes_on_as_it_was_planned(api: Api) -> None:
    planned = [{"case_id": str(one["id"]), "revision": one["revision"]}
               for one in await with_cases(api, 2)]  # fmt: skip
    path, key = "/workers/anna-jansen/hand-overs", "hand over all, once"
    body = {"to": "bram-yilmaz", "reason": "Ziek."}
    whole = await api.send(NOOR, path, body, key=key)
    # As if the service had stopped after the first one.
    await api.pool.execute(
        "update command set status = 202, answer = $2 where key = $1", key, {"cases": planned}
    )
    assert len(await with_cases(api, 3)) == 3
    assert told(await api.send(NOOR, path, body, key=key)) == told(whole)


async def test_a_list_is_confirmed_once(api: Api) -> None:
    (case,) = await with_cases(api, 1)
    key, seen = "confirm as a list", {"case_id": str(case["id"]), "revision": case["revision"]}
    first = await api.send(NOOR, "/track-confirmations", {"cases": [seen]}, key=key)
    assert [one["status"] for one in first.json()["results"]] == [200]
    stale = {**seen, "revision": 0}
    other = await api.send(NOOR, "/track-confirmations", {"cases": [stale]}, key=key)
    assert other.status_code == 409
