"""What a lead sees of a channel: how far messages go, and how far they may go next. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.notify.api.going_live import ModeChange, Modes
from services.notify.deciding import NEXT, Decision
from services.notify.gate import Mode, is_step
from shared.policy import Channel

# What waits for a person, in the order in which it is looked at.
STATES = tuple(dict.fromkeys(before for before, _ in NEXT.values()))


@dataclass(frozen=True)
class ChannelLine:
    """A channel, how far its messages go, and since whose decision."""

    channel: Channel
    mode: Mode
    change: ModeChange | None  # None: it was never let go
    further: Mode | None  # one step on; None: it is live
    back: tuple[Mode, ...]  # the nearest first


def lines_of(modes: Modes) -> list[ChannelLine]:
    """A line for each channel."""
    return [_line(channel, mode, modes.history) for channel, mode in modes.modes.items()]


def _line(channel: Channel, mode: Mode, history: Sequence[ModeChange]) -> ChannelLine:
    order = list(Mode)
    further = [one for one in order[order.index(mode) + 1 :] if is_step(mode, one)]
    return ChannelLine(
        channel=channel,
        mode=mode,
        change=next((one for one in history if one.channel is channel), None),
        further=further[0] if further else None,
        back=tuple(reversed(order[: order.index(mode)])),
    )


def decisions_of(state: str) -> list[Decision]:
    """What may be decided of an alert in this state."""
    return [decision for decision, (before, _) in NEXT.items() if before == state]


@dataclass(frozen=True)
class Ceiling:
    """How many messages went to residents today, of how many that may."""

    sent: int
    most: int

    @property
    def is_reached(self) -> bool:
        return self.sent >= self.most


@dataclass(frozen=True)
class Standing:
    """What decides now whether a message goes, beside the modes."""

    ceiling: Ceiling | None  # None: the policy does not say how residents are written to
    alive_at: datetime | None  # when triage was last heard of, real time
    is_stale: bool  # nobody can be sure now that what is known holds
    freshness_minutes: int


def ceiling_of(sent: Mapping[str, int], municipality: str, most: float) -> Ceiling:
    """Of a municipality."""
    return Ceiling(sent.get(municipality, 0), int(most))
