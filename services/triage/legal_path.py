"""The legal path of a household: each step as the fact that holds says it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from services.triage.reports import Fact, FactKind
from shared.contracts.envelope import derived_id


class StepKind(StrEnum):
    """A step of the legal path."""

    SUMMONS = "summons"
    HEARING = "hearing"
    JUDGMENT = "judgment"
    EVICTION = "eviction"


# How far a legal path can have come.
STAGES = ("none", "summons", "hearing", "judgment", "eviction", "evicted")


class StepState(StrEnum):
    """Where a step stands."""

    SET = "set"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"  # it goes on, at a time that nobody here knows
    DONE = "done"


@dataclass(frozen=True)
class Step:
    """One step of the legal path as it stands."""

    kind: StepKind
    key: UUID  # of court, case number and, for a hearing, its kind
    state: StepState
    court: str
    case_number: str
    detail: str
    place: str
    at: datetime | None
    day: date | None
    is_disputed: bool  # another partner says otherwise; the later record holds


# Facts that open a case, also for a household that was not known.
OPENING = frozenset(
    {
        FactKind.SUMMONS,
        FactKind.HEARING_SCHEDULED,
        FactKind.HEARING_UNKNOWN,
        FactKind.JUDGMENT,
        FactKind.EVICTION_SCHEDULED,
        FactKind.EVICTION_UNKNOWN,
        FactKind.EVICTION_CARRIED_OUT,
    }
)

STEP_OF: Mapping[FactKind, tuple[StepKind, StepState]] = {
    FactKind.SUMMONS: (StepKind.SUMMONS, StepState.DONE),
    FactKind.HEARING_SCHEDULED: (StepKind.HEARING, StepState.SET),
    FactKind.HEARING_CANCELLED: (StepKind.HEARING, StepState.CANCELLED),
    FactKind.HEARING_UNKNOWN: (StepKind.HEARING, StepState.UNKNOWN),
    FactKind.JUDGMENT: (StepKind.JUDGMENT, StepState.DONE),
    FactKind.EVICTION_SCHEDULED: (StepKind.EVICTION, StepState.SET),
    FactKind.EVICTION_CANCELLED: (StepKind.EVICTION, StepState.CANCELLED),
    FactKind.EVICTION_UNKNOWN: (StepKind.EVICTION, StepState.UNKNOWN),
    FactKind.EVICTION_CARRIED_OUT: (StepKind.EVICTION, StepState.DONE),
}


def legal_path(facts: Sequence[Fact], handled: frozenset[UUID] = frozenset()) -> Iterator[Step]:
    """Each step by its natural key, as the fact that holds says it.

    A step of which all facts were dealt with by closed cases is none of the present one's.
    """
    by_key: dict[tuple[StepKind, UUID], list[Fact]] = {}
    for fact in facts:
        if fact.kind in STEP_OF:
            kind = STEP_OF[fact.kind][0]
            by_key.setdefault((kind, _step_key(kind, fact)), []).append(fact)
    for (kind, key), told in sorted(by_key.items()):
        if handled and all(one.id in handled for one in told):
            continue
        fact, is_disputed = _that_holds(told)
        yield Step(
            kind=kind,
            key=key,
            state=STEP_OF[fact.kind][1],
            court=fact.court,
            case_number=fact.case_number,
            detail=fact.detail,
            place=fact.place,
            at=fact.at,
            day=fact.day,
            is_disputed=is_disputed,
        )


def _step_key(kind: StepKind, fact: Fact) -> UUID:
    # Landlord and bailiff announce one hearing: they name the same court, number and kind of it.
    hearing_kind = fact.detail if kind is StepKind.HEARING else ""
    return derived_id(kind, fact.court.casefold(), fact.case_number.casefold(), hearing_kind)


def _that_holds(told: Sequence[Fact]) -> tuple[Fact, bool]:
    """The fact that holds, and whether partners disagree.

    Of one partner the highest sequence holds; between partners the later record does, since their
    sequences cannot be compared. What was carried out cannot be called off.
    """
    newest: dict[str, Fact] = {}
    for fact in sorted(told, key=_by_sequence):
        newest[fact.partner_id] = fact
    last = max(newest.values(), key=lambda fact: (_is_final(fact), fact.recorded_at, fact.id))
    is_disputed = any(
        (fact.kind, fact.at, fact.day) != (last.kind, last.at, last.day) for fact in newest.values()
    )
    return last, is_disputed


def _by_sequence(fact: Fact) -> tuple[bool, int, datetime, UUID]:
    sequence = -1 if fact.sequence is None else fact.sequence
    return _is_final(fact), sequence, fact.recorded_at, fact.id


def _is_final(fact: Fact) -> bool:
    return fact.kind is FactKind.EVICTION_CARRIED_OUT


def threatened_on(facts: Sequence[Fact], steps: Sequence[Step]) -> date | None:
    """The day from which an eviction that still stands was known; None when none stands.

    Of what the law calls threatening (Wgs art. 4(2)) this is what reaches us: the actual end of a
    supply is no event of any partner.
    """
    if legal_stage(steps) != "eviction":
        return None
    standing = (StepState.SET, StepState.UNKNOWN)
    keys = {one.key for one in steps if one.kind is StepKind.EVICTION and one.state in standing}
    return min(_known_since(facts, key) for key in keys)


def _known_since(facts: Sequence[Fact], key: UUID) -> date:
    """The day from which one eviction was known; one that was called off was known anew after."""
    of_it = (FactKind.EVICTION_SCHEDULED, FactKind.EVICTION_UNKNOWN, FactKind.EVICTION_CANCELLED)
    told = [
        fact for fact in facts if fact.kind in of_it and _step_key(StepKind.EVICTION, fact) == key
    ]
    off = [fact.recorded_at for fact in told if fact.kind is FactKind.EVICTION_CANCELLED]
    since = [
        fact.reported_on
        for fact in told
        if fact.kind is not FactKind.EVICTION_CANCELLED and (not off or fact.recorded_at > max(off))
    ]
    # A higher sequence may have been recorded before the cancellation that it undoes.
    return min(since, default=_that_holds(told)[0].reported_on)


def moratorium(facts: Sequence[Fact]) -> Fact | None:
    """The moratorium that was recorded last, ended or not; None when there was none."""
    granted = [fact for fact in facts if fact.kind is FactKind.MORATORIUM]
    return max(granted, key=lambda fact: (fact.recorded_at, fact.id), default=None)


def legal_stage(steps: Sequence[Step]) -> str:
    """How far the legal path has come; a step that was called off does not count."""
    stands = {(step.kind, step.state) for step in steps}
    order = (
        ((StepKind.EVICTION, StepState.DONE), "evicted"),
        ((StepKind.EVICTION, StepState.SET), "eviction"),
        ((StepKind.EVICTION, StepState.UNKNOWN), "eviction"),
        ((StepKind.JUDGMENT, StepState.DONE), "judgment"),
        ((StepKind.HEARING, StepState.SET), "hearing"),
        ((StepKind.HEARING, StepState.UNKNOWN), "hearing"),
        ((StepKind.SUMMONS, StepState.DONE), "summons"),
    )
    return next((stage for stand, stage in order if stand in stands), "none")
