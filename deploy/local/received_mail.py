"""Reads what is in a mail as it came over the wire, however broken it is."""

from collections.abc import Iterator
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message

from icalendar import Calendar, Component, vDDDTypes
from pydantic import BaseModel, ConfigDict

OWN_HEADERS = "x-voordeur-"

# What the standard library's parser and decoders are known to raise at malformed mails.
_UNREADABLE = (LookupError, AttributeError, TypeError, ValueError, RecursionError, MessageError)


class CalendarEvent(BaseModel):
    """A VEVENT, with the METHOD of its calendar; the values as in the mail."""

    model_config = ConfigDict(frozen=True)

    method: str | None
    uid: str | None
    sequence: int | None
    dtstart: str | None


class Contents(BaseModel):
    """What a mail says. Headers are decoded and unfolded, in their order."""

    model_config = ConfigDict(frozen=True)

    headers: list[tuple[str, str]]
    text: str | None
    html: str | None
    calendars: list[str]

    def header(self, name: str) -> str:
        """The first header of this name; empty when there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    @property
    def own_headers(self) -> dict[str, str]:
        """The headers that our services add, by the name as sent."""
        return {k: v for k, v in self.headers if k.lower().startswith(OWN_HEADERS)}

    @property
    def calendar_events(self) -> list[CalendarEvent]:
        """Every event of every calendar part."""
        return [event for calendar in self.calendars for event in read_calendar(calendar)]


def read(raw: bytes) -> Contents:
    """Take a mail apart. Of several parts of one kind the first text and html count.

    One that the parser breaks on has no contents here: its bytes are kept all the same.
    """
    try:
        return _taken_apart(raw)
    except _UNREADABLE:
        return Contents(headers=[], text=None, html=None, calendars=[])


def read_calendar(calendar: str) -> Iterator[CalendarEvent]:
    """The events of an iCalendar text (RFC 5545); one that cannot be read has none."""
    try:
        for one in Calendar.from_ical(calendar, multiple=True):
            yield from [_event(one, event) for event in one.walk("VEVENT")]
    except _UNREADABLE:
        return


def _taken_apart(raw: bytes) -> Contents:
    message = message_from_bytes(raw)
    parts = [part for part in message.walk() if not part.is_multipart()]

    def texts(kind: str) -> list[str]:
        return [_text(part) for part in parts if part.get_content_type() == kind]

    return Contents(
        headers=[(clean(key), _header(value)) for key, value in message.items()],
        text=next(iter(texts("text/plain")), None),
        html=next(iter(texts("text/html")), None),
        calendars=texts("text/calendar"),
    )


def _event(calendar: Component, event: Component) -> CalendarEvent:
    starts, sequence = event.get("DTSTART"), event.get("SEQUENCE")
    return CalendarEvent(
        method=calendar.get("METHOD"),
        uid=event.get("UID"),
        sequence=sequence if isinstance(sequence, int) else None,
        dtstart=starts.to_ical().decode() if isinstance(starts, vDDDTypes) else None,
    )


def _header(value: object) -> str:
    try:
        return " ".join(clean(str(make_header(decode_header(value)))).split())  # type: ignore[arg-type]
    except _UNREADABLE:
        return clean(str(value))


def _text(part: "Message[str, str]") -> str:
    payload = part.get_payload(decode=True)
    content = payload.replace(b"\r\n", b"\n") if isinstance(payload, bytes) else b""
    try:
        return clean(content.decode(part.get_content_charset("utf-8"), errors="replace"))
    except (LookupError, ValueError):
        return content.decode("utf-8", errors="replace")


def clean(text: str) -> str:
    """The same without half characters: they stand for broken bytes and cannot be stored."""
    return text.encode("utf-8", errors="replace").decode()
