"""Who has a case, whatever happens: time-outs, hand-overs, absence, conflicts; what leads do."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.contracts import signals
from tests.builders import TODAY, arrears_reported, fact
from tests.town import MONDAY, Town
from tests.triage.staffed import Office, open_office

NORTH = {"anna-jansen", "bram-yilmaz"}
EVERYBODY = NORTH | {"chaima-el-idrissi", "daan-smit"}
OLD = {"arrears_since": date(2025, 12, 1)}


async def opened(office: Office, count: int = 1) -> list[dict[str, Any]]:
    """Cases of as many households, on the visit track."""
    await office.say(*(arrears_reported(number + 1, **OLD) for number in range(count)))
    return await office.cases()


async def assignees(office: Office) -> Counter[str]:
    return Counter(case["assignee_id"] for case in await office.cases() if case["is_open"])


async def loads_are_sums(office: Office) -> bool:
    rows = await office.town.fetch(
        "triage",
        "select load_tenths, (select coalesce(sum(weight_tenths), 0) from household_case"
        " where assignee_id = worker.id and is_open) as weights from worker",
    )
    return all(row["load_tenths"] == row["weights"] for row in rows)


async def test_a_case_that_nobody_takes_goes_from_one_to_the_next_and_to_the_lead(
    town: Town,
) -> None:
    town.clock.move(MONDAY)
    office = await open_office(town)
    # With a second replica: what is said of a term is said once.
    await town.start_twin("triage")
    (case,) = await opened(office)
    seen = [case["assignee_id"]]
    for day in (5, 10, 13, 18):
        await office.pass_time(datetime(2026, 3, day, 6, 30, tzinfo=UTC))
        seen.append((await office.case(case["household_id"]))["assignee_id"])
    assert set(seen[:-1]) == EVERYBODY, seen
    assert seen[-1] == case["lead_id"]
    last = await office.case(case["household_id"])
    assert last["answer"] == "not_asked", "a lead cannot pass on"
    rows = await town.fetch("triage", "select answer, reason from assignment_answer")
    assert {tuple(row) for row in rows} == {("declined", "geen antwoord binnen de termijn")}
    assert len(rows) == 4
    missed = await office.bodies("notify.from.triage.deadline_missed.v1.urgent")
    near = await office.bodies("notify.from.triage.deadline_near.v1.urgent")
    for told in (missed, near):
        assert len(told) == len({(one["case_id"], one["revision"]) for one in told})
    names = Counter(one["name"] for one in missed)
    assert names == {"acceptance": 4, "first_attempt": 1}
    assert all(one["clock"] == "service" for one in missed + near)
    assert await loads_are_sums(office)


async def test_the_partner_hears_of_the_term_that_was_agreed_with_it(town: Town) -> None:
    office = await open_office(town)
    (case,) = await opened(office)
    await office.order(case, "assignment-answers", {"answer": "accepted"})
    await office.pass_time(datetime(2026, 4, 1, 6, 0, tzinfo=UTC))
    missed = await office.bodies("signals.from.triage.deadline_missed.v1.urgent")
    told = {one["name"]: one["signal_ids"] for one in missed}
    assert told["first_attempt"] == []
    (signal,) = await town.fetch("triage", "select id from signal")
    assert told["act_on_signal"] == [str(signal["id"])]


async def test_cases_change_hands(town: Town) -> None:
    office = await open_office(town)
    cases = await opened(office, 6)
    assert set(await assignees(office)) <= NORTH
    first = cases[0]

    # Declined with a conflict of interest: never theirs again, also not by a lead's hand.
    conflict = {"answer": "declined", "reason": "Mijn zwager.", "has_conflict": True}
    await office.order(first, "assignment-answers", conflict)
    now = await office.case(first["household_id"])
    assert now["assignee_id"] != first["assignee_id"]
    back = {"to": first["assignee_id"], "reason": "Toch maar."}
    refused = await office.send(
        now["lead_id"], f"/v1/cases/{now['id']}/hand-overs", back, seen=now["revision"]
    )
    assert (refused.status_code, "conflict" in refused.json()["detail"]) == (409, True)

    # One case to somebody who is named; all cases of who leaves to who comes next, each.
    named = {"to": "daan-smit", "reason": "Daan spreekt de taal."}
    await office.order(first, "hand-overs", named)
    assert (await office.case(first["household_id"]))["assignee_id"] == "daan-smit"
    lead, leaver = cases[1]["lead_id"], cases[1]["assignee_id"]
    stranger = await office.send(
        "daan-smit", f"/v1/workers/{leaver}/hand-overs", {"reason": "Zomaar."}
    )
    assert stranger.status_code == 403
    away = {"absent_from": str(TODAY - timedelta(days=2)), "absent_until": "2026-04-01"}
    assert (await office.send(lead, f"/v1/workers/{leaver}/absences", away)).status_code == 200
    every = await office.send(lead, f"/v1/workers/{leaver}/hand-overs", {"reason": "Ziek."})
    assert {one["status"] for one in every.json()["results"]} == {200}
    assert not (await assignees(office))[leaver]
    assert sum((await assignees(office)).values()) == 6, "never nobody, never two"
    assert await loads_are_sums(office)

    await who_is_away_gets_nothing_new(office, lead, leaver)


async def who_is_away_gets_nothing_new(office: Office, lead: str, leaver: str) -> None:
    await office.say(*(arrears_reported(number, **OLD) for number in range(20, 26)))
    assert not (await assignees(office))[leaver]
    await office.send(lead, f"/v1/workers/{leaver}/absences", {})
    await office.say(*(arrears_reported(number, **OLD) for number in range(30, 36)))
    assert (await assignees(office))[leaver]
    shown = await office.get(lead, "/v1/workers")
    assert {one["worker_id"] for one in shown["workers"]} >= EVERYBODY


async def test_many_replicas_give_every_case_to_one(town: Town) -> None:
    office = await open_office(town)
    for _ in range(2):
        await town.start_twin("triage")
    told = [
        one
        for number in range(60)
        for one in (
            arrears_reported(number + 1, **OLD),
            arrears_reported(number + 1, partner_id="volkshuis", **OLD),
            fact(signals.HearingScheduled, number + 1),
        )
    ]
    await office.say(*told)
    rows = await town.fetch(
        "triage",
        "select household_id, count(*) filter (where is_open) as n from household_case"
        " group by household_id",
    )
    assert [row["n"] for row in rows] == [1] * 60
    assert sum((await assignees(office)).values()) == 60
    assert await loads_are_sums(office)
    (row,) = await town.fetch(
        "triage", "select deadlocks as n from pg_stat_database where datname = current_database()"
    )
    assert row["n"] == 0


async def judge(office: Office, lead: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Have a lead decide about households, which must succeed."""
    answer = await office.send(lead, f"/v1/{path}", {**body, "reason": "Zelfde gezin."})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def statuses(town: Town) -> dict[Any, str]:
    """The newest status of every signal."""
    rows = await town.fetch(
        "triage",
        "select distinct on (signal_id) signal_id, status from signal_status"
        " order by signal_id, status_no desc",
    )
    return {row["signal_id"]: row["status"] for row in rows}


