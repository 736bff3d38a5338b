"""Valid events and documents; a test states only what matters to it."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson

from services.triage.assignment import Roster, Team, Worker
from services.triage.books import compile_policy
from services.triage.rules import PolicyBook
from shared import policy
from shared.contracts import partners, signals, triage
from shared.contracts.envelope import CONTENT_TYPE, derived_id
from shared.contracts.signals import LegalGround, PartnerFact, PartnerKind
from shared.contracts.triage import Person, Role, Track
from tests.paths import POLICIES

MUNICIPALITY = "GM9901"
TODAY = date(2026, 3, 3)
NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)

POLICY_FILE = POLICIES / "voorbeeldstad-2026-01-01.yaml"
POLICY = policy.parse(POLICY_FILE.read_text(), POLICY_FILE.name)


def book(*policies: policy.Policy) -> PolicyBook:
    """These policies, compiled; the newest first."""
    return PolicyBook([compile_policy(one) for one in policies])


BOOK = book(POLICY)


def _fact_fields(number: int) -> dict[str, Any]:
    return {
        "fact_id": derived_id("test", uuid4()),
        "partner_id": "woonstad",
        "partner_kind": PartnerKind.RENT,
        "municipality": MUNICIPALITY,
        "contract": f"C-{number}",
        "postcode": "9901AB",
        "house_number": number,
        "house_letter": "",
        "house_addition": "",
        "bag_id": None,
        "legal_ground": LegalGround.EARLY_SIGNAL_DECREE,
        "reported_on": TODAY,
        "recorded_at": NOW,
        "sequence": None,
    }


def arrears_reported(number: int = 1, **changes: Any) -> signals.ArrearsReported:
    """A rent signal of the household at this house number."""
    fields: dict[str, Any] = {
        **_fact_fields(number),
        "arrears_cents": 90_000,
        "arrears_since": date(2026, 1, 25),
        "is_crisis": False,
        "is_warm_handover": False,
        "tenancy_start": None,
        "surname": "Voorbeeld",
        "surname_infix": "",
        "initials": "V.",
        "birth_date": None,
        "phone": None,
        "email": None,
        "language": None,
    }
    return signals.ArrearsReported(**{**fields, **changes})


def fact(event_class: type[PartnerFact], number: int = 1, **changes: Any) -> PartnerFact:
    """Any other fact of the household at this house number."""
    fields: dict[str, Any] = _fact_fields(number)
    if issubclass(event_class, signals.LegalFact):
        fields |= {"court": "Rechtbank Noord", "case_number": f"26-{number}"}
        fields["legal_ground"] = LegalGround.COVENANT
    own: dict[type[PartnerFact], dict[str, Any]] = {
        signals.ArrearsSettled: {"settled_on": TODAY},
        signals.SignalWithdrawn: {"withdrawn_fact_id": UUID(int=number)},
        signals.ObjectionReceived: {"received_on": TODAY},
        signals.PaymentArrangementMade: {
            "made_on": TODAY,
            "instalments": 5,
            "instalment_cents": 10_000,
            "until": date(2026, 8, 1),
        },
        signals.PaymentArrangementBroken: {"broken_on": TODAY},
        signals.SummonsServed: {"served_on": TODAY},
        signals.HearingScheduled: {
            "kind": signals.HearingKind.ROLL,
            "place": "Voorbeeldstad",
            "at": datetime(2026, 4, 16, 8, 30, tzinfo=UTC),
        },
        signals.HearingCancelled: {"kind": signals.HearingKind.ROLL},
        signals.JudgmentGiven: {
            "given_on": TODAY,
            "outcome": signals.JudgmentOutcome.EVICTION,
            "conditions": "",
        },
        signals.EvictionScheduled: {
            "at": datetime(2026, 4, 29, 7, 0, tzinfo=UTC),
            "bailiff": "Gerechtsdeurwaarders Noord",
        },
        signals.EvictionCancelled: {},
        signals.EvictionCarriedOut: {"carried_out_on": TODAY},
    }
    return event_class(**{**fields, **own[event_class], **changes})


OWN_DATA: dict[type[partners.PartnerEvent], dict[str, Any]] = {
    partners.ArrearsReported: {
        "signaaldatum": "2026-03-03",
        "client": {
            "postcode": "9901AB",
            "huisnummer": "1",
            "huisletter": "A",
            "achternaam": "Voorbeeld",
            "voorletters": "V.",
            "geboortedatum": "1980-02-29",
        },
        "bedrag": "1250.75",
        "ontstaansdatum": "2026-01-25",
        "bezwaar": False,
        "crisissignaal": False,
        "warmeOverdracht": False,
        "inspanningen": {
            "persoonlijkContactOp": "2026-02-10",
            "gewezenOpHulpOp": "2026-02-10",
            "herinneringOp": "2026-02-12",
            "aanbodOp": "2026-02-12",
        },
    },
    partners.ArrearsSettled: {"voldaanOp": "2026-03-01"},
    partners.SignalWithdrawn: {"signaalId": "woonstad-1"},
    partners.ObjectionReceived: {"ontvangenOp": "2026-03-01"},
    partners.PaymentArrangementMade: {
        "getroffenOp": "2026-03-01",
        "aantalTermijnen": 5,
        "termijnbedrag": "250.15",
        "looptTot": "2026-08-01",
    },
    partners.PaymentArrangementBroken: {"verbrokenOp": "2026-03-01"},
    partners.SummonsServed: {"betekendOp": "2026-03-01"},
    partners.HearingScheduled: {
        "soortZitting": "rolzitting",
        "plaats": "Voorbeeldstad",
        "tijdstip": "2026-04-16T10:30:00+02:00",
    },
    partners.HearingCancelled: {"soortZitting": "rolzitting"},
    partners.JudgmentGiven: {"vonnisdatum": "2026-03-01", "uitkomst": "ontruiming"},
    partners.EvictionScheduled: {
        "tijdstip": "2026-04-29T09:00:00+02:00",
        "deurwaarder": "Gerechtsdeurwaarders Noord",
    },
    partners.EvictionCancelled: {},
    partners.EvictionCarriedOut: {"uitgevoerdOp": "2026-03-01"},
}


def document(
    event_class: type[partners.PartnerEvent] = partners.ArrearsReported, **changes: Any
) -> dict[str, Any]:
    """An event as a partner sends it; `changes` go into `data`, a None takes a field away."""
    data: dict[str, Any] = {
        "gemeentecode": MUNICIPALITY,
        "contractnummer": "C-1",
        "signaalpartner": {"type": "Huur"},
        "grondslag": "bgs",
        "client": {"postcode": "9901AB", "huisnummer": "1"},
    }
    if event_class is not partners.ArrearsReported:
        data["meldingsdatum"] = "2026-03-03"
    if issubclass(event_class, partners.LegalEvent):
        data |= {"rechtbank": "Rechtbank Noord", "zaaknummer": "26-1", "grondslag": "convenant"}
    merged = {**data, **OWN_DATA[event_class], **changes}
    return {
        "specversion": "1.0",
        "id": "woonstad-1",
        "source": "urn:nld:kvknr:90000001",
        "type": event_class.wire_type(),
        "time": "2026-03-03T08:00:00Z",
        "datacontenttype": "application/json",
        "data": {name: value for name, value in merged.items() if value is not None},
    }


def as_body(told: dict[str, Any]) -> bytes:
    """A document as bytes."""
    return orjson.dumps(told)


def delivery_fields(told: dict[str, Any] | bytes, **changes: Any) -> dict[str, Any]:
    """The fields of a delivery of a partner's document, with the routing key of its type."""
    body = told if isinstance(told, bytes) else as_body(told)
    name = told["type"].removeprefix(partners.TYPE_PREFIX) if isinstance(told, dict) else "x.v1"
    return {
        "queue": "signals.from.partners.test",
        "body": body,
        "message_id": "m-1",
        "routing_key": f"woonstad.{name}",
        "user_id": "woonstad",
        "content_type": CONTENT_TYPE,
        "redelivered": False,
        **changes,
    }


