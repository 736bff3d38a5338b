"""However a household's events arrive, in whatever order, batches and doublings, one state follows.

As DESIGN 5 has it: for a fixed clock and policy, signals, statuses, case kind, track, legal path
and deadlines are the same for every order of arrival.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.driver import Clock
from services.triage import handlers
from services.triage.books import BookShelf
from shared import db
from shared.contracts import signals
from shared.contracts.envelope import Lane, to_wire
from shared.contracts.signals import PartnerFact, PartnerKind
from shared.db import Tx
from shared.door import Door
from shared.outbox import Outbox
from shared.policy import Policies
from shared.waiting import Delivery
from tests.builders import MUNICIPALITY, NOW, POLICY, arrears_reported, fact

DAYS = st.dates(date(2025, 11, 1), date(2026, 3, 3))
CONTRACTS = st.sampled_from(["C-1", "C-2"])
PARTNERS = st.sampled_from(["woonstad", "volkshuis"])
STARTS = st.sampled_from([None, None, date(2025, 12, 15), date(2026, 2, 1)])
INSTANTS = st.datetimes(datetime(2026, 3, 10), datetime(2026, 5, 1)).map(
    lambda one: one.replace(tzinfo=UTC, microsecond=0)
)


@st.composite
def signal(draw: st.DrawFn) -> PartnerFact:
    day = draw(DAYS)
    kind = draw(st.sampled_from([PartnerKind.RENT, PartnerKind.ENERGY]))
    return arrears_reported(
        partner_id=draw(PARTNERS),
        partner_kind=kind,
        contract=draw(CONTRACTS),
        reported_on=day,
        recorded_at=NOW - timedelta(hours=draw(st.integers(0, 5))),
        arrears_since=day - timedelta(days=draw(st.sampled_from([20, 40, 70]))),
        arrears_cents=draw(st.sampled_from([5_000, 20_000, 90_000, 200_000])),
        tenancy_start=draw(STARTS),
        is_crisis=draw(st.booleans()),
    )


@st.composite
def other_fact(draw: st.DrawFn) -> PartnerFact:
    event_class = draw(st.sampled_from(
        [one for one in signals.FACTS if one not in
         {signals.ArrearsReported, signals.SignalWithdrawn}]))  # fmt: skip
    changes: dict[str, Any] = {
        "partner_id": draw(PARTNERS),
        "contract": draw(CONTRACTS),
        "reported_on": draw(DAYS),
        "recorded_at": NOW - timedelta(hours=draw(st.integers(0, 5))),
        "sequence": draw(st.sampled_from([None, 1, 2, 3])),
    }
    if issubclass(event_class, signals.LegalFact):
        changes["case_number"] = draw(st.sampled_from(["26-1", "26-2"]))
    if "at" in event_class.model_fields:
        changes["at"] = draw(INSTANTS)
    for name in ("settled_on", "made_on", "broken_on", "carried_out_on"):
        if name in event_class.model_fields:
            changes[name] = draw(DAYS)
    return fact(event_class, **changes)


@st.composite
def histories(draw: st.DrawFn) -> list[PartnerFact]:
    """What is told of one address: signals, some withdrawn, and other facts."""
    told = draw(st.lists(signal(), min_size=1, max_size=5))
    gone = [
        fact(signals.SignalWithdrawn, withdrawn_fact_id=one.fact_id, reported_on=one.reported_on)
        for one in told
        if draw(st.integers(0, 4)) == 0
    ]
    return told + gone + draw(st.lists(other_fact(), max_size=5))


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[list[PartnerFact], list[list[PartnerFact]]]:
    """A history, and the batches that it arrives in: in any order, some of it twice."""
    history = draw(histories())
    doubled = history + draw(st.lists(st.sampled_from(history), max_size=3))
    order = draw(st.permutations(doubled))
    batches: list[list[PartnerFact]] = [[]]
    for one in order:
        if batches[-1] and draw(st.booleans()):
            batches.append([])
        batches[-1].append(one)
    return history, batches


@pytest.fixture(scope="module")
async def connection(servers: Any) -> AsyncIterator[Tx]:
    """A database with a roster, to which nothing is ever committed after."""
    url = await servers.create_database_from_template("template_triage", "any_order", "triage")
    pool = await db.open_pool(url, service="test", size=1)
    async with pool.acquire() as found:
        yield found
    await pool.close()
    await servers.drop_database("any_order")


def door() -> Door:
    """Triage's door; nothing is published, so it needs neither pool nor broker."""
    nothing: Any = None
    found = Door(
        "triage", nothing, Outbox("urn:nld:oin:0:systeem:triage", nothing, nothing, 50_000)
    )
    handlers.register(found, BookShelf(Policies({MUNICIPALITY: [POLICY]})))
    return found


