"""Each service tells in AsyncAPI 3 what it takes and publishes, with every payload's schema."""

import json
from typing import Any

import pytest

from shared import topology
from shared.contracts import partners
from tests.paths import REPOSITORY
from tests.town import SERVICES


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def document(service: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((REPOSITORY / f"docs/asyncapi/{service}.json").read_text())
    return told


def resolve(told: dict[str, Any], pointer: str) -> Any:
    """What a local reference points to; raises KeyError when it points nowhere."""
    found: Any = told
    for part in pointer.removeprefix("#/").split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return found


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [one for child in value.values() for one in references(child)]
    if isinstance(value, list):
        return [one for child in value for one in references(child)]
    return []


def payloads(told: dict[str, Any], address: str) -> list[dict[str, Any]]:
    """The schemas of what goes over the channels of an address."""
    found = []
    for channel in told["channels"].values():
        if channel.get("address") == address:
            for message in channel["messages"].values():
                one = resolve(told, message["$ref"])
                found.append(resolve(told, one["payload"]["$ref"]))
    return found


def data_fields(told: dict[str, Any], payload: dict[str, Any]) -> set[str]:
    """The names of the fields within an envelope's data."""
    data = payload["properties"]["data"]
    data = resolve(told, data["$ref"]) if "$ref" in data else data
    return set(data["properties"])


def test_it_is_version_3_and_every_reference_leads_somewhere(service: str) -> None:
    told = document(service)
    assert told["asyncapi"].startswith("3.")
    assert len(references(told)) > 50
    for pointer in references(told):
        resolve(told, pointer)


def test_every_channel_has_the_schema_of_its_event(service: str) -> None:
    told = document(service)
    for event in topology.EVENTS:
        if service in {event.owner, *event.consumers}:
            for lane in event.lanes:
                # Events of one address share it: the answers to a partner go to its own queue.
                names = {field.alias or name for name, field in event.model_fields.items()}
                known = [data_fields(told, one) for one in payloads(told, event.channel(lane)[1])]
                assert any(fields >= names for fields in known), event.__name__


def test_partners_find_their_events_with_the_dutch_fields() -> None:
    told = document("signals")
    for event in partners.EVENTS:
        for lane in event.accepted_as.lanes:
            (payload, *_) = payloads(told, event.binding(lane))
            names = {field.alias or name for name, field in event.model_fields.items()}
            assert data_fields(told, payload) >= names, event.wire_name


def test_each_channel_is_received_or_sent(service: str) -> None:
    told = document(service)
    used = {
        one["channel"]["$ref"].removeprefix("#/channels/"): one["action"]
        for one in told["operations"].values()
    }
    assert used.keys() == told["channels"].keys()
    assert set(used.values()) == {"receive", "send"}
