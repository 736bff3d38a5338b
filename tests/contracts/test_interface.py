"""The partners' API keeps its promises: adding is free, taking away is a new version (ADR 8)."""

import copy
import json
from typing import Any

import pytest

from tests.contracts.interface import DOCUMENT, PROMISES, broken, lines_of

TOLD: dict[str, Any] = json.loads(DOCUMENT.read_text())
PROMISED = set(PROMISES.read_text().splitlines())
SIGNAL = "ArrearsReportedPartnerEnvelope"


def changed(change: Any) -> set[str]:
    told = copy.deepcopy(TOLD)
    change(told)
    return broken(PROMISED, lines_of(told))


def test_every_promise_is_kept_and_what_is_new_is_promised() -> None:
    now = lines_of(TOLD)
    assert not broken(PROMISED, now)
    assert now <= PROMISED, "run `python -m tests.contracts.interface`"
    assert len(PROMISED) > 300


def test_an_added_field_is_tolerated() -> None:
    def add(told: dict[str, Any]) -> None:
        told["components"]["schemas"]["Melding"]["properties"]["nieuw"] = {"type": "string"}
        told["components"]["schemas"]["Evidences"]["properties"]["nieuwOp"] = {"type": "string"}
        told["paths"]["/nieuw"] = {"get": {"responses": {}}}

    assert not changed(add)


@pytest.mark.parametrize(
    ("schema", "name"), [("Melding", "ontvangstbewijs"), ("Event", "statussen"), ("Key", "kid")]
)
def test_a_removed_field_is_caught(schema: str, name: str) -> None:
    def remove(told: dict[str, Any]) -> None:
        del told["components"]["schemas"][schema]["properties"][name]

    assert any(line.endswith(f".{name}") for line in changed(remove))


def test_a_field_that_is_needed_all_at_once_is_caught() -> None:
    def need(told: dict[str, Any]) -> None:
        told["components"]["schemas"][SIGNAL]["required"].append("sequence")

    assert any(line.endswith(".sequence") for line in changed(need))


def test_a_removed_operation_and_a_removed_status_are_caught() -> None:
    def remove(told: dict[str, Any]) -> None:
        del told["paths"]["/keys"]
        told["components"]["schemas"]["Status"]["properties"]["status"]["enum"].remove("taken_up")

    found = changed(remove)
    assert "GET /keys" in found
    assert any(line.endswith("is taken_up") for line in found)