async def test_a_merge_and_its_undoing_correct_what_partners_heard(town: Town) -> None:
    office = await open_office(town)
    one = arrears_reported(1, contract="C-7", house_addition="A", **OLD)
    same = {"contract": "C-7", "reported_on": TODAY + timedelta(days=1)}
    other = arrears_reported(1, house_addition="B", **same, **OLD)
    await office.say(one, other)
    first, second = await office.cases()
    lead = first["lead_id"]

    assert set((await statuses(town)).values()) == {"taken_up"}
    refused = await office.send(
        first["assignee_id"],
        f"/v1/households/{first['household_id']}/merges",
        {"household_id": str(second["household_id"]), "reason": "Ik vind van wel."},
    )
    assert refused.status_code == 403, "a lead decides"
    path = f"households/{first['household_id']}/merges"
    verdict = await judge(office, lead, path, {"household_id": str(second["household_id"])})
    # Whose earliest fact it is, stays; there the same debt, not higher, is a repetition.
    assert await statuses(town) == {one.fact_id: "taken_up", other.fact_id: "repeated"}
    cases = {case["id"]: case for case in await office.cases()}
    assert sorted(case["is_open"] for case in cases.values()) == [False, True]
    await judge(office, lead, f"verdicts/{verdict['verdict_id']}/undoings", {})
    assert set((await statuses(town)).values()) == {"taken_up"}
    cases = {case["id"]: case for case in await office.cases()}
    assert cases.keys() == {first["id"], second["id"]}, "the case that closed goes on"
    assert all(case["is_open"] for case in cases.values())
    assert (await office.said())["triage.case_reopened.v1.urgent"] == 1
    assert await loads_are_sums(office)


