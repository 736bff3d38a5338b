"""A household is forgotten when somebody asks for it, and it is seen who has answered."""

import asyncio
import os
import sys
from contextlib import nullcontext
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
import typer

from deploy.local.driver import Clock
from services.triage import ops, purging
from services.triage.books import BookShelf
from services.triage.commands import erasing
from services.triage.commands.desk import Refused, WorkerAccount
from services.triage.commands.households import Judge, merge
from services.triage.sql.erasing import UNANSWERED, ErasureReason
from services.triage.sql.purging import Holding
from shared import db, waiting
from shared.contracts import notify, signals
from shared.contracts.envelope import to_wire
from shared.contracts.triage import Role
from shared.db import Tx
from shared.door import Door, Follow
from tests.builders import MUNICIPALITY, NOW, arrears_reported, fact
from tests.paths import POLICIES as POLICY_FILES
from tests.paths import REPOSITORY
from tests.searching import in_tables
from tests.triage.planting import POLICIES, count_rows, delivery, plant, take

SHELF = BookShelf(POLICIES)
NOOR = WorkerAccount("noor", False, "noord", MUNICIPALITY, Role.LEAD)
WAITS = timedelta(days=purging.ANSWER_DAYS)


async def judged(door: Door, work: Any, actor: WorkerAccount = NOOR) -> dict[str, Any]:
    """Have a lead do something to households."""

    async def once(tx: Tx) -> tuple[dict[str, Any], Follow]:
        return await work(Judge(tx, actor, SHELF, str(uuid4())))

    return await door.transact(once)


async def erase(door: Door, household_id: UUID, actor: WorkerAccount = NOOR) -> dict[str, Any]:
    return await judged(
        door, lambda judge: erasing.erase(judge, household_id, ErasureReason.REQUEST), actor
    )


async def said(pool: db.Pool) -> list[dict[str, Any]]:
    """The data of what was announced that a household was erased."""
    rows = await pool.fetch(
        "select body from outbox where routing_key = 'triage.household_erased.v1' order by id"
    )
    return [orjson.loads(row["body"])["data"] for row in rows]


async def test_everything_of_a_household_goes_and_nothing_of_another(
    pool: db.Pool, door: Door, triage_url: str
) -> None:
    other = await plant(pool, "Blijftsma", 1, NOW)
    alone = await count_rows(pool)
    gone = await plant(pool, "Weggaard", 2, NOW)
    told = await erase(door, gone.household_id)
    assert (told["facts"], told["cases"], told["open_cases"]) == (2, 1, 0)
    assert await count_rows(pool) == alone
    left = await in_tables(triage_url, gone.marks)
    assert set(left) == {"outbox", "erasure"}
    assert left["erasure"] == {str(gone.household_id)}
    assert gone.name not in left["outbox"]
    (event,) = await said(pool)
    assert event == {
        "household_id": str(gone.household_id),
        "fact_ids": [str(gone.id_of("signal")), str(gone.id_of("fact"))],
        "case_ids": [str(gone.case_id)],
    }
    (row,) = await pool.fetch("select * from erasure")
    assert tuple(row) == (gone.household_id, MUNICIPALITY, "request", "noor", NOW, None, None)
    assert set(await in_tables(triage_url, other.marks)) >= {"signal", "household_case"}


async def test_an_open_case_weighs_on_nobody_any_more_and_its_people_are_named(
    pool: db.Pool, door: Door
) -> None:
    await take(door, arrears_reported(4), arrears_reported(5, contract="C-9"))
    case = await pool.fetchrow("select * from household_case order by reference limit 1")
    await pool.execute(
        """
        insert into visit (id, case_id, starts_at, ends_at, state, planned_by, changed_at)
        values (gen_random_uuid(), $1, $2, $2, 'planned', 'anna', $2)
        """,
        case["id"], NOW,
    )  # fmt: skip
    told = await erase(door, case["household_id"])
    assert (told["open_cases"], told["planned_visits"]) == (1, 1)
    assert told["assignee_ids"] == [case["assignee_id"]]
    weights = await pool.fetch(
        """
        select worker.id, load_tenths, coalesce(sum(weight_tenths), 0) as weighs
        from worker left join household_case on assignee_id = worker.id and is_open
        group by worker.id
        """
    )
    assert all(row["load_tenths"] == row["weighs"] for row in weights)
    assert sum(row["weighs"] for row in weights) > 0, "the other case still weighs"


async def test_what_waits_of_a_household_is_not_taken_in_later(pool: db.Pool, door: Door) -> None:
    signal = arrears_reported(4)
    await take(door, signal)
    case = await pool.fetchrow("select id, household_id from household_case")
    alert = notify.AlertSent(
        alert_id=uuid4(), case_id=case["id"], template="x", recipient_id="anna", sent_at=NOW
    )
    theirs = [fact(signals.ArrearsSettled, 4), alert]
    others = [
        fact(signals.ArrearsSettled, 4, contract="C-44"),
        fact(signals.ArrearsSettled, 4, partner_id="volkshuis"),
    ]
    async with pool.acquire() as tx:
        for event in (*theirs, *others):
            await waiting.put(tx, delivery(event), "a fault", parked=True)
    await erase(door, case["household_id"])
    left = {row["key"].partition(":")[0] for row in await pool.fetch("select key from waiting")}
    assert left == {str(one.wire_id) for one in others}


