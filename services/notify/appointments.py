"""The calendar part of a mail (RFC 5546): a request, or a cancellation with the same UID. Pure.

Who is invited no longer gets a cancellation without a status: it is theirs only, for what they were
invited to may go on (3.2.5). Each mail about it has a higher sequence than the one before.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from icalendar import Calendar, Event, vCalAddress, vText

from services.notify.schedule import PASSED_ON, Alert
from services.notify.subjects import DATED, Subject
from shared.clock import AMSTERDAM

# A hearing or an eviction has no announced end; a calendar needs one.
HOURS_IN_CALENDAR = 1
CALLED_OFF = "_cancelled"
WITH_CALENDAR = ("_set", "_moved", CALLED_OFF, PASSED_ON)


@dataclass(frozen=True)
class Invitation:
    """Who invites whom."""

    name: str
    address: str
    mail_from: str
    domain: str


def calendar_of(
    alert: Alert, subject: Subject, words: str, whom: Invitation, now: datetime
) -> Calendar | None:
    """What puts a visit, hearing or eviction into a calendar, moves it or takes it out."""
    if subject.kind not in DATED or not alert.template.endswith(WITH_CALENDAR):
        return None
    is_off = alert.template.endswith((CALLED_OFF, PASSED_ON))
    event = Event()
    event.add("uid", f"{subject.kind}-{subject.key}@{whom.domain}")
    event.add("sequence", alert.sequence)
    event.add("dtstamp", now)
    if not alert.is_passed_on:
        event.add("status", "CANCELLED" if is_off else "CONFIRMED")
    event.add("summary", words.partition(":")[0])
    if subject.at and not is_off:
        event.add("dtstart", subject.at.astimezone(AMSTERDAM))
        ends_at = subject.ends_at or subject.at + timedelta(hours=HOURS_IN_CALENDAR)
        event.add("dtend", ends_at.astimezone(AMSTERDAM))
    event.add("organizer", vCalAddress(f"MAILTO:{whom.mail_from}"))
    attendee = vCalAddress(f"MAILTO:{whom.address}")
    attendee.params["cn"] = vText(whom.name)
    event.add("attendee", attendee)
    calendar = Calendar()
    calendar.add("prodid", "-//Voordeur//notify//NL")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if is_off else "REQUEST")
    calendar.add_component(event)
    return calendar
