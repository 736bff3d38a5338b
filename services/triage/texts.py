"""Codes in Dutch, for who reads what is kept of them: pure."""

from collections.abc import Mapping
from typing import Any

# The fields of an export that hold codes; the others hold values, or words of people.
CODED = frozenset(
    {
        "aanpak", "antwoord", "bericht", "bijzonderheid", "geschrevenDoor", "hulp",
        "juridischeFase", "klok", "laag", "soort", "stand", "status", "termijn", "uitkomst",
        "voorgesteldeAanpak", "wat",
    }
)  # fmt: skip

WORDS: Mapping[str, str] = {
    # what partners told and workers entered
    "settled": "voldaan",
    "objection": "bezwaar",
    "arrangement_made": "betalingsregeling getroffen",
    "arrangement_broken": "betalingsregeling verbroken",
    "summons": "dagvaarding",
    "hearing": "zitting",
    "hearing_scheduled": "zitting gepland",
    "hearing_cancelled": "zitting vervallen",
    "hearing_unknown": "zitting, tijdstip onbekend",
    "judgment": "vonnis",
    "eviction": "ontruiming",
    "eviction_scheduled": "ontruiming aangezegd",
    "eviction_cancelled": "ontruiming afgelast",
    "eviction_carried_out": "ontruiming uitgevoerd",
    "eviction_unknown": "ontruiming, tijdstip onbekend",
    "residence_check": "gekeken wie er woont",
    "status_decided": "besluit over een melding",
    "lives_here": "woont hier",
    "moved_within": "verhuisd binnen de gemeente",
    "moved_out": "verhuisd uit de gemeente",
    # what became of signals
    "taken_up": "opgepakt",
    "repeated": "niet opgepakt: herhaalde melding",
    "unjustified": "niet opgepakt: onterecht signaal",
    "withdrawn": "ingetrokken",
    "other_reason": "niet opgepakt: andere reden",
    "known_to_debt_help": "inwoner al bekend bij schuldhulpverlening",
    "deceased": "inwoner is overleden",
    "not_resident": "geen inwoner (meer) in de gemeente",
    # tracks and terms
    "none": "geen",
    "letter": "brief",
    "visit": "huisbezoek",
    "legal": "juridisch pad",
    "service": "werkafspraak",
    "pause": "pauze",
    "acceptance": "aannemen van de zaak",
    "first_attempt": "eerste contactpoging",
    "act_on_signal": "opvolgen van de melding",
    "first_talk": "eerste gesprek",
    "review": "opnieuw kijken",
    # answers, results, states
    "accepted": "aangenomen",
    "declined": "afgewezen",
    "unknown": "onbekend",
    "set": "staat vast",
    "cancelled": "gaat niet door",
    "done": "gebeurd",
    "planned": "gepland",
    "moved": "verplaatst",
    "alone": "verder zonder tweede medewerker",
    "made": "gedaan",
    "sent": "verstuurd",
    "failed": "mislukt",
    "stopped": "tegengehouden",
    "not_home": "niet thuis",
    "card_left": "kaartje achtergelaten",
    "no_answer": "geen antwoord",
    "spoke": "gesproken",
    "just_talked": "gewoon gepraat",
    "unsafe": "onveilig",
    "other_time": "graag een andere tijd",
    "not_me": "dit ben ik niet",
    "no_messages": "geen berichten meer",
    "call_me": "bel mij",
    # what was agreed
    "language": "taal",
    "skill": "vaardigheid",
    "no_letters": "niet schrijven",
    "no_calls": "niet bellen",
    "visit_with_two": "bezoek met twee",
    "no_approach": "niet benaderen",
    "resident": "inwoner",
    "own": "eigen kracht",
    "network": "netwerk",
    "general": "algemene voorziening",
    "individual": "individuele voorziening",
    "colleague": "collega",
    "family_group_conference": "eigen-krachtconferentie",
    "last_chance_meeting": "laatstekansgesprek",
    "together": "samengevoegd",
    "apart": "gesplitst",
    "as_is": "klopt zo",
}


def in_dutch(told: Any, field: str = "") -> Any:
    """Rows of an export with their codes in Dutch; a code that is not known stays as it is."""
    if isinstance(told, Mapping):
        return {name: in_dutch(value, name) for name, value in told.items()}
    if isinstance(told, list):
        return [in_dutch(value, field) for value in told]
    if isinstance(told, str) and field in CODED:
        return WORDS.get(told, told)
    return told
