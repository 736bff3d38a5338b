"""Whether an event of a partner is valid: pure, all faults at once.

Validity only: whether a signal is worth taking up is triage's to say. A refused event leaves its
id, partner, time, hash and faults, and nothing of what it said.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import rfc8785

from services.signals.arrivals import Arrival
from services.signals.reading import Reading, known_only, read
from services.signals.texts import DECREE, fault
from shared.clock import amsterdam_day
from shared.contracts import partners, signals
from shared.contracts.envelope import Lane, derived_id
from shared.contracts.forms import Form
from shared.contracts.signals import Fault, LegalGround, PartnerKind
from shared.policy import Policies, Policy

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
THE_FIRST_UNPAID_DAY = Form("de dag van ontstaan", "the first unpaid day")
THE_REMINDER = Form("de dag van de herinnering", "the day of the reminder")


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
    requests_per_minute: int = 600  # over HTTP, of each replica


@dataclass(frozen=True)
class Accepted:
    """A valid event: what is kept of it, and the fact that is published."""

    partner_id: str
    source: str
    event_id: str
    event_type: str
    canonical: bytes  # its JCS form (RFC 8785) as accepted: without the fields that we do not know
    unknown: tuple[str, ...]
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


@dataclass(frozen=True)
class Situation:
    """What the checks look at. Parts of `event` may be None where its form is wrong."""

    arrival: Arrival
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
        faults=tuple(dict.fromkeys(faults)),
        redelivered=arrival.redelivered,
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


def _check_ground(situation: Situation) -> Iterator[Fault]:
    """A step of the legal path needs a ground of its own: the decree is about signals."""
    event, policy, event_class = situation.event, situation.policy, situation.reading.event_class
    if event_class is None or not issubclass(event_class, partners.LegalEvent) or not policy:
        return
    kind, ground = event.partner and event.partner.kind, event.legal_ground
    name = event_class.wire_name
    if kind and ground and not policy.signals.has_ground(name, kind, ground, situation.day):
        yield fault("ground", "data.grondslag")


def _check_municipality(situation: Situation) -> Iterator[Fault]:
    event, policy = situation.event, situation.policy
    if event.municipality and event.municipality not in situation.policies.by_municipality:
        yield fault("unknown_municipality", "data.gemeentecode")
    postcode = event.client.postcode if event.client else None
    if policy and postcode and not policy.signals.has_postcode(postcode):
        yield fault("other_municipality", "data.client.postcode")


def _check_routing_key(situation: Situation) -> Iterator[Fault]:
    event_class = situation.reading.event_class
    partner_id, given = situation.arrival.partner_id, situation.arrival.routing_key
    if event_class is None or not partner_id or given is None:
        return
    keys = {
        lane: event_class.binding(lane).replace("*", partner_id, 1)
        for lane in event_class.accepted_as.lanes
    }
    if given not in keys.values():
        yield fault("routing_key", "routing-key", sorted(keys.values())[0])
    elif len(keys) > 1 and given == keys[Lane.URGENT] and not situation.event.is_crisis:
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
    event = situation.event
    if getattr(event, "evidences", None) is None:
        return
    yield from _missing_evidences(situation)
    since, reminder = event.arrears_since, event.evidences.reminder_sent_on
    for name, wire_path in EVIDENCES.items():
        value = getattr(event.evidences, name)
        if value and event.reported_on and value > event.reported_on:
            yield fault("order", wire_path, THE_REPORT_DATE, DECREE)
    # Contact about preventing arrears may come before them; what reminds of them may not.
    for name in ("reminder_sent_on", "offer_made_on"):
        value = getattr(event.evidences, name)
        if value and since and value < since:
            yield fault("too_early", EVIDENCES[name], THE_FIRST_UNPAID_DAY, DECREE)
    # The offer stands in a reminder, says the decree (art. 2 under d).
    offer = event.evidences.offer_made_on
    if offer and reminder and offer < reminder:
        yield fault("too_early", EVIDENCES["offer_made_on"], THE_REMINDER, DECREE)


def _missing_evidences(situation: Situation) -> Iterator[Fault]:
    event, policy = situation.event, situation.policy
    if policy and event.partner and event.partner.kind and event.legal_ground:
        rule = policy.signals.evidence_rule(event.partner.kind, event.legal_ground, situation.day)
        for name in sorted(rule.required) if rule else ():
            if getattr(event.evidences, name) is None:
                yield fault("evidence", EVIDENCES[name], source=rule.source if rule else "")


def _check_objection(situation: Situation) -> Iterator[Fault]:
    if getattr(situation.event, "has_objection", False):
        yield fault("objection", "data.bezwaar")


CHECKS = (
    _check_partner,
    _check_ground,
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
        canonical=canonical_form(reading.document, type(event)),
        unknown=reading.unknown,
        fact=_as_fact(envelope, event, partner.id, fact_id),
        evidences=_evidence_days(event),
    )


def canonical_form(document: Mapping[str, Any], event_class: type[partners.PartnerEvent]) -> bytes:
    """The JCS form (RFC 8785) of an event as accepted; white space and order do not matter."""
    return rfc8785.dumps(known_only(document, partners.envelope_of(event_class)))


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