async def test_a_doubt_is_a_task_and_its_partner_hears_nothing_until_a_person_looked(
    town: Town,
) -> None:
    office = await open_office(town)
    first = arrears_reported(1, contract="C-1", surname="Jansen", **OLD)
    second = arrears_reported(1, contract="C-2", surname="Bakker", partner_id="volkshuis", **OLD)
    await office.say(first)
    await office.say(second)
    (case,) = await office.cases()
    heard = [one["signal_id"] for one in
             await office.bodies("signals.from.triage.signal_taken_up.v1")]  # fmt: skip
    assert heard == [str(first.fact_id)]
    (task,) = (await office.get(case["lead_id"], "/v1/tasks"))["tasks"]
    assert task["kind"] == "two_leases"
    assert not any(name in task["reason"] for name in ("Jansen", "Bakker"))
    path = f"/v1/households/{case['household_id']}/splits"
    body = {"signal_ids": [str(second.fact_id)], "reason": "Twee kamers."}
    answer = await office.send(case["lead_id"], path, body)
    assert len(answer.json()["household_ids"]) == 2
    heard = [one["signal_id"] for one in
             await office.bodies("signals.from.triage.signal_taken_up.v1")]  # fmt: skip
    assert sorted(heard) == sorted([str(first.fact_id), str(second.fact_id)]), "each once"
    assert not (await office.get(case["lead_id"], "/v1/tasks"))["tasks"]
    assert len([case for case in await office.cases() if case["is_open"]]) == 2
    # What comes later of that contract follows it.
    await office.say(
        arrears_reported(1, contract="C-2", surname="Bakker", partner_id="volkshuis",
                         arrears_cents=99_000, **OLD)
    )  # fmt: skip
    rows = await town.fetch("triage", "select household_id from signal where contract = 'C-2'")
    assert len({row["household_id"] for row in rows}) == 1


async def test_a_withdrawal_finds_its_signal_whatever_address_it_names(town: Town) -> None:
    office = await open_office(town)
    signal = arrears_reported(1, **OLD)
    gone = fact(signals.SignalWithdrawn, 99, withdrawn_fact_id=signal.fact_id)
    await office.say(signal)
    await office.say(gone)
    late = arrears_reported(2, **OLD)
    await office.say(fact(signals.SignalWithdrawn, 98, withdrawn_fact_id=late.fact_id))
    await office.say(late)
    assert list((await statuses(town)).values()) == ["withdrawn"] * 2
    assert not await assignees(office)


async def test_the_week_ends_with_a_sample_of_what_arithmetic_decided(town: Town) -> None:
    office = await open_office(town)
    small = [arrears_reported(number + 1, arrears_cents=100, **OLD) for number in range(12)]
    await office.say(*small)
    town.clock.move(MONDAY + timedelta(days=7))
    await town.stop("triage")
    await town.start("triage")  # a replica draws what is due when it starts
    await town.until("triage", "select count(*) from sample", 10)
    lead = "noor-de-wit"
    shown = await office.get(lead, "/v1/samples/2026-03-04")
    assert (shown["week"], len(shown["decisions"])) == ("2026-03-02", 10)
    assert {one["status"] for one in shown["decisions"]} == {"unjustified"}
    one = shown["decisions"][0]["signal_id"]
    review = {"week": "2026-03-02", "signal_id": one, "is_right": False, "remark": "Toch oppakken."}
    assert (await office.send(lead, "/v1/sample-reviews", review)).status_code == 200
    shown = await office.get(lead, "/v1/samples/2026-03-02")
    assert [d["is_right"] for d in shown["decisions"] if d["signal_id"] == one] == [False]
    seen = {"cases": [{"case_id": one, "revision": 1}]}
    for path, body in (
        ("sample-reviews", review),
        ("track-confirmations", seen),
        (f"tasks/{one}/outcomes", {"outcome": "Gezien."}),
    ):
        denied = await office.send("anna-jansen", f"/v1/{path}", body)
        assert denied.status_code == 403, path
