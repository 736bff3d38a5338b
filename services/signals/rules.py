"""Whether an event of a partner is valid: pure, all faults at once.

Validity only: whether a signal is worth taking up is triage's to say. A refused event leaves its
id, partner, time, hash and faults, and nothing of what it said.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from services.signals.reading import Reading, read
from services.signals.texts import fault
from shared.clock import amsterdam_day
from shared.contracts import partners, signals
from shared.contracts.envelope import Lane, derived_id
from shared.contracts.forms import Form
from shared.contracts.signals import Fault, LegalGround, PartnerKind
from shared.policy import Policies, Policy
from shared.waiting import Delivery

# A partner's clock may be this far ahead of ours.
CLOCK_AHEAD_MAX = timedelta(minutes=5)
# Dates of things that have happened: none may lie in the future.
PAST_DATES = (
    "reported_on",
    "arrears_since",
    "settled_on",
    "received_on",
    "made_on",
    "broken_on",
    "served_on",
    "given_on",
    "carried_out_on",
)
AMOUNTS = ("amount", "instalment")
EVIDENCES = {
    "personal_contact_on": "data.inspanningen.persoonlijkContactOp",
    "pointed_to_help_on": "data.inspanningen.gewezenOpHulpOp",
    "reminder_sent_on": "data.inspanningen.herinneringOp",
    "offer_made_on": "data.inspanningen.aanbodOp",
}
THE_REPORT_DATE = Form("de dag van het signaal", "the day of the signal")


@dataclass(frozen=True)
class Agreement:
    """A partner may report to a municipality on a ground, for a time."""

    municipality: str
    legal_ground: LegalGround
    valid_from: date
    valid_until: date | None  # None: until further notice

    def covers(self, municipality: str, ground: LegalGround, day: date) -> bool:
        """Whether this agreement lets a partner report that, on that day."""
        is_in_time = self.valid_from <= day and (
            self.valid_until is None or day <= self.valid_until
        )
        return is_in_time and self.municipality == municipality and self.legal_ground is ground


@dataclass(frozen=True)
class Partner:
    """Who may report what."""

    id: str
    kvk: str
    kinds: frozenset[PartnerKind]
    is_suspended: bool
    wants_feedback: bool
    agreements: tuple[Agreement, ...]


@dataclass(frozen=True)
class Accepted:
    """A valid event: what is kept of it, and the fact that is published."""

    partner_id: str
    source: str
    event_id: str
    event_type: str
    content_hash: bytes  # of the JSON with sorted keys: white space and order do not make it new
    document: bytes  # as accepted, without the fields that we do not know
    unknown: tuple[str, ...]
    fact: signals.PartnerFact


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


@dataclass(frozen=True)
class Situation:
    """What the checks look at. Parts of `event` may be None where its form is wrong."""

    delivery: Delivery
    reading: Reading
    partner: Partner | None
    policies: Policies
    now: datetime

    @property
    def event(self) -> Any:
        return self.reading.envelope.data

    @property
    def today(self) -> date:
        return amsterdam_day(self.now)

    @property
    def policy(self) -> Policy | None:
        """The policy of the municipality on the day of the report."""
        if self.event.municipality:
            return self.policies.on(self.event.municipality, self.day)
        return None

    @property
    def day(self) -> date:
        """The day of the report; today while that cannot be read."""
        day: date = self.event.reported_on or self.today
        return day


def judge(
    delivery: Delivery, known: Mapping[str, Partner], policies: Policies, now: datetime
) -> Accepted | Refused:
    """Accept an event, or refuse it with every fault at once."""
    reading = read(delivery)
    partner = known.get(delivery.user_id or "")
    faults = list(reading.faults)
    if delivery.user_id and partner is None:
        faults.append(fault("unknown_partner", "user-id"))
    if reading.envelope is not None and reading.envelope.data is not None:
        situation = Situation(delivery, reading, partner, policies, now)
        for check in CHECKS:
            faults += check(situation)
    if faults or partner is None:
        return refuse(delivery, reading.event_id, faults)
    return _accept(reading, partner)


def refuse(delivery: Delivery, event_id: str | None, faults: list[Fault]) -> Refused:
    """The refusal of a delivery."""
    message_id = delivery.message_id
    return Refused(
        partner_id=delivery.user_id,
        event_id=event_id,
        message_id=message_id if message_id.isprintable() and message_id else None,
        body_hash=hashlib.sha256(delivery.body).digest(),
        faults=tuple(dict.fromkeys(faults)),
        redelivered=delivery.redelivered,
    )


def _check_partner(situation: Situation) -> Iterator[Fault]:
    partner, event = situation.partner, situation.event
    if partner is None:
        return
    source = situation.reading.envelope.source
    if source and source.split(":")[3].split(".")[0] != partner.kvk:
        yield fault("wrong_partner", "source")
    if partner.is_suspended:
        yield fault("suspended", "user-id")
    if event.partner and event.partner.kind and event.partner.kind not in partner.kinds:
        yield fault("partner_kind", "data.signaalpartner.type")
    asked = (event.municipality, event.legal_ground)
    if all(asked) and not any(one.covers(*asked, situation.day) for one in partner.agreements):
        yield fault("no_agreement", "data.grondslag")


def _check_municipality(situation: Situation) -> Iterator[Fault]:
    event, policy = situation.event, situation.policy
    if event.municipality and event.municipality not in situation.policies.by_municipality:
        yield fault("unknown_municipality", "data.gemeentecode")
    postcode = event.client.postcode if event.client else None
    if policy and postcode and not policy.signals.has_postcode(postcode):
        yield fault("other_municipality", "data.client.postcode")


def _check_routing_key(situation: Situation) -> Iterator[Fault]:
    event_class = situation.reading.event_class
    partner_id = situation.delivery.user_id
    if event_class is None or not partner_id:
        return
    keys = {
        lane: event_class.binding(lane).replace("*", partner_id, 1)
        for lane in event_class.accepted_as.lanes
    }
    if situation.delivery.routing_key not in keys.values():
        yield fault("routing_key", "routing-key", sorted(keys.values())[0])
    elif (
        len(keys) > 1
        and situation.delivery.routing_key == keys[Lane.URGENT]
        and not situation.event.is_crisis
    ):
        yield fault("not_urgent", "routing-key")


def _check_dates(situation: Situation) -> Iterator[Fault]:
    envelope, event = situation.reading.envelope, situation.event
    if envelope.time and envelope.time > situation.now + CLOCK_AHEAD_MAX:
        yield fault("in_future", "time")
    for name in PAST_DATES:
        value = getattr(event, name, None)
        if value and value > situation.today:
            yield fault("in_future", _wire_path(event, name))
    born = event.client and getattr(event.client, "birth_date", None)
    if born and born > situation.today:
        yield fault("in_future", "data.client.geboortedatum")
    since = getattr(event, "arrears_since", None)
    if since and event.reported_on and since > event.reported_on:
        yield fault("order", "data.ontstaansdatum", THE_REPORT_DATE)


def _check_amounts(situation: Situation) -> Iterator[Fault]:
    for name in AMOUNTS:
        amount = getattr(situation.event, name, None)
        if amount and cents(amount) == 0:
            yield fault("not_positive", _wire_path(situation.event, name))


def _wire_path(event: Any, name: str) -> str:
    return f"data.{type(event).model_fields[name].alias}"


def _check_evidences(situation: Situation) -> Iterator[Fault]:
    event, policy = situation.event, situation.policy
    evidences = getattr(event, "evidences", None)
    if evidences is None:
        return
    if policy and event.partner and event.partner.kind and event.legal_ground:
        required = policy.signals.required_evidences(
            event.partner.kind, event.legal_ground, situation.day
        )
        for name in sorted(required):
            if getattr(evidences, name) is None:
                yield fault("evidence", EVIDENCES[name])
    for name, wire_path in EVIDENCES.items():
        value = getattr(evidences, name)
        if value and event.reported_on and value > event.reported_on:
            yield fault("order", wire_path, THE_REPORT_DATE)


def _check_objection(situation: Situation) -> Iterator[Fault]:
    if getattr(situation.event, "has_objection", False):
        yield fault("objection", "data.bezwaar")


CHECKS = (
    _check_partner,
    _check_municipality,
    _check_routing_key,
    _check_dates,
    _check_amounts,
    _check_evidences,
    _check_objection,
)


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
        content_hash=hashlib.sha256(
            orjson.dumps(reading.document, option=orjson.OPT_SORT_KEYS)
        ).digest(),
        document=orjson.dumps(without_unknown(reading.document, reading.unknown)),
        unknown=reading.unknown,
        fact=_as_fact(envelope, event, partner.id, fact_id),
    )


def without_unknown(document: Mapping[str, Any], unknown: tuple[str, ...]) -> Mapping[str, Any]:
    """The document as accepted. What we do not know we do not keep."""
    if not unknown:
        return document
    return _only_known(document, "data", partners.BY_TYPE[document["type"]])


def _only_known(
    document: Mapping[str, Any], name: str, event_class: type[partners.PartnerEvent]
) -> Mapping[str, Any]:
    known = event_class.model_validate_json(orjson.dumps(document[name]))
    return {**document, name: _dump_known(known)}


def _dump_known(part: Any) -> Any:
    dumped = {}
    for name, info in type(part).model_fields.items():
        value = getattr(part, name)
        if value is not None:
            is_part = hasattr(type(value), "model_fields")
            dumped[info.alias or name] = _dump_known(value) if is_part else value
    return dumped


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
