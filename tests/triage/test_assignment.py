"""Exactly one assignee, with the reason in words."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.triage.assignment import (
    Answer,
    Wanted,
    answer_wanted,
    choose_assignee,
    choose_second,
    weight_tenths,
)
from shared.contracts.triage import Role, Track
from tests.builders import POLICY, TODAY, roster, worker


def wanted(**changes: Any) -> Wanted:
    fields: dict[str, Any] = {
        "postcode": "9901AB",
        "language": None,
        "weight_tenths": 10,
        "current_id": None,
        "excluded_ids": frozenset(),
    }
    return Wanted(**{**fields, **changes})


def chosen(asked: Wanted, *workers: Any, day: date = TODAY) -> tuple[str, str, str]:
    choice = choose_assignee(asked, roster(*workers), day)
    return choice.assignee.id, choice.lead.id, choice.reason


def test_the_least_loaded_of_the_districts_team_is_chosen() -> None:
    told = chosen(wanted(), worker("anna", load_tenths=20), worker("bram", load_tenths=10))
    assert told[:2] == ("bram", "lead-noord")
    assert told[2] == "Wijkteam Noord (wijk 9901): Bram heeft de minste zaken (1,0 van 30)."


def test_a_tie_is_not_decided_by_the_order_of_a_list() -> None:
    assert chosen(wanted(), worker("bram"), worker("anna"))[0] == "anna"
    assert chosen(wanted(), worker("anna"), worker("bram"))[0] == "anna"


@pytest.mark.parametrize(("load", "who"), [(290, "anna"), (291, "zara")])
def test_who_has_no_room_is_passed_over(load: int, who: str) -> None:
    assert chosen(wanted(), worker("anna", load_tenths=load), worker("zara", "zuid"))[0] == who


def test_the_next_team_helps_out_and_the_lead_of_the_district_leads() -> None:
    told = chosen(wanted(), worker("anna", load_tenths=300), worker("zara", "zuid"))
    assert told[:2] == ("zara", "lead-noord")
    assert "heeft wel ruimte" in told[2]


def test_when_nobody_has_room_the_lead_is_the_assignee() -> None:
    told = chosen(wanted(), worker("anna", load_tenths=300))
    assert told[:2] == ("lead-noord", "lead-noord")
    assert told[2] == "Geen generalist heeft ruimte: Lead-Noord leidt Wijkteam Noord."


@pytest.mark.parametrize(
    ("changes", "who", "leads"),
    [
        ({}, "lead-noord", "lead-noord"),
        # Away for a while: another lead takes it on, and theirs it stays.
        ({"absent_from": TODAY}, "lead-zuid", "lead-noord"),
        ({"left_on": TODAY + timedelta(days=1)}, "lead-noord", "lead-noord"),
        ({"left_on": TODAY}, "lead-zuid", "lead-zuid"),
    ],
)
def test_the_next_lead_who_is_there_takes_what_nobody_has_room_for(
    changes: dict[str, Any], who: str, leads: str
) -> None:
    lead = worker("lead-noord", role=Role.LEAD, load_max_tenths=0, **changes)
    told = chosen(wanted(), lead)
    assert told[:2] == (who, leads)
    assert told[2].startswith(f"Geen generalist heeft ruimte: {who.title()} leidt Wijkteam")


def test_a_lead_who_knows_the_household_too_well_takes_it_only_when_there_is_no_other() -> None:
    knows = wanted(excluded_ids=frozenset({"lead-noord"}))
    assert chosen(knows)[0] == "lead-zuid"
    both = wanted(excluded_ids=frozenset({"lead-noord", "lead-zuid"}))
    assert chosen(both)[0] == "lead-noord"


def test_the_generalist_of_the_household_gets_it_even_without_room() -> None:
    told = chosen(wanted(current_id="bram"), worker("anna"), worker("bram", load_tenths=300))
    assert told[0] == "bram"
    assert told[2] == "Bram heeft dit huishouden al."


@pytest.mark.parametrize(
    "changes",
    [{"left_on": TODAY}, {"absent_from": TODAY}, {"role": Role.LEAD}],
)
def test_who_is_not_there_or_only_led_does_not_get_a_household_back(
    changes: dict[str, Any],
) -> None:
    assert chosen(wanted(current_id="bram"), worker("anna"), worker("bram", **changes))[0] == "anna"


@pytest.mark.parametrize(
    ("changes", "is_there"),
    [
        ({"absent_from": TODAY + timedelta(days=1)}, True),
        ({"absent_from": TODAY}, False),
        ({"absent_from": date(2026, 1, 1), "absent_until": TODAY}, False),
        ({"absent_from": date(2026, 1, 1), "absent_until": TODAY - timedelta(days=1)}, True),
        ({"left_on": TODAY + timedelta(days=1)}, True),
        ({"left_on": TODAY}, False),
    ],
)
def test_absent_and_left_people_get_nothing(changes: dict[str, Any], is_there: bool) -> None:
    told = chosen(wanted(), worker("anna", **changes))
    assert told[0] == ("anna" if is_there else "lead-noord")


def test_a_stated_language_goes_before_load() -> None:
    anna, bram = worker("anna"), worker("bram", load_tenths=50, languages=frozenset({"tr"}))
    assert chosen(wanted(language="tr"), anna, bram)[0] == "bram"
    assert chosen(wanted(language="nl"), anna, bram)[0] == "anna"
    assert chosen(wanted(language="pl"), anna, bram)[0] == "anna"


def test_who_declined_is_not_asked_again() -> None:
    declined = wanted(excluded_ids=frozenset({"anna"}), current_id="anna")
    assert chosen(declined, worker("anna"), worker("bram", load_tenths=90))[0] == "bram"


def test_a_letter_is_light_until_somebody_was_reached() -> None:
    weights = [weight_tenths(POLICY.triage, track, was_reached=False) for track in Track]
    assert weights == [0, 1, 10, 20]
    assert weight_tenths(POLICY.triage, Track.LETTER, was_reached=True) == 10


@pytest.mark.parametrize(
    ("track", "role", "answer"),
    [
        (Track.NONE, Role.GENERALIST, Answer.NOT_ASKED),
        (Track.LETTER, Role.GENERALIST, Answer.NOT_ASKED),
        (Track.VISIT, Role.GENERALIST, Answer.AWAITED),
        (Track.LEGAL, Role.GENERALIST, Answer.AWAITED),
        (Track.VISIT, Role.LEAD, Answer.NOT_ASKED),
    ],
)
def test_who_is_asked_to_accept(track: Track, role: Role, answer: Answer) -> None:
    assert answer_wanted(track, role) is answer


def test_who_has_the_skill_goes_before_who_has_not() -> None:
    lawyer = worker("bram", load_tenths=90, skills=frozenset({"juridisch"}))
    told = chosen(wanted(skills=frozenset({"juridisch"})), worker("anna"), lawyer)
    assert told[0] == "bram"
    assert "kan wat nodig is: juridisch" in told[2]
    assert chosen(wanted(), worker("anna"), lawyer)[0] == "anna"


def test_who_is_under_the_band_goes_before_who_is_in_it() -> None:
    under = worker("bram", load_tenths=90, load_min_tenths=100)
    assert chosen(wanted(), worker("anna", load_tenths=50), under)[0] == "bram"
    inside = worker("bram", load_tenths=100, load_min_tenths=100)
    assert chosen(wanted(), worker("anna", load_tenths=50), inside)[0] == "anna"


def test_nobody_gets_a_neighbour() -> None:
    neighbour = worker("anna", own_postcodes=frozenset({"9901AB"}))
    assert chosen(wanted(current_id="anna"), neighbour, worker("bram", load_tenths=90))[0] == "bram"


def test_who_goes_along_is_the_least_loaded_other_of_the_team() -> None:
    staff = roster(
        worker("anna"), worker("bram", load_tenths=90), worker("chris", load_tenths=40),
        worker("zara", "zuid"), worker("dora", absent_from=TODAY),
    )  # fmt: skip
    found = choose_second("anna", wanted(), staff, TODAY)
    assert found
    assert found.id == "chris"
    alone = roster(worker("anna"), worker("dora", absent_from=TODAY))
    assert choose_second("anna", wanted(), alone, TODAY) is None
