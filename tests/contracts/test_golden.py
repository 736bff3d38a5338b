"""Every event on the wire is what its golden file says: a consumer may rely on it."""

from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from services.signals.arrivals import from_amqp
from services.signals.rules import Accepted, judge
from shared import topology
from shared.contracts import notify, partners, triage
from shared.contracts.envelope import BODY_BYTES_MAX, Event, envelope_of, to_wire
from shared.waiting import Delivery
from tests import builders
from tests.contracts.samples import (
    GOLDEN,
    RECORDED_AT,
    SOURCE,
    contents,
    golden_name,
    partner_golden_name,
    sample,
)
from tests.signals.test_rules import NOW, POLICIES, partner

INTERNAL = [event for event in topology.EVENTS if event.consumers]


def golden(name: str) -> Any:
    return orjson.loads((GOLDEN / name).read_bytes())


def test_every_event_has_a_golden_file_and_every_file_an_event() -> None:
    assert {path.name for path in GOLDEN.glob("*.json")} == set(contents())


@pytest.mark.parametrize("name", sorted(contents()))
def test_an_event_is_written_as_its_golden_file_says(name: str) -> None:
    assert orjson.loads(contents()[name]) == golden(name)


@pytest.mark.parametrize("event_class", INTERNAL)
def test_a_golden_file_is_read_as_the_same_event(event_class: type[Event]) -> None:
    body = (GOLDEN / golden_name(event_class)).read_bytes()
    assert envelope_of(event_class).model_validate_json(body).data == sample(event_class)


@pytest.mark.parametrize("event_class", INTERNAL)
def test_a_publisher_may_add_a_field_first(event_class: type[Event]) -> None:
    told = golden(golden_name(event_class))
    told["data"]["added_later"] = {"any": "thing"}
    told["newextension"] = "x"
    read = envelope_of(event_class).model_validate_json(orjson.dumps(told))
    assert read.data == sample(event_class)


def test_contact_details_from_before_kin_were_told_name_none() -> None:
    told = golden(golden_name(triage.ContactDetailsKnown))
    assert told["data"].pop("kin")
    read = envelope_of(triage.ContactDetailsKnown).model_validate_json(orjson.dumps(told))
    assert read.data.kin == ()


@pytest.mark.parametrize("event_class", [notify.AlertSent, notify.AlertFailed, notify.AlertStopped])
def test_an_alert_that_goes_once_more_is_told_by_an_id_of_its_own(
    event_class: type[notify.AlertFact],
) -> None:
    told = golden(golden_name(event_class))
    del told["data"]["attempts_before"]  # as it may be in a queue still
    before = envelope_of(event_class).model_validate_json(orjson.dumps(told)).data
    assert str(before.wire_id) == told["id"]
    again = before.model_copy(update={"attempts_before": 2})
    assert again.wire_id != before.wire_id


@pytest.mark.parametrize("event_class", INTERNAL)
def test_no_consumer_takes_an_event_for_another(event_class: type[Event]) -> None:
    told = golden(golden_name(event_class)) | {"type": "nl.vroegsignalering.something-else.v1"}
    with pytest.raises(ValidationError, match="type"):
        envelope_of(event_class).model_validate_json(orjson.dumps(told))


@pytest.mark.parametrize("name", sorted(contents()))
def test_an_envelope_keeps_the_government_profile(name: str) -> None:
    told = golden(name)
    assert told["specversion"] == "1.0"
    assert told["source"].startswith(("urn:nld:oin:", "urn:nld:kvknr:"))
    assert told["type"].startswith(("nl.vroegsignalering.", "nl.betalingsachterstanden."))
    assert told["type"].rpartition(".")[2] == "v1"
    assert told["time"].endswith("Z")
    # No personal data in the envelope: it has these attributes and no other.
    assert set(told) == {"specversion", "id", "source", "type", "time", "datacontenttype", "data"}


@pytest.mark.parametrize("event_class", partners.EVENTS)
def test_a_partners_golden_file_becomes_the_event_inside(
    event_class: type[partners.PartnerEvent],
) -> None:
    told = golden(partner_golden_name(event_class))
    arrival = from_amqp(Delivery(**builders.delivery_fields(told)))
    outcome = judge(arrival, {"woonstad": partner()}, POLICIES, NOW)
    assert isinstance(outcome, Accepted)
    assert type(outcome.fact) is event_class.accepted_as
    assert outcome.fact.contract == told["data"]["contractnummer"]
    assert str(outcome.fact.house_number) == told["data"]["client"]["huisnummer"]


def test_the_same_fact_has_the_same_id_and_another_fact_another() -> None:
    samples = [sample(event) for event in topology.EVENTS]
    assert [one.wire_id for one in samples] == [sample(type(one)).wire_id for one in samples]
    assert len({one.wire_id for one in samples}) == len(samples)


def test_an_event_over_64_kb_is_not_sent() -> None:
    event = builders.arrears_reported(surname="x" * BODY_BYTES_MAX)
    with pytest.raises(ValueError, match="over 65536"):
        to_wire(event, source=SOURCE, recorded_at=RECORDED_AT)
