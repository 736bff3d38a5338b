"""Steps of the legal path of a case."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from shared.contracts.envelope import Lane
from shared.contracts.signals import HearingKind, JudgmentOutcome
from shared.contracts.triage.cases import CaseEvent
from shared.contracts.triage.words import URGENT_ONLY


class CaseLegalFact(CaseEvent):
    """A step of the legal path of a case."""

    lanes: ClassVar[tuple[Lane, ...]] = URGENT_ONLY

    court: str
    case_number: str


class CaseSummonsRecorded(CaseLegalFact):
    """The tenant was summoned."""

    served_on: date


class CaseHearingSet(CaseLegalFact):
    """A hearing of the case was set."""

    hearing_id: UUID  # of court, case number and kind
    kind: HearingKind
    place: str
    at: AwareDatetime


class CaseHearingMoved(CaseLegalFact):
    """The hearing is at another time or place; the old one holds no longer."""

    hearing_id: UUID
    kind: HearingKind
    place: str
    at: AwareDatetime


class CaseHearingCancelled(CaseLegalFact):
    """The hearing is off, or when it is, is no longer known: the time that was told is void."""

    hearing_id: UUID
    kind: HearingKind
    is_unknown: bool = False  # it goes on, at a time that nobody here knows


class CaseJudgmentRecorded(CaseLegalFact):
    """The court gave judgment. The case stays open."""

    given_on: date
    outcome: JudgmentOutcome


class CaseEvictionSet(CaseLegalFact):
    """The eviction of the household was announced, or moved to another time."""

    eviction_id: UUID  # of court and case number
    at: AwareDatetime
    bailiff: str


class CaseEvictionCalledOff(CaseLegalFact):
    """The eviction is off, or when it is, is no longer known."""

    eviction_id: UUID
    is_unknown: bool = False


class CaseEvictionCarriedOut(CaseLegalFact):
    """The household was evicted. The case stays open: they need help all the more."""

    eviction_id: UUID
    carried_out_on: date
