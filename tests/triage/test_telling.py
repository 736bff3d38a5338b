"""While it is uncertain whose a signal is its partner hears nothing; later, what stands by then."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest

from deploy.local.driver import Clock
from services.triage.books import BookShelf
from services.triage.commands import desk as desk_commands
from services.triage.commands import households
from services.triage.commands.desk import Act, Order, WorkerAccount
from services.triage.commands.help import record_help_answer
from services.triage.commands.households import Done, Judge
from services.triage.commands.visits import Tried, record_attempt
from services.triage.timer import Calendar
from shared import clock, db
from shared.contracts.signals import PartnerKind
from shared.contracts.triage import AttemptResult, ContactKind, Role
from shared.db import Tx
from shared.door import Door, Follow
from tests.builders import MUNICIPALITY, NOW, TODAY, arrears_reported
from tests.triage.planting import POLICIES, take

FIRST = arrears_reported(
    1, surname="Jansen", partner_id="woonstad", reported_on=TODAY - timedelta(days=1)
)
STRANGER = arrears_reported(1, surname="Bakker", partner_id="volkshuis")
ENERGY = arrears_reported(
    1, surname="Jansen", partner_id="stroom", partner_kind=PartnerKind.ENERGY,
    arrears_since=TODAY - timedelta(days=60),
)  # fmt: skip
SHELF = BookShelf(POLICIES)


class Desk:
    """Lets facts in and acts, by triage's own door; tells what signals hears."""

    def __init__(self, pool: db.Pool, door: Door) -> None:
        self.pool = pool
        self.door = door
        self.keys = 0

    async def act(self, act: Act) -> None:
        """Have the assignee of the open case do something."""
        case = await self.pool.fetchrow("select * from household_case where is_open")
        assert case is not None
        actor = WorkerAccount(case["assignee_id"], False, "", MUNICIPALITY, Role.GENERALIST)
        order = Order(actor, "", b"", case["revision"], case["id"])
        await self.door.transact(lambda tx: desk_commands.carry_out(tx, order, SHELF, act))

    async def answer(self, answer: Any) -> None:
        """The household says what it thinks of the offer."""
        await self.act(lambda desk: record_help_answer(desk, answer, clock.today()))

    async def judge(self, work: Callable[[Judge], Awaitable[Done]]) -> None:
        """Have a lead decide who belongs together."""
        lead = WorkerAccount("noor", False, "", MUNICIPALITY, Role.LEAD)

        async def judged(tx: Tx) -> tuple[dict[str, Any], Follow]:
            self.keys += 1
            return await work(Judge(tx, lead, SHELF, f"command {self.keys}"))

        await self.door.transact(judged)

    async def confirm(self) -> None:
        """The household of the first signal is right as it is."""
        household_id = await self.pool.fetchval(
            "select household_id from signal where id = $1", FIRST.fact_id
        )
        await self.judge(lambda judge: households.confirm_match(judge, household_id, "gebeld"))

    async def heard(self) -> dict[str, list[str]]:
        """What left for signals since this was last asked, by partner, in order."""
        rows = await self.pool.fetch("delete from outbox returning id, routing_key, body")
        signals = await self.pool.fetch("select id::text, partner_id from signal")
        names = {row["id"]: row["partner_id"] for row in signals}
        found: dict[str, list[str]] = {}
        for row in sorted(rows, key=lambda row: row["id"]):
            data = orjson.loads(row["body"])["data"]
            ids = data.get("signal_ids", [data["signal_id"]] if "signal_id" in data else [])
            for signal_id in ids:
                found.setdefault(names[signal_id], []).append(row["routing_key"].split(".")[1])
        return found


@pytest.fixture
async def desk(pool: db.Pool, door: Door) -> Desk:
    """Three signals at one address, two of them of strangers with a lease: a doubt."""
    made = Desk(pool, door)
    await take(door, FIRST, ENERGY, STRANGER)
    assert await made.heard() == {"woonstad": ["signal_taken_up"], "stroom": ["signal_taken_up"]}
    return made


async def test_of_what_is_uncertain_nobody_hears_and_then_what_stands(desk: Desk) -> None:
    tried = Tried(ContactKind.VISIT, NOW, AttemptResult.NOT_HOME)
    await desk.act(lambda one: record_attempt(one, tried))
    await desk.answer("accepted")
    assert await desk.heard() == {"stroom": ["contact_attempted", "help_accepted"]}
    await desk.confirm()
    assert await desk.heard() == {
        "woonstad": ["help_accepted"], "volkshuis": ["signal_taken_up", "help_accepted"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("after", "stands"),
    [(("declined",), "help_declined"), (("declined", "accepted"), "help_accepted")],
)
async def test_only_the_last_answer_stands(
    desk: Desk, stepped_clock: Clock, after: tuple[str, ...], stands: str
) -> None:
    for hours, answer in enumerate(("accepted", *after)):
        stepped_clock.move(NOW + timedelta(hours=hours))
        await desk.answer(answer)
    await desk.heard()
    await desk.confirm()
    assert await desk.heard() == {
        "woonstad": [stands], "volkshuis": ["signal_taken_up", stands],
    }  # fmt: skip


async def test_a_pause_that_ended_meanwhile_is_told_as_ended(
    desk: Desk, stepped_clock: Clock
) -> None:
    await desk.answer("accepted")
    await desk.heard()
    stepped_clock.move(NOW + timedelta(days=40))
    while await Calendar(desk.door, SHELF).say_due():
        pass
    heard = await desk.heard()
    assert "pause_ended" in heard["stroom"]
    assert "woonstad" not in heard
    await desk.confirm()
    heard = await desk.heard()
    assert heard == {"woonstad": ["pause_ended"], "volkshuis": ["signal_taken_up", "pause_ended"]}


async def test_nothing_is_told_twice_when_doubt_comes_back(desk: Desk, door: Door) -> None:
    await desk.answer("accepted")
    await desk.confirm()
    await desk.heard()
    other = arrears_reported(1, surname="Smit", partner_id="huurders")
    await take(door, other)
    assert not await desk.heard()
    tasks = await desk.pool.fetch("select id, closed_at from task order by closed_at nulls last")
    assert [task["closed_at"] for task in tasks] == [NOW, None], "a task of its own"
    await desk.confirm()
    assert await desk.heard() == {"huurders": ["signal_taken_up", "help_accepted"]}


async def test_what_is_told_late_has_an_id_of_its_own(desk: Desk) -> None:
    await desk.answer("accepted")
    await desk.confirm()
    rows = await desk.pool.fetch("select event_id from outbox where routing_key like '%.help%'")
    assert len({row[0] for row in rows}) == len(rows) == 2


async def test_of_who_turns_out_to_be_somebody_else_no_help_is_told(desk: Desk) -> None:
    await desk.answer("accepted")
    await desk.heard()
    household_id = await desk.pool.fetchval("select id from household")
    await desk.judge(
        lambda judge: households.split(judge, household_id, [STRANGER.fact_id], "twee kamers")
    )
    assert await desk.heard() == {"woonstad": ["help_accepted"], "volkshuis": ["signal_taken_up"]}
