"""What becomes of a notification, settled when it is accepted; without I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from deploy.local.gateway_behaviour import Completed, Switches
from deploy.local.notify_requests import Kind

STALE_AFTER_SECONDS = 0.2


@dataclass(frozen=True)
class Change:
    """A status that a notification has from a moment on."""

    status: str
    at: datetime


@dataclass(frozen=True)
class Call:
    """A callback about a status, due at a moment, or lost on the way."""

    about: Change
    due_at: datetime
    is_lost: bool = False


@dataclass(frozen=True)
class Plan:
    """The statuses in their order, and what is called back."""

    changes: Sequence[Change]
    calls: Sequence[Call]


def plan(kind: Kind, to: str, switches: Switches, now: datetime, *, calls_back: bool) -> Plan:
    """Settle it by the switches that are on now, and count them down."""
    behaviour = switches.now
    created = Change("created", now)
    if switches.take("vanish_next"):
        return Plan([created], [])
    sending = Change("sending", now + timedelta(seconds=behaviour.sending_seconds))
    outcome = behaviour.outcome_for(to)
    if outcome is None:
        return Plan([created, sending], [])
    end = Change(outcome, now + timedelta(seconds=behaviour.completed_seconds))
    # Of a letter only its delivery is called back, as the real one does.
    if not calls_back or (kind == "letter" and outcome != "delivered"):
        return Plan([created, sending, end], [])
    before, calls = _calls(sending, end, outcome, switches)
    return Plan([created, sending, *before, end], calls)


def _calls(
    sending: Change, end: Change, outcome: Completed, switches: Switches
) -> tuple[list[Change], list[Call]]:
    due_at = end.at + timedelta(seconds=switches.now.callback_late_seconds)
    call = Call(end, due_at, is_lost=switches.take("callback_lost_next"))
    calls = [call, call] if switches.take("callback_twice_next") else [call]
    if not switches.take("callback_wrong_order_next"):
        return [], calls
    stale_at = due_at + timedelta(seconds=STALE_AFTER_SECONDS)
    if outcome == "temporary-failure":
        return [], [*calls, Call(sending, stale_at)]
    failed = Change("temporary-failure", sending.at + (end.at - sending.at) / 2)
    return [failed], [*calls, Call(failed, stale_at)]
