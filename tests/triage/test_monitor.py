"""The monitor: what is counted, when, and that a purge changes no figure."""

import asyncio
import io
import json
import os
import sys
from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict, replace
from datetime import date

import httpx
import pytest
from rich.console import Console

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.triage import monitor
from services.triage.app import wire
from services.triage.commands.tracks import EndResult
from services.triage.counts import (
    Counted,
    Measure,
    Period,
    PeriodFault,
    age_band,
    refine,
    whole_months,
)
from services.triage.monitor import Figures, percentile
from services.triage.reporting import show
from services.triage.settings import Settings
from services.triage.sql import monitor as monitor_sql
from shared import clock as service_clock
from shared.contracts import signals
from shared.contracts.signals import PartnerKind
from shared.contracts.triage import ContactKind
from shared.core import new_core
from shared.policy import Policy
from tests.builders import MUNICIPALITY, POLICY, TODAY, arrears_reported, fact
from tests.conftest import ROSTER_TOKENS
from tests.paths import POLICIES, REPOSITORY
from tests.tidy.generated import SETTINGS
from tests.triage import office
from tests.triage.office import SPOKE, Office

MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))
SPRING = Period(date(2026, 2, 1), date(2026, 4, 30))
VISIT, PHONE, LETTER = ContactKind.VISIT, ContactKind.PHONE, ContactKind.LETTER


def policy(small: int) -> Policy:
    """The demo's policy, with another small number."""
    number = POLICY.triage.small_number.model_copy(update={"value": small})
    section = POLICY.triage.model_copy(update={"small_number": number})
    return POLICY.model_copy(update={"triage": section})


ALL = policy(0)  # nothing is hidden


@pytest.fixture
async def triage(servers: Servers, stepped_clock: Clock) -> AsyncIterator[Office]:
    async with office.opened(servers, stepped_clock) as found:
        yield found


async def load(triage: Office, period: Period = MARCH) -> list[Counted]:
    async with triage.pool.acquire() as connection:
        return await monitor_sql.load_counts(
            connection, MUNICIPALITY, period, service_clock.today()
        )


async def figures(triage: Office, period: Period = MARCH) -> Figures:
    return monitor.figures(await load(triage, period), period, lambda _: ALL)


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (date(2026, 3, 1), date(2026, 3, 31), None),
        (date(2026, 2, 1), date(2026, 2, 28), None),
        (date(2021, 4, 1), date(2026, 3, 31), None),
        (date(2021, 3, 1), date(2026, 3, 31), "60 months at most"),
        (date(2026, 3, 2), date(2026, 3, 31), "whole months"),
        (date(2026, 3, 1), date(2026, 3, 30), "whole months"),
        (date(2026, 4, 1), date(2026, 3, 31), "lies after"),
    ],
)
def test_a_period_is_whole_months(first: date, last: date, words: str | None) -> None:
    if words is None:
        assert whole_months(first, last) == Period(first, last)
    else:
        with pytest.raises(PeriodFault, match=words):
            whole_months(first, last)


@pytest.mark.parametrize(
    ("counted", "median", "p90"),
    [
        ([(3, 1)], 3, 3),
        ([(1, 5), (2, 5)], 1, 2),
        ([(1, 4), (2, 5)], 2, 2),
        ([(0, 9), (7, 1)], 0, 0),
        ([(0, 8), (7, 2)], 0, 7),
    ],
)
def test_median_and_p90_are_of_the_nearest_rank(
    counted: list[tuple[int, int]], median: int, p90: int
) -> None:
    assert (percentile(counted, 50), percentile(counted, 90)) == (median, p90)


@pytest.mark.parametrize(
    ("age", "band"),
    [(None, "unknown"), (17, "under 18"), (18, "18-22"), (22, "18-22"), (23, "23-26"),
     (26, "23-26"), (27, "27-64"), (64, "27-64"), (65, "65 and over")],
)  # fmt: skip
def test_a_band_has_borders(age: int | None, band: str) -> None:
    assert age_band(age) == band


