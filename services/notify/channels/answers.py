"""What a gateway said, in words of our own: pure."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What became of a message, as far as the gateway told."""

    ACCEPTED = "accepted"
    TEMPORARY = "temporary"  # try again later
    PERMANENT = "permanent"  # no use trying again
    UNKNOWN = "unknown"  # it may have been taken: the answer never came


@dataclass(frozen=True)
class Answer:
    """An outcome, with the gateway's code and no text of its own: that may quote an address."""

    outcome: Outcome
    code: str
    gateway_id: str | None = None  # by which the gateway knows the message
    text_version: str | None = None  # of the template that it was written by
    # What became of it, as receipts name it; None: it is on its way, or the gateway does not say.
    status: str | None = None
