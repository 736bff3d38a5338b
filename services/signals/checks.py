"""What is asked of an event besides its form and its dates: each check gives every fault. Pure."""

from collections.abc import Iterator

from services.signals.dates import EVIDENCES, check_dates, wire_path
from services.signals.situation import Situation
from services.signals.texts import fault
from shared.contracts import partners
from shared.contracts.envelope import Lane
from shared.contracts.signals import Fault

AMOUNTS = ("amount", "instalment")
# What ends or stops a signal that was sent: it must also be heard once the agreement is over.
ALWAYS_HEARD = (partners.ArrearsSettled, partners.SignalWithdrawn, partners.ObjectionReceived)


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


def _check_agreement(situation: Situation) -> Iterator[Fault]:
    partner, event = situation.partner, situation.event
    if partner is None or not event.municipality or not event.legal_ground:
        return
    asked = event.municipality, event.legal_ground, situation.day
    if situation.reading.event_class in ALWAYS_HEARD:
        is_agreed = any(one.began(event.municipality, situation.day) for one in partner.agreements)
    else:
        is_agreed = any(one.covers(*asked) for one in partner.agreements)
    if not is_agreed:
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


def _check_amounts(situation: Situation) -> Iterator[Fault]:
    for name in AMOUNTS:
        amount = getattr(situation.event, name, None)
        if amount and not amount.strip("0."):
            yield fault("not_positive", wire_path(situation.event, name))


def _check_evidences(situation: Situation) -> Iterator[Fault]:
    """What a signal must have, by kind of partner and ground; without a rule it may not be sent."""
    event, policy = situation.event, situation.policy
    if situation.reading.event_class is not partners.ArrearsReported or policy is None:
        return
    kind, ground = event.partner and event.partner.kind, event.legal_ground
    if not kind or not ground:
        return
    rule = policy.signals.evidence_rule(kind, ground, situation.day)
    if rule is None:
        yield fault("signal_ground", "data.grondslag")
    for name in sorted(rule.required) if rule and event.evidences else ():
        if getattr(event.evidences, name) is None:
            yield fault("evidence", EVIDENCES[name], source=rule.source if rule else "")


def _check_objection(situation: Situation) -> Iterator[Fault]:
    if getattr(situation.event, "has_objection", False):
        yield fault("objection", "data.bezwaar")


CHECKS = (
    _check_partner,
    _check_agreement,
    _check_ground,
    _check_municipality,
    _check_routing_key,
    check_dates,
    _check_amounts,
    _check_evidences,
    _check_objection,
)
