"""The facts that a worker can enter, and which fields each asks for. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.triage.pages.spelled import _


@dataclass(frozen=True)
class Entry:
    """A fact to enter."""

    words: str
    step: str = ""  # of the legal path; empty: another kind of fact
    state: str = "known"
    asks: tuple[str, ...] = ()  # day, at, hearing, outcome, place


ENTERABLE: Mapping[str, Entry] = {
    "summons": Entry(_("Dagvaarding bezorgd"), "summons", asks=("day",)),
    "hearing": Entry(
        _("Zitting gepland of verplaatst"), "hearing", asks=("hearing", "at", "place")
    ),
    "hearing_unknown": Entry(_("Zitting, dag nog niet bekend"), "hearing", "unknown", ("hearing",)),
    "hearing_off": Entry(_("Zitting gaat niet door"), "hearing", "cancelled", ("hearing",)),
    "judgment": Entry(_("Vonnis"), "judgment", asks=("day", "outcome")),
    "eviction": Entry(_("Ontruiming aangezegd of verplaatst"), "eviction", asks=("at", "bailiff")),
    "eviction_unknown": Entry(_("Ontruiming, dag nog niet bekend"), "eviction", "unknown"),
    "eviction_off": Entry(_("Ontruiming gaat niet door"), "eviction", "cancelled"),
    "eviction_done": Entry(_("Ontruiming is uitgevoerd"), "eviction", "done", ("day",)),
    "moratorium": Entry(_("Moratorium: de rechter verbiedt de ontruiming voor een tijd")),
    "residence": Entry(_("Wie hier woont")),
    "objection": Entry(_("Bezwaar van de bewoner tegen de melding")),
}
