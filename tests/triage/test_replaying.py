"""A month's decisions, made again from their stored facts and policies, are the same."""

import random
from datetime import date, timedelta

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.triage import replaying
from services.triage.books import compile_policy
from services.triage.conditions import Facts
from services.triage.sql.policies import StoredDecision
from shared.contracts import signals
from shared.contracts.envelope import derived_id
from shared.contracts.signals import PartnerFact, PartnerKind
from tests.builders import NOW, POLICY, TODAY, arrears_reported, fact
from tests.triage.policy_office import VALID_FROM, changed, open_policy_office, triage_database

LATER = [
    signals.ArrearsSettled, signals.PaymentArrangementMade, signals.PaymentArrangementBroken,
    signals.SummonsServed, signals.HearingScheduled, signals.JudgmentGiven,
    signals.EvictionScheduled, signals.ObjectionReceived, signals.EvictionCarriedOut,
]  # fmt: skip


def later(chance: random.Random, no: int, day: date) -> PartnerFact:
    """Something else that a partner says of a household."""
    event = chance.choice(LATER)
    if issubclass(event, signals.LegalFact):
        return fact(event, no, reported_on=day, case_number=f"26-{no}")
    when = {"settled_on": day} if event is signals.ArrearsSettled else {}
    return fact(event, no, reported_on=day, contract=f"C-{no}-{chance.randrange(3)}", **when)


def reported(chance: random.Random, day: date) -> list[PartnerFact]:
    """What partners report on a day of the month, of eighty households."""
    told: list[PartnerFact] = []
    for _ in range(20):
        no = chance.randrange(1, 81)
        if chance.random() < 0.3:
            told.append(later(chance, no, day))
            continue
        told.append(
            arrears_reported(
                no,
                partner_kind=chance.choice(list(PartnerKind)[:4]),
                contract=f"C-{no}-{chance.randrange(3)}",
                arrears_cents=chance.randrange(5_000, 300_000),
                arrears_since=day - timedelta(days=chance.randrange(25, 120)),
                reported_on=day,
                is_crisis=chance.random() < 0.05,
                is_warm_handover=chance.random() < 0.05,
            )
        )
    return told


async def test_a_months_decisions_are_replayed_identically(
    servers: Servers, stepped_clock: Clock
) -> None:
    chance = random.Random(7)
    async with triage_database(servers) as url, open_policy_office(url) as office:
        for number in range(22):
            stepped_clock.move(NOW + timedelta(days=number))
            await office.take_in(reported(chance, TODAY + timedelta(days=number)))
            if number == 10:  # a shaky rule, and a border that moves
                await office.activate(changed(
                    VALID_FROM, ("arrears_cents >= 150000", "arrears_cents >= 100000"),
                    ("when: is_warm_handover", "when: 10 / (open_signals - 1) > 4"),
                ))  # fmt: skip
                await office.redecide()
        async with office.pool.acquire() as connection:
            found = [one async for one in replaying.replay(connection)]
        assert not [one for one in found if not one.is_identical]
        assert len(found) > 150
        assert len({one.decision.policy_sha256 for one in found}) == 2
        assert any(one.decision.failed for one in found)
        assert len({one.decision.track for one in found}) == 4
        newest = {one.decision.case_id: one.decision for one in found}
        for case in await office.fetch("select * from household_case where is_open"):
            decision = newest[case["id"]]
            assert (decision.track, decision.priority, decision.reason) == (
                case["proposed_track"], case["proposed_priority"], case["reason"],
            ), "what was decided last is what is kept of it"  # fmt: skip


STORED = StoredDecision(
    case_id=derived_id("x"),
    revision=2,
    reference="Z-1",
    policy_sha256=POLICY.sha256,
    facts=dict.fromkeys(Facts.__dataclass_fields__, 0),
    fired=[],
    failed=[],
    track="letter",
    priority=9,
    reason="",
)


def test_facts_of_another_version_are_said_to_be_so() -> None:
    facts = {**STORED.facts, "income": 1}
    del facts["is_crisis"]
    other = StoredDecision(**{**vars(STORED), "facts": facts})
    assert replaying.differences(other, compile_policy(POLICY)) == [
        "its facts are those of another version: income, is_crisis"
    ]