@asynccontextmanager
async def undone(connection: Tx) -> AsyncIterator[None]:
    """A transaction that never happened."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()


async def state_after(connection: Tx, batches: Sequence[Sequence[PartnerFact]]) -> dict[str, Any]:
    """Let batches in by the door's own way, through parsing and inbox; tell what holds then."""
    through = door()
    async with undone(connection):
        for batch in batches:
            for event_class in dict.fromkeys(type(one) for one in batch):
                same = [one for one in batch if type(one) is event_class]
                for lane in event_class.lanes:
                    queue = event_class.queue("triage", lane)
                    mine = [delivery(one, queue) for one in same if one.lane is lane]
                    if mine:
                        await through.consumers[queue].work(connection, mine)
        return await told(connection)


def delivery(event: PartnerFact, queue: str) -> Delivery:
    body = to_wire(event, source="urn:nld:oin:0:systeem:signals", recorded_at=NOW)
    key = event.routing_key(Lane.BULK)
    return Delivery(queue, body, str(event.wire_id), key, None, None, redelivered=False)


async def told(connection: Tx) -> dict[str, Any]:
    """What DESIGN 5 names, with households known by their facts and not by their ids."""
    members: dict[Any, set[Any]] = {}
    for row in await connection.fetch(
        "select household_id, id from signal union all select household_id, id from fact"
    ):
        members.setdefault(row["household_id"], set()).add(row["id"])
    name = {household: frozenset(inside) for household, inside in members.items()}
    statuses = await connection.fetch(
        "select distinct on (signal_id) signal_id, status from signal_status"
        " order by signal_id, status_no desc"
    )
    cases = await connection.fetch(
        "select id, household_id, track, priority, legal_stage, is_multiple, is_consecutive,"
        " has_objection, weight_tenths from household_case where is_open"
    )
    of_case = {case["id"]: name[case["household_id"]] for case in cases}
    return {
        "statuses": {row["signal_id"]: row["status"] for row in statuses},
        "since": {name[row["id"]]: row["since"] for row in await connection.fetch(
            "select id, since from household where id = any($1::uuid[])", list(members))},
        "cases": {of_case[case["id"]]: tuple(case.values())[2:] for case in cases},
        "steps": {
            (of_case[row["case_id"]], *tuple(row.values())[1:])
            for row in await connection.fetch(
                "select case_id, kind, key, state, at, day, place, is_disputed from legal_step")
            if row["case_id"] in of_case
        },
        "deadlines": {
            (of_case[row["case_id"]], *tuple(row.values())[1:])
            for row in await connection.fetch(
                "select case_id, name, clock, starting_fact, starts_on, due_on, near_on"
                " from deadline where dropped_at is null")
            if row["case_id"] in of_case
        },
        "load": await connection.fetchval("select sum(load_tenths) from worker"),
    }  # fmt: skip


@given(arrivals())
@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_one_state_follows_from_every_order(
    connection: Tx, stepped_clock: Clock, arrived: tuple[list[PartnerFact], list[list[PartnerFact]]]
) -> None:
    history, batches = arrived
    at_once = await state_after(connection, [history])
    bit_by_bit = await state_after(connection, batches)
    assert bit_by_bit == at_once
    assert len(at_once["cases"]) == len(set(at_once["cases"]))


async def test_the_state_tells_one_history_from_another(
    connection: Tx, stepped_clock: Clock
) -> None:
    first = arrears_reported()
    second = arrears_reported(partner_id="volkshuis")
    one = await state_after(connection, [[first]])
    other = await state_after(connection, [[first, second]])
    assert one["cases"] != other["cases"]
    assert one["statuses"] != other["statuses"]
