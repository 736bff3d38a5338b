"""The one path behind every way in: judge, keep, sign, publish, answer.

AMQP, HTTP and tables all come here, with a batch in a transaction. What is valid and new is kept
with its receipt and published; what is known gets the receipt that it got before; what is refused
leaves its faults and nothing of what it said.
"""

import hmac
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from services.signals import rules
from services.signals.arrivals import Arrival
from services.signals.keys import Keyring
from services.signals.receipts import SALT_BYTES, Signer, base64url, salted_hash
from services.signals.rules import Accepted, Refused
from services.signals.situation import Partner
from services.signals.sql import events as event_sql
from services.signals.sql import partners as partner_sql
from services.signals.sql import refusals as refusal_sql
from services.signals.sql.events import Kept, Signed
from services.signals.texts import fault
from shared import clock, log
from shared.contracts.envelope import Event
from shared.contracts.signals import EventAccepted, EventRefused, Fault
from shared.db import Tx
from shared.policy.shelf import Shelf

logger = log.get()


@dataclass(frozen=True)
class Office:
    """What taking in needs besides a transaction."""

    shelf: Shelf
    keyring: Keyring
    signer: Signer

    def is_same(self, one: Accepted, kept: Kept) -> bool:
        """Whether this is what was kept under its id; of a purged one its fingerprint says so.

        What was not known when it was accepted does not count: the contract may know it by now.
        """
        canonical = _as_accepted(one, kept)
        if kept.salt is not None:
            return salted_hash(kept.salt, canonical) == kept.content_hash
        return hmac.compare_digest(self.keyring.fingerprint(canonical), kept.fingerprint or b"")


def _as_accepted(one: Accepted, kept: Kept) -> bytes:
    """The form of an event that was signed when it was accepted."""
    if set(kept.unknown) <= set(one.unknown):
        return one.canonical
    return rules.canonical_form(one.document, {*one.unknown, *kept.unknown})


class Result(StrEnum):
    """What became of an arrival; the values are what partners read."""

    ACCEPTED = "aangenomen"
    KNOWN = "bekend"
    REFUSED = "geweigerd"


@dataclass(frozen=True)
class Outcome:
    """What became of an arrival, as its sender may know."""

    result: Result
    event_id: str | None
    source: str | None = None
    fact_id: UUID | None = None
    receipt: str | None = None
    salt: str | None = None
    canonical: bytes | None = None  # the event as accepted, while its body is kept
    unknown: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


async def take_in(
    tx: Tx, arrivals: Sequence[Arrival], office: Office
) -> tuple[list[Outcome], list[Event]]:
    """Take in a batch; the outcomes in order, and the events to publish."""
    senders = {one.partner_id for one in arrivals if one.partner_id}
    known = await partner_sql.load_partners(tx, senders)
    policies, now = await office.shelf.current(tx), clock.now()
    judged = [rules.judge(one, known, policies, now) for one in arrivals]
    batch = Batch(office, dict(enumerate(judged)))
    await batch.keep(tx, arrivals)
    if refused := [one for one in batch.judged.values() if isinstance(one, Refused)]:
        await _note_refusals(tx, refused)
    facts = [one.fact for fact_id, one in batch.first.items() if fact_id in batch.new_ids]
    return batch.outcomes(), [*facts, *batch.answers(arrivals, known)]


