"""What triage says of signals, as far as their partners may know; signals consumes it."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, PositiveInt

from shared.contracts.envelope import Event
from shared.contracts.triage.words import ContactKind, NotTakenUpReason, PartOfDay


class SignalStatus(Event):
    """What became of one signal. A later `status_no` corrects an earlier one."""

    owner: ClassVar[str] = "triage"
    consumers: ClassVar[tuple[str, ...]] = ("signals",)

    signal_id: UUID
    status_no: PositiveInt

    @property
    def natural_key(self) -> str:
        return f"{self.signal_id}:{self.status_no}"


class SignalTakenUp(SignalStatus):
    """The signal counts in a case (DDAS: Opgepakt)."""


class SignalNotTakenUp(SignalStatus):
    """The signal does not count (DDAS: Niet opgepakt)."""

    reason: NotTakenUpReason


class ContactAttempted(Event):
    """Somebody tried to reach a household; says nothing of who works on it."""

    owner: ClassVar[str] = "triage"
    consumers: ClassVar[tuple[str, ...]] = ("signals",)

    attempt_id: UUID
    signal_ids: tuple[UUID, ...]  # the case's signals that count: their partners may know
    attempted_at: AwareDatetime
    kind: ContactKind
    part_of_day: PartOfDay
    was_reached: bool

    @property
    def natural_key(self) -> str:
        return str(self.attempt_id)


class HelpAnswer(Event):
    """What a household said to the offer of help, as far as the signals' partners may know."""

    owner: ClassVar[str] = "triage"
    consumers: ClassVar[tuple[str, ...]] = ("signals",)

    answer_id: UUID
    signal_ids: tuple[UUID, ...]  # the case's signals that count
    # When it was told late, to the partners of signals of which it was uncertain whose they were.
    told_at: AwareDatetime | None = None

    @property
    def natural_key(self) -> str:
        if self.told_at is None:
            return str(self.answer_id)
        return f"{self.answer_id}:{self.told_at.isoformat()}:{','.join(map(str, self.signal_ids))}"


class HelpAccepted(HelpAnswer):
    """The household accepted help: the partners pause collection (30 days, Divosa)."""

    collection_paused_until: date  # the last day of the pause, Amsterdam calendar


class HelpDeclined(HelpAnswer):
    """The household wants no help: collection may resume."""


class PauseEnded(HelpAnswer):
    """The pause of collection is over."""
