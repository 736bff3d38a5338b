"""Whatever comes in, its answer can be sent: faults, names and depth have their bounds."""

from typing import Any

import orjson
import pytest

from services.signals.arrivals import NESTING_MAX, as_body, is_too_deep
from services.signals.intake import _refusal
from services.signals.reading import UNKNOWN_MAX
from services.signals.rules import FAULTS_MAX, Accepted, Refused
from shared.contracts.envelope import BODY_BYTES_MAX, to_wire
from tests import builders
from tests.builders import NOW
from tests.signals.test_rules import Wanted, client, faults, judged


def refused(told: dict[str, Any]) -> Refused:
    outcome = judged(told)
    assert isinstance(outcome, Refused)
    return outcome


def nested(levels: int, inner: Any = 1) -> Any:
    for _ in range(levels):
        inner = {"x" * 40: inner}
    return inner


def test_of_very_many_faults_the_first_are_told_and_the_others_counted() -> None:
    for count, more in ((FAULTS_MAX, 0), (FAULTS_MAX + 1, 1), (300, 250)):
        told = builders.document(los={f"bsn_{no}": "x" for no in range(count)})
        found = refused(told).faults
        assert len(found) == FAULTS_MAX + bool(more)
        assert [one.text_en for one in found if one.code == "more_faults"] == (
            [f"and {more} faults more"] if more else []
        )


def test_the_largest_refusal_can_be_sent() -> None:
    """Fifty faults, each of a path that has to be cut, with the longest id."""
    many = {f"veld_{no:03}_" + "x" * 31: nested(5, "999990342") for no in range(60)}
    told = {**builders.document(**many), "id": "é" * 100}
    event = _refusal(refused(told))
    body = to_wire(event, source="urn:nld:oin:00000000000000000000:systeem:s", recorded_at=NOW)
    assert len(event.faults) == FAULTS_MAX + 1
    assert len(event.faults[0].field) == 200
    assert len(body) < BODY_BYTES_MAX / 2


@pytest.mark.parametrize(
    ("count", "wanted"),
    [(UNKNOWN_MAX, set()), (UNKNOWN_MAX + 1, {("too_many_unknown", "data")}),
     (5000, {("too_many_unknown", "data")})],
)  # fmt: skip
def test_so_many_unknown_fields_are_named_and_no_more(count: int, wanted: Wanted) -> None:
    told = builders.document(**{f"a{no}": no for no in range(count)})
    assert faults(told) == wanted
    if not wanted:
        outcome = judged(told)
        assert isinstance(outcome, Accepted)
        assert len(outcome.unknown) == UNKNOWN_MAX


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("x" * 40, set()),
        ("_veld9", set()),
        ("x" * 41, {("field_name", "data.client.(…)")}),
        ("9veld", {("field_name", "data.client.(…)")}),
        ("een veld", {("field_name", "data.client.(…)")}),
        ("a.b", {("field_name", "data.client.(…)")}),
        ("", {("field_name", "data.client.(…)")}),
        ("véld", {("field_name", "data.client.(…)")}),
        ("post-code", {("nearly_named", "data.client.(…)")}),
    ],
)
def test_a_name_that_cannot_be_told_is_refused(name: str, wanted: Wanted) -> None:
    assert faults(builders.document(client=client(**{name: "x"}))) == wanted


@pytest.mark.parametrize(
    ("levels", "is_right"), [(NESTING_MAX - 2, True), (NESTING_MAX - 1, False), (200, False)]
)
def test_what_is_nested_beyond_reason_is_refused(levels: int, is_right: bool) -> None:
    told = builders.document(diep=nested(levels))
    assert faults(told) == (set() if is_right else {("too_deep", "data")})


def test_what_is_too_deep_to_be_written_is_cut_where_that_still_shows() -> None:
    document = {"id": "d-1", "data": {"diep": orjson.loads(b"[" * 1000 + b"]" * 1000)}, "n": [1]}
    cut = orjson.loads(as_body(document))
    assert is_too_deep(cut)
    assert (cut["id"], cut["n"]) == ("d-1", [1])
    shallow = {"id": "d-1", "data": {"bedrag": None}}
    assert orjson.loads(as_body(shallow)) == shallow
