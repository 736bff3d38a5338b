"""Receipts: proof, for a court, that a signal was sent, when, and with which evidences. Pure.

A receipt is a compact JWS (RFC 7515, Ed25519) over the salted SHA-256 of the event's JCS form as
accepted. It says nothing of the tenant, so it can be shown to anybody; with the event and the salt
its holder proves what was said. Whoever has the municipality's key set verifies it offline.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from services.signals.arrivals import is_too_deep
from services.signals.rules import Accepted, canonical_form

ALGORITHM = "Ed25519"
TYPE = "ontvangstbewijs+jws"
NOT_VALID = "NIET RECHTSGELDIG"
SALT_BYTES = 16
RECEIPT_BYTES_MAX = 16 * 1024
KEY_YEARS = 10  # a retired key stays in the key set so long, DESIGN 4
CLOCK_LEEWAY = timedelta(minutes=5)  # between the clocks of who signs and who retires a key
REGISTRY = jws.JWSRegistry(algorithms=[ALGORITHM])


@dataclass(frozen=True)
class SigningKey:
    """The key that a municipality signs with now."""

    kid: str
    municipality: str
    private: OKPKey


@dataclass(frozen=True)
class Receipt:
    """What is stored and given for an accepted event."""

    salt: bytes
    content_hash: bytes
    token: str  # the compact JWS


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at in a receipt."""

    name: str
    is_right: bool
    text: str


@dataclass(frozen=True)
class Verification:
    """What a receipt says, if its signature is right, and what was found."""

    claims: Mapping[str, Any] | None
    findings: Sequence[Finding]

    @property
    def is_right(self) -> bool:
        return bool(self.findings) and all(one.is_right for one in self.findings)


def salted_hash(salt: bytes, canonical: bytes) -> bytes:
    """What a receipt is about: without the salt nobody can try names and addresses against it."""
    return hashlib.sha256(salt + canonical).digest()


@dataclass(frozen=True)
class Signer:
    """Signs for an installation: whose `iss` it is, and whether this is only a demo."""

    issuer: str
    is_demo: bool

    def sign(self, one: Accepted, salt: bytes, key: SigningKey, received_at: datetime) -> Receipt:
        """The receipt of an accepted event."""
        content_hash = salted_hash(salt, one.canonical)
        claims = {
            "iss": self.issuer,
            "iat": int(received_at.timestamp()),
            "gemeentecode": one.fact.municipality,
            "partner": one.partner_id,
            "bron": one.source,
            "gebeurtenisId": one.event_id,
            "meldingId": str(one.fact.fact_id),
            "type": one.event_type,
            "gemeldOp": one.fact.reported_on.isoformat(),
            "ontvangenOp": received_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "hash": {"methode": "SHA-256(zout + JCS)", "waarde": base64url(content_hash)},
            "inspanningen": dict(one.evidences),
            "nietBewaard": list(one.unknown),
        }
        if self.is_demo:
            claims["demo"] = NOT_VALID
        header = {"alg": ALGORITHM, "kid": key.kid, "typ": TYPE}
        token = jws.serialize_compact(header, orjson.dumps(claims), key.private, registry=REGISTRY)
        assert len(token) <= RECEIPT_BYTES_MAX, "longer receipts are not read"
        return Receipt(salt, content_hash, token)


def oldest_shown(now: datetime) -> datetime:
    """Keys that were retired after this instant are still in the key set."""
    return now.replace(year=now.year - KEY_YEARS, day=1)


def base64url(raw: bytes) -> str:
    """Base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """The bytes; raises ValueError."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("not base64url") from None


