"""Receipts: what they prove, and every way in which they do not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OKPKey

from services.signals import receipts
from services.signals.receipts import Signer, SigningKey, base64url, from_base64url, verify
from services.signals.rules import Accepted, canonical_form
from tests import builders
from tests.signals.test_rules import judged

SALT = b"s" * 16
AT = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
KEY = OKPKey.generate_key("Ed25519")
OTHER = OKPKey.generate_key("Ed25519")
LIVE = Signer("urn:nld:oin:00000000000000000000:systeem:signals", is_demo=False)


def jwk(key: OKPKey = KEY, kid: str = "k-1", **changes: Any) -> dict[str, Any]:
    public = {name: key.as_dict()[name] for name in ("kty", "crv", "x")}
    since = (AT - timedelta(days=1)).isoformat()
    return {**public, "kid": kid, "gemeentecode": "GM9901", "vanaf": since, **changes}


def accepted(**changes: Any) -> Accepted:
    outcome = judged(builders.document(**changes))
    assert isinstance(outcome, Accepted)
    return outcome


def receipt(signer: Signer = LIVE, **changes: Any) -> str:
    key = SigningKey("k-1", "GM9901", KEY)
    return signer.sign(accepted(**changes), SALT, key, AT).token


def nested(levels: int) -> Any:
    return orjson.loads(b"[" * levels + b"]" * levels)


def findings(token: str, keys: list[dict[str, Any]] | None = None, **asked: Any) -> dict[str, bool]:
    found = verify(token, keys if keys is not None else [jwk()], **asked)
    return {one.name: one.is_right for one in found.findings}


def test_a_receipt_proves_event_evidences_and_time() -> None:
    asked = {"event": builders.document(), "salt": base64url(SALT)}
    found = verify(receipt(), [jwk(OTHER, "k-0"), jwk()], **asked)  # type: ignore[arg-type]
    assert found.is_right
    assert found.claims
    assert found.claims["ontvangenOp"] == "2026-03-03T09:00:00Z"
    assert found.claims["inspanningen"]["aanbodOp"] == "2026-02-12"
    assert found.claims["gebeurtenisId"] == "woonstad-1"


def test_a_receipt_holds_once_the_contract_knows_a_field_that_it_did_not_keep() -> None:
    """What was not kept says the receipt; the event is proven without it, and only without it."""
    told = builders.document(crisissignaal=None, hobby="vissen", client={
        **builders.document()["data"]["client"], "huisdier": "Rex"})  # fmt: skip
    unknown = ("data.hobby", "data.client.huisdier", "data.crisissignaal")
    # As it was accepted before `crisissignaal` came into the contract.
    older = {**told, "data": {**told["data"], "crisissignaal": True}}
    one = replace(accepted(), unknown=unknown, canonical=canonical_form(older, unknown))
    token = LIVE.sign(one, SALT, SigningKey("k-1", "GM9901", KEY), AT).token
    assert verify(token, [jwk()], event=older, salt=base64url(SALT)).is_right
    assert verify(token, [jwk()], event=told, salt=base64url(SALT)).is_right
    named_otherwise = {**older, "data": {**older["data"], "hobbies": "vissen"}}
    assert not verify(token, [jwk()], event=named_otherwise, salt=base64url(SALT)).is_right


def test_a_receipt_that_names_all_that_may_be_unknown_can_be_read() -> None:
    fields = {f"veld_{no:03}_" + "x" * 31: no for no in range(100)}
    evidences = builders.document()["data"]["inspanningen"]
    told = {**builders.document(inspanningen={**evidences, **fields}),
            "id": "\u0001" * 100, "source": "urn:nld:kvknr:90000001." + "é" * 100}  # fmt: skip
    outcome = judged(told)
    assert isinstance(outcome, Accepted)
    token = LIVE.sign(outcome, SALT, SigningKey("k-1", "GM9901", KEY), AT).token
    assert verify(token, [jwk()], event=told, salt=base64url(SALT)).is_right


def test_a_receipt_says_nothing_of_the_tenant() -> None:
    payload = from_base64url(receipt().split(".")[1]).decode()
    for value in ("Voorbeeld", "9901AB", "1250", "1980", "C-1"):
        assert value not in payload


@pytest.mark.parametrize(
    ("token", "keys", "asked", "wrong"),
    [
        ("x", [jwk()], {}, "sleutel"),
        ("", [jwk()], {}, "sleutel"),
        (receipt(), [], {}, "sleutel"),
        (receipt(), [jwk(OTHER)], {}, "handtekening"),
        (receipt()[:-4] + "AAAA", [jwk()], {}, "handtekening"),
        (receipt(), [{"kid": "k-1"}], {}, "handtekening"),
        (receipt(), [jwk(gemeentecode="GM0363")], {}, "gemeente"),
        (receipt(), [jwk(tot=(AT - timedelta(minutes=6)).isoformat())], {}, "tijdstip"),
        (receipt(), [jwk(vanaf=(AT + timedelta(minutes=6)).isoformat())], {}, "tijdstip"),
        (receipt(), [jwk()], {"event": builders.document(bedrag="1.00"), "salt": base64url(SALT)},
         "inhoud"),
        (receipt(), [jwk()], {"event": builders.document(), "salt": base64url(b"x")}, "inhoud"),
        (receipt(), [jwk()], {"event": builders.document(), "salt": "?"}, "inhoud"),
        (receipt(), [jwk()], {"event": {}, "salt": base64url(SALT)}, "inhoud"),
        (receipt(), [jwk()], {"event": builders.document()}, "inhoud"),
        (receipt(), [jwk()], {"event": {**builders.document(), "x": 1}, "salt": base64url(SALT)},
         "inhoud"),
        (receipt(), [jwk()], {"event": {"diep": nested(1000)}, "salt": base64url(SALT)}, "inhoud"),
        (receipt(), [jwk()], {"event": {"x": 2**60}, "salt": base64url(SALT)}, "inhoud"),
    ],
)  # fmt: skip
def test_what_is_not_in_order_is_named(
    token: str, keys: list[dict[str, Any]], asked: dict[str, Any], wrong: str
) -> None:
    found = findings(token, keys, **asked)
    assert [name for name, is_right in found.items() if not is_right] == [wrong]


def test_a_retired_key_still_verifies_what_it_signed() -> None:
    assert all(findings(receipt(), [jwk(tot=(AT + timedelta(days=9)).isoformat())]).values())


def test_a_demo_receipt_is_not_valid_unless_asked_for() -> None:
    token = receipt(replace(LIVE, is_demo=True))
    assert orjson.loads(from_base64url(token.split(".")[1]))["demo"] == "NIET RECHTSGELDIG"
    assert findings(token)["demonstratie"] is False
    assert all(findings(token, demo=True).values())


def test_a_header_cannot_choose_a_weaker_way_to_sign() -> None:
    header, payload, _ = receipt().split(".")
    weak = base64url(orjson.dumps({"alg": "none", "kid": "k-1"}))
    assert findings(f"{weak}.{payload}.")["handtekening"] is False
    assert header != weak


@given(st.binary(max_size=100))
def test_base64url_is_read_back(raw: bytes) -> None:
    assert from_base64url(base64url(raw)) == raw


@given(position=st.integers(min_value=0), letter=st.sampled_from("AQgw_-.x"))
def test_no_changed_receipt_is_in_order(position: int, letter: str) -> None:
    token = receipt()
    place = position % len(token)
    changed = token[:place] + letter + token[place + 1 :]
    # The last letter of each part has bits that mean nothing.
    if changed != token and place + 1 < len(token) and token[place + 1] != ".":
        assert not verify(changed, [jwk()]).is_right


def test_the_key_set_goes_back_ten_years() -> None:
    oldest = receipts.oldest_shown(datetime(2028, 2, 29, tzinfo=UTC))
    assert (oldest.year, oldest.month) == (2018, 2)
