"""Days and hours in words, on the Amsterdam clock: pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from services.notify.writing.facts import DEFAULT_LANGUAGE
from shared.clock import AMSTERDAM


@dataclass(frozen=True)
class Names:
    """How a language names days and months, and writes an hour."""

    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    at: str
    hour: str


NAMES: Mapping[str, Names] = {
    "nl": Names(
        ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
        ("januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september",
         "oktober", "november", "december"),
        "om",
        "%H.%M uur",
    ),
    "en": Names(
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        ("January", "February", "March", "April", "May", "June", "July", "August", "September",
         "October", "November", "December"),
        "at",
        "%H.%M",
    ),
}  # fmt: skip


def _names(language: str) -> Names:
    return NAMES.get(language, NAMES[DEFAULT_LANGUAGE])


def day_in(language: str, day: date) -> str:
    """`donderdag 2 april`; an instant's day has to be that of Amsterdam."""
    names = _names(language)
    return f"{names.weekdays[day.weekday()]} {day.day} {names.months[day.month - 1]}"


def date_in(language: str, day: date) -> str:
    """`donderdag 2 april 2026`."""
    return f"{day_in(language, day)} {day.year}"


def hour_in(language: str, instant: datetime) -> str:
    """`10.30 uur`, on the Amsterdam clock."""
    return format(instant.astimezone(AMSTERDAM), _names(language).hour)


def when_in(language: str, instant: datetime) -> str:
    """`donderdag 2 april 2026 om 10.30 uur`, on the Amsterdam clock."""
    day = instant.astimezone(AMSTERDAM).date()
    return f"{date_in(language, day)} {_names(language).at} {hour_in(language, instant)}"