@pytest.mark.parametrize(("due_on", "outcome"), [(TODAY, "running"), (date(2026, 3, 2), "missed")])
def test_a_term_runs_until_its_last_day_is_over(due_on: date, outcome: str) -> None:
    facets = {"clock": "legal", "name": "first_talk", "outcome": "running", "due_on": str(due_on)}
    (row,) = refine([Counted("GM", MARCH.starts_on, Measure.TERMS, facets, 1)], TODAY)
    assert row.facets == {"clock": "legal", "name": "first_talk", "outcome": outcome}


def test_costs_are_counts_times_the_amounts_of_the_policy_each_with_its_source() -> None:
    rows = [
        Counted("GM9901", MARCH.starts_on, Measure.EVICTIONS, {"outcome": outcome}, count)
        for outcome, count in (("carried_out", 6), ("called_off", 11))
    ]
    rows.append(Counted("GM9901", MARCH.starts_on, Measure.CASES, {"stage": "accepted"}, 7))
    told = monitor.figures(rows, MARCH, lambda _: POLICY)
    assert [(one.count, one.amount_euros, one.total_euros) for one in told.costs] == [
        (6, 7_000, 42_000), (6, 50_000, 300_000), (11, 7_000, 77_000), (11, 50_000, 550_000),
        (7, 3_500, 24_500),
    ]  # fmt: skip
    assert all("founding report" in one.source for one in told.costs)
    assert any("no compelling evidence" in line for line in told.caveats)
    hidden = monitor.figures([replace(rows[0], count=4), *rows[1:]], MARCH, lambda _: POLICY)
    assert (hidden.costs[0].count, hidden.costs[0].total_euros) == (None, None)


async def busy_month(triage: Office) -> None:
    """Households by house number, each with a way of its own."""
    triage.at(3, 3)
    await triage.tell(
        arrears_reported(1, birth_date=date(2003, 3, 4)),  # 22 until tomorrow
        arrears_reported(2, birth_date=date(2003, 3, 3)),  # 23 today
        arrears_reported(3, postcode="9925AB"),
        arrears_reported(4, partner_kind=PartnerKind.WATER, arrears_cents=7_400),  # too little
        arrears_reported(5, partner_kind=PartnerKind.WATER),
        fact(signals.EvictionScheduled, 6),
        fact(signals.EvictionScheduled, 7),
        fact(signals.EvictionScheduled, 8),
    )
    triage.at(3, 5, 18)
    await triage.attempt(1, VISIT)
    await triage.tell(
        fact(signals.EvictionCancelled, 7, sequence=2, reported_on=date(2026, 3, 5)),
        fact(signals.EvictionCarriedOut, 8, reported_on=date(2026, 3, 5)),
    )
    triage.at(3, 10)
    await triage.attempt(1, PHONE, SPOKE)
    await triage.answer(1, "accepted")
    await triage.attempt(2, VISIT, SPOKE)
    await triage.answer(2, "declined")
    await triage.attempt(3, LETTER)


async def test_how_far_signals_and_cases_came(triage: Office) -> None:
    await busy_month(triage)
    told = await figures(triage)
    assert asdict(told.signals) == {
        "signalled": 5, "taken_up": 4, "attempted": 3, "reached": 2, "accepted": 1,
    }  # fmt: skip
    assert [tuple(asdict(one).values()) for one in told.signals_by_partner_kind] == [
        ("Huur", 3, 3, 3, 2, 1),
        ("Water", 2, 1, 0, 0, 0),
    ]
    assert tuple(asdict(told.cases).values()) == (7, 3, 2, 1)


async def test_what_came_of_attempts_by_channel_and_part_of_day(triage: Office) -> None:
    await busy_month(triage)
    told = await figures(triage)
    assert tuple(asdict(told.attempts).values()) == (4, 2, 1)
    assert [tuple(asdict(one).values()) for one in told.attempts_by_channel] == [
        ("Brief", 1, 0, 0),
        ("Huisbezoek", 2, 1, 0),
        ("Telefoon", 1, 1, 1),
    ]
    assert [tuple(asdict(one).values()) for one in told.attempts_by_part_of_day] == [
        ("Ochtend", 3, 2, 1),
        ("Avond", 1, 0, 0),
    ]


