"""What is drawn for a lead, and how what rules say is put together."""

import pytest

from services.triage.pages.leading import BAR_WIDTH, bar, conflict_groups, handle_of, rules_of
from services.triage.pages.trial_charts import pairs
from tests.builders import POLICY


@pytest.mark.parametrize(
    ("value", "low", "high", "state"),
    [
        (9.9, 10, 55, "under"),
        (10, 10, 55, "in"),
        (55, 10, 55, "in"),
        (55.1, 10, 55, "over"),
        (0, 0, 40, "in"),
        (3, 0, 0, "none"),
    ],
)
def test_a_load_stands_under_in_or_over_its_band(
    value: float, low: float, high: float, state: str
) -> None:
    drawn = bar(value, low, high, most=60)
    assert drawn.state == state
    assert drawn.band_from + drawn.band_width <= BAR_WIDTH
    assert drawn.width <= BAR_WIDTH


def test_nothing_is_drawn_on_a_scale_without_end() -> None:
    assert bar(0, 0, 0, most=0).width == 0
    assert pairs({"letter": [0, 0]}) == []
    (one,) = pairs({"visit": [0, 4]})
    assert (one.width_before, one.change) == (0, 4)


def test_a_name_in_an_address_is_none() -> None:
    assert "anna" not in handle_of("anna-jansen")
    assert handle_of("anna-jansen") != handle_of("bram-yilmaz")


def test_cases_are_grouped_by_the_rules_that_disagree_and_what_failed_comes_first() -> None:
    names = {track: name for _, name, track in rules_of([POLICY])}
    sha = {"policy_sha256": POLICY.sha256, "failed": []}
    two = {**sha, "fired": [names["visit"], names["letter"]]}
    three = {**sha, "fired": [names["legal"], names["visit"], names["letter"]]}
    failed = {**sha, "fired": [names["letter"]], "failed": [names["visit"]]}
    gone = {**two, "policy_sha256": "of a policy that is gone", "failed": [names["legal"]]}
    groups = conflict_groups([two, two, three, failed, gone], [POLICY], "nl")
    assert [len(one.lines) for one in groups] == [1, 1, 1, 2]
    assert [bool(one.failed) for one in groups] == [True, True, False, False]
    assert groups[2].heavier == ("legal", "visit", "letter")
    assert not groups[1].rules, "its words are gone with its policy"
