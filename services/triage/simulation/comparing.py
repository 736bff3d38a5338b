"""Two policies over the same households, one after the other, in bounded memory. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import md5
from heapq import heappush, heappushpop
from itertools import islice, zip_longest

from services.triage.rules import TRACKS, Decision, LivePolicy
from services.triage.simulation.households import Standing, Teams, Told
from services.triage.simulation.sides import Side, in_force, label
from services.triage.simulation.words import ENGLISH, Example, Words, example

EXAMPLES = 10
PROGRESS_EVERY = 5_000

Kind = tuple[str, str]  # from which track to which


@dataclass
class Comparison:
    """What the candidate changes, so far."""

    before: Side
    after: Side
    words: Words = ENGLISH  # of examples
    households: int = 0
    signals: int = 0
    moves: Counter[Kind] = field(default_factory=Counter)  # of those whose track changes
    priorities: int = 0  # those of whom only the priority changes
    kept_by_person: int = 0  # that move, but for a person who confirmed
    closed: int = 0  # that move, and whose case is closed
    _examples: dict[Kind, list[tuple[int, Example]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    @classmethod
    def of(
        cls, before: LivePolicy, after: LivePolicy, teams: Teams, words: Words = ENGLISH
    ) -> "Comparison":
        """Two policies, and nobody yet."""
        return cls(Side(before, teams), Side(after, teams), words)

    def take(self, households: Iterable[Told], say: Callable[[int], None]) -> None:
        """Decide for every household under both; says now and then how many there were."""
        for told in households:
            self.add(told)
            if self.households % PROGRESS_EVERY == 0:
                say(self.households)

    def add(self, told: Told) -> None:
        """Decide for one household under both."""
        before, after = self.before.decide(told), self.after.decide(told)
        self.before.add(told, before)
        self.after.add(told, after)
        self.households += 1
        self.signals += len(told.signals)
        kind = label(before), label(after)
        if kind[0] != kind[1]:
            self.moves[kind] += 1
            self.closed += told.standing is Standing.CLOSED
            self.kept_by_person += (
                told.confirmed is not None and in_force(told, after) is told.confirmed
            )
        elif after.needs_case and before.priority != after.priority:
            self.priorities += 1
        else:
            return
        self._note(kind, told, before, after)

    def _note(self, kind: Kind, told: Told, before: Decision, after: Decision) -> None:
        """Keep a few of each kind, by a hash of the name: nobody chooses them."""
        rank = -int.from_bytes(md5(told.name.encode(), usedforsecurity=False).digest()[:8])
        kept = self._examples[kind]
        if len(kept) < EXAMPLES:
            heappush(kept, (rank, example(told, before, after, self.words)))
        elif rank > kept[0][0]:
            heappushpop(kept, (rank, example(told, before, after, self.words)))

    def examples(self) -> list[Example]:
        """Ten, of as many kinds as there are; moves from track to track come first."""
        kinds = sorted(
            self._examples, key=lambda kind: (kind[0] == kind[1], -self.moves[kind], kind)
        )
        ordered = (sorted(self._examples[kind], key=lambda one: -one[0]) for kind in kinds)
        rounds = zip_longest(*ordered)
        return list(islice((one[1] for row in rounds for one in row if one), EXAMPLES))

    def never_fired(self) -> Iterator[str]:
        """Rules of the candidate that fired for nobody."""
        rules = self.after.live.policy.triage.rules
        return (rule.name for rule in rules if not self.after.fired[rule.name])

    def tracks(self) -> list[str]:
        """Every track, heaviest first."""
        return [track.value for track in reversed(TRACKS)]
