"""Who people are and where they live changes no decision.

Every field that live rules may not see is dealt out anew among the households, and replaced by
others; what is decided about each household stays the same to the letter.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.triage import deciding
from services.triage.books import compile_books
from services.triage.handlers import address_of
from services.triage.reports import new_report
from shared import db, policy
from shared.contracts import signals
from shared.contracts.signals import PartnerFact, PartnerKind
from shared.db import Tx
from shared.policy import Policies
from tests.builders import MUNICIPALITY, POLICY, TODAY, arrears_reported, fact
from tests.paths import DEMO
from tests.triage.policy_office import triage_database

(OTHER_FILE,) = (DEMO / "policies-other").glob("*.yaml")
OTHER = policy.parse(OTHER_FILE.read_text(), OTHER_FILE.name)
BOOKS = [compile_books(Policies({MUNICIPALITY: [one]})) for one in (POLICY, OTHER)]
DISTRICTS = ["9901", "9925", "9999"]  # of two teams, and of none: a team is all that follows
LETTERS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=2)
NAMES = st.sampled_from(["Voorbeeld", "Proefsma", "Yilmaz", "Müller-Jansen", "Ó Súilleabháin", "X"])


@st.composite
def persons(draw: st.DrawFn) -> dict[str, Any]:
    """All that rules may not see of a household, but for its house number."""
    return {
        "surname": draw(NAMES),
        "surname_infix": draw(st.sampled_from(["", "van der", "el"])),
        "initials": draw(st.sampled_from(["V.", "A.B.", "Q."])),
        "birth_date": draw(st.none() | st.dates(date(1930, 1, 1), date(2009, 1, 1))),
        "phone": draw(st.none() | st.sampled_from(["0600000001", "0600000002"])),
        "email": draw(st.none() | st.sampled_from(["a@example.org", "b@example.org"])),
        "language": draw(st.none() | st.sampled_from(["nl", "tr", "ar", "pl", "uk"])),
        "postcode": draw(st.sampled_from(DISTRICTS)) + draw(LETTERS),
        "house_letter": draw(st.sampled_from(["", "A", "b"])),
        "house_addition": draw(st.sampled_from(["", "2", "hs"])),
        "bag_id": draw(st.none() | st.integers(10**15, 10**15 + 99).map(str)),
    }


PLACE = ("postcode", "house_letter", "house_addition", "bag_id")


@dataclass(frozen=True)
class Who:
    """Who lives behind a front door, and its number."""

    person: dict[str, Any]
    house_number: int

    def of(self, event: PartnerFact) -> PartnerFact:
        """The event, as these people's."""
        fields = self.person if isinstance(event, signals.ArrearsReported) else {
            name: self.person[name] for name in PLACE
        }  # fmt: skip
        return event.model_copy(update={**fields, "house_number": self.house_number})


@st.composite
def debts(draw: st.DrawFn, no: int) -> list[PartnerFact]:
    """What is reported of one household; its contracts tell which."""
    told: list[PartnerFact] = []
    for number in range(draw(st.integers(1, 3))):
        day = TODAY - timedelta(days=draw(st.sampled_from([0, 0, 3, 31, 60])))
        told.append(
            arrears_reported(
                no,
                contract=f"{no}/{number}",
                partner_id=draw(st.sampled_from(["woonstad", "stroomnet"])),
                partner_kind=draw(st.sampled_from(list(PartnerKind)[:4])),
                arrears_cents=draw(st.sampled_from([7_499, 14_999, 60_000, 149_999, 260_000])),
                arrears_since=day - timedelta(days=draw(st.sampled_from([29, 40, 61, 95]))),
                reported_on=day,
                is_crisis=draw(st.integers(0, 9)) == 0,
                is_warm_handover=draw(st.integers(0, 9)) == 0,
            )
        )
    further = st.sampled_from([one for one in signals.FACTS if one not in
                               {signals.ArrearsReported, signals.SignalWithdrawn,
                                signals.EvictionCarriedOut}])  # fmt: skip
    told += [fact(one, no, contract=f"{no}/0") for one in draw(st.lists(further, max_size=2))]
    return told


@st.composite
def towns(draw: st.DrawFn) -> tuple[list[list[PartnerFact]], list[Who], list[Who]]:
    """Households, who they are, and who they might be instead."""
    count = draw(st.integers(2, 6))
    households = [draw(debts(no)) for no in range(1, count + 1)]
    numbers = draw(st.lists(st.integers(1, 999), min_size=count, max_size=count, unique=True))
    first = [Who(draw(persons()), number) for number in numbers]
    dealt = draw(st.permutations(first))
    second = [Who(draw(persons()), one.house_number) if draw(st.booleans()) else one
              for one in dealt]  # fmt: skip
    return households, first, second


@pytest.fixture(scope="module")
async def connection(servers: Servers) -> AsyncIterator[Tx]:
    """A database with a roster, to which nothing is ever committed."""
    async with triage_database(servers) as url:
        pool = await db.open_pool(url, service="test", size=1)
        async with pool.acquire() as found:
            yield found
        await pool.close()


async def decisions(
    tx: Tx, books: Any, households: Sequence[Sequence[PartnerFact]], who: Sequence[Who]
) -> dict[str, Any]:
    """What is decided: of each contract its status, and all that became of its household."""
    events = [one.of(event) for one, told in zip(who, households, strict=True) for event in told]
    transaction = tx.transaction()
    await transaction.start()
    try:
        await deciding.decide(tx, books, [new_report(one, address_of(one)) for one in events])
        rows = await tx.fetch(
            """
            select contract, status, decision.track, decision.priority, decision.reason, fired,
              failed, facts, proposed_track, proposed_priority, weight_tenths
            from signal join signal_status on signal_id = signal.id
              left join household_case on household_case.household_id = signal.household_id
              left join decision on decision.case_id = household_case.id
            """
        )
        return {row["contract"]: tuple(row.values())[1:] for row in rows}
    finally:
        await transaction.rollback()


@pytest.mark.parametrize("books", BOOKS, ids=["this", "other"])
@given(towns())
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_who_people_are_changes_no_decision(
    connection: Tx, stepped_clock: Clock, books: Any, town: Any
) -> None:
    households, who, instead = town
    first = await decisions(connection, books, households, who)
    assert len(first) == sum(
        isinstance(one, signals.ArrearsReported) for told in households for one in told
    )
    assert await decisions(connection, books, households, instead) == first


async def test_what_rules_may_see_does_change_decisions(
    connection: Tx, stepped_clock: Clock
) -> None:
    who = [Who({**dict.fromkeys(["surname_infix", "house_letter", "house_addition"], ""),
                "surname": "X", "initials": "X.", "postcode": "9901AB"}, 1)]  # fmt: skip
    person = {"birth_date": None, "phone": None, "email": None, "language": None, "bag_id": None}
    who = [Who({**one.person, **person}, 1) for one in who]
    found = [
        await decisions(connection, BOOKS[0], [[arrears_reported(1, arrears_cents=cents)]], who)
        for cents in (90_000, 160_000)
    ]
    assert found[0] != found[1]
