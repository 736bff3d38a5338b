"""The gate, just before sending: may this alert go out now? Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.notify.recipients import Recipient
from services.notify.schedule import Alert, addressee_of, still_fits
from services.notify.subjects import CaseFile, Subject
from shared.clock import amsterdam_day
from shared.contracts.triage import ContactRestriction
from shared.policy import Channel

HANDED_OVER = "iemand anders behandelt de zaak nu"


class Mode(StrEnum):
    """How far messages to residents go, for one municipality and channel."""

    OFF = "off"
    SHADOW = "shadow"  # all but the sending
    GUESTS = "guests"  # only to numbers and addresses on a list
    LIVE = "live"


def is_step(of: Mode, to: Mode) -> bool:
    """Whether messages may go so far from here: back anywhere, on by one step only."""
    order = list(Mode)
    return order.index(to) <= order.index(of) + 1


Modes = Mapping[tuple[str, Channel], Mode]  # of municipalities; what is not there is off


def open_channels(modes: Modes, municipality: str) -> frozenset[Channel]:
    """By which channels residents are written to, or would be."""
    return frozenset(
        channel for channel in Channel if modes.get((municipality, channel), Mode.OFF) != Mode.OFF
    )


class Verdict(StrEnum):
    """What becomes of an alert at the gate."""

    SEND = "send"
    STOP = "stop"  # what it says no longer holds, or must not be said
    HOLD = "hold"  # a person has to look first
    LATER = "later"  # nobody can know now whether it holds
    QUIET = "quiet"  # it waits until the quiet hours end
    SHADOW = "shadow"  # it would have gone


@dataclass(frozen=True)
class Ruling:
    """A verdict and why, in Dutch."""

    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True)
class Situation:
    """What the gate has to know, besides the alert and what it is about."""

    now: datetime
    is_fresh: bool  # nothing that might supersede it waits, and triage was heard of late
    mode: Mode  # of the municipality and the alert's channel
    is_guest: bool
    is_all_stopped: bool  # the one switch
    is_over_ceiling: bool
    quiet_until: datetime | None = None  # None: residents may be written to at this hour


def rule(alert: Alert, subject: Subject | None, case: CaseFile, situation: Situation) -> Ruling:
    """Whether an alert may go out now."""
    if reason := why_stopped(alert, subject, case, situation.now):
        return Ruling(Verdict.STOP, reason)
    if not alert.is_to_resident:
        return Ruling(Verdict.SEND)
    return _to_resident(alert, situation)


def why_stopped(alert: Alert, subject: Subject | None, case: CaseFile, now: datetime) -> str | None:
    """Why this alert may not go out at all; None when it may."""
    if subject is None:
        return "het feit is onbekend"
    if not subject.may_be_told(case):
        return "de zaak is gesloten"
    recipient = addressee_of(alert, case, subject)
    if alert.is_to_resident:
        if reason := _why_silent(alert, case, recipient, now):
            return reason
    elif recipient is None:
        return "wie dit had, doet het weer" if alert.is_passed_on else HANDED_OVER
    if not still_fits(alert, subject, case):
        return "het feit is veranderd of vervallen"
    if alert.expires_at and alert.expires_at <= now:
        return "het tijdstip is voorbij"
    return None


def _why_silent(
    alert: Alert, case: CaseFile, recipient: Recipient | None, now: datetime
) -> str | None:
    """Why nothing goes to this household."""
    if not case.is_confirmed:
        return "nog niemand heeft de aanpak bevestigd"
    if case.has_objection:
        return "de bewoner heeft bezwaar"
    if {ContactRestriction.NO_LETTERS, ContactRestriction.NO_APPROACH} & case.restrictions:
        return "er is afgesproken dat niemand schrijft"
    if case.paused_until and amsterdam_day(now) < case.paused_until:
        return "de zaak rust"
    if case.wishes.has_opted_out:
        return "de bewoner wil geen berichten"
    if recipient is None or alert.channel not in recipient.contacts:
        return "dit nummer of adres geldt niet meer"
    return None


def _to_resident(alert: Alert, situation: Situation) -> Ruling:
    if situation.mode is Mode.OFF:
        return Ruling(Verdict.STOP, "de gemeente stuurt zo nog niets aan bewoners")
    if not situation.is_fresh:
        return Ruling(Verdict.LATER, "onzeker of dit nog geldt")
    if situation.mode is Mode.SHADOW or (situation.mode is Mode.GUESTS and not situation.is_guest):
        return Ruling(Verdict.SHADOW, "proef: niet verstuurd")
    if situation.quiet_until:
        return Ruling(Verdict.QUIET, "het is nu stil: bewoners worden niet gestoord")
    if situation.is_all_stopped:
        return Ruling(Verdict.HOLD, "alle berichten aan bewoners zijn stilgezet")
    if situation.is_over_ceiling and not alert.is_released:
        return Ruling(Verdict.HOLD, "het dagmaximum is bereikt")
    return Ruling(Verdict.SEND)
