"""Dates that cannot be are refused, on both sides of each border, and none overflows."""

from typing import Any

import pytest

from services.signals.rules import Accepted
from shared.contracts import partners
from tests import builders
from tests.signals.test_rules import EVIDENCE, EVIDENCES, Wanted, client, faults, judged

LEASE = "data.ingangsdatumHuurovereenkomst"
BORN = "data.client.geboortedatum"
OLD = dict.fromkeys(EVIDENCES, "2000-01-01")


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"ontstaansdatum": "2000-01-01"}, set()),
        ({"ontstaansdatum": "1999-12-31"}, {("implausible", "data.ontstaansdatum")}),
        ({"ontstaansdatum": "0001-01-01"}, {("implausible", "data.ontstaansdatum")}),
        ({"ingangsdatumHuurovereenkomst": "1900-01-01"}, set()),
        ({"ingangsdatumHuurovereenkomst": "1899-12-31"}, {("implausible", LEASE)}),
        ({"ingangsdatumHuurovereenkomst": "2026-03-03"}, set()),
        ({"ingangsdatumHuurovereenkomst": "2026-03-04"}, {("order", LEASE)}),
        ({"ingangsdatumHuurovereenkomst": "2062-01-01"}, {("order", LEASE)}),
        ({"client": client(geboortedatum="1900-01-01")}, set()),
        ({"client": client(geboortedatum="1899-12-31")}, {("implausible", BORN)}),
        ({"ontstaansdatum": "2000-01-01", "inspanningen": OLD}, set()),
        ({"ontstaansdatum": "2000-01-01",
          "inspanningen": {**OLD, "persoonlijkContactOp": "1999-12-31"}},
         {("implausible", f"{EVIDENCE}.persoonlijkContactOp")}),
    ],
)  # fmt: skip
def test_a_signal_has_plausible_dates(changes: dict[str, Any], wanted: Wanted) -> None:
    assert faults(builders.document(**changes)) == wanted


@pytest.mark.parametrize(
    ("event_class", "changes", "wanted"),
    [
        (partners.PaymentArrangementMade, {"looptTot": "2026-03-01"}, set()),
        (partners.PaymentArrangementMade, {"looptTot": "2026-02-28"},
         {("too_early", "data.looptTot")}),
        (partners.PaymentArrangementMade, {"looptTot": "2038-03-12"}, set()),
        (partners.PaymentArrangementMade, {"looptTot": "2038-03-13"},
         {("implausible", "data.looptTot")}),
        (partners.HearingScheduled, {"tijdstip": "2028-03-04T10:00:00+01:00"}, set()),
        (partners.HearingScheduled, {"tijdstip": "2028-03-05T10:00:00+01:00"},
         {("implausible", "data.tijdstip")}),
        (partners.HearingScheduled, {"tijdstip": "2000-01-01T00:00:00+01:00"}, set()),
        (partners.HearingScheduled, {"tijdstip": "1999-12-31T23:59:00+01:00"},
         {("implausible", "data.tijdstip")}),
        (partners.EvictionScheduled, {"tijdstip": "0001-01-01T00:00:00+14:00"},
         {("implausible", "data.tijdstip")}),
        (partners.EvictionScheduled, {"tijdstip": "9999-12-31T23:59:59-14:00"},
         {("implausible", "data.tijdstip")}),
        (partners.JudgmentGiven, {"vonnisdatum": "1999-12-31"},
         {("implausible", "data.vonnisdatum")}),
    ],
)  # fmt: skip
def test_what_follows_a_signal_has_plausible_dates(
    event_class: type[partners.PartnerEvent], changes: dict[str, Any], wanted: Wanted
) -> None:
    assert faults(builders.document(event_class, **changes)) == wanted


@pytest.mark.parametrize(
    ("time", "wanted"),
    [
        ("2000-01-01T00:00:00Z", set()),
        ("1999-12-31T23:59:59Z", {("implausible", "time")}),
        ("0001-01-01T00:00:00+14:00", {("implausible", "time")}),
        ("9999-12-31T23:59:59-14:00", {("in_future", "time")}),
    ],
)
def test_an_event_was_recorded_at_a_plausible_time(time: str, wanted: Wanted) -> None:
    assert faults({**builders.document(), "time": time}) == wanted


def test_every_instant_that_is_accepted_can_be_told_in_utc() -> None:
    for at in ("2000-01-01T00:00:00+14:00", "2028-03-04T23:59:59-14:00"):
        told = {**builders.document(partners.HearingScheduled, tijdstip=at)}
        outcome = judged(told)
        assert isinstance(outcome, Accepted)
        assert outcome.fact.model_dump_json()


def test_a_fault_of_a_date_says_what_is_possible() -> None:
    outcome = judged(builders.document(partners.HearingScheduled, tijdstip="2062-01-01T10:00:00Z"))
    (fault,) = outcome.faults  # type: ignore[union-attr]
    assert fault.text_nl == "moet liggen van 2000-01-01 tot en met 2028-03-04"
    assert fault.text_en == "must lie from 2000-01-01 to 2028-03-04"
