"""One sample of every event, with fixed values; `python -m tests.contracts.samples` writes those
golden files that are missing. An existing file is a contract: it is never written over.
"""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson

from shared import topology
from shared.contracts import notify, partners, signals, triage
from shared.contracts.envelope import Event, to_wire
from shared.contracts.signals import Fault, HearingKind, JudgmentOutcome
from shared.contracts.triage import (
    ClockKind,
    ContactKind,
    ContactRestriction,
    NotTakenUpReason,
    PartOfDay,
    Track,
)
from tests import builders
from tests.paths import REPOSITORY

GOLDEN = REPOSITORY / "tests/contracts/golden"
SOURCE = "urn:nld:oin:00000000000000000000:systeem:test"
RECORDED_AT = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
AT = datetime(2026, 4, 16, 8, 30, tzinfo=UTC)
KEY = UUID(int=5)
TERM = {
    "name": "first_attempt",
    "clock": ClockKind.SERVICE,
    "due_on": date(2026, 3, 10),
    "starting_fact": "aanpak",
}
LEGAL = {"court": "Rechtbank Noord", "case_number": "26-1"}

OWN: dict[type[Event], dict[str, Any]] = {
    triage.SignalTakenUp: {"signal_id": KEY, "status_no": 1},
    triage.SignalNotTakenUp: {
        "signal_id": KEY,
        "status_no": 2,
        "reason": NotTakenUpReason.REPEATED,
    },
    triage.CaseOpened: {"urgent": False, "reason": "Er is een signaal."},
    triage.TrackProposed: {"urgent": True, "reason": "Er is een zitting."},
    triage.GeneralistAssigned: {"urgent": False, "reason": "Anna heeft de minste zaken."},
    triage.GeneralistReassigned: {"previous_assignee_id": "bram", "reason": "Bram gaf hem terug."},
    triage.LeadReplaced: {"previous_lead_id": "zeger"},
    triage.AssignmentAccepted: {},
    triage.CaseClosed: {"reason": "Alle signalen zijn ingetrokken."},
    triage.VisitPlanned: {"visit_id": KEY, "starts_at": AT, "ends_at": AT},
    triage.VisitMoved: {"visit_id": KEY, "starts_at": AT, "ends_at": AT},
    triage.VisitCancelled: {"visit_id": KEY},
    triage.VisitMade: {"visit_id": KEY},
    triage.ContactAttempted: {
        "attempt_id": KEY,
        "signal_ids": (KEY,),
        "attempted_at": AT,
        "kind": ContactKind.VISIT,
        "part_of_day": PartOfDay.MORNING,
        "was_reached": False,
    },
    triage.CaseSummonsRecorded: {**LEGAL, "served_on": date(2026, 3, 1)},
    triage.CaseHearingSet: {
        **LEGAL,
        "hearing_id": KEY,
        "kind": HearingKind.ROLL,
        "place": "Voorbeeldstad",
        "at": AT,
    },
    triage.CaseHearingMoved: {
        **LEGAL,
        "hearing_id": KEY,
        "kind": HearingKind.ROLL,
        "place": "Voorbeeldstad",
        "at": AT,
    },
    triage.CaseHearingCancelled: {**LEGAL, "hearing_id": KEY, "kind": HearingKind.ROLL},
    triage.CaseJudgmentRecorded: {
        **LEGAL,
        "given_on": date(2026, 3, 1),
        "outcome": JudgmentOutcome.EVICTION,
    },
    triage.CaseEvictionSet: {
        **LEGAL,
        "eviction_id": KEY,
        "at": AT,
        "bailiff": "Gerechtsdeurwaarders Noord",
    },
    triage.CaseEvictionCalledOff: {**LEGAL, "eviction_id": KEY},
    triage.CaseEvictionCarriedOut: {
        **LEGAL,
        "eviction_id": KEY,
        "carried_out_on": date(2026, 3, 1),
    },
    triage.ObjectionRecorded: {},
    triage.HelpAccepted: {
        "answer_id": KEY,
        "signal_ids": (KEY,),
        "collection_paused_until": date(2026, 4, 1),
    },
    triage.HelpDeclined: {"answer_id": KEY, "signal_ids": (KEY,)},
    triage.PauseEnded: {"answer_id": KEY, "signal_ids": (KEY,)},
    triage.DeadlineNear: TERM,
    triage.DeadlineMissed: {**TERM, "signal_ids": (KEY,)},
    triage.DeadlineMet: TERM,
    triage.TrackConfirmed: {"confirmed_by": "anna"},
    triage.TrackOverridden: {
        "proposed_track": Track.LETTER,
        "overridden_by": "noor",
        "reason": "Het gezin is hier bekend.",
    },
    triage.AssignmentDeclined: {"declined_by": "bram", "is_timeout": False},
    triage.CaseReopened: {"reason": "De achterstand is hoger."},
    triage.MoratoriumRecorded: {"granted_on": date(2026, 3, 1), "until": date(2026, 8, 31)},
    triage.ContactRestricted: {"restrictions": (ContactRestriction.VISIT_WITH_TWO,)},
    triage.WorkPaused: {"paused_until": date(2026, 4, 1)},
    triage.ContactDetailsKnown: {
        "resident": triage.Resident(
            name="V. Voorbeeld",
            postcode="9901AB",
            house_number=1,
            suffix="A",
            phone="0612345678",
            email=None,
            language="nl",
            is_verified=False,
        ),
        "kin": (KEY,),
    },
    triage.TriageAlive: {"said_at": AT},
    triage.PolicyActivated: {
        "municipality": "GM9901",
        "valid_from": date(2026, 4, 1),
        "sha256": "0" * 64,
        "document": "municipality: GM9901",
        "activated_by": "noor",
        "activated_at": RECORDED_AT,
    },
    triage.HouseholdErased: {"household_id": KEY, "fact_ids": (KEY,), "case_ids": (KEY,)},
    triage.HouseholdPurged: {"household_id": KEY, "case_ids": (KEY,)},
    signals.SignalsErased: {"household_id": KEY, "erased_at": AT},
    signals.EventAccepted: {
        "partner_id": "woonstad",
        "fact_id": KEY,
        "accepted_id": "woonstad-1",
        "source": "urn:nld:kvknr:90000001",
        "receipt": "eyJ.eyJ.abc",
        "salt": "AAAA",
    },
    signals.StatusGiven: {
        "partner_id": "woonstad",
        "fact_id": KEY,
        "accepted_id": "woonstad-1",
        "source": "urn:nld:kvknr:90000001",
        "told_id": KEY,
        "status": "taken_up",
        "text_nl": "Opgepakt",
        "until": None,
        "status_no": 1,
        "decided_at": AT,
    },
    signals.EventRefused: {
        "refusal_id": KEY,
        "partner_id": "woonstad",
        "refused_id": "woonstad-1",
        "message_id": "m-1",
        "faults": (
            Fault(code="missing", field="data.bedrag", text_nl="ontbreekt", text_en="is missing"),
        ),
    },
}
ALERT = {"alert_id": KEY, "case_id": UUID(int=1), "template": "hearing_set", "recipient_id": "anna"}
OWN |= {
    notify.AlertSent: {**ALERT, "sent_at": AT},
    notify.AlertFailed: {**ALERT, "reason": "permanent 550", "failed_at": AT},
    notify.AlertStopped: {**ALERT, "reason": "de zaak is gesloten", "stopped_at": AT},
    notify.ResidentReplied: {
        "reply_id": KEY,
        "case_id": UUID(int=1),
        "alert_id": KEY,
        "answer": notify.Answer.CALL_ME,
        "given_at": AT,
    },
    notify.AlertsErased: {"household_id": KEY, "erased_at": AT},
}


