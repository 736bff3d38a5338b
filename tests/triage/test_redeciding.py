"""Open cases are decided anew once another policy holds: all of them, once, saying what changed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, timedelta
from uuid import UUID

import pytest

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.notify import schedule
from services.notify.schedule import Moment
from services.notify.subjects import case_file_of, subjects_of
from services.triage import redeciding
from services.triage.casework import NOTHING_COUNTS
from shared.contracts import signals, triage
from shared.contracts.signals import PartnerFact
from shared.workdays import next_digest
from tests.builders import NOW, POLICY, TODAY, arrears_reported, case_event, fact
from tests.triage.policy_office import (
    VALID_FROM,
    PolicyOffice,
    changed,
    open_policy_office,
    triage_database,
)

PROPOSED = "triage.track_proposed.v1"
LOWER = changed(("arrears_cents >= 150000", "arrears_cents >= 100000"), VALID_FROM)


@pytest.fixture
async def office(servers: Servers, stepped_clock: Clock) -> AsyncIterator[PolicyOffice]:
    async with triage_database(servers) as url, open_policy_office(url) as found:
        yield found


def debts(count: int) -> list[PartnerFact]:
    """Households that owe 80,000 cents, 100,000 cents and so on, in turn; nothing else of note."""
    return [
        arrears_reported(
            number,
            arrears_cents=80_000 + number % 5 * 20_000,
            arrears_since=TODAY - timedelta(days=40),
        )
        for number in range(1, count + 1)
    ]


async def test_only_what_changed_is_announced(office: PolicyOffice) -> None:
    await office.take_in(debts(50))
    before = {row["id"]: row for row in await office.fetch("select * from household_case")}
    await office.activate(LOWER)
    await office.redecide()
    told = [one for one in office.caught.told() if "policy_activated" not in one[0]]
    assert {key for key, _ in told} == {PROPOSED}
    moved = {UUID(data["case_id"]) for _, data in told}
    after = {row["id"]: row for row in await office.fetch("select * from household_case")}
    # 100,000, 120,000 and 140,000 cents; 160,000 was on a visit already, 80,000 still is not.
    assert len(told) == len(moved) == 30
    assert {case_id for case_id in after if after[case_id] != before[case_id]} == moved
    assert {data["track"] for _, data in told} == {"visit"}
    sha256 = {row[0] for row in await office.fetch(
        "select policy_sha256 from decision where case_id = any($1::uuid[]) and revision > 2",
        list(moved))}  # fmt: skip
    assert len(sha256) == 1
    assert POLICY.sha256 not in sha256
    (job,) = await office.fetch("select * from policy_job")
    assert (job["buildings"], job["changed"], job["skipped"]) == (50, 30, 0)
    assert job["finished_at"]
    loads = await office.fetch(
        "select load_tenths = coalesce((select sum(weight_tenths) from household_case"
        " where assignee_id = worker.id and is_open), 0) as agrees from worker")  # fmt: skip
    assert all(row["agrees"] for row in loads)


async def test_deciding_again_by_the_same_says_nothing(office: PolicyOffice) -> None:
    await office.take_in(debts(20))
    await office.activate(LOWER)
    await office.redecide()
    before = await office.fetch("select * from household_case order by id")
    office.caught.rows.clear()
    await office.activate(LOWER + "# a remark\n")
    await office.redecide()
    assert not office.caught.told()
    assert await office.fetch("select * from household_case order by id") == before


async def test_a_policy_of_a_day_that_is_past_decides_what_was_reported_since(
    office: PolicyOffice,
) -> None:
    old = arrears_reported(
        1, arrears_cents=100_000, arrears_since=date(2025, 12, 1), reported_on=date(2026, 1, 20)
    )
    new = arrears_reported(2, arrears_cents=100_000, arrears_since=TODAY - timedelta(days=40))
    await office.take_in([old, new])
    await office.activate(LOWER)
    await office.redecide()
    ((_, data),) = [one for one in office.caught.told() if one[0] == PROPOSED]
    (case,) = await office.fetch("select address_id from household_case where id = $1",
                                 UUID(data["case_id"]))  # fmt: skip
    (address,) = await office.fetch("select * from address where id = $1", case["address_id"])
    assert address["house_number"] == 2


async def test_nothing_is_urgent_but_the_legal_path(office: PolicyOffice) -> None:
    small = {"arrears_cents": 20_000, "arrears_since": TODAY - timedelta(days=40)}
    await office.take_in(
        [
            arrears_reported(1, is_crisis=True, **small),
            arrears_reported(2, **small),
            fact(signals.HearingScheduled, 3),
        ]
    )
    sooner = [
        (f"track: {track}\n      priority: {old}", f"track: {track}\n      priority: {new}")
        for track, old, new in (("legal", 2, 1), ("visit", 2, 1), ("letter", 6, 5))
    ]
    await office.activate(changed(VALID_FROM, *sooner))
    await office.redecide()
    told = [one for one in office.caught.told() if "track_proposed" in one[0]]
    lanes = {data["track"]: key for key, data in told}
    assert lanes == {
        "visit": PROPOSED,
        "letter": PROPOSED,
        "legal": f"{PROPOSED}.urgent",
    }


def test_workers_hear_of_another_policy_in_the_digest() -> None:
    event = case_event(triage.TrackProposed, urgent=False, reason="Omdat.")
    (subject,) = subjects_of(event)
    moment = Moment(case_file_of(event), [], POLICY, NOW)
    (alert,) = schedule.plan(subject, moment).wanted
    assert alert.due_at == next_digest(NOW, POLICY.notify.digest_at)
    assert alert.bundle


async def test_replicas_share_the_work_and_a_kill_loses_none_of_it(
    office: PolicyOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redeciding, "BUILDINGS_MAX", 7)
    await office.take_in(debts(100))
    await office.activate(LOWER)
    for _ in range(6):
        killed = [asyncio.create_task(office.redecider().run()) for _ in range(2)]
        await asyncio.sleep(0.06)
        for task in killed:
            task.cancel()
        await asyncio.gather(*killed, return_exceptions=True)
    await asyncio.gather(office.redecide(), office.redecide())
    (job,) = await office.fetch("select * from policy_job")
    assert (job["buildings"], job["changed"]) == (100, 60)
    rows = [bytes(row.body) for row in office.caught.rows]
    rows += [row["body"] for row in await office.fetch("select body from outbox")]
    decisions = await office.fetch("select case_id, count(*) as n from decision group by 1")
    assert Counter(row["n"] for row in decisions) == {1: 40, 2: 60}
    assert len({body for body in rows if b"track-proposed" in body}) == 60


async def test_a_building_that_cannot_be_decided_holds_up_no_other(office: PolicyOffice) -> None:
    await office.take_in(debts(30))
    await office.fetch(
        "update household_case set assignee_id = 'nobody' where id in"
        " (select id from household_case where track = 'letter' order by id limit 1)")  # fmt: skip
    await office.activate(LOWER)
    await office.redecide()
    (job,) = await office.fetch("select * from policy_job")
    assert (job["buildings"], job["skipped"]) == (30, 1)
    assert job["changed"] in {17, 18}  # the culprit may be one that would have moved
    assert job["finished_at"]


async def test_a_job_rests_when_it_is_not_the_buildings(office: PolicyOffice) -> None:
    await office.take_in(debts(30))
    await office.activate(LOWER)
    await office.fetch("update household_case set assignee_id = 'nobody'")
    await office.redecide()
    (job,) = await office.fetch("select * from policy_job")
    assert (job["skipped"], job["finished_at"]) == (redeciding.LEFT_OUT_MAX, None)
    assert job["due_at"] == NOW + redeciding.REST


async def test_terms_that_another_policy_would_have_ended_go_on(office: PolicyOffice) -> None:
    then = date(2026, 2, 10)
    long_ago = {"arrears_since": date(2025, 12, 1), "reported_on": then}
    await office.take_in([arrears_reported(1, arrears_cents=160_000, **long_ago)])
    await office.fetch(
        "update household_case set opened_on = $1, assigned_on = $1, track_since = $1", then
    )
    await office.fetch("update deadline set starts_on = $1, due_on = $2", then, date(2026, 3, 10))
    shorter = ("track: visit, workdays: 5", "track: visit, workdays: 1")
    longer = ("track: visit, workdays: 2", "track: visit, workdays: 30")
    await office.activate(changed(VALID_FROM, shorter, longer))
    await office.redecide()
    rows = await office.fetch(
        "select name, due_on from deadline where dropped_at is null and met_at is null"
    )
    running = {row["name"]: row["due_on"] for row in rows}
    assert running["first_attempt"] == date(2026, 3, 10)  # 11 February would be over
    assert running["acceptance"] == date(2026, 3, 24)  # longer: at once


async def test_who_is_asked_because_of_another_policy_has_the_whole_term(
    office: PolicyOffice,
) -> None:
    then = date(2026, 2, 10)
    long_ago = {"arrears_since": date(2026, 1, 5), "reported_on": then}
    await office.take_in([arrears_reported(1, arrears_cents=120_000, **long_ago)])
    await office.fetch(
        "update household_case set opened_on = $1, assigned_on = $1, track_since = $1", then
    )
    await office.activate(LOWER)
    await office.redecide()
    (term,) = await office.fetch(
        "select starts_on, due_on from deadline where name = 'acceptance' and dropped_at is null"
    )
    assert tuple(term) == (TODAY, TODAY + timedelta(days=2))


async def test_a_case_of_which_nothing_counts_is_closed_if_nothing_was_done(
    office: PolicyOffice,
) -> None:
    await office.take_in(debts(2))
    await office.fetch(
        "update household_case set answer = 'accepted' where id ="
        " (select max(id::text)::uuid from household_case)"
    )
    await office.activate(changed(VALID_FROM, ("{value: 7500,", "{value: 900000,")))
    await office.redecide()
    cases = await office.fetch("select is_open, reason, proposed_track from household_case")
    assert {tuple(row) for row in cases} == {
        (False, NOTHING_COUNTS, "letter"),
        (True, "Alle signalen zijn voldaan of ingetrokken. Bekijk of de zaak dicht kan.", "none"),
    }
    told = Counter(key for key, _ in office.caught.told())
    assert told["triage.signal_not_taken_up.v1"] == 2
    assert told["triage.case_closed.v1.urgent"] == 1


async def test_another_weight_is_another_load_without_a_word(office: PolicyOffice) -> None:
    await office.take_in(debts(10))
    await office.activate(
        changed(VALID_FROM, ("track: letter, tenths: 1,", "track: letter, tenths: 3,"))
    )
    await office.redecide()
    assert not [key for key, _ in office.caught.told() if "policy_activated" not in key]
    weights = await office.fetch("select track, weight_tenths, assignee_id from household_case")
    assert {(row["track"], row["weight_tenths"]) for row in weights} == {
        ("letter", 3),
        ("visit", 10),
    }
    loads: Counter[str] = Counter()
    for row in weights:
        loads[row["assignee_id"]] += row["weight_tenths"]
    assert {row["id"]: row["load_tenths"] for row in await office.fetch(
        "select id, load_tenths from worker where load_tenths > 0")} == loads  # fmt: skip


async def test_another_reason_alone_is_a_decision_that_is_kept(office: PolicyOffice) -> None:
    await office.take_in([arrears_reported(1, arrears_cents=160_000,
                                           arrears_since=TODAY - timedelta(days=40))])  # fmt: skip
    await office.activate(
        changed(VALID_FROM, ("nl: De achterstand is 1.500", "nl: Er staat 1.500"))
    )
    await office.redecide()
    assert not [key for key, _ in office.caught.told() if "policy_activated" not in key]
    rows = await office.fetch("select reason, policy_sha256 from decision order by revision")
    assert [row["reason"][:10] for row in rows] == ["De achters", "Er staat 1"]
    assert rows[1]["policy_sha256"] != rows[0]["policy_sha256"]
