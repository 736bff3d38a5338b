"""What the API answers, in the Dutch form that partners know."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal
from uuid import UUID

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.signals.intake import Outcome
from services.signals.receipts import base64url
from services.signals.texts import STATUSES
from shared.contracts.signals import Fault


class Told(BaseModel):
    """Base of every answer."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)


class Melding(Told):
    """What became of one event of a request, in the order of the request."""

    result: Literal["aangenomen", "bekend", "geweigerd"] = Field(alias="resultaat")
    event_id: str | None = Field(None, alias="gebeurtenisId")
    source: str | None = Field(None, alias="bron")
    fact_id: UUID | None = Field(None, alias="meldingId")
    receipt: str | None = Field(None, alias="ontvangstbewijs", description="a compact JWS")
    salt: str | None = Field(None, alias="zout", description="base64url; proves the hash")
    event: dict[str, Any] | None = Field(
        None,
        alias="gebeurtenis",
        description="as accepted, when it came in binary mode: who sent it whole has it",
    )
    unknown: tuple[str, ...] = Field((), alias="nietBewaard")
    faults: tuple[Fault, ...] = Field((), alias="fouten")


class Meldingen(Told):
    """The answer to a delivery: one result for each event."""

    results: list[Melding] = Field(alias="resultaten")


class Status(Told):
    """One thing that became known of an event; of two with a number the higher one holds."""

    status: Literal[tuple(STATUSES)]  # type: ignore[valid-type]
    text: str = Field(alias="tekst")
    until: date | None = Field(None, alias="tot", description="last day of the pause")
    number: int | None = Field(None, alias="volgnummer")
    at: AwareDatetime = Field(alias="op")


class Event(Told):
    """An event of this partner, with its receipt and what became of it."""

    fact_id: UUID = Field(alias="meldingId")
    event_id: str = Field(alias="gebeurtenisId")
    source: str = Field(alias="bron")
    type: str
    municipality: str = Field(alias="gemeentecode")
    reported_on: date = Field(alias="gemeldOp")
    received_at: AwareDatetime = Field(alias="ontvangenOp")
    receipt: str | None = Field(alias="ontvangstbewijs")
    salt: str | None = Field(alias="zout", description="null once the body was purged")
    unknown: tuple[str, ...] = Field(alias="nietBewaard")
    purged_at: AwareDatetime | None = Field(alias="verwijderdOp")
    statuses: list[Status] = Field(alias="statussen")


class WholeEvent(Event):
    """An event with what it said: without it the receipt proves nothing about the tenant."""

    event: dict[str, Any] | None = Field(
        alias="gebeurtenis",
        description="as accepted: what the receipt is about; null once the body was purged",
    )


class Events(Told):
    """Events of which something became known, oldest change first, and where to read on."""

    events: list[Event] = Field(alias="meldingen")
    next: str = Field(alias="volgende", description="the `since` of the next request")


class Key(BaseModel):
    """A public key, with whose it is and when it signed."""

    model_config = ConfigDict(frozen=True)

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str
    kid: str
    use: Literal["sig"]
    alg: Literal["Ed25519"]
    gemeentecode: str
    vanaf: AwareDatetime
    tot: AwareDatetime | None = None


class KeySet(BaseModel):
    """A JSON Web Key Set (RFC 7517); retired keys stay in it for ten years."""

    keys: list[Key]


class Token(BaseModel):
    """An access token (RFC 6749, section 5.1)."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the type, not a token
    expires_in: int = Field(description="seconds")


def told_of(outcome: Outcome) -> dict[str, Any]:
    """An outcome as its sender reads it; what does not apply is left out."""
    one = Melding(
        result=outcome.result.value,
        event_id=outcome.event_id,
        source=outcome.source,
        fact_id=outcome.fact_id,
        receipt=outcome.receipt,
        salt=outcome.salt,
        unknown=outcome.unknown,
        faults=outcome.faults,
    )
    return one.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)


def told_with_event(outcome: Outcome) -> dict[str, Any]:
    """The same with the event as accepted, for a sender whose event was composed here.

    Without it the receipt proves nothing about the tenant.
    """
    told = told_of(outcome)
    if outcome.canonical is not None:
        told["gebeurtenis"] = orjson.loads(outcome.canonical)
    return told


def event_of(row: Mapping[str, Any]) -> Event:
    """A row of `load_events` as its partner reads it."""
    statuses = [
        Status(
            status=one["status"],
            text=STATUSES[one["status"]].nl,
            until=one["until"],
            number=one["status_no"],
            at=one["decided_at"],
        )
        for one in row["statuses"]
    ]
    return Event(
        **{name: row[name] for name in ("fact_id", "event_id", "source", "municipality",
                                        "reported_on", "received_at", "receipt", "unknown",
                                        "purged_at")},
        type=row["event_type"],
        salt=base64url(row["salt"]) if row["salt"] is not None else None,
        statuses=statuses,
    )  # fmt: skip


def whole_event_of(row: Mapping[str, Any], document: bytes | None) -> WholeEvent:
    """The same with what it said, from the body as it was kept."""
    event = orjson.loads(document) if document else None
    return WholeEvent(**event_of(row).model_dump(), event=event)
