"""Why a signal is with a household, in words, and whether that is certain: pure.

While it is uncertain a person has to look, and the signal's partner hears nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from services.triage.persons import Relation, relation
from services.triage.traces import Group, Trace


class Doubt(StrEnum):
    """Why a match is uncertain; the value is the kind of the task that it makes."""

    TWO_LEASES = "two_leases"
    BAG_DISAGREES = "bag_disagrees"
    ADDITION_MISSING = "addition_missing"


WORDS: Mapping[Doubt, str] = {
    Doubt.TWO_LEASES: "Twee verhuurders of huurders met een andere achternaam op een adres",
    Doubt.BAG_DISAGREES: "Adres en BAG-id wijzen naar een andere voordeur",
    Doubt.ADDITION_MISSING: "Zonder toevoeging gemeld; dezelfde persoon woont hier met toevoeging",
}
FIRST = "Het eerste signaal van dit adres."
SAME = "Zelfde adres en dezelfde persoon: geboortedatum en achternaam, of achternaam en voorletter."
FAMILY = "Zelfde adres en dezelfde achternaam."
OTHER = "Zelfde adres, andere achternaam: een huishouden zolang niets anders zegt."
BY_PERSON = " Bevestigd door een medewerker."


@dataclass(frozen=True)
class Match:
    """Why a signal is with its household."""

    reason: str  # Dutch, for the team
    doubt: Doubt | None = None

    @staticmethod
    def by_person(match: "Match") -> "Match":
        """The match after a person looked at it."""
        return replace(match, reason=match.reason + BY_PERSON, doubt=None)


def explain(
    traces: Sequence[Trace], groups: Sequence[Group], disputed: set[UUID]
) -> dict[UUID, Match]:
    """The match of every signal among these traces, which are in order of report."""
    told = [trace for trace in traces if trace.person]
    if len(told) == 1 and len(groups) == 1 and not disputed:
        return {told[0].fact_id: Match(FIRST)}
    return {trace.fact_id: _match(trace, told, groups, disputed) for trace in told}


def _match(
    trace: Trace, told: Sequence[Trace], groups: Sequence[Group], disputed: set[UUID]
) -> Match:
    doubt = next(_doubts(trace, told, groups, disputed), None)
    closest = max((_relation(trace, other) for other in told if other is not trace), default=None)
    match closest:
        case None:
            reason = FIRST
        case Relation.SAME:
            reason = SAME
        case Relation.FAMILY:
            reason = FAMILY
        case _:
            reason = OTHER
    return Match(f"{reason} {WORDS[doubt]}: kijk wie er woont." if doubt else reason, doubt)


def _doubts(
    trace: Trace, told: Sequence[Trace], groups: Sequence[Group], disputed: set[UUID]
) -> Iterator[Doubt]:
    if trace.fact_id in disputed:
        yield Doubt.BAG_DISAGREES
    leases = [one for one in told if one.is_rent]
    # A landlord that gives the day on which the tenancy began leaves no doubt whose it is.
    knows_start = trace.tenancy_start is not None
    if trace.is_rent and not knows_start and any(_is_stranger(trace, one) for one in leases):
        yield Doubt.TWO_LEASES
    if not trace.address.suffix and _lives_behind_an_addition(trace, groups):
        yield Doubt.ADDITION_MISSING


def _is_stranger(trace: Trace, other: Trace) -> bool:
    is_other_lease = trace.contract != other.contract
    return is_other_lease and _relation(trace, other) is Relation.OTHER


def _lives_behind_an_addition(trace: Trace, groups: Sequence[Group]) -> bool:
    return any(
        other.person and other.address.suffix and _relation(trace, other) is Relation.SAME
        for group in groups
        if trace not in group.traces
        for other in group.traces
    )


def _relation(one: Trace, other: Trace) -> Relation:
    assert one.person
    assert other.person
    return relation(one.person, other.person)
