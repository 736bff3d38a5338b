"""The gate: what may go out now, what never, and what waits for a person."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.notify.gate import Mode, Situation, Verdict, rule
from services.notify.recipients import RESIDENT
from services.notify.subjects import CaseFile, Wishes
from shared.contracts.triage import ContactRestriction
from tests.notify.test_recipients import CONFIRMED, NUMBER, planned
from tests.notify.test_schedule import HEARING_AT, NOW, hearing
from tests.notify.test_schedule import planned as planned_for_workers

LIVE = Situation(NOW, True, Mode.LIVE, False, False, False)
TO_RESIDENT = planned(hearing(), CONFIRMED)[0]
TO_WORKER = planned_for_workers(hearing()).wanted[0]


def verdict(case: CaseFile = CONFIRMED, situation: Situation = LIVE, **changes: Any) -> Verdict:
    return rule(TO_RESIDENT, hearing(**changes), case, situation).verdict


def test_a_resident_gets_what_holds() -> None:
    assert TO_RESIDENT.recipient_id == RESIDENT
    assert verdict() is Verdict.SEND


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"is_open": False}, "de zaak is gesloten"),
        ({"is_confirmed": False}, "nog niemand heeft de aanpak bevestigd"),
        ({"has_objection": True}, "de bewoner heeft bezwaar"),
        ({"restrictions": frozenset({ContactRestriction.NO_APPROACH})},
         "er is afgesproken dat niemand schrijft"),
        ({"paused_until": NOW.date() + timedelta(days=1)}, "de zaak rust"),
        ({"wishes": Wishes(has_opted_out=True)}, "de bewoner wil geen berichten"),
        ({"wishes": Wishes(wrong_contacts=frozenset({NUMBER}))},
         "dit nummer of adres geldt niet meer"),
    ],
)  # fmt: skip
def test_nothing_goes_to_a_household_against_what_is_known(
    change: dict[str, Any], reason: str
) -> None:
    ruling = rule(TO_RESIDENT, hearing(), replace(CONFIRMED, **change), LIVE)
    assert (ruling.verdict, ruling.reason) == (Verdict.STOP, reason)
    if "is_open" not in change:
        worker = rule(TO_WORKER, hearing(), replace(CONFIRMED, **change), LIVE)
        assert worker.verdict is Verdict.SEND, "who works on the case hears it all the same"


def test_a_pause_that_is_over_stops_nothing() -> None:
    assert verdict(replace(CONFIRMED, paused_until=NOW.date())) is Verdict.SEND


def test_what_moved_is_not_told_any_more() -> None:
    assert verdict(revision=4) is Verdict.STOP
    assert verdict(situation=replace(LIVE, now=HEARING_AT)) is Verdict.STOP


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"mode": Mode.OFF}, Verdict.STOP),
        ({"mode": Mode.SHADOW}, Verdict.SHADOW),
        ({"mode": Mode.GUESTS}, Verdict.SHADOW),
        ({"mode": Mode.GUESTS, "is_guest": True}, Verdict.SEND),
        ({"is_fresh": False}, Verdict.LATER),
        ({"is_all_stopped": True}, Verdict.HOLD),
        ({"quiet_until": NOW + timedelta(hours=9)}, Verdict.QUIET),
        ({"is_over_ceiling": True}, Verdict.HOLD),
        ({"mode": Mode.SHADOW, "is_all_stopped": True}, Verdict.SHADOW),
    ],
)
def test_how_far_messages_to_residents_go(change: dict[str, Any], wanted: Verdict) -> None:
    situation = replace(LIVE, **change)
    assert verdict(situation=situation) is wanted
    assert rule(TO_WORKER, hearing(), CONFIRMED, situation).verdict is Verdict.SEND
