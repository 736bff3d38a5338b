"""What the law asks of an event: evidences in order, a ground for each step, and no BSN."""

from datetime import date
from typing import Any

import pytest

from services.signals.rules import Accepted
from services.signals.situation import Agreement
from services.signals.texts import FAULTS
from shared.contracts import partners
from shared.contracts.signals import LegalGround, PartnerKind
from tests import builders
from tests.builders import MUNICIPALITY
from tests.signals.test_rules import EVIDENCE, EVIDENCES, Wanted, client, faults, judged, partner


@pytest.mark.parametrize(
    ("reminder", "offer", "is_right"),
    [("2026-02-12", "2026-02-12", True), ("2026-02-12", "2026-02-13", True),
     ("2026-02-13", "2026-02-12", False)],
)  # fmt: skip
def test_the_offer_stands_in_a_reminder(reminder: str, offer: str, is_right: bool) -> None:
    told = {**EVIDENCES, "herinneringOp": reminder, "aanbodOp": offer}
    wanted = set() if is_right else {("too_early", f"{EVIDENCE}.aanbodOp")}
    assert faults(builders.document(inspanningen=told)) == wanted


def test_contact_may_be_sought_before_there_are_arrears() -> None:
    early = {**EVIDENCES, "persoonlijkContactOp": "2026-01-02", "gewezenOpHulpOp": "2026-01-02"}
    assert not faults(builders.document(inspanningen=early))


@pytest.mark.parametrize(
    ("event_class", "kind", "ground", "wanted"),
    [
        (partners.HearingScheduled, "Huur", "convenant", set()),
        (partners.HearingScheduled, "Huur", "bgs", {("ground", "data.grondslag")}),
        (partners.HearingScheduled, "Deurwaarder", "wettelijke-plicht",
         {("ground", "data.grondslag")}),
        (partners.EvictionScheduled, "Deurwaarder", "wettelijke-plicht", set()),
        (partners.EvictionScheduled, "Huur", "wettelijke-plicht", {("ground", "data.grondslag")}),
        (partners.ArrearsSettled, "Huur", "bgs", set()),
    ],
)  # fmt: skip
def test_a_step_of_the_legal_path_needs_its_ground(
    event_class: type[partners.PartnerEvent], kind: str, ground: str, wanted: Wanted
) -> None:
    sender = partner(
        kinds=frozenset({PartnerKind.RENT, PartnerKind.BAILIFF}),
        agreements=ON_EVERY_GROUND,
    )
    told = builders.document(event_class, signaalpartner={"type": kind}, grondslag=ground)
    assert faults(told, sender) == wanted


ON_EVERY_GROUND = tuple(Agreement(MUNICIPALITY, one, date(2026, 1, 1), None) for one in LegalGround)


@pytest.mark.parametrize(
    ("kind", "ground", "is_lawful"),
    [
        ("Huur", "bgs", True),
        ("Huur", "convenant", False),
        ("Huur", "wettelijke-plicht", False),
        ("Deurwaarder", "wettelijke-plicht", False),
        ("Deurwaarder", "convenant", False),
        ("Energie", "bgs", True),
        ("Hypotheek", "convenant", True),
        ("Hypotheek", "bgs", False),
        ("CAK Eigen bijdrage", "convenant", True),
        ("Overige", "convenant", False),
    ],
)
def test_who_may_signal_on_a_ground_stands_in_the_policy(
    kind: str, ground: str, is_lawful: bool
) -> None:
    sender = partner(kinds=frozenset(PartnerKind), agreements=ON_EVERY_GROUND)
    told = builders.document(signaalpartner={"type": kind}, grondslag=ground)
    wanted = set() if is_lawful else {("signal_ground", "data.grondslag")}
    assert faults(told, sender) == wanted


def test_a_day_before_every_rule_has_no_ground() -> None:
    assert ("signal_ground", "data.grondslag") in faults(
        builders.document(signaaldatum="2020-12-31")
    )


@pytest.mark.parametrize(
    ("event_class", "is_heard"),
    [
        (partners.ArrearsSettled, True),
        (partners.SignalWithdrawn, True),
        (partners.ObjectionReceived, True),
        (partners.ArrearsReported, False),
        (partners.PaymentArrangementMade, False),
        (partners.HearingScheduled, False),
    ],
)
def test_what_stops_a_signal_is_heard_after_the_agreement_has_ended(
    event_class: type[partners.PartnerEvent], is_heard: bool
) -> None:
    told = builders.document(event_class)
    ground = LegalGround(told["data"]["grondslag"])
    for ended, wanted in (
        (Agreement(MUNICIPALITY, ground, date(2025, 1, 1), date(2026, 3, 2)), is_heard),
        (Agreement(MUNICIPALITY, ground, date(2026, 3, 4), None), False),
        (Agreement("GM0363", ground, date(2025, 1, 1), None), False),
    ):
        found = faults(told, partner(agreements=(ended,)))
        assert found == (set() if wanted else {("no_agreement", "data.grondslag")})


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"client": {"achternaam": "Bos 999990342"}}, {("bsn", "data.client.achternaam")}),
        ({"client": {"achternaam": "Bos 999990343"}}, set()),
        ({"client": {"achternaam": "Bos 9999903421"}}, set()),
        ({"client": {"telefoonnummer": "999990342"}}, set()),
        ({"contractnummer": "999990342"}, set()),
        ({"toelichting": {"los": [999990342]}}, {("bsn", "data.toelichting.los")}),
        ({"toelichting": {"BSN-nummer": "x"}}, {("bsn", "data.toelichting.(…)")}),
    ],
)
def test_a_citizen_number_is_found_wherever_it_stands(
    changes: dict[str, Any], wanted: Wanted
) -> None:
    changed = {**changes, "client": client(**changes.get("client", {}))}
    assert faults(builders.document(**changed)) == wanted


def test_a_citizen_number_in_the_envelope_is_refused_too() -> None:
    assert faults({**builders.document(), "subject": "999990342"}) == {("bsn", "subject")}


def test_binary_mode_is_the_same_event() -> None:
    told = builders.document()
    attributes = {name: value for name, value in told.items() if name != "data"}
    sent = judged(
        builders.as_body(told["data"]),
        routing_key="woonstad.achterstand-gemeld.v1",
        content_type="application/json",
        attributes=attributes,
    )
    assert isinstance(sent, Accepted)
    whole = judged(told)
    assert isinstance(whole, Accepted)
    assert sent.canonical == whole.canonical


def test_every_fault_has_words_in_two_languages_and_a_source() -> None:
    for words in FAULTS.values():
        assert words.nl
        assert words.en
        assert len(words.source) > 3