def worker(name: str, team: str = "noord", **changes: Any) -> Worker:
    """Somebody in a team."""
    fields: dict[str, Any] = {
        "id": name,
        "team_id": team,
        "name": name.title(),
        "email": f"{name}@voorbeeldstad.example",
        "role": Role.GENERALIST,
        "languages": frozenset(),
        "load_tenths": 0,
        "load_max_tenths": 300,
        "absent_from": None,
        "absent_until": None,
        "left_on": None,
    }
    return Worker(**{**fields, **changes})


def roster(*workers: Worker) -> Roster:
    """Two teams: noord has district 9901, zuid 9925; each has its lead."""
    teams = [
        Team("noord", MUNICIPALITY, "Wijkteam Noord", frozenset({"9901"}), "lead-noord"),
        Team("zuid", MUNICIPALITY, "Wijkteam Zuid", frozenset({"9925"}), "lead-zuid"),
    ]
    leads = [
        worker("lead-noord", "noord", role=Role.LEAD, load_max_tenths=0),
        worker("lead-zuid", "zuid", role=Role.LEAD, load_max_tenths=0),
    ]
    return Roster(teams, [*leads, *workers])


ANNA = Person(id="anna", name="Anna", email="anna@voorbeeldstad.example", role=Role.GENERALIST)
BRAM = Person(id="bram", name="Bram", email="bram@voorbeeldstad.example", role=Role.GENERALIST)
LEAD = Person(id="noor", name="Noor", email="noor@voorbeeldstad.example", role=Role.LEAD)


def case_event(
    event_class: type[triage.CaseEvent], revision: int = 1, **changes: Any
) -> triage.CaseEvent:
    """A case event of one case; `changes` must hold what the event has of its own."""
    case_id = changes.pop("case_id", UUID(int=1))
    fields: dict[str, Any] = {
        "case_id": case_id,
        "revision": revision,
        "reference": "Z-00000001",
        "municipality": MUNICIPALITY,
        "household_id": UUID(int=2),
        "track": Track.VISIT,
        "priority": 3,
        "assignee": ANNA,
        "lead": LEAD,
        "has_objection": False,
    }
    return event_class(**{**fields, **changes})
