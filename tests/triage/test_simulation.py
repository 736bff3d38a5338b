"""A trial counts what two policies do to the same households, and says why they differ."""

import gc
import tracemalloc
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.triage.books import compile_policy
from services.triage.reports import as_fact, as_signal
from services.triage.rules import History
from services.triage.simulation import figures, generated
from services.triage.simulation.comparing import EXAMPLES, Comparison
from services.triage.simulation.households import Standing, Team, Teams, Told
from services.triage.simulation.report import Over, as_document, in_words
from services.triage.trials import Generated, over_generated
from shared import policy
from shared.contracts import signals
from shared.contracts.signals import PartnerFact, PartnerKind
from shared.contracts.triage import Track
from tests.builders import POLICY, TODAY, arrears_reported, fact
from tests.paths import DEMO
from tests.triage.policy_office import changed

(OTHER_FILE,) = (DEMO / "policies-other").glob("*.yaml")
OTHER = policy.parse(OTHER_FILE.read_text(), OTHER_FILE.name)
TEAMS = Teams([Team("noord", "Noord", 2, 0, 15), Team("zuid", "Zuid", 1, 0, 100)],
              {"9901": "noord", "9925": "zuid"})  # fmt: skip
YOUNG = TODAY - timedelta(days=40)


def told(*reports: PartnerFact, **changes: Any) -> Told:
    """A household of district 9901."""
    own = [as_signal(one) for one in reports if isinstance(one, signals.ArrearsReported)]
    rest = [as_fact(one) for one in reports if not isinstance(one, signals.ArrearsReported)]
    return replace(Told("Z-1", "9901", own, rest), **changes)


def compared(households: Iterable[Told], candidate: str | policy.Policy) -> dict[str, Any]:
    """These households under the demo's policy and another."""
    if isinstance(candidate, str):
        candidate = policy.parse(candidate, "x.yaml")
    comparison = Comparison.of(compile_policy(POLICY), compile_policy(candidate), TEAMS)
    comparison.take(households, print)
    return as_document(comparison, Over("history", 7, "2026-03-03"))


def test_two_policies_differ_and_it_is_said_why() -> None:
    found = over_generated(POLICY, OTHER, Generated(3_000, seed=1), print)
    households, moves = found["over"]["households"], found["moves"]
    assert moves["households"] == sum(kind["households"] for kind in moves["kinds"])
    assert 0.2 < moves["households"] / households < 0.8
    for side in (0, 1):
        assert sum(pair[side] for pair in found["tracks"].values()) == households
    assert len(moves["examples"]) == EXAMPLES
    assert len({(one["before"][0], one["after"][0]) for one in moves["examples"]}) >= 8
    rules = {rule.name: rule for one in (POLICY, OTHER) for rule in one.triage.rules}
    for one in moves["examples"]:
        assert one["before"] != one["after"]
        old, new = ({line.split(" ")[0] for line in one[side][1:]} for side in ("before", "after"))
        named = {line.split(" ")[0] for line in one["because"]}
        if one["after"][0].startswith("no case"):
            assert "the floor is" in str(one["because"]) or "the window" in str(one["because"])
        else:
            assert (old ^ new) & rules.keys() <= named, "what fires under one alone is the reason"
    text = "\n".join(in_words(found))
    assert "summons_is_near (legal, 3): Rent has been owed for three months or more." in text
    assert "no compelling evidence" in text
    assert "evicted" in found["never_fired"]
    assert {one["rule"] for one in found["conflicts"]} >= {"high_amount", "summons_is_near"}


def test_a_policy_against_itself_moves_nobody() -> None:
    found = over_generated(POLICY, POLICY, Generated(500, seed=3), print)
    assert found["moves"]["households"] == found["moves"]["priority_only"] == 0
    assert not found["moves"]["examples"]
    assert all(before == after for before, after in found["tracks"].values())


def test_a_month_is_made_as_its_figures_say() -> None:
    month = list(generated.households(8_000, seed=5))
    own = [one for told in month for one in told.signals if one.reported_on >= generated.MONTH]
    assert 8_000 <= len(own) < 8_003
    first = Counter(one.signals[0].partner_kind for one in month)
    for kind, share in zip(generated.KINDS, generated.SHARES, strict=True):
        assert first[kind] / len(month) == pytest.approx(share.value, abs=0.02)
    consecutive = sum(bool(one.history.handled) for one in month) / len(month)
    assert consecutive == pytest.approx(figures.CONSECUTIVE.value, abs=0.02)
    rent = [one.arrears_cents for one in own if one.partner_kind is PartnerKind.RENT]
    assert sum(rent) / len(rent) == pytest.approx(figures.RENT_CENTS.value, rel=0.15)
    assert len({one.name for one in month}) == len(month)


def test_a_large_month_takes_no_more_memory_than_a_small_one() -> None:
    """Were households kept, 3,000 signals would take 3 MB: 1.1 kB for each, measured."""
    peaks = []
    for count in (300, 3_000):
        gc.collect()
        tracemalloc.start()
        over_generated(POLICY, OTHER, Generated(count, seed=1), print)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 1_000_000


