"""What mails say: pure. Plain Dutch, a reason, a term and a link; no detail of the household."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from icalendar import Calendar, Event, vCalAddress, vText

from services.notify.schedule import Alert, CaseFile, Subject
from shared.clock import AMSTERDAM
from shared.contracts.triage import Person

WEEKDAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
MONTHS = (
    "januari", "februari", "maart", "april", "mei", "juni",
    "juli", "augustus", "september", "oktober", "november", "december",
)  # fmt: skip
# A hearing or an eviction has no announced end; a calendar needs one.
HOURS_IN_CALENDAR = 1

SUBJECTS = {
    "assignment_set": "Nieuwe zaak {reference}",
    "track_set": "Zaak {reference}: andere aanpak",
    "visit_set": "Huisbezoek zaak {reference}: {when}",
    "visit_reminder": "Herinnering huisbezoek zaak {reference}: {when}",
    "visit_moved": "Huisbezoek zaak {reference} verplaatst naar {when}",
    "visit_cancelled": "Huisbezoek zaak {reference} gaat niet door",
    "hearing_set": "Zitting zaak {reference}: {when}",
    "hearing_reminder": "Herinnering zitting zaak {reference}: {when}",
    "hearing_moved": "Zitting zaak {reference} verplaatst naar {when}",
    "hearing_cancelled": "Zitting zaak {reference} {off}",
    "eviction_set": "Ontruiming zaak {reference}: {when}",
    "eviction_reminder": "Herinnering ontruiming zaak {reference}: {when}",
    "eviction_moved": "Ontruiming zaak {reference} verplaatst naar {when}",
    "eviction_cancelled": "Ontruiming zaak {reference} {off}",
    "summons_set": "Zaak {reference}: de huurder is gedagvaard",
    "judgment_set": "Zaak {reference}: er is vonnis gewezen",
    "objection_set": "Zaak {reference}: de bewoner heeft bezwaar",
}
BODIES = {
    "assignment_set": "U behandelt zaak {reference}. {reason}",
    "track_set": "De voorgestelde aanpak van zaak {reference} is veranderd. {reason}",
    "visit_set": "U gaat op huisbezoek: {when}.",
    "visit_reminder": "Denk aan het huisbezoek: {when}.",
    "visit_moved": "Het huisbezoek is verplaatst. U gaat nu: {when}.",
    "visit_cancelled": "Het huisbezoek gaat niet door. U hoeft niet te gaan.",
    "hearing_set": "Er is een zitting ({kind}): {when}, {court}, {place}.",
    "hearing_reminder": "Denk aan de zitting ({kind}): {when}, {court}, {place}.",
    "hearing_moved": "De zitting ({kind}) is verplaatst. Die is nu: {when}, {court}, {place}.",
    "hearing_cancelled": "De zitting ({kind}) bij {court} {off}.",
    "eviction_set": "Er is een ontruiming aangezegd: {when}, door {bailiff}.",
    "eviction_reminder": "De ontruiming is {when}, door {bailiff}. Wat kan die nog voorkomen?",
    "eviction_moved": "De ontruiming is verplaatst. Die is nu: {when}, door {bailiff}.",
    "eviction_cancelled": "De ontruiming {off}.",
    "summons_set": "De huurder is op {on} gedagvaard voor {court}.",
    "judgment_set": "Op {on} is vonnis gewezen door {court}: {outcome}. De zaak blijft open.",
    "objection_set": "De bewoner heeft bezwaar tegen het signaal. Neem geen contact op en "
    "beslis of de zaak dicht kan.",
}
CALLED_OFF = "_cancelled"
WITH_CALENDAR = ("_set", "_moved", CALLED_OFF)


@dataclass(frozen=True)
class Sender:
    """In whose name mails go out."""

    mail_from: str
    site_url: str

    @property
    def domain(self) -> str:
        return self.mail_from.rpartition("@")[2]


@dataclass(frozen=True)
class Item:
    """An alert with what it speaks of."""

    alert: Alert
    subject: Subject
    case: CaseFile


def write_mail(
    items: Sequence[Item], recipient: Person, sender: Sender, message_id: str, now: datetime
) -> EmailMessage:
    """One mail for one person about one item, or about several in a digest."""
    mail = EmailMessage()
    mail["From"] = f"Voordeur <{sender.mail_from}>"
    mail["To"] = recipient.email
    mail["Date"] = now
    mail["Message-ID"] = message_id
    mail["X-Voordeur-Alerts"] = " ".join(str(item.alert.id) for item in items)
    mail["X-Voordeur-Written-At"] = now.isoformat()
    mail["Auto-Submitted"] = "auto-generated"
    lines = [line_of(item, sender) for item in items]
    if len(items) == 1:
        mail["Subject"] = SUBJECTS[items[0].alert.template].format_map(facts_of(items[0]))
    else:
        mail["Subject"] = f"{len(items)} berichten over uw zaken"
    mail.set_content(f"Beste {recipient.name},\n\n" + "\n\n".join(lines) + "\n\nVoordeur\n")
    if len(items) == 1 and (calendar := calendar_of(items[0], recipient, sender, now)):
        method = calendar["method"]
        mail.add_attachment(
            calendar.to_ical(),
            maintype="text",
            subtype="calendar",
            filename="afspraak.ics",
            params={"method": str(method), "charset": "utf-8"},
        )
    return mail


def line_of(item: Item, sender: Sender) -> str:
    """What one item says, with the link to its case."""
    said = BODIES[item.alert.template].format_map(facts_of(item))
    return f"{said}\nZaak {item.case.reference}: {sender.site_url}/?id={item.case.reference}"


def facts_of(item: Item) -> Mapping[str, Any]:
    """The words that templates can use."""
    at, details = item.subject.at, item.subject.details or {}
    return {
        "reference": item.case.reference,
        "off": "heeft nog geen nieuw tijdstip" if details.get("unknown") else "gaat niet door",
        "when": in_words(at) if at else "",
        **details,
    }


def in_words(instant: datetime) -> str:
    """`donderdag 2 april 2026 om 10.30 uur`, on the Amsterdam clock."""
    local = instant.astimezone(AMSTERDAM)
    day = f"{WEEKDAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]} {local.year}"
    return f"{day} om {local:%H.%M} uur"


def calendar_of(item: Item, recipient: Person, sender: Sender, now: datetime) -> Calendar | None:
    """The calendar part (RFC 5546): a request, or a cancellation with the same UID."""
    template, subject = item.alert.template, item.subject
    has_date = template.startswith(("visit_", "hearing_", "eviction_"))
    if not has_date or not template.endswith(WITH_CALENDAR):
        return None
    is_off = template.endswith(CALLED_OFF)
    event = Event()
    event.add("uid", f"{subject.kind}-{subject.key}@{sender.domain}")
    event.add("sequence", subject.revision)
    event.add("dtstamp", now)
    event.add("status", "CANCELLED" if is_off else "CONFIRMED")
    event.add("summary", SUBJECTS[template].partition(":")[0].format_map(facts_of(item)))
    if subject.at:
        event.add("dtstart", subject.at.astimezone(AMSTERDAM))
        ends_at = subject.ends_at or subject.at + timedelta(hours=HOURS_IN_CALENDAR)
        event.add("dtend", ends_at.astimezone(AMSTERDAM))
    event.add("organizer", vCalAddress(f"MAILTO:{sender.mail_from}"))
    attendee = vCalAddress(f"MAILTO:{recipient.email}")
    attendee.params["cn"] = vText(recipient.name)
    event.add("attendee", attendee)
    calendar = Calendar()
    calendar.add("prodid", "-//Voordeur//notify//NL")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if is_off else "REQUEST")
    calendar.add_component(event)
    return calendar


def message_id_of(alert_ids: Sequence[UUID], sender: Sender, derived: UUID) -> str:
    """The Message-ID of a mail; the same whenever the same alerts go out again."""
    return f"<{alert_ids[0] if len(alert_ids) == 1 else derived}@{sender.domain}>"