async def test_working_days_count_from_the_first_signal(triage: Office) -> None:
    triage.at(3, 6)  # a Friday
    await triage.tell(*(arrears_reported(number, reported_on=date(2026, 3, 6))
                        for number in (1, 2, 3)))  # fmt: skip
    await triage.attempt(1, VISIT)
    triage.at(3, 9)
    await triage.attempt(2, VISIT, SPOKE)
    triage.at(3, 16)
    await triage.attempt(3, VISIT)
    await triage.attempt(1, PHONE, SPOKE)
    told = await figures(triage)
    assert asdict(told.workdays_until_attempted) == {"median": 1, "p90": 6}
    assert asdict(told.workdays_until_reached) == {"median": 1, "p90": 6}
    few = monitor.figures(await load(triage), MARCH, lambda _: policy(4))
    assert few.workdays_until_attempted.median is None


async def test_terms_are_met_on_their_last_day_and_missed_after_it(triage: Office) -> None:
    await triage.tell(*(arrears_reported(number, arrears_cents=160_000) for number in (1, 2, 3)))
    for number in (1, 2, 3):
        await triage.answer(number, "accepted")
    due = {row["name"]: row["due_on"] for row in await triage.fetch(
        "select name, due_on from deadline where case_id = "
        "(select id from household_case order by reference limit 1)")}  # fmt: skip
    assert due["first_attempt"] == date(2026, 3, 10)
    triage.at(3, 10, 22)  # eleven in the evening
    await triage.attempt(1, VISIT)
    triage.at(3, 10, 23)  # past midnight
    await triage.attempt(2, VISIT)
    triage.at(3, 31)
    told = {(one.clock, one.name): tuple(asdict(one).values())[2:]
            for one in (await figures(triage)).terms}  # fmt: skip
    assert told["service", "first_attempt"] == (3, 1, 2, 0)
    assert told["legal", "first_talk"] == (3, 0, 0, 3)
    assert [clock for clock, _ in told] == sorted(clock for clock, _ in told), "never mixed"
    assert "pause" not in {clock for clock, _ in told}, "what ends on its day is not missed"


async def test_evictions_count_once_where_they_were_announced(triage: Office) -> None:
    await busy_month(triage)
    moved = fact(signals.EvictionScheduled, 6, sequence=2, reported_on=date(2026, 4, 2),
                 case_number="26-6", court="RECHTBANK NOORD")  # fmt: skip
    await triage.tell(moved)
    assert tuple(asdict((await figures(triage)).evictions).values()) == (3, 1, 1, 1)
    april = await figures(triage, Period(date(2026, 4, 1), date(2026, 4, 30)))
    assert april.evictions.announced == 0


async def test_who_is_visited_against_who_is_signalled(triage: Office) -> None:
    await busy_month(triage)
    told = (await figures(triage)).fairness
    assert (told.signalled, told.visited) == (5, 2)
    assert [tuple(asdict(one).values()) for one in told.by_age_band] == [
        ("18-22", 1, 1), ("23-26", 1, 1), ("unknown", 3, 0),
    ]  # fmt: skip
    assert [tuple(asdict(one).values()) for one in told.by_district] == [
        ("9901", 4, 2), ("9925", 1, 0),
    ]  # fmt: skip


TABLES_OF_CASES = (
    "contact_attempt", "deadline", "legal_step", "visit", "help_answer", "decision", "assignment",
)  # fmt: skip


async def purge(triage: Office, numbers: Iterable[int]) -> None:
    """Count households and delete everything of them, in one transaction."""
    async with triage.pool.acquire() as tx, tx.transaction():
        rows = await tx.fetch(
            "select household.id from household join address on address.id = address_id"
            " where house_number = any($1::int[])", list(numbers),
        )  # fmt: skip
        ids = [row["id"] for row in rows]
        await monitor_sql.count_before_purge(tx, ids, service_clock.today())
        cases = "(select id from household_case where household_id = any($1::uuid[]))"
        for table in TABLES_OF_CASES:
            await tx.execute(f"delete from {table} where case_id in {cases}", ids)
        for table in ("signal", "fact", "household_case"):
            await tx.execute(f"delete from {table} where household_id = any($1::uuid[])", ids)


