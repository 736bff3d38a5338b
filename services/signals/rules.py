"""Whether an event of a partner is valid: pure, all faults at once.

Validity only: whether a signal is worth taking up is triage's to say. A refused event leaves its
id, partner, time, hash and faults, and nothing of what it said.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import rfc8785

from services.signals.arrivals import Arrival
from services.signals.checks import CHECKS
from services.signals.dates import EVIDENCES
from services.signals.reading import Reading, read, without
from services.signals.situation import Partner, Situation
from services.signals.texts import fault
from shared.contracts import partners, signals
from shared.contracts.envelope import derived_id
from shared.contracts.signals import Fault
from shared.policy import Policies

# An answer with more would be too large to send; who mends these hears of the others.
FAULTS_MAX = 50


@dataclass(frozen=True)
class Accepted:
    """A valid event: what is kept of it, and the fact that is published."""

    partner_id: str
    source: str
    event_id: str
    event_type: str
    document: Mapping[str, Any]  # as it came
    canonical: bytes  # its JCS form (RFC 8785) as accepted: without the fields that we do not know
    unknown: tuple[str, ...]  # the paths of those
    fact: signals.PartnerFact
    evidences: Mapping[str, str]  # by wire name, the day of each


@dataclass(frozen=True)
class Refused:
    """An event that is not valid, and all its faults."""

    partner_id: str | None  # None: the broker knew no sender
    event_id: str | None
    message_id: str | None
    body_hash: bytes
    faults: tuple[Fault, ...]
    redelivered: bool  # it may have been counted before

    @property
    def refusal_id(self) -> UUID:
        """The same for the same body of the same partner."""
        return derived_id("refusal", self.partner_id, self.body_hash.hex())


def judge(
    arrival: Arrival, known: Mapping[str, Partner], policies: Policies, now: datetime
) -> Accepted | Refused:
    """Accept an event, or refuse it with every fault at once."""
    reading = read(arrival)
    partner = known.get(arrival.partner_id or "")
    faults = list(reading.faults)
    if arrival.partner_id and partner is None:
        faults.append(fault("unknown_partner", "user-id"))
    if reading.envelope is not None and reading.envelope.data is not None:
        situation = Situation(arrival, reading, partner, policies, now)
        for check in CHECKS:
            faults += check(situation)
    if faults or partner is None:
        return refuse(arrival, reading.event_id, faults)
    return _accept(reading, partner)


def refuse(arrival: Arrival, event_id: str | None, faults: list[Fault]) -> Refused:
    """The refusal of an arrival."""
    return Refused(
        partner_id=arrival.partner_id,
        event_id=event_id,
        message_id=arrival.message_id,
        body_hash=arrival.body_hash,
        faults=_at_most(tuple(dict.fromkeys(faults))),
        redelivered=arrival.redelivered,
    )


def _at_most(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    more = len(faults) - FAULTS_MAX
    told = tuple(faults[:FAULTS_MAX])
    return (*told, fault("more_faults", "data", str(more))) if more > 0 else told


def cents(amount: str) -> int:
    """`"1250.75"` is 125075. The form was checked before."""
    euros, _, hundredths = amount.partition(".")
    return int(euros) * 100 + int(hundredths)


def _accept(reading: Reading, partner: Partner) -> Accepted:
    envelope, event = reading.envelope, reading.envelope.data
    fact_id = derived_id(envelope.source, envelope.id)
    return Accepted(
        partner_id=partner.id,
        source=envelope.source,
        event_id=envelope.id,
        event_type=envelope.type,
        document=reading.document,
        canonical=canonical_form(reading.document, reading.unknown),
        unknown=reading.unknown,
        fact=_as_fact(envelope, event, partner.id, fact_id),
        evidences=_evidence_days(event),
    )


def canonical_form(document: Mapping[str, Any], unknown: Collection[str]) -> bytes:
    """The JCS form (RFC 8785) of an event without what was not known when it was accepted.

    By the paths that were named then, not by what the contract knows today: it may have grown.
    """
    return rfc8785.dumps(without(document, unknown))


def _evidence_days(event: Any) -> dict[str, str]:
    evidences = getattr(event, "evidences", None)
    if evidences is None:
        return {}
    return {
        path.rpartition(".")[2]: day.isoformat()
        for name, path in EVIDENCES.items()
        if (day := getattr(evidences, name))
    }


def _as_fact(envelope: Any, event: Any, partner_id: str, fact_id: UUID) -> signals.PartnerFact:
    """The partner's event in the form that travels inside."""
    fields = {
        name: getattr(event, name)
        for name in event.accepted_as.model_fields
        if hasattr(event, name)
    }
    client = event.client
    fields |= {
        "fact_id": fact_id,
        "partner_id": partner_id,
        "partner_kind": event.partner.kind,
        "postcode": client.postcode.replace(" ", "").upper(),
        "house_number": int(client.house_number),
        "house_letter": (client.house_letter or "").upper(),
        "house_addition": client.house_addition or "",
        "bag_id": client.bag_id,
        "recorded_at": envelope.time,
        "sequence": int(envelope.sequence) if envelope.sequence else None,
        **_own_fields(envelope, event),
    }
    return event.accepted_as(**fields)  # type: ignore[no-any-return]


def _own_fields(envelope: Any, event: Any) -> dict[str, Any]:
    """The fields that are named or shaped differently inside."""
    match event:
        case partners.ArrearsReported():
            client = event.client
            return {
                "arrears_cents": cents(event.amount),
                "surname": client.surname,
                "surname_infix": client.surname_infix or "",
                "initials": client.initials or "",
                "birth_date": client.birth_date,
                "phone": client.phone,
                "email": client.email,
                "language": client.language,
            }
        case partners.SignalWithdrawn():
            return {"withdrawn_fact_id": derived_id(envelope.source, event.withdrawn_id)}
        case partners.PaymentArrangementMade():
            return {"instalment_cents": cents(event.instalment)}
        case partners.JudgmentGiven():
            return {"conditions": event.conditions or ""}
    return {}