def sample(event_class: type[Event]) -> Event:
    """An event with fixed values."""
    if event_class is signals.ArrearsReported:
        return builders.arrears_reported(fact_id=KEY)
    if issubclass(event_class, signals.PartnerFact):
        return builders.fact(event_class, fact_id=KEY)
    if issubclass(event_class, triage.CaseEvent):
        return builders.case_event(event_class, **OWN[event_class])
    return event_class(**OWN[event_class])


def golden_name(event_class: type[Event]) -> str:
    """The file of an event inside."""
    return f"{event_class.owner}.{event_class.snake_name()}.v{event_class.version}.json"


def partner_golden_name(event_class: type[partners.PartnerEvent]) -> str:
    """The file of an event as partners send it."""
    return f"partners.{event_class.wire_name}.v{event_class.accepted_as.version}.json"


def contents() -> dict[str, bytes]:
    """What every golden file holds."""
    told = {
        golden_name(event): to_wire(sample(event), source=SOURCE, recorded_at=RECORDED_AT)
        for event in topology.EVENTS
    }
    for event_class in partners.EVENTS:
        told[partner_golden_name(event_class)] = orjson.dumps(builders.document(event_class))
    return {
        name: orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2) + b"\n"
        for name, body in told.items()
    }


if __name__ == "__main__":
    for name, body in contents().items():
        if not (GOLDEN / name).exists():
            (GOLDEN / name).write_bytes(body)
            print(f"wrote {name}")