async def test_a_purge_changes_no_figure(triage: Office) -> None:
    triage.at(2, 10)
    since = date(2025, 12, 1)
    await triage.tell(arrears_reported(9, reported_on=date(2026, 2, 10), arrears_since=since))
    await triage.attempt(9, VISIT, SPOKE)
    await triage.close(9, EndResult.ADVICE)
    await busy_month(triage)
    await triage.close(1, EndResult.REFERRED)
    triage.at(4, 15)
    await triage.tell(arrears_reported(9, reported_on=date(2026, 4, 15), arrears_cents=95_000))
    before = [await figures(triage, period) for period in (MARCH, SPRING)]
    for numbers in ([9], [1, 4, 6], [], [2, 3, 7], [5, 8]):
        await purge(triage, numbers)
        assert [await figures(triage, period) for period in (MARCH, SPRING)] == before, numbers
    assert not await triage.fetch("select from signal union all select from household_case")
    text = str(await triage.fetch("select facets::text from monitor_count"))
    assert "Voorbeeld" not in text
    assert "9901AB" not in text


async def test_another_municipality_is_not_counted(triage: Office) -> None:
    await busy_month(triage)
    await triage.fetch("update household_case set municipality = 'GM0363'")
    await triage.fetch("update address set municipality = 'GM0363'")
    assert await load(triage) == []


@pytest.fixture
async def web(triage: Office) -> AsyncIterator[httpx.AsyncClient]:
    """The API with nothing else running; somebody signs in by token."""
    app = wire(new_core("triage", Settings.model_validate(SETTINGS), triage.pool))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_a_lead_asks_for_the_figures_and_the_command_gives_the_same(
    triage: Office, web: httpx.AsyncClient, servers: Servers
) -> None:
    await busy_month(triage)
    tokens = json.loads((servers.data / ROSTER_TOKENS).read_text())

    async def asked(name: str, **query: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {tokens[name]}"}
        return await web.get("/v1/monitor", params=query, headers=headers)

    march = {"from": "2026-03-01", "to": "2026-03-31"}
    assert (await asked("anna-jansen", **march)).status_code == 403
    for query, words in (
        ({"from": "2026-03-01"}, "query.to"),
        ({"from": "gisteren", "to": "2026-03-31"}, "query.from"),
        ({"from": "2026-03-02", "to": "2026-03-31"}, "whole months"),
        ({"from": "2026-03-31", "to": "2026-03-01"}, "lies after"),
    ):
        wrong = await asked("noor-de-wit", **query)
        assert (wrong.status_code, wrong.headers["content-type"]) == (
            400, "application/problem+json",
        )  # fmt: skip
        assert words in wrong.text
    answer = await asked("noor-de-wit", **march)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    expected = monitor.figures(await load(triage), MARCH, lambda _: POLICY)
    assert told == json.loads(json.dumps(asdict(expected)))
    assert told["signals"]["accepted"] is None, "one is a small number"
    assert (told["municipality"], told["small_number"]) == (MUNICIPALITY, 5)
    printed = json.loads(await command(triage.url, "--json"))
    assert {**printed, "terms": []} == {**told, "terms": []}, "its clock says what still runs"
    page = io.StringIO()
    show(expected, Console(file=page, width=200))
    assert "Who is signalled, and who is visited" in page.getvalue()
    assert "no compelling evidence" in page.getvalue()


async def command(url: str, *more: str) -> str:
    """What `monitor` prints of March."""
    environment = {**os.environ, "DATABASE_URL": url, "POLICY_FOLDER": str(POLICIES)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.triage", "monitor", "--municipality", MUNICIPALITY,
        "--from", "2026-03-01", "--to", "2026-03-31", *more,
        cwd=REPOSITORY, env=environment, stdout=-1, stderr=-1,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    return out.decode()