async def test_who_became_part_of_a_household_goes_with_it(pool: db.Pool, door: Door) -> None:
    await take(
        door,
        arrears_reported(6, house_letter="A"),
        arrears_reported(6, house_letter="B", contract="C-7"),
    )
    rows = await pool.fetch("select id from household order by id")
    one, other = (row["id"] for row in rows)
    await judged(door, lambda judge: merge(judge, one, other, "Een gezin."))
    mover = await pool.fetchval("select id from household where moved_to is not null")
    keeper = one if mover == other else other
    with pytest.raises(Refused, match=str(keeper)):
        await erase(door, mover)
    told = await erase(door, keeper)
    assert (told["facts"], told["cases"]) == (2, 2)
    assert {event["household_id"] for event in await said(pool)} == {str(one), str(other)}
    assert not any(count for table, count in (await count_rows(pool)).items() if table != "command")


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"municipality": "GM0001"}, 404), ({"role": Role.GENERALIST}, 403)],
)
async def test_who_may_not_erase_changes_nothing(
    pool: db.Pool, door: Door, changes: dict[str, Any], status: int
) -> None:
    planted = await plant(pool, "Blijftsma", 1, NOW)
    actor = WorkerAccount(**{**vars(NOOR), **changes})
    with pytest.raises(Refused) as refused:
        await erase(door, planted.household_id, actor)
    assert refused.value.status == status
    with pytest.raises(Refused) as unknown:
        await erase(door, uuid4())
    assert unknown.value.status == 404
    assert all((await count_rows(pool)).values())


async def test_more_than_fits_in_an_event_is_refused(
    pool: db.Pool, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = await plant(pool, "Veel", 1, NOW)
    monkeypatch.setattr(erasing, "IDS_MAX", 2)
    with pytest.raises(Refused, match="split the household first"):
        await erase(door, planted.household_id)
    assert all((await count_rows(pool)).values())
    # The largest that is not refused does fit.
    monkeypatch.undo()
    ids = tuple(uuid4() for _ in range(erasing.IDS_MAX))
    event = erasing._erased(Holding(uuid4(), MUNICIPALITY, ids, (), 0))
    assert to_wire(event, source="urn:nld:oin:0:systeem:triage", recorded_at=NOW)


async def test_an_answer_is_noted_and_its_absence_is_a_task_after_seven_days(
    pool: db.Pool, door: Door, stepped_clock: Clock
) -> None:
    planted = await plant(pool, "Weggaard", 1, NOW)
    await erase(door, planted.household_id)
    named = {"household_id": planted.household_id, "erased_at": NOW}
    for after, tasks in ((WAITS, 0), (WAITS + timedelta(seconds=1), 1)):
        stepped_clock.move(NOW + after)
        await purging.ask_who_answers_not(door)
        assert await pool.fetchval("select count(*) from task") == tasks
    task = await pool.fetchrow("select kind, municipality, reason, closed_at from task")
    assert tuple(task)[:2] == (UNANSWERED, MUNICIPALITY)
    assert "signals en notify" in task["reason"]
    await purging.ask_who_answers_not(door)
    assert await pool.fetchval("select count(*) from task") == 1, "once"

    await take(door, signals.SignalsErased(**named))
    assert await pool.fetchval("select closed_at from task") is None
    await take(door, notify.AlertsErased(**named), notify.AlertsErased(**named))
    assert await pool.fetchval("select closed_at from task") == NOW + after
    (row,) = await pool.fetch("select signals_at, notify_at from erasure")
    assert tuple(row) == (NOW, NOW)


async def test_one_answer_is_not_enough(pool: db.Pool, door: Door, stepped_clock: Clock) -> None:
    planted = await plant(pool, "Weggaard", 1, NOW)
    await erase(door, planted.household_id)
    await take(door, signals.SignalsErased(household_id=planted.household_id, erased_at=NOW))
    stepped_clock.move(NOW + WAITS + timedelta(seconds=1))
    await purging.ask_who_answers_not(door)
    reason = await pool.fetchval("select reason from task")
    assert reason.endswith("zonder antwoord van notify.")
    await take(door, notify.AlertsErased(household_id=uuid4(), erased_at=NOW))
    assert await pool.fetchval("select notify_at from erasure") is None


async def test_a_fact_that_comes_again_after_an_erasure_takes_no_effect(
    pool: db.Pool, door: Door
) -> None:
    told = [arrears_reported(3), fact(signals.ArrearsSettled, 3)]
    await take(door, *told)
    await erase(door, await pool.fetchval("select id from household"))
    await take(door, *told)
    assert not any((await count_rows(pool)).values())


async def test_an_operator_erases_by_command(pool: db.Pool, triage_url: str) -> None:
    planted = await plant(pool, "Weggaard", 1, NOW)

    async def command(*words: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.triage", "erase", "--reason", "unlawful", *words,
            cwd=REPOSITORY, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "DATABASE_URL": triage_url, "POLICY_FOLDER": str(POLICY_FILES)},
        )  # fmt: skip
        out, _ = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode is not None
        return process.returncode, out.decode()

    unknown, (code, out) = await asyncio.gather(
        command("--household", str(uuid4())),
        command("--household", str(planted.household_id), "--by", "noor-de-wit"),
    )
    assert unknown == (2, "voordeur: no such household\n")
    assert (code, orjson.loads(out)["cases"]) == (0, 1)
    assert not any((await count_rows(pool)).values())
    (row,) = await pool.fetch("select reason, asked_by from erasure")
    assert tuple(row) == ("unlawful", "noor-de-wit")
    (left,) = await pool.fetch("select lease_until <= now() as is_due from outbox")
    assert left["is_due"], "the relay of the service takes it at once"


@pytest.mark.parametrize(
    ("by", "is_fine"),
    [("ops", True), ("noor-de-wit", True), ("Noor de Wit", False), ("", False), ("n" * 42, False)],
)
def test_who_asked_is_an_id_and_no_name(by: str, is_fine: bool) -> None:
    with nullcontext() if is_fine else pytest.raises(typer.BadParameter):
        assert ops._an_id(by) == by