def test_a_signal_that_is_left_out_is_said_to_be_so() -> None:
    small = told(arrears_reported(arrears_cents=8_000, arrears_since=YOUNG))
    found = compared([small], changed(("floor_cents: {value: 7500", "floor_cents: {value: 10000")))
    (example,) = found["moves"]["examples"]
    assert example["because"] == (
        "a signal of Huur, 80 euros, 40 days old: taken_up before, unjustified now "
        "(the floor is 100 euros)",
    )
    assert found["tracks"]["no case"] == [0, 1]
    assert found["signals"] == {"taken_up": [1, 0], "unjustified": [0, 1]}


LOWER = ("arrears_cents >= 150000", "arrears_cents >= 80000")
OWED = arrears_reported(arrears_cents=90_000, arrears_since=YOUNG)


@pytest.mark.parametrize(
    ("changes", "kept", "closed", "load"),
    [
        ({}, 0, 0, [0.1, 1.0]),
        ({"was_reached": True}, 0, 0, [1.0, 1.0]),
        ({"confirmed": Track.LETTER}, 0, 0, [0.1, 1.0]),  # a heavier proposal holds at once
        ({"confirmed": Track.LEGAL}, 1, 0, [2.0, 2.0]),
        ({"standing": Standing.CLOSED}, 0, 1, [0.0, 0.0]),
        ({"standing": Standing.NEVER}, 0, 0, [0.1, 1.0]),
    ],
)
def test_what_a_move_means_for_who_works_on_it(
    changes: dict[str, Any], kept: int, closed: int, load: list[float]
) -> None:
    found = compared([told(OWED, **changes)], changed(LOWER))
    assert found["moves"]["kinds"] == [{"from": "letter", "to": "visit", "households": 1}]
    assert (found["moves"]["kept_by_person"], found["moves"]["closed"]) == (kept, closed)
    assert found["load"][0] == {
        "team": "Noord", "generalists": 2, "load": load, "band": [0.0, 1.5],
    }  # fmt: skip


def test_a_load_over_the_band_is_marked() -> None:
    found = compared([told(OWED), told(OWED)], changed(LOWER))
    (line,) = [one for one in in_words(found) if one.startswith("  Noord")]
    assert line.split()[1:3] == ["0.2", "2.0"]
    assert "0.0 to 1.5 OVER" in line


def test_work_is_counted_of_the_period_alone() -> None:
    found = compared([told(OWED), told(OWED, in_period=False)], changed(LOWER))
    assert found["visits_per_week"]["first"] == [0, 1]
    # Three visits on the ladder, each of which reaches a third: 1 + 2/3 + 4/9.
    assert found["visits_per_week"]["until_reached"] == [0, 2.1]
    # One digest of the assignment; under the candidate three alerts a visit too.
    assert found["alerts"]["all"] == [1, pytest.approx(1 + 3 * 2.11, abs=0.05)]
    assert found["alerts"]["at_once"] == [0, 2.1]
    before, after = found["costs"]
    assert after["accept_help"] == round(figures.REACHED_BY_VISIT.value * figures.ACCEPTED.value, 1)
    assert after["guidance"] > before["guidance"] > 0
    assert after["evictions_avoidable_at_most"] >= before["evictions_avoidable_at_most"]


def test_alerts_of_the_legal_path_follow_its_offsets() -> None:
    hearing = told(fact(signals.HearingScheduled))
    more = ("[at once, 10 days, 7 days, 1 days]", "[at once, 10 days, 7 days, 3 days, 1 days]")
    found = compared([hearing], changed(more))
    assert found["alerts"]["all"][1] - found["alerts"]["all"][0] == pytest.approx(1)
    # The assignment, urgent on the legal path; the hearing; and visits, which are told at once.
    assert found["alerts"]["at_once"] == [pytest.approx(2 + 2.11, abs=0.05)] * 2


def test_rules_that_fail_or_never_fire_are_named() -> None:
    shaky = changed(
        ("when: arrears_cents >= 150000", "when: 100 / (open_signals - 1) > 0"),
        ("when: is_warm_handover", "when: closed_cases > 100"),
    )
    found = compared([told(OWED)], shaky)
    assert found["failed"] == {"high_amount": 1}
    assert "warm_handover" in found["never_fired"]
    assert "any_signal" not in found["never_fired"]
    assert any("could not be evaluated for 1 households" in line for line in in_words(found))


def test_an_age_band_is_seen_by_a_policy_that_may_ask_for_it() -> None:
    named = "profiling: {facts: [age_band], ground: a decision, dpia: on a shelf}\n  costs:"
    candidate = changed(
        ("costs:", named), ("arrears_cents >= 150000", "age_band == '18-22' && arrears_cents > 0")
    )
    born = History(birth_dates=(TODAY - timedelta(days=20 * 366),))
    found = compared([told(OWED, history=born)], candidate)
    assert found["moves"]["kinds"] == [{"from": "letter", "to": "visit", "households": 1}]
    assert "age_band 18-22" in found["moves"]["examples"][0]["known"]
