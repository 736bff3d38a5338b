"""Validity: each fault on both sides of its border, and all at once."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.signals.arrivals import from_amqp
from services.signals.rules import Accepted, Refused, cents, judge
from services.signals.situation import Agreement, Partner
from shared.contracts import partners
from shared.contracts.signals import LegalGround, PartnerKind
from shared.policy import Policies
from shared.waiting import Delivery
from tests import builders
from tests.builders import MUNICIPALITY, POLICY

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
POLICIES = Policies({MUNICIPALITY: [POLICY]})


def partner(**changes: Any) -> Partner:
    fields: dict[str, Any] = {
        "id": "woonstad",
        "kvk": "90000001",
        "kinds": frozenset({PartnerKind.RENT}),
        "is_suspended": False,
        "wants_feedback": True,
        "agreements": tuple(
            Agreement(MUNICIPALITY, ground, date(2026, 3, 1), date(2026, 3, 31))
            for ground in (LegalGround.EARLY_SIGNAL_DECREE, LegalGround.COVENANT)
        ),
    }
    return Partner(**{**fields, **changes})


def judged(
    told: dict[str, Any] | bytes, sender: Partner | None = None, **changes: Any
) -> Accepted | Refused:
    delivery = Delivery(**builders.delivery_fields(told, **changes))
    return judge(from_amqp(delivery), {"woonstad": sender or partner()}, POLICIES, NOW)


def faults(
    told: dict[str, Any] | bytes, sender: Partner | None = None, **changes: Any
) -> set[tuple[str, str]]:
    """Code and field of every fault; none when the event was accepted."""
    outcome = judged(told, sender, **changes)
    if isinstance(outcome, Accepted):
        return set()
    return {(fault.code, fault.field) for fault in outcome.faults}


@pytest.mark.parametrize("event_class", partners.EVENTS)
def test_every_kind_of_event_is_accepted_when_it_is_right(
    event_class: type[partners.PartnerEvent],
) -> None:
    outcome = judged(builders.document(event_class))
    assert isinstance(outcome, Accepted)
    assert type(outcome.fact) is event_class.accepted_as
    assert outcome.unknown == ()


Wanted = set[tuple[str, str]]
SIGNAL = "data.signaaldatum"
ON_THE_DAY = dict.fromkeys(builders.document()["data"]["inspanningen"], "2026-03-03")
EVIDENCE = "data.inspanningen"
# What is changed in a valid signal, and the faults that it must give; none on the right side.
SIGNAL_TABLE: list[tuple[dict[str, Any], set[tuple[str, str]]]] = [
    ({"bedrag": "0.01"}, set()),
    ({"bedrag": "0.00"}, {("not_positive", "data.bedrag")}),
    ({"bedrag": "-1.00"}, {("invalid", "data.bedrag")}),
    ({"bedrag": "12"}, {("invalid", "data.bedrag")}),
    ({"bedrag": "12.5"}, {("invalid", "data.bedrag")}),
    ({"bedrag": "12,50"}, {("invalid", "data.bedrag")}),
    ({"bedrag": 1250.75}, {("invalid", "data.bedrag")}),
    ({"bedrag": 1250}, {("invalid", "data.bedrag")}),
    ({"bedrag": "9999999.99"}, set()),
    ({"bedrag": "10000000.00"}, {("invalid", "data.bedrag")}),
    ({"bedrag": None}, {("missing", "data.bedrag")}),
    ({"signaaldatum": "2026-03-02"}, set()),
    ({"signaaldatum": "2026-03-04"}, {("in_future", SIGNAL)}),
    ({"signaaldatum": "2026-02-30"}, {("invalid", SIGNAL)}),
    ({"signaaldatum": "1772496000"}, {("invalid", SIGNAL)}),
    ({"signaaldatum": 1772496000}, {("invalid", SIGNAL)}),
    ({"signaaldatum": "2026-03-03T00:00:00Z"}, {("invalid", SIGNAL)}),
    ({"ontstaansdatum": "2026-03-03", "inspanningen": ON_THE_DAY}, set()),
    ({"ontstaansdatum": "2026-03-04", "inspanningen": ON_THE_DAY},
     {("in_future", "data.ontstaansdatum"), ("order", "data.ontstaansdatum"),
      ("too_early", "data.inspanningen.herinneringOp"),
      ("too_early", "data.inspanningen.aanbodOp")}),
    ({"ontstaansdatum": "2026-02-12"}, set()),
    ({"ontstaansdatum": "2026-02-13"},
     {("too_early", "data.inspanningen.herinneringOp"),
      ("too_early", "data.inspanningen.aanbodOp")}),
    ({"bezwaar": False}, set()),
    ({"bezwaar": True}, {("objection", "data.bezwaar")}),
    ({"bezwaar": None}, {("missing", "data.bezwaar")}),
    ({"bezwaar": "nee"}, {("invalid", "data.bezwaar")}),
    ({"bezwaar": 0}, {("invalid", "data.bezwaar")}),
    ({"grondslag": None}, {("missing", "data.grondslag")}),
    ({"grondslag": "wettelijke-plicht"},
     {("no_agreement", "data.grondslag"), ("signal_ground", "data.grondslag")}),
    ({"gemeentecode": "GM0001"},
     {("unknown_municipality", "data.gemeentecode"), ("no_agreement", "data.grondslag")}),
    ({"gemeentecode": "gm9901"}, {("invalid", "data.gemeentecode")}),
    ({"signaalpartner": {"type": "Energie"}}, {("partner_kind", "data.signaalpartner.type")}),
    ({"signaalpartner": {"type": "huur"}}, {("invalid", "data.signaalpartner.type")}),
    ({"burgerservicenummer": "999990342"}, {("bsn", "data.burgerservicenummer")}),
    ({"BSN": "999990342"}, {("bsn", "data.BSN")}),
    ({"bedragg": "1.00"}, {("nearly_named", "data.bedragg")}),
    ({"Bedrag": "1.00"}, {("nearly_named", "data.Bedrag")}),
    ({"ebdrag": "1.00"}, {("nearly_named", "data.ebdrag")}),
    ({"bdrg": "1.00"}, set()),
    ({"inspanningen": None}, {("missing", EVIDENCE)}),
    ({"inspanningen": []}, {("invalid", EVIDENCE)}),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "wanted"), SIGNAL_TABLE)
def test_a_signal_is_judged_on_both_sides_of_each_border(
    changes: dict[str, Any], wanted: set[tuple[str, str]]
) -> None:
    assert faults(builders.document(**changes)) == wanted


def client(**changes: Any) -> dict[str, Any]:
    known = builders.document()["data"]["client"]
    return {name: value for name, value in {**known, **changes}.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"postcode": "9901AB"}, set()),
        ({"postcode": "9949 zz"}, set()),
        ({"postcode": "9900AB"}, {("other_municipality", "data.client.postcode")}),
        ({"postcode": "9950AB"}, {("other_municipality", "data.client.postcode")}),
        ({"postcode": "0123AB"}, {("invalid", "data.client.postcode")}),
        ({"postcode": "9901A"}, {("invalid", "data.client.postcode")}),
        ({"huisnummer": 12}, {("invalid", "data.client.huisnummer")}),
        ({"huisnummer": "0"}, {("invalid", "data.client.huisnummer")}),
        ({"huisnummer": "99999"}, set()),
        ({"huisnummer": "١٢"}, {("invalid", "data.client.huisnummer")}),
        ({"huisletter": "AB"}, {("invalid", "data.client.huisletter")}),
        ({"bagId": "0164010000047847"}, set()),
        ({"bagId": "164010000047847"}, {("invalid", "data.client.bagId")}),
        ({"geboortedatum": "2026-03-03"}, set()),
        ({"geboortedatum": "2026-03-04"}, {("in_future", "data.client.geboortedatum")}),
        ({"geboortedatum": "1981-02-29"}, {("invalid", "data.client.geboortedatum")}),
        ({"achternaam": None}, {("missing", "data.client.achternaam")}),
        ({"bsn": "999990342"}, {("bsn", "data.client.bsn")}),
        ({"postcodes": "9901AB"}, {("nearly_named", "data.client.postcodes")}),
        ({"hobby": "vissen"}, set()),
    ],
)
def test_a_tenant_and_address_are_judged(
    changes: dict[str, Any], wanted: set[tuple[str, str]]
) -> None:
    assert faults(builders.document(client=client(**changes))) == wanted


EVIDENCES = builders.document()["data"]["inspanningen"]


@pytest.mark.parametrize("name", sorted(EVIDENCES))
def test_a_rent_signal_needs_every_evidence(name: str) -> None:
    told = {key: value for key, value in EVIDENCES.items() if key != name}
    assert faults(builders.document(inspanningen=told)) == {("evidence", f"{EVIDENCE}.{name}")}


@pytest.mark.parametrize("name", sorted(EVIDENCES))
def test_an_evidence_lies_on_the_day_of_the_signal_or_before(name: str) -> None:
    offer = {"aanbodOp": "2026-03-03"} if name == "herinneringOp" else {}
    assert not faults(builders.document(inspanningen={**EVIDENCES, name: "2026-03-03", **offer}))
    late = builders.document(inspanningen={**EVIDENCES, **offer, name: "2026-03-04"})
    assert ("order", f"{EVIDENCE}.{name}") in faults(late)


def test_which_evidences_are_needed_depends_on_kind_and_day() -> None:
    def required(*asked: Any) -> tuple[str, ...]:
        rule = POLICY.signals.evidence_rule(*asked)
        return rule.required if rule else ()

    ground = LegalGround.EARLY_SIGNAL_DECREE
    day_before, first_day = date(2025, 12, 31), date(2026, 1, 1)
    assert "personal_contact_on" not in required(PartnerKind.ENERGY, ground, day_before)
    assert "personal_contact_on" in required(PartnerKind.ENERGY, ground, first_day)
    assert required(PartnerKind.RENT, LegalGround.COVENANT, first_day) == ()


@pytest.mark.parametrize(
    ("sender", "wanted"),
    [
        (partner(), set()),
        (partner(is_suspended=True), {("suspended", "user-id")}),
        (partner(kvk="90000002"), {("wrong_partner", "source")}),
        (partner(agreements=()), {("no_agreement", "data.grondslag")}),
    ],
)
def test_a_partner_is_judged(sender: Partner, wanted: set[tuple[str, str]]) -> None:
    assert faults(builders.document(), sender) == wanted


@pytest.mark.parametrize(
    ("day", "wanted"),
    [
        ("2026-02-28", {("no_agreement", "data.grondslag")}),
        ("2026-03-01", set()),
        ("2026-03-03", set()),
    ],
)
def test_an_agreement_holds_from_its_first_day(day: str, wanted: set[tuple[str, str]]) -> None:
    assert faults(builders.document(signaaldatum=day)) == wanted


def test_an_agreement_holds_until_its_last_day() -> None:
    agreement = partner().agreements[0]
    asked = (MUNICIPALITY, LegalGround.EARLY_SIGNAL_DECREE)
    assert agreement.covers(*asked, date(2026, 3, 31))
    assert not agreement.covers(*asked, date(2026, 4, 1))


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"routing_key": "woonstad.achterstand-gemeld.v1"}, set()),
        ({"routing_key": "woonstad.zitting-gepland.v1"}, {("routing_key", "routing-key")}),
        ({"routing_key": "volkshuis.achterstand-gemeld.v1"}, {("routing_key", "routing-key")}),
        ({"routing_key": "woonstad.achterstand-gemeld.v2"}, {("routing_key", "routing-key")}),
        ({"routing_key": "woonstad.achterstand-gemeld.v1.urgent"}, {("not_urgent", "routing-key")}),
        ({"user_id": None}, {("no_user_id", "user-id")}),
        ({"user_id": "stranger"},
         {("unknown_partner", "user-id"), ("routing_key", "routing-key")}),
        ({"has_copies": True}, {("copied", "headers")}),
        ({"content_type": "application/json"}, {("content_type", "content-type")}),
        ({"content_type": None}, {("content_type", "content-type")}),
        ({"content_type": "application/cloudevents+json; charset=utf-8"}, set()),
    ],
)  # fmt: skip
def test_how_it_was_sent_is_judged(changes: dict[str, Any], wanted: set[tuple[str, str]]) -> None:
    assert faults(builders.document(), **changes) == wanted


def test_only_a_crisis_may_be_urgent() -> None:
    crisis = builders.document(crisissignaal=True)
    assert not faults(crisis, routing_key="woonstad.achterstand-gemeld.v1.urgent")
    assert not faults(crisis, routing_key="woonstad.achterstand-gemeld.v1")


ENVELOPE_TABLE: list[tuple[dict[str, Any], set[tuple[str, str]]]] = [
    ({"specversion": "0.3"}, {("invalid", "specversion")}),
    ({"id": ""}, {("invalid", "id")}),
    ({"id": "x" * 100}, set()),
    ({"id": "x" * 101}, {("invalid", "id")}),
    ({"id": 5}, {("invalid", "id")}),
    ({"source": "https://woonstad.example"}, {("invalid", "source")}),
    ({"source": "urn:nld:kvknr:90000001.systeem"}, set()),
    ({"source": "urn:nld:kvknr:90000001.systeem|x"}, {("invalid", "source")}),
    ({"source": "urn:nld:kvknr:90000001.een systeem"}, {("invalid", "source")}),
    ({"type": "nl.betalingsachterstanden.onbekend.v1"}, {("unknown_type", "type")}),
    ({"type": "nl.betalingsachterstanden.achterstand-gemeld.v2"}, {("unknown_type", "type")}),
    ({"type": None}, {("invalid", "type")}),
    ({"time": "2026-03-03T09:05:00Z"}, set()),
    ({"time": "2026-03-03T09:05:01Z"}, {("in_future", "time")}),
    ({"time": "2026-03-03T09:00:00"}, {("invalid", "time")}),
    ({"time": "gisteren"}, {("invalid", "time")}),
    ({"sequence": "2"}, set()),
    ({"sequence": 2}, {("invalid", "sequence")}),
    ({"datacontenttype": "text/plain"}, {("invalid", "datacontenttype")}),
    ({"data": []}, {("invalid", "data")}),
    ({"data": None}, {("invalid", "data")}),
    ({"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}, set()),
]


@pytest.mark.parametrize(("changes", "wanted"), ENVELOPE_TABLE)
def test_an_envelope_is_judged(changes: dict[str, Any], wanted: set[tuple[str, str]]) -> None:
    told = {**builders.document(), **changes}
    key = "woonstad.achterstand-gemeld.v1"
    assert faults(told if isinstance(told["type"], str) else builders.as_body(told),
                  routing_key=key) == wanted  # fmt: skip


@pytest.mark.parametrize(
    "body", [b"", b"geen json", b"[]", b'"tekst"', b"null", b"\xff\xfe", b'{"id":', b"[" * 5000]
)
def test_what_is_no_json_object_is_said_to_be_so(body: bytes) -> None:
    assert faults(body) == {("not_json", "data")}


def test_a_body_of_64_kb_is_read_and_a_larger_one_is_not() -> None:
    told = builders.document()
    room = 64 * 1024 - len(builders.as_body({**told, "data": {**told["data"], "toelichting": ""}}))
    fitting = {**told, "data": {**told["data"], "toelichting": "x" * room}}
    assert len(builders.as_body(fitting)) == 64 * 1024
    assert not faults(fitting)
    larger = {**told, "data": {**told["data"], "toelichting": "x" * (room + 1)}}
    assert faults(larger) == {("too_large", "data")}


def test_a_nul_character_is_refused_before_it_reaches_the_database() -> None:
    assert faults(builders.document(contractnummer="C\u0000")) == {("nul", "data")}


def test_all_faults_are_told_at_once_also_beside_faults_of_form() -> None:
    told = builders.document(
        bedrag=1250.75,
        bezwaar=True,
        signaaldatum="2026-04-31",
        betrag="2.00",
        client=client(postcode="1234AB", bsn="999990342"),
        inspanningen={"persoonlijkContactOp": "2026-02-10"},
    )
    told["source"] = "urn:nld:kvknr:90000002"
    assert faults(told, content_type="text/plain") == {
        ("content_type", "content-type"),
        ("wrong_partner", "source"),
        ("invalid", "data.bedrag"),
        ("objection", "data.bezwaar"),
        ("invalid", "data.signaaldatum"),
        ("nearly_named", "data.betrag"),
        ("other_municipality", "data.client.postcode"),
        ("bsn", "data.client.bsn"),
        ("evidence", "data.inspanningen.gewezenOpHulpOp"),
        ("evidence", "data.inspanningen.herinneringOp"),
        ("evidence", "data.inspanningen.aanbodOp"),
    }


def texts(outcome: Accepted | Refused) -> Iterable[str]:
    assert isinstance(outcome, Refused)
    for fault in outcome.faults:
        yield from (fault.code, fault.field, fault.text_nl, fault.text_en)


def test_a_refusal_repeats_nothing_of_what_was_said() -> None:
    marked = "Geheimpje"
    told = builders.document(
        bedrag=marked, contractnummer=7, burgerservicenummer=marked,
        client=client(achternaam=["x", marked], geboortedatum=marked, hobby=marked),
        **{f"{marked} woont hier": marked},
    )  # fmt: skip
    outcome = judged(told)
    assert isinstance(outcome, Refused)
    assert not [text for text in texts(outcome) if marked.lower() in text.lower()]


def test_what_is_not_known_is_named_and_not_kept() -> None:
    told = builders.document(hobby="vissen", client=client(huisdier="Rex"))
    outcome = judged(told)
    assert isinstance(outcome, Accepted)
    assert outcome.unknown == ("data.hobby", "data.client.huisdier")
    assert b"vissen" not in outcome.canonical
    assert b"Rex" not in outcome.canonical
    assert b"1250.75" in outcome.canonical


def test_white_space_and_order_do_not_make_an_event_another_one() -> None:
    told = builders.document()
    body = builders.as_body(told)
    spread = b" " + builders.as_body(dict(reversed(list(told.items())))) + b"\n"
    one, other = (
        judged(body, routing_key="woonstad.achterstand-gemeld.v1"),
        judged(spread, routing_key="woonstad.achterstand-gemeld.v1"),
    )
    assert isinstance(one, Accepted)
    assert isinstance(other, Accepted)
    assert one.canonical == other.canonical
    assert one.fact.fact_id == other.fact.fact_id


def test_an_amount_becomes_cents() -> None:
    assert cents("1250.75") == 125_075
    assert cents("0.05") == 5
