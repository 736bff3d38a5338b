"""Which facts are of one household: pure, and the same for every order of arrival.

A household is an address and a period of residence. A tenancy that starts, an eviction that was
carried out or a check that somebody moved begins a new one, so that nobody inherits the file of who
lived there before. What a person decided goes over all of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from itertools import combinations
from uuid import UUID

from services.triage.addresses import Address, may_stand_for
from services.triage.matches import Match, explain
from services.triage.persons import Relation, relation
from services.triage.traces import Group, Trace
from shared.contracts.envelope import derived_id

ALWAYS = date.min  # the start of a period of which no start is known


class VerdictKind(StrEnum):
    """What a person decided about who belongs together."""

    TOGETHER = "together"  # the households of these facts are one
    APART = "apart"  # the contracts of these facts are a household of their own
    AS_IS = "as_is"  # the household of this fact is right


@dataclass(frozen=True)
class Verdict:
    """What a person decided; later ones go over earlier ones."""

    id: UUID
    kind: VerdictKind
    fact_ids: tuple[UUID, ...]
    known_ids: frozenset[UUID]  # of the building by then: no doubt about later facts is settled


@dataclass(frozen=True)
class Residence:
    """A household: who lived at an address from a day on, and the facts that concern them."""

    household_id: UUID
    address: Address
    since: date  # ALWAYS when no start is known
    fact_ids: tuple[UUID, ...]
    is_new: bool
    matches: Mapping[UUID, Match] = field(default_factory=dict)  # of each signal


def residences(
    traces: Sequence[Trace], verdicts: Sequence[Verdict] = (), *, is_multi_let: bool = False
) -> list[Residence]:
    """The households of a building; a household that exists stays with its earliest fact."""
    ordered = sorted(traces, key=lambda trace: trace.order)
    known = {trace.fact_id for trace in ordered}
    units, disputed = _units(ordered)
    groups = [group for home in _homes(units, verdicts) for group in _periods(home, known)]
    if is_multi_let:
        groups = [part for group in groups for part in _by_person(group)]
    groups = _obey(groups, verdicts)
    _let_follow(groups, [trace for trace in ordered if trace.follows in known])
    groups.sort(key=lambda group: (group.since, group.traces[0].order))
    ids = _ids(groups)
    return [
        _residence(group, ids[no], explain(group, groups, disputed))
        for no, group in enumerate(groups)
    ]


def _residence(group: Group, known: tuple[UUID, bool], matches: Mapping[UUID, Match]) -> Residence:
    household_id, is_new = known
    fact_ids = tuple(trace.fact_id for trace in group.traces)
    address = group.traces[0].address
    return Residence(household_id, address, group.since, fact_ids, is_new, matches)


def _units(traces: Sequence[Trace]) -> tuple[list[list[Trace]], set[UUID]]:
    """Front doors, each with its traces in order; and the facts whose BAG ids disagree.

    One BAG id under two spellings makes them one door, if one spelling may stand for the other.
    """
    by_suffix: dict[str, list[Trace]] = defaultdict(list)
    suffixes_of: dict[str, set[str]] = defaultdict(set)
    for trace in traces:
        by_suffix[trace.address.suffix].append(trace)
        if trace.bag_id:
            suffixes_of[trace.bag_id].add(trace.address.suffix)
    if len(by_suffix) == 1 and len(suffixes_of) < 2:
        return list(by_suffix.values()), set()
    door = {suffix: suffix for suffix in by_suffix}
    disputed_doors: set[str] = set()
    for suffixes in suffixes_of.values():
        for one, other in combinations(sorted(suffixes), 2):
            if may_stand_for(one, other):
                _join(door, one, other)
            else:
                disputed_doors |= {one, other}
    units: dict[str, list[Trace]] = defaultdict(list)
    for suffix in sorted(by_suffix):
        units[_root(door, suffix)] += by_suffix[suffix]
    for unit in units.values():
        unit.sort(key=lambda trace: trace.order)
    return list(units.values()), _disputed(units.values(), disputed_doors)


def _disputed(units: Iterable[Sequence[Trace]], doors: set[str]) -> set[UUID]:
    """Facts with a BAG id that another door has, or of a door that has two."""
    found = set()
    for unit in units:
        has_two = len({trace.bag_id for trace in unit if trace.bag_id}) > 1
        for trace in unit:
            if trace.bag_id and (has_two or trace.address.suffix in doors):
                found.add(trace.fact_id)
    return found


def _join(parents: dict[str, str], one: str, other: str) -> None:
    first, second = sorted((_root(parents, one), _root(parents, other)))
    parents[second] = first


def _root(parents: Mapping[str, str], name: str) -> str:
    while parents[name] != name:
        name = parents[name]
    return name


@dataclass
class _Home:
    """Front doors whose households a person put together, each with its traces; mostly one."""

    doors: list[Sequence[Trace]] = field(default_factory=list)
    anchors: set[UUID] = field(default_factory=set)  # the facts by which they were put together


def _homes(units: Sequence[Sequence[Trace]], verdicts: Sequence[Verdict]) -> Iterable[_Home]:
    if not verdicts:
        return [_Home([unit]) for unit in units]
    door_of = {trace.fact_id: str(no) for no, unit in enumerate(units) for trace in unit}
    parents = {door: door for door in door_of.values()}
    anchors: set[UUID] = set()
    for verdict in verdicts:
        found = [one for one in verdict.fact_ids if one in door_of]
        doors = sorted({door_of[one] for one in found})
        if verdict.kind is VerdictKind.TOGETHER and len(doors) > 1:
            anchors.update(found)
            for door in doors[1:]:
                _join(parents, doors[0], door)
    homes: dict[str, _Home] = defaultdict(_Home)
    for no, unit in enumerate(units):
        home = homes[_root(parents, str(no))]
        home.doors.append(unit)
        home.anchors |= {trace.fact_id for trace in unit if trace.fact_id in anchors}
    return homes.values()


def _periods(home: _Home, known: set[UUID]) -> Iterator[Group]:
    """The periods of residence in one home, without what follows another fact.

    Who comes to live behind one of its doors comes to live behind all, and inherits no file by the
    other. In the last period of those who were put together all doors are theirs; in a later one
    each door is a household of its own, until somebody says otherwise.
    """
    starts = {start for door in home.doors for start in _starts(door)}
    by_period: dict[tuple[int, date], list[Trace]] = {}
    together = ALWAYS
    for no, door in enumerate(home.doors):
        for trace in door:
            if trace.follows not in known:
                since = _period(trace, starts)
                by_period.setdefault((no, since), []).append(trace)
                together = max(together, since) if trace.fact_id in home.anchors else together
    joined: list[Trace] = []
    for (_, since), traces in by_period.items():
        if home.anchors and since == together:
            joined += traces
        else:
            yield Group(since, traces)
    if joined:
        yield Group(together, sorted(joined, key=lambda trace: trace.order))


def _starts(door: Sequence[Trace]) -> set[date]:
    """On which days somebody else came to live behind a door."""
    starts = {trace.tenancy_start for trace in door if trace.tenancy_start}
    return starts | {trace.left_on + timedelta(days=1) for trace in door if trace.left_on}


def _period(trace: Trace, starts: set[date]) -> date:
    if trace.tenancy_start:
        return trace.tenancy_start
    day = trace.left_on or trace.reported_on
    return max((start for start in starts if start <= day), default=ALWAYS)


def _by_person(group: Group) -> Iterator[Group]:
    """Who lets rooms apart has a household behind each surname; a fact follows its contract."""
    parts: list[list[Trace]] = []
    for trace in group.traces:
        alike = [part for part in parts if _is_of(trace, part)]
        if alike:
            alike[0].append(trace)
            for part in alike[1:]:
                alike[0].extend(part)
                parts.remove(part)
        else:
            parts.append([trace])
    for part in parts:
        yield Group(group.since, sorted(part, key=lambda trace: trace.order))


def _is_of(trace: Trace, part: Sequence[Trace]) -> bool:
    if any(trace.contract == other.contract for other in part):
        return True
    known = [other.person for other in part if other.person]
    return bool(trace.person) and any(
        relation(trace.person, person) is not Relation.OTHER for person in known if trace.person
    )


def _obey(groups: list[Group], verdicts: Sequence[Verdict]) -> list[Group]:
    """Do as people decided, in their order."""
    for verdict in verdicts:
        wanted = set(verdict.fact_ids)
        concerned = [one for one in groups if any(t.fact_id in wanted for t in one.traces)]
        if not concerned:
            continue
        if verdict.kind is VerdictKind.TOGETHER:
            groups = [*(one for one in groups if one not in concerned), _together(concerned)]
        elif verdict.kind is VerdictKind.APART:
            groups = [part for one in groups for part in _apart(one, wanted)]
        for one in groups:
            if any(trace.fact_id in wanted for trace in one.traces):
                one.known_ids |= wanted | verdict.known_ids
    return groups


def _let_follow(groups: Sequence[Group], followers: Sequence[Trace]) -> None:
    """Put what workers entered with the household that they entered it for."""
    home = {trace.fact_id: group for group in groups for trace in group.traces if followers}
    while followers:
        placed = [trace for trace in followers if trace.follows in home]
        assert placed, "a fact that follows itself"
        for trace in placed:
            assert trace.follows
            home[trace.follows].traces.append(trace)
            home[trace.fact_id] = home[trace.follows]
        followers = [trace for trace in followers if trace.fact_id not in home]


def _together(groups: Sequence[Group]) -> Group:
    traces = sorted((t for one in groups for t in one.traces), key=lambda trace: trace.order)
    known_ids = {fact_id for one in groups for fact_id in one.known_ids}
    return Group(min(one.since for one in groups), traces, known_ids)


def _apart(group: Group, fact_ids: set[UUID]) -> Iterator[Group]:
    """What is of the contracts of these facts, and the rest; what comes later follows them."""
    contracts = {one.contract for one in group.traces if one.fact_id in fact_ids}
    out = [one for one in group.traces if one.contract in contracts]
    rest = [one for one in group.traces if one.contract not in contracts]
    for part in (out, rest):
        if part:
            yield Group(group.since, part, set(group.known_ids))


def _ids(groups: Sequence[Group]) -> list[tuple[UUID, bool]]:
    """The household of each group, and whether it is new.

    A household that exists stays with its earliest fact; of two in one group, the first one stays.
    """
    home: dict[UUID, int] = {}
    keepers: dict[int, UUID] = {}
    for no, group in enumerate(groups):
        for trace in group.traces:
            if trace.household_id and trace.household_id not in home:
                home[trace.household_id] = no
                keepers.setdefault(no, trace.household_id)
    taken = set(keepers.values())
    found = []
    for no, group in enumerate(groups):
        new_id = _new_id(group, taken) if no not in keepers else keepers[no]
        taken.add(new_id)
        found.append((new_id, no not in keepers))
    return found


def _new_id(group: Group, taken: set[UUID]) -> UUID:
    """An id that follows from the first fact: a merge that is undone gives back what was."""
    first = group.traces[0]
    key = ("household", first.address.id, group.since, first.fact_id)
    found, number = derived_id(*key), 1
    while found in taken:
        number += 1
        found = derived_id(*key, number)
    return found
