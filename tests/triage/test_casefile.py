"""What a worker needs to know stands in the file, and only who works on the case reads it."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from tests.builders import NOW, arrears_reported
from tests.triage.counter import NOOR, ZEGER, Api

OLD = {"arrears_since": date(2025, 12, 1)}
ANNA, BRAM = "anna-jansen", "bram-yilmaz"
CALL = {"kind": "Telefoon", "result": "no_answer", "attempted_at": NOW.isoformat()}
HELP = {"answer": "accepted", "answered_on": "2026-03-03"}
ADVICE = {"kind": "specialist", "with_whom": "Schuldhulp", "held_on": "2026-03-03",
          "outcome": "Eerst de vaste lasten."}  # fmt: skip
STAY = {"granted_on": "2026-03-01", "until": "2026-08-31", "source": "vonnis"}
VISIT = {"starts_at": (NOW + timedelta(days=1)).isoformat(),
         "ends_at": (NOW + timedelta(days=1, hours=1)).isoformat(),
         "second_worker_id": BRAM}  # fmt: skip


async def with_cases(api: Api, *facts: Any) -> list[asyncpg.Record]:
    """Cases of Anna, whom Noor leads."""
    await api.say(*facts)
    await api.pool.execute("update household_case set assignee_id = $1, lead_id = $2", ANNA, NOOR)
    return await api.cases()


async def test_the_file_of_a_case_has_what_its_worker_needs(api: Api) -> None:
    reach = {"contract": "C-1", "phone": "0612345678", "language": "pl", "surname": "Kowalski"}
    first = arrears_reported(1, **reach, **OLD)
    again = arrears_reported(1, **reach, **OLD, arrears_cents=95_000,
                             reported_on=date(2026, 3, 4))  # fmt: skip
    (case,) = await with_cases(api, first, again)
    for what, body in (
        ("contact-attempts", CALL), ("needs", {"kind": "skill", "value": "juridisch"}),
        ("help-answers", HELP), ("consultations", ADVICE), ("moratoria", STAY),
    ):  # fmt: skip
        await api.order(case["id"], what, body)

    file = await api.show(ANNA, f"/cases/{case['id']}")
    (contact,) = file["contacts"]
    assert contact["signal_id"] == str(again.fact_id), "the newest of what is the same"
    assert (contact["surname"], contact["phone"]) == ("Kowalski", "0612345678")
    assert contact["is_verified"] is False
    (attempt,) = file["contact_attempts"]
    assert (attempt["kind"], attempt["result"]) == ("Telefoon", "no_answer")
    assert [one["value"] for one in file["needs"]] == ["juridisch"]
    (answer,) = file["help_answers"]
    assert (answer["answer"], answer["collection_paused_until"]) == ("accepted", "2026-04-02")
    assert [one["outcome"] for one in file["consultations"]] == [ADVICE["outcome"]]
    (stay,) = file["moratoria"]
    assert (stay["until"], stay["source"]) == ("2026-08-31", "vonnis")
    assert all(one["recorded_by"] == ANNA for one in (attempt, answer, stay))

    assert [one["rule"] for one in file["reasons"]] == file["decision"]["fired"]
    assert file["reasons"][0]["reason"] == file["reason"] == file["decision"]["reason"]
    assert all(" " in one["reason"] for one in (*file["reasons"], *file["assignments"]))


async def test_who_goes_along_reads_the_case_until_the_visit_is_off(api: Api) -> None:
    (case,) = await with_cases(api, arrears_reported(1, **OLD))
    path = f"/cases/{case['id']}"
    assert (await api.get(BRAM, path)).status_code == 404
    visit = await api.order(case["id"], "visits", VISIT)
    assert (await api.show(BRAM, path))["id"] == str(case["id"])
    (listed,) = (await api.show(BRAM, "/cases?of=visits"))["cases"]
    assert listed["id"] == str(case["id"])
    assert not (await api.show(BRAM, "/cases"))["cases"]
    reads = await api.pool.fetch("select purpose from read_log where actor = $1 order by no", BRAM)
    assert [row["purpose"] for row in reads] == ["visit with two", "visits with two"]

    seen = (await api.case(case["id"]))["revision"]
    off = await api.send(ANNA, f"/visits/{visit['visit_id']}/cancellations", seen=seen)
    assert off.status_code == 200
    assert (await api.get(BRAM, path)).status_code == 404
    assert not (await api.show(BRAM, "/cases?of=visits"))["cases"]


async def pages(api: Api, who: str, query: str) -> list[UUID]:
    """The cases of a list, page by page, two at a time."""
    found: list[UUID] = []
    after = ""
    while after is not None:
        told = await api.show(who, f"/cases?{query}&limit=2" + (f"&after={after}" if after else ""))
        found += [UUID(one["id"]) for one in told["cases"]]
        after = told["next"]
    return found


async def test_a_lead_sees_the_cases_of_the_team_page_by_page(api: Api) -> None:
    cases = await with_cases(api, *(arrears_reported(number + 1, **OLD) for number in range(5)))
    ids = {case["id"] for case in cases}
    other, given, closed = (case["id"] for case in cases[:3])
    await api.pool.execute("update household_case set lead_id = $2 where id = $1", other, ZEGER)
    await api.pool.execute("update household_case set assignee_id = $2 where id = $1", given, BRAM)
    closure = {"result": "Definitief geen contact kunnen krijgen", "reason": "Nooit thuis."}
    await api.order(closed, "closures", closure)

    found = await pages(api, NOOR, "of=team&state=all")
    assert len(found) == len(set(found))
    assert set(found) == ids - {other}
    assert set(await pages(api, NOOR, "of=team")) == ids - {other, closed}
    assert await pages(api, NOOR, "of=team&state=closed") == [closed]
    assert await pages(api, NOOR, f"of=team&assignee={BRAM}") == [given]
    assert set(await pages(api, ANNA, "of=mine")) == ids - {given, closed}
    priorities = [(await api.case(one))["priority"] for one in found]
    assert priorities == sorted(priorities)

    assert (await api.get(ANNA, "/cases?of=team")).status_code == 403
    assert (await api.get(NOOR, f"/cases?assignee={BRAM}")).status_code == 403
    assert (await api.get(NOOR, f"/cases?after={UUID(int=1)}")).status_code == 400
    reads = await api.pool.fetch("select case_ids from read_log where purpose = 'team list'")
    assert set().union(*(row["case_ids"] for row in reads)) == ids - {other}