def verify(
    token: str,
    keys: Sequence[Mapping[str, Any]],
    *,
    event: Mapping[str, Any] | None = None,
    salt: str | None = None,
    demo: bool = False,
) -> Verification:
    """Look at a receipt with a key set, and with the event and salt if they are at hand."""
    key, claims = _read(token.strip(), keys)
    if key is None:
        text = "geen sleutel van deze sleutelset heeft dit bewijs ondertekend"
        return Verification(None, [Finding("sleutel", False, text)])
    if claims is None:
        text = "de handtekening klopt niet: dit bewijs is gewijzigd of onvolledig"
        return Verification(None, [Finding("handtekening", False, text)])
    findings = [
        Finding("handtekening", True, f"ondertekend met sleutel {key['kid']}"),
        _municipality_finding(claims, key),
    ]
    is_demo = "demo" in claims
    if is_demo and not demo:
        text = f"dit bewijs komt uit een demonstratie: {NOT_VALID}"
        findings.append(Finding("demonstratie", False, text))
    if not is_demo:  # the clock of a demo is stepped, so its keys are younger than its receipts
        findings.append(_time_finding(claims, key))
    if event is not None or salt is not None:
        findings.append(_content_finding(claims, event, salt))
    return Verification(claims, findings)


def _read(
    token: str, keys: Sequence[Mapping[str, Any]]
) -> tuple[Mapping[str, Any] | None, dict[str, Any] | None]:
    """The key that a receipt names, and what it says if that key has signed it."""
    if len(token) > RECEIPT_BYTES_MAX:
        return None, None
    try:
        kid = jws.extract_compact(token.encode()).headers().get("kid")
    except (JoseError, ValueError):
        return None, None
    key = next((one for one in keys if one.get("kid") == kid), None)
    if key is None:
        return None, None
    try:
        public = OKPKey.import_key({name: key[name] for name in ("kty", "crv", "x")})
        read = jws.deserialize_compact(token, public, registry=REGISTRY)
        claims = orjson.loads(read.payload)
    except (JoseError, ValueError, KeyError):
        return key, None
    return key, claims if isinstance(claims, dict) else None


def _municipality_finding(claims: Mapping[str, Any], key: Mapping[str, Any]) -> Finding:
    is_right = claims.get("gemeentecode") == key.get("gemeentecode")
    text = f"afgegeven voor gemeente {claims.get('gemeentecode')}"
    return Finding(
        "gemeente", is_right, text if is_right else "de sleutel is van een andere gemeente"
    )


def _time_finding(claims: Mapping[str, Any], key: Mapping[str, Any]) -> Finding:
    at = datetime.fromtimestamp(claims["iat"], UTC)
    since = datetime.fromisoformat(key["vanaf"]) - CLOCK_LEEWAY
    until = datetime.fromisoformat(key["tot"]) + CLOCK_LEEWAY if key.get("tot") else None
    if since <= at and (until is None or at <= until):
        return Finding("tijdstip", True, f"afgegeven op {claims['ontvangenOp']}")
    return Finding("tijdstip", False, "de sleutel was toen niet in gebruik")


def _content_finding(
    claims: Mapping[str, Any], event: Mapping[str, Any] | None, salt: str | None
) -> Finding:
    if event is None or salt is None:
        return Finding("inhoud", False, "geef zowel de gebeurtenis als het zout")
    try:
        found = salted_hash(from_base64url(salt), _as_accepted(claims, event))
        wanted = from_base64url(claims["hash"]["waarde"])
    except (KeyError, TypeError, ValueError):
        return Finding("inhoud", False, "gebeurtenis of zout is niet te lezen")
    if hmac.compare_digest(found, wanted):
        return Finding("inhoud", True, "de gebeurtenis is precies wat is aangenomen")
    return Finding("inhoud", False, "de gebeurtenis of het zout is een ander dan is aangenomen")


def _as_accepted(claims: Mapping[str, Any], event: Mapping[str, Any]) -> bytes:
    """An event in the form that was hashed: without what the receipt itself names; or ValueError.

    What the contract knows by now does not matter: a receipt must hold for years.
    """
    unknown = claims["nietBewaard"]
    if is_too_deep(event) or not all(isinstance(one, str) for one in unknown):
        raise ValueError("not an event that was accepted")
    return canonical_form(event, unknown)
