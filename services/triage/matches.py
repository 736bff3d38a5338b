"""Why a signal is with a household, in words, and whether that is certain: pure.

While it is uncertain a person has to look, and the signal's partner hears nothing.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Around:
    """What the match of a signal depends on."""

    told: Sequence[Trace]  # the signals of its household
    elsewhere: Sequence[Trace]  # those of the other households of the building
    disputed: Set[UUID]  # facts whose BAG ids disagree
    settled: Set[UUID]  # facts that a person knew, and what says the same of the same contract


def explain(group: Group, groups: Sequence[Group], disputed: set[UUID]) -> dict[UUID, Match]:
    """The match of every signal of a group, whose traces are in order of report."""
    told = [trace for trace in group.traces if trace.person]
    if len(told) == 1 and len(groups) == 1 and not disputed:
        return {told[0].fact_id: Match(FIRST + (BY_PERSON if group.known_ids else ""))}
    elsewhere = [
        trace for one in groups if one is not group for trace in one.traces if trace.person
    ]
    known = group.known_ids
    settled = _settled(told, known) | _settled(elsewhere, known) if known else set()
    around = Around(told, elsewhere, disputed, settled)
    return {trace.fact_id: _match(trace, around) for trace in told}


def _settled(told: Sequence[Trace], known_ids: Set[UUID]) -> set[UUID]:
    """Signals that people knew when they decided, and later ones that say nothing new."""
    known = [trace for trace in told if trace.fact_id in known_ids]
    return {
        trace.fact_id
        for trace in told
        if trace.fact_id in known_ids or any(_says_the_same(trace, one) for one in known)
    }


def _says_the_same(later: Trace, known: Trace) -> bool:
    """Whether a later signal of a contract is of the same people, at the same door."""
    is_same_lease = (later.contract, later.address) == (known.contract, known.address)
    is_same_door = is_same_lease and later.bag_id in {None, known.bag_id}
    return is_same_door and _relation(later, known) is not Relation.OTHER


def _match(trace: Trace, around: Around) -> Match:
    told = around.told
    doubt = next(_doubts(trace, around), None)
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
    if doubt:
        return Match(f"{reason} {WORDS[doubt]}: kijk wie er woont.", doubt)
    return Match(reason + BY_PERSON if trace.fact_id in around.settled else reason)


def _doubts(trace: Trace, around: Around) -> Iterator[Doubt]:
    """Why a match is uncertain. What a person knew of both signals is not asked again."""
    is_settled = trace.fact_id in around.settled
    if trace.fact_id in around.disputed and not is_settled:
        yield Doubt.BAG_DISAGREES
    told, elsewhere = around.told, around.elsewhere
    if is_settled:
        told = [one for one in told if one.fact_id not in around.settled]
        elsewhere = [one for one in elsewhere if one.fact_id not in around.settled]
    # A landlord that gives the day on which the tenancy began leaves no doubt whose it is.
    knows_start = trace.tenancy_start is not None
    if trace.is_rent and not knows_start and any(_is_stranger(trace, one) for one in told):
        yield Doubt.TWO_LEASES
    if not trace.address.suffix and _lives_behind_an_addition(trace, elsewhere):
        yield Doubt.ADDITION_MISSING


def _is_stranger(trace: Trace, other: Trace) -> bool:
    is_other_lease = other.is_rent and trace.contract != other.contract
    return is_other_lease and _relation(trace, other) is Relation.OTHER


def _lives_behind_an_addition(trace: Trace, elsewhere: Sequence[Trace]) -> bool:
    return any(
        other.address.suffix and _relation(trace, other) is Relation.SAME for other in elsewhere
    )


def _relation(one: Trace, other: Trace) -> Relation:
    assert one.person
    assert other.person
    return relation(one.person, other.person)
