"""What workers command over HTTP: each does what it says, once, or says why not."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx

from deploy.local.generalist import window
from deploy.local.month import Month
from tests.town import MONDAY, Town

SOMEBODY = "5c1f4d0e-0000-4000-8000-000000000001"
VISIT = window(MONDAY + timedelta(days=2))
OTHER_VISIT = window(MONDAY + timedelta(days=3))
ATTEMPT = {"kind": "Huisbezoek", "result": "spoke", "attempted_at": MONDAY.isoformat()}


class Desk:
    """Somebody's connection to triage, with a new key for every command."""

    def __init__(self, town: Town, name: str) -> None:
        self.keys = 0
        self.client = httpx.AsyncClient(
            base_url=town.urls["triage"],
            headers={"Authorization": f"Bearer {town.tokens[name]}"},
            timeout=20,
        )

    async def send(
        self, method: str, path: str, body: Any = None, *, seen: int | None, key: str | None = ""
    ) -> httpx.Response:
        self.keys += 1
        headers = {} if seen is None else {"If-Match": f'"{seen}"'}
        if key is not None:
            headers["Idempotency-Key"] = key or f"command-{id(self)}-{self.keys}"
        return await self.client.request(method, path, json=body, headers=headers)

    async def case(self) -> dict[str, Any]:
        (case,) = (await self.client.get("/v1/cases")).raise_for_status().json()["cases"]
        return dict(case)


async def desk_with_a_case(town: Town) -> tuple[Desk, dict[str, Any]]:
    await town.start()
    month = Month(seed=1, signals=1)
    signal = month.signal(month.new_household(), "woonstad", MONDAY)
    month.send("woonstad", "achterstand-gemeld", MONDAY, signal | {"bedrag": "1800.00"})
    await town.send(month.out)
    await town.quiet()
    (row,) = await town.fetch("triage", "select assignee_id from household_case")
    desk = Desk(town, row["assignee_id"])
    return desk, await desk.case()


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem of an answer, which must be one of this status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["status"] == status
    assert told["title"] != "Error"
    return told


async def test_a_case_from_assignment_to_visit(town: Town) -> None:
    desk, case = await desk_with_a_case(town)
    path = f"/v1/cases/{case['id']}"
    answers, visits, attempts = (f"{path}/{what}" for what in
                                 ("assignment-answers", "visits", "contact-attempts"))  # fmt: skip

    async def done(method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = await desk.send(method, path, body, seen=(await desk.case())["revision"])
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        assert answer.headers["etag"] == f'"{told["revision"]}"'
        return told

    await done("POST", answers, {"answer": "accepted"})
    assert (await desk.case())["answer"] == "accepted"
    visit = (await done("POST", visits, VISIT))["visit_id"]
    await done("POST", f"/v1/visits/{visit}/moves", OTHER_VISIT)
    (planned,) = (await desk.case())["visits"]
    assert planned["starts_at"][:16] == OTHER_VISIT["starts_at"][:16]
    await done("POST", f"/v1/visits/{visit}/cancellations")
    assert (await desk.case())["visits"][0]["state"] == "cancelled"
    await done("POST", attempts, ATTEMPT)
    case = await desk.case()
    assert (case["attempts"], case["was_reached"]) == (1, True)
    await desk.client.aclose()


async def test_a_declined_case_goes_to_somebody_else_with_the_reason_kept(town: Town) -> None:
    desk, case = await desk_with_a_case(town)
    path = f"/v1/cases/{case['id']}/assignment-answers"
    unexplained = await desk.send("POST", path, {"answer": "declined"}, seen=case["revision"])
    assert problem(unexplained, 400)["errors"] == [{"field": "body.reason", "fault": "missing"}]
    body = {"answer": "declined", "reason": "Ik ken dit huishouden."}
    answer = await desk.send("POST", path, body, seen=case["revision"])
    assert answer.status_code == 200, answer.text
    (row,) = await town.fetch("triage", "select assignee_id, answer from household_case")
    assert row["assignee_id"] != case["assignee_id"]
    (kept,) = await town.fetch("triage", "select answer, reason from assignment_answer")
    assert tuple(kept) == ("declined", body["reason"])
    await town.quiet()
    assert (await town.reconcile()).is_clean, "loads follow"
    await desk.client.aclose()


async def test_what_is_wrong_is_said_and_changes_nothing(town: Town) -> None:
    desk, case = await desk_with_a_case(town)
    seen, path = case["revision"], f"/v1/cases/{case['id']}"
    stranger = Desk(town, next(name for name in town.tokens
                               if name not in {case["assignee_id"], case["lead_id"]}))  # fmt: skip
    visits, attempts = f"{path}/visits", f"{path}/contact-attempts"
    unsigned = await httpx.AsyncClient().post(f"{town.urls['triage']}{visits}", json=VISIT)
    problem(unsigned, 401)
    assert "www-authenticate" in unsigned.headers
    problem(await stranger.send("POST", visits, VISIT, seen=seen), 404)
    problem(await desk.send("POST", f"/v1/cases/{SOMEBODY}/visits", VISIT, seen=seen), 404)
    problem(await desk.send("POST", f"/v1/visits/{SOMEBODY}/moves", VISIT, seen=seen), 404)
    problem(await desk.send("POST", visits, VISIT, seen=None), 428)
    told = problem(await desk.send("POST", visits, VISIT, seen=seen, key=None), 400)
    assert [one["field"] for one in told["errors"]] == ["header.Idempotency-Key"]
    told = problem(await desk.send("POST", visits, VISIT, seen=seen + 1), 412)
    assert str(seen) in told["detail"]
    told = problem(await desk.send("POST", visits, {"starts_at": "morgen", "x": 1}, seen=seen), 400)
    assert {one["field"] for one in told["errors"]} == {
        "body.starts_at", "body.ends_at", "body.x",
    }  # fmt: skip
    assert "morgen" not in str(told)
    late = {**ATTEMPT, "attempted_at": (MONDAY + timedelta(days=1)).isoformat()}
    problem(await desk.send("POST", attempts, late, seen=seen), 400)
    backwards = {"starts_at": VISIT["ends_at"], "ends_at": VISIT["starts_at"]}
    problem(await desk.send("POST", visits, backwards, seen=seen), 400)
    assert (await desk.case()) == case
    assert not await town.fetch("triage", "select from command where status is not null")
    for one in (desk, stranger):
        await one.client.aclose()


async def test_a_command_takes_effect_once(town: Town) -> None:
    desk, case = await desk_with_a_case(town)
    path, seen = f"/v1/cases/{case['id']}/visits", case["revision"]
    first = await desk.send("POST", path, VISIT, seen=seen, key="the same key")
    again = await desk.send("POST", path, VISIT, seen=seen, key="the same key")
    assert (first.status_code, again.json()) == (200, first.json())
    assert len((await desk.case())["visits"]) == 1
    other = await desk.send("POST", path, OTHER_VISIT, seen=seen, key="the same key")
    problem(other, 409)

    seen = (await desk.case())["revision"]
    path = f"/v1/cases/{case['id']}/contact-attempts"
    race = await asyncio.gather(*(desk.send("POST", path, ATTEMPT, seen=seen) for _ in range(5)))
    assert sorted(one.status_code for one in race) == [200, 412, 412, 412, 412]
    assert (await desk.case())["attempts"] == 1
    await desk.client.aclose()
