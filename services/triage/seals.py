"""The chain that seals who read which case: pure.

A seal is SHA-256 over the seal before it and the reads of its minute. So nobody changes, adds or
takes away a read, or a seal, without the chain saying from which minute on it does not fit. It
proves nothing against who writes the whole chain anew: for that a hash that was noted elsewhere
(the service logs one a day) is compared with the chain.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

MINUTE = timedelta(minutes=1)
BEGINNING = bytes(32)  # what stands before the first seal
# A service that is down for longer than that leaves minutes without a seal, and that is found.
LATE = timedelta(minutes=10)


@dataclass(frozen=True)
class Read:
    """That somebody read cases, and why."""

    no: int
    actor: str
    purpose: str
    case_ids: tuple[UUID, ...]
    read_at: datetime
    minute: datetime  # that seals it


@dataclass(frozen=True)
class Seal:
    """What closes the reads of a minute."""

    minute: datetime
    rows: int
    last_no: int
    hash: bytes
    is_anchor: bool = False  # the reads of this minute and all before it are gone after their term


@dataclass(frozen=True)
class Fault:
    """The first minute that does not fit, and why."""

    minute: datetime
    words: str


def seal(previous: bytes, minute: datetime, reads: Sequence[Read]) -> Seal:
    """The seal of a minute with these reads, in order of their numbers."""
    told = [minute.isoformat(), [_written(one) for one in reads]]
    body = json.dumps(told, separators=(",", ":"), ensure_ascii=True).encode()
    sealed = hashlib.sha256(previous + body).digest()
    return Seal(minute, len(reads), max(one.no for one in reads), sealed)


def _written(read: Read) -> list[object]:
    cases = [str(one) for one in read.case_ids]
    return [read.no, read.actor, read.purpose, cases, read.read_at.isoformat()]


def seals_of(previous: bytes, reads: Iterable[Read]) -> list[Seal]:
    """The seals of some minutes, whose reads are in order."""
    made = []
    for minute, inside in groupby(reads, key=lambda one: one.minute):
        made.append(seal(previous, minute, list(inside)))
        previous = made[-1].hash
    return made


@dataclass
class Check:
    """Goes along the chain, part by part, until something does not fit."""

    now: datetime
    term: timedelta  # that reads are kept: the chain may begin anew only before that
    previous: bytes = BEGINNING
    seals: int = 0
    reads: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def take(self, seals: Sequence[Seal], reads: Sequence[Read]) -> Fault | None:
        """Check the next seals, with all reads from there up to the last of them."""
        by_minute = {minute: list(inside) for minute, inside in groupby(reads, lambda r: r.minute)}
        known = {one.minute: one for one in seals}
        for minute in sorted({*by_minute, *known}):
            fault = self._minute(minute, known.get(minute), by_minute.get(minute, []))
            if fault:
                return Fault(minute, fault)
        return None

    def _minute(self, minute: datetime, found: Seal | None, reads: Sequence[Read]) -> str | None:
        if found is None:
            return "there are reads and no seal: one was taken away, or a read came after it"
        fault = self._anchor(found, reads) if found.is_anchor else self._fits(found, reads)
        self.first, self.last = self.first or minute, minute
        self.previous = found.hash
        self.seals += 1
        self.reads += len(reads)
        return fault

    def _anchor(self, found: Seal, reads: Sequence[Read]) -> str | None:
        if self.seals or reads:
            return "the chain begins anew in its middle"
        if found.minute > self.now - self.term:
            return "the chain begins anew before the term of what came before was over"
        return None

    def _fits(self, found: Seal, reads: Sequence[Read]) -> str | None:
        if not reads:
            return "there is a seal and no reads: they were taken away"
        if seal(self.previous, found.minute, reads) != found:
            return "reads were changed, added or taken away, or the seal before is gone"
        return None

    def end(self, unsealed: Sequence[datetime]) -> Fault | None:
        """Check what comes after the last seal: minutes that are over must have one soon."""
        late = [minute for minute in unsealed if minute + MINUTE + LATE < self.now]
        return Fault(late[0], "the minute is long over and has no seal") if late else None
