"""A delivery in the form of DDAS vroegsignalering 1.2, piece by piece: pure.

docs/DDAS.md has the mapping from our words, and the choices that the standard leaves open.
"""

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson

from services.triage.reports import Status
from shared.contracts.envelope import derived_id
from shared.contracts.signals import PartnerKind

STATUSES: Mapping[Status, str] = {
    Status.TAKEN_UP: "Opgepakt",
    Status.REPEATED: "Niet opgepakt: herhaalde melding",
    Status.UNJUSTIFIED: "Niet opgepakt: onterecht signaal",
    Status.WITHDRAWN: "Niet opgepakt: andere reden",
    Status.OTHER_REASON: "Niet opgepakt: andere reden",
    Status.KNOWN_TO_DEBT_HELP: "Inwoner al bekend bij schuldhulpverlening",
    Status.DECEASED: "Inwoner is overleden",
    Status.NOT_RESIDENT: "Persoon is geen inwoner (meer) in de gemeente",
}
NOT_YET = "Nog niet opgepakt"
# The standard has no such kind; everything else we call as it does.
PARTNER_KINDS: Mapping[PartnerKind, str] = {PartnerKind.BAILIFF: PartnerKind.OTHER.value}


@dataclass(frozen=True)
class Delivery:
    """Who delivers what, and when; days of the Amsterdam calendar."""

    supplier: str  # code of who runs the software
    municipality: str  # GM and four digits
    organisation: str
    kvk: str | None
    starts_on: date
    ends_on: date
    delivered_at: datetime


@dataclass(frozen=True)
class SignalRow:
    """A signal with what is delivered of it. Names, phone and mail are not."""

    id: UUID
    partner_kind: PartnerKind
    arrears_cents: int
    arrears_since: date
    reported_on: date
    is_crisis: bool
    is_warm_handover: bool
    status: Status | None  # None: none was decided, or who is meant is uncertain
    birth_date: date | None
    postcode: str
    house_number: int
    suffix: str


@dataclass(frozen=True)
class Attempt:
    """A contact attempt, in DDAS's words."""

    kind: str
    was_reached: bool
    day: date
    part_of_day: str


@dataclass(frozen=True)
class CaseRow:
    """A case with the signals that count in it."""

    opened_on: date
    result: str | None  # DDAS eindresultaat, as the worker chose it; None while it is open
    signal_ids: Sequence[UUID]
    attempts: Sequence[Attempt]


def opening(delivery: Delivery) -> bytes:
    """The document up to its signals; `BETWEEN` follows them, cases follow that, then `CLOSING`."""
    head = {
        "codeGegevensleverancier": delivery.supplier,
        "startdatumLevering": delivery.starts_on,
        "einddatumLevering": delivery.ends_on,
        "aanleverdatumEnTijd": delivery.delivered_at,
    }
    organisation = {"naam": delivery.organisation}
    if delivery.kvk:
        organisation["kvk-nummer"] = delivery.kvk
    levering = {
        "teller": 1,
        "gemeentecode": delivery.municipality.removeprefix("GM"),
        "aanleverendeOrganisatie": organisation,
    }
    return b'%s,"leveringen":[%s,"vroegsignalen":[' % (_open(head), _open(levering))


BETWEEN = b'],"vroegsignaalzaken":['
CLOSING = b"]}]}\n"


def _open(told: Mapping[str, Any]) -> bytes:
    """An object without its last brace."""
    return as_json(told)[:-1]


def as_json(told: Mapping[str, Any]) -> bytes:
    """As JSON; instants in UTC with a Z."""
    return orjson.dumps(told, option=orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS)


def signal(row: SignalRow) -> dict[str, Any]:
    """A vroegsignaal."""
    kind = row.partner_kind
    return {
        "ID": signal_id(row.id),
        "crisissignaal": row.is_crisis,
        "warmeOverdracht": row.is_warm_handover,
        "bedrag": whole_euros(row.arrears_cents),
        "ontstaansdatum": row.arrears_since,
        "signaaldatum": row.reported_on,
        "status": STATUSES[row.status] if row.status else NOT_YET,
        "signaalpartner": {"type": PARTNER_KINDS.get(kind, kind.value)},
        "client": _client(row),
    }


def _client(row: SignalRow) -> dict[str, Any]:
    """Address and birth date: never a citizen service number, which nobody here has."""
    told: dict[str, Any] = {"postcode": row.postcode, "huisnummer": str(row.house_number)}
    if row.suffix:
        told["huisnummertoevoeging"] = row.suffix
    if row.birth_date:
        told["geboortedatum"] = row.birth_date
    return told


def signal_id(fact_id: UUID) -> str:
    """The same in every delivery; it says nothing of whom the signal is about."""
    return str(derived_id("ddas vroegsignaal", fact_id))


def whole_euros(cents: int) -> int:
    """Rounded to the nearest euro, half a euro up."""
    return (cents + 50) // 100


def case(row: CaseRow) -> dict[str, Any]:
    """A vroegsignaalzaak; its matching period is the calendar month in which it was matched."""
    day = row.opened_on
    last = calendar.monthrange(day.year, day.month)[1]
    told: dict[str, Any] = {
        "matchingsdatum": day,
        "startdatumMatchingperiode": day.replace(day=1),
        "einddatumMatchingperiode": day.replace(day=last),
        "datumOpgepakt": day,
        "vroegsignalen": [{"ID": signal_id(one)} for one in row.signal_ids],
        "contactpogingen": [
            {"soort": one.kind, "bereikt": one.was_reached, "datum": one.day,
             "dagdeel": one.part_of_day}
            for one in row.attempts
        ],
    }  # fmt: skip
    if row.result:
        told["resultaat"] = row.result
    return told
