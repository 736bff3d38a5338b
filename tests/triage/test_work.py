"""What workers do, from help accepted to a closed case, and who hears of it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.contracts import signals
from tests.builders import NOW, TODAY, arrears_reported, fact
from tests.town import MONDAY, Town
from tests.triage.staffed import Office, open_office

AT_DOOR = {"kind": "Huisbezoek", "attempted_at": MONDAY.isoformat()}
LEGAL = {"court": "Rechtbank Noord", "case_number": "26-77", "source": "brief van de rechtbank"}
HEARING_AT = datetime(2026, 4, 16, 8, 30, tzinfo=UTC)


async def opened(office: Office, number: int = 1, **changes: Any) -> dict[str, Any]:
    """A case of a household at this house number."""
    changes = {"arrears_since": date(2025, 12, 1), **changes}
    await office.say(arrears_reported(number, **changes))
    return (await office.cases())[-1]


async def deadlines(office: Office, case: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    rows = await office.town.fetch(
        "triage",
        "select name, clock, due_on, met_at is not null as is_met from deadline"
        " where case_id = $1 and dropped_at is null",
        case["id"],
    )
    return {row["name"]: tuple(row)[1:] for row in rows}


async def test_from_the_door_to_help_and_the_end(town: Town) -> None:
    office = await open_office(town)
    case = await opened(office)
    await office.order(case, "assignment-answers", {"answer": "accepted"})
    assert (await office.case(case["household_id"]))["confirmed_by"] == case["assignee_id"]
    await office.order(case, "contact-attempts", {**AT_DOOR, "result": "just_talked"})
    talked = await office.case(case["household_id"])
    assert talked["was_reached"]
    assert (await deadlines(office, case))["first_attempt"][2]

    # Help is accepted: the legal clock begins, and collection is paused for thirty days.
    answer = {"answer": "accepted", "answered_on": "2026-03-02"}
    told = await office.order(case, "help-answers", answer)
    assert told["collection_paused_until"] == "2026-04-01"
    found = await deadlines(office, case)
    assert found["first_talk"] == ("legal", date(2026, 3, 30), False)
    assert found["pause"] == ("pause", date(2026, 4, 1), False)

    # An eviction is announced: three working days, at once.
    await office.say(fact(signals.EvictionScheduled, reported_on=date(2026, 3, 3)))
    assert (await deadlines(office, case))["first_talk"] == ("legal", date(2026, 3, 6), False)
    now = await office.case(case["household_id"])
    assert (now["track"], now["confirmed_by"]) == ("legal", None), "a person has to look again"

    await confirmed_by_the_lead(office, now)
    await talked_and_closed(office, case)


async def confirmed_by_the_lead(office: Office, now: dict[str, Any]) -> None:
    lead = now["lead_id"]
    answer = {"cases": [{"case_id": str(now["id"]), "revision": now["revision"]}]}
    (result,) = (await office.send(lead, "/v1/track-confirmations", answer)).json()["results"]
    assert result["status"] == 200, result


async def talked_and_closed(office: Office, case: dict[str, Any]) -> None:
    """The talk is held, the plan is written, the pause ends, the case closes."""
    town = office.town
    talk = {**AT_DOOR, "result": "spoke", "is_first_talk": True}
    await office.order(case, "contact-attempts", talk)
    assert (await deadlines(office, case))["first_talk"][2]
    line = {"layer": "own", "words": "Ik bel de corporatie zelf.", "written_by": "resident"}
    await office.order(case, "plan-items", line)
    town.clock.move(datetime(2026, 4, 2, 6, 0, tzinfo=UTC))
    await town.until(
        "triage", "select count(*) from help_answer where pause_ended_at is not null", 1
    )
    closure = {"result": "Vervolghulp en/of verwijzing financieel", "reason": "In traject."}
    await office.order(case, "closures", closure)
    closed = await office.case(case["household_id"])
    assert (closed["is_open"], closed["result"]) == (False, closure["result"])
    assert not await town.fetch("triage", "select from deadline where met_at is null"
                                " and dropped_at is null")  # fmt: skip
    said = await office.said()
    for name in ("help_accepted.v1", "pause_ended.v1", "track_confirmed.v1",
                 "case_closed.v1.urgent", "contact_attempted.v1"):  # fmt: skip
        assert said[f"triage.{name}"], name
    (load,) = await town.fetch("triage", "select sum(load_tenths) as n from worker")
    assert load["n"] == 0


async def test_after_the_end_a_higher_amount_reopens_and_the_same_does_not(town: Town) -> None:
    office = await open_office(town)
    case = await opened(office, contract="C-1", arrears_cents=90_000)
    closure = {"result": "Definitief geen contact kunnen krijgen", "reason": "Nooit thuis."}
    await office.order(case, "closures", closure)
    later = {"contract": "C-1", "recorded_at": NOW + timedelta(hours=1)}
    await office.say(arrears_reported(1, arrears_cents=90_000, **later))
    assert not (await office.case(case["household_id"]))["is_open"]
    last = {"contract": "C-1", "recorded_at": NOW + timedelta(hours=2)}
    await office.say(arrears_reported(1, arrears_cents=90_001, **last))
    again = await office.case(case["household_id"])
    assert (again["id"], again["is_open"]) == (case["id"], True)
    assert again["assignee_id"] == case["assignee_id"]
    assert (await office.said())["triage.case_reopened.v1.urgent"] == 1
    statuses = await town.fetch("triage", "select status from signal_status order by decided_at")
    assert [row["status"] for row in statuses] == ["taken_up", "repeated", "taken_up"]


async def test_what_workers_learn_of_the_legal_path(town: Town) -> None:
    office = await open_office(town)
    case = await opened(office)
    hearing = {**LEGAL, "step": "hearing", "hearing": "rolzitting", "place": "Voorbeeldstad"}
    await office.order(case, "legal-facts", {**hearing, "at": HEARING_AT.isoformat()})
    now = await office.case(case["household_id"])
    assert (now["legal_stage"], now["track"]) == ("hearing", "legal")
    # The landlord tells of the same hearing, at another time: the later record holds.
    town.clock.move(MONDAY + timedelta(hours=1))
    moved = fact(
        signals.HearingScheduled, case_number="26-77", at=HEARING_AT + timedelta(days=7),
        recorded_at=town.now(),
    )  # fmt: skip
    await office.say(moved)
    town.clock.move(MONDAY + timedelta(hours=2))
    await office.order(case, "legal-facts", {**hearing, "state": "unknown"})
    (step,) = await town.fetch("triage", "select state, is_disputed from legal_step")
    assert tuple(step) == ("unknown", True)
    assert (await office.case(case["household_id"]))["legal_stage"] == "hearing"
    stay = {"granted_on": "2026-03-01", "until": "2026-08-31", "source": "vonnis"}
    await office.order(case, "moratoria", stay)
    assert (await deadlines(office, case))["moratorium"] == ("legal", date(2026, 8, 31), False)
    said = await office.said()
    assert [said[f"triage.case_hearing_{what}.v1.urgent"] for what in
            ("set", "moved", "cancelled")] == [1, 1, 1]  # fmt: skip
    assert said["triage.moratorium_recorded.v1.urgent"] == 1
    rows = await town.fetch("triage", "select source, recorded_by from fact where recorded_by > ''")
    assert {row["source"] for row in rows} == {LEGAL["source"], stay["source"]}


async def test_who_moved_leaves_the_address_to_who_comes_after(town: Town) -> None:
    office = await open_office(town)
    case = await opened(office, surname="Eerste")
    check = {"result": "moved_out", "day": "2026-03-01", "source": "BRP"}
    await office.order(case, "residence-checks", check)
    later = TODAY + timedelta(days=1)
    await office.say(arrears_reported(1, surname="Tweede", reported_on=later))
    first, second = await office.cases()
    assert first["household_id"] != second["household_id"]
    assert first["is_open"], "a person closes it"


async def test_what_is_asked_of_a_household_is_obeyed(town: Town) -> None:
    office = await open_office(town)
    case = await opened(office)
    review = {"review_on": "2026-03-20", "reason": "Agressie bij een eerder bezoek."}
    await office.order(case, "restrictions", {"kind": "visit_with_two", **review})
    window = {"starts_at": (MONDAY + timedelta(days=2)).isoformat(),
              "ends_at": (MONDAY + timedelta(days=2, hours=1)).isoformat()}  # fmt: skip
    visit = await office.order(case, "visits", window)
    assert visit["second_worker_id"] not in {None, case["assignee_id"]}
    told = await office.order(case, "restrictions", {"kind": "no_approach", **review})
    refused = await office.send(
        case["assignee_id"], f"/v1/cases/{case['id']}/visits", window, seen=told["revision"]
    )
    assert refused.status_code == 409
    shown = await office.get(case["assignee_id"], f"/v1/cases/{case['id']}")
    assert {one["kind"] for one in shown["restrictions"]} == {"visit_with_two", "no_approach"}
    assert shown["next_attempt"] is None
    for one in shown["restrictions"]:
        await office.order(case, f"restrictions/{one['id']}/liftings")
    shown = await office.get(case["assignee_id"], f"/v1/cases/{case['id']}")
    assert not shown["restrictions"]
    assert shown["next_attempt"]["kind"] == "Huisbezoek"
    (read,) = await town.fetch("triage", "select count(*) as n from read_log")
    assert read["n"] == 2


async def test_a_person_decides_what_arithmetic_cannot(town: Town) -> None:
    office = await open_office(town)
    case = await opened(office)
    (signal,) = (await office.get(case["assignee_id"], f"/v1/cases/{case['id']}"))["signals"]
    decision = {"signal_ids": [signal["id"]], "status": "known_to_debt_help", "reason": "Bekend."}
    await office.order(case, "signal-decisions", decision)
    town.clock.move(MONDAY + timedelta(hours=1))  # the later one holds
    await office.order(case, "signal-decisions", {**decision, "status": "taken_up"})
    rows = await town.fetch("triage", "select status from signal_status order by status_no")
    assert [row["status"] for row in rows] == ["taken_up", "known_to_debt_help", "taken_up"]
    reasons = [one["reason"] for one in
               await office.bodies("signals.from.triage.signal_not_taken_up.v1")]  # fmt: skip
    assert reasons == ["other"], "a partner never hears why"

    chosen = {"decision": "overridden", "track": "letter", "priority": 8}
    unexplained = await office.send(
        case["assignee_id"], f"/v1/cases/{case['id']}/track-decisions", chosen,
        seen=(await office.case(case["household_id"]))["revision"],
    )  # fmt: skip
    assert unexplained.status_code == 400
    await office.order(case, "track-decisions", {**chosen, "reason": "Alles is al geregeld."})
    now = await office.case(case["household_id"])
    assert (now["track"], now["proposed_track"], now["weight_tenths"]) == ("letter", "visit", 1)
    assert now["override_reason"] == "Alles is al geregeld."
    await office.say(arrears_reported(1, contract="C-9", arrears_since=date(2025, 11, 1)))
    assert (await office.case(case["household_id"]))["track"] == "letter", "their word stands"