@dataclass
class Batch:
    """What was judged of a batch, and what turned out to be known."""

    office: Office
    judged: dict[int, Accepted | Refused]  # by its place in the batch
    first: dict[UUID, Accepted] = field(default_factory=dict)  # of the arrivals with one id
    kept: dict[UUID, Kept] = field(default_factory=dict)  # under each id, in the end
    new_ids: set[UUID] = field(default_factory=set)

    async def keep(self, tx: Tx, arrivals: Sequence[Arrival]) -> None:
        """Store what is new; what is known is counted, or, with another body, refused."""
        accepted = {no: one for no, one in self.judged.items() if isinstance(one, Accepted)}
        for one in accepted.values():
            self.first.setdefault(one.fact.fact_id, one)
        if not self.first:
            return
        signed = await self._sign(tx)
        self.new_ids = await event_sql.insert_events(tx, signed, clock.now())
        self.kept = {one.accepted.fact.fact_id: _as_kept(one) for one in signed}
        if known_ids := self.first.keys() - self.new_ids:
            self.kept |= await event_sql.load_kept(tx, known_ids)
        await self._count_or_refuse(tx, accepted, arrivals)

    async def _sign(self, tx: Tx) -> list[Signed]:
        municipalities = {one.fact.municipality for one in self.first.values()}
        keys = await self.office.keyring.active(tx, municipalities)
        now = clock.now()
        return [
            Signed(
                one,
                self.office.signer.sign(
                    one, secrets.token_bytes(SALT_BYTES), keys[one.fact.municipality], now
                ),
                self.office.keyring.fingerprint(one.canonical),
            )
            for one in self.first.values()
        ]

    async def _count_or_refuse(
        self, tx: Tx, accepted: Mapping[int, Accepted], arrivals: Sequence[Arrival]
    ) -> None:
        again: Counter[UUID] = Counter()
        for no, one in accepted.items():
            fact_id = one.fact.fact_id
            if self._is_new(one):
                continue
            if not self.office.is_same(one, self.kept[fact_id]):
                reused = [fault("id_reused", "id")]
                self.judged[no] = rules.refuse(arrivals[no], one.event_id, reused)
            elif not arrivals[no].redelivered:
                again[fact_id] += 1
        if again:
            await event_sql.save_sightings(tx, again)

    def _is_new(self, one: Accepted) -> bool:
        return one.fact.fact_id in self.new_ids and one is self.first[one.fact.fact_id]

    def outcomes(self) -> list[Outcome]:
        """What became of each arrival, in order."""
        return [self._outcome(one) for _, one in sorted(self.judged.items())]

    def _outcome(self, one: Accepted | Refused) -> Outcome:
        if isinstance(one, Refused):
            return Outcome(Result.REFUSED, one.event_id, faults=one.faults)
        kept = self.kept[one.fact.fact_id]
        return Outcome(
            Result.ACCEPTED if self._is_new(one) else Result.KNOWN,
            one.event_id,
            source=one.source,
            fact_id=one.fact.fact_id,
            receipt=kept.receipt,
            salt=base64url(kept.salt) if kept.salt is not None else None,
            canonical=_as_accepted(one, kept) if kept.salt is not None else None,
            unknown=one.unknown,
        )

    def answers(self, arrivals: Sequence[Arrival], known: Mapping[str, Partner]) -> Iterator[Event]:
        """What goes to the feedback queues of the partners that asked for one.

        Who sends a known event again by AMQP has no other answer: it gets the first one again,
        with the same id. Over HTTP the answer is in the response.
        """
        asked = {partner.id for partner in known.values() if partner.wants_feedback}
        told: set[UUID] = set()
        for no, one in self.judged.items():
            if one.partner_id not in asked:
                continue
            if isinstance(one, Refused):
                yield _refusal(one)
            elif self._is_new(one) or arrivals[no].routing_key is not None:
                if one.fact.fact_id not in told:
                    yield _acceptance(one, self.kept[one.fact.fact_id])
                told.add(one.fact.fact_id)


def _as_kept(signed: Signed) -> Kept:
    receipt = signed.receipt
    return Kept(
        receipt.salt,
        receipt.content_hash,
        receipt.token,
        signed.accepted.unknown,
        signed.fingerprint,
    )


def _acceptance(one: Accepted, kept: Kept) -> EventAccepted:
    assert kept.receipt is not None
    return EventAccepted(
        partner_id=one.partner_id,
        fact_id=one.fact.fact_id,
        accepted_id=one.event_id,
        source=one.source,
        receipt=kept.receipt,
        salt=base64url(kept.salt) if kept.salt is not None else None,
    )


def _refusal(refused: Refused) -> EventRefused:
    assert refused.partner_id is not None
    return EventRefused(
        refusal_id=refused.refusal_id,
        partner_id=refused.partner_id,
        refused_id=refused.event_id,
        message_id=refused.message_id,
        faults=refused.faults,
    )


async def _note_refusals(tx: Tx, refused: Sequence[Refused]) -> None:
    """Keep what was wrong, and how often the same came."""
    new_ids = await refusal_sql.insert_refusals(tx, refused, clock.now())
    again: Counter[UUID] = Counter()
    for one in refused:
        if one.refusal_id in new_ids:
            new_ids.remove(one.refusal_id)
        elif not one.redelivered:
            again[one.refusal_id] += 1
    if again:
        await refusal_sql.save_refusal_sightings(tx, again, clock.now())
    logger.info("events_refused", count=len(refused))


async def preview(tx: Tx, arrivals: Sequence[Arrival], office: Office) -> list[Outcome]:
    """What taking in would give; nothing is written, and nobody is told."""
    senders = {one.partner_id for one in arrivals if one.partner_id}
    known = await partner_sql.load_partners(tx, senders)
    policies, now = await office.shelf.current(tx), clock.now()
    judged = [rules.judge(one, known, policies, now) for one in arrivals]
    accepted = [one for one in judged if isinstance(one, Accepted)]
    kept = await event_sql.load_kept(tx, {one.fact.fact_id for one in accepted})
    first: dict[UUID, Accepted] = {}
    return [_previewed(one, office, kept, first) for one in judged]


def _previewed(
    one: Accepted | Refused, office: Office, kept: Mapping[UUID, Kept], first: dict[UUID, Accepted]
) -> Outcome:
    if isinstance(one, Refused):
        return Outcome(Result.REFUSED, one.event_id, faults=one.faults)
    fact_id = one.fact.fact_id
    before = kept.get(fact_id)
    if before:
        is_same = office.is_same(one, before)
    else:
        is_same = first.get(fact_id, one).canonical == one.canonical
    if not is_same:
        return Outcome(Result.REFUSED, one.event_id, faults=(fault("id_reused", "id"),))
    is_new = before is None and fact_id not in first
    first.setdefault(fact_id, one)
    result = Result.ACCEPTED if is_new else Result.KNOWN
    return Outcome(result, one.event_id, source=one.source, fact_id=fact_id, unknown=one.unknown)
