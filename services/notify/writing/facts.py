"""What a text may name, and which texts there are: two closed tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.policy import Channel


class Audience(StrEnum):
    """For whom it is written."""

    WORKER = "worker"
    RESIDENT = "resident"


CHANNELS: Mapping[Audience, tuple[Channel, ...]] = {
    Audience.WORKER: (Channel.MAIL,),
    Audience.RESIDENT: (Channel.SMS, Channel.LETTER, Channel.MAIL),
}
DEFAULT_LANGUAGE = "nl"
# Reasons and terms reach workers in Dutch only, so a mail around them in English would be half one.
LANGUAGES: Mapping[Audience, tuple[str, ...]] = {
    Audience.WORKER: ("nl",),
    Audience.RESIDENT: ("nl", "en"),
}


@dataclass(frozen=True)
class Fact:
    """Words, or a yes or no, with samples to render every text on."""

    sample: str | bool
    english: str = ""  # the sample in English; empty when it is the same
    long: str = ""  # about the longest that occurs; empty when length does not matter
    may_be_empty: bool = False


FACTS: Mapping[str, Fact] = {
    # both audiences
    "link": Fact(
        "https://voordeur.example/z/Ab3dE9xQ", long="https://voordeur.voorbeeldstad.nl/z/Ab3dE9xQ"
    ),
    "when": Fact(
        "donderdag 2 april 2026 om 10.30 uur",
        "Thursday 2 April 2026 at 10.30",
        "donderdag 24 september 2026 om 10.30 uur",
    ),
    "day": Fact("donderdag 2 april", "Thursday 2 April", "donderdag 24 september"),
    "hour": Fact("10.30 uur", "10.30"),
    "window_end": Fact("12.00 uur", "12.00", may_be_empty=True),
    "court": Fact("Rechtbank Noord", long="Rechtbank Zeeland-West-Brabant"),
    "place": Fact(
        "Stationslaan 10, Breda", long="Sluissingel 20, Bergen op Zoom", may_be_empty=True
    ),
    # residents
    "municipality": Fact("Voorbeeldstad", long="Nuenen, Gerwen en Nederwetten"),
    "worker": Fact("Anna de Vries", long="Annemarie van den Bosch-Hendriks"),
    "callback": Fact("088 123 45 67"),
    # workers
    "name": Fact("Anna de Vries"),
    "reference": Fact("Z-00000001"),
    "reason": Fact("Er is een ontruiming aangezegd.", may_be_empty=True),
    "track": Fact("juridisch pad"),
    "kind": Fact("rolzitting"),
    "bailiff": Fact("Bakker Gerechtsdeurwaarders", may_be_empty=True),
    "on": Fact("maandag 9 maart 2026"),
    "outcome": Fact("ontruiming onder voorwaarden"),
    "off": Fact("gaat niet door"),
    "term": Fact("eerste contactpoging"),
    "clock": Fact("afspraak van de gemeente"),
    "due_on": Fact("vrijdag 6 maart 2026"),
    "starting_fact": Fact("hulp aanvaard (Wgs art. 4 lid 1)", may_be_empty=True),
    "restrictions": Fact("niet bellen, bezoek met twee", may_be_empty=True),
    "until": Fact("woensdag 2 september 2026"),
    "channel": Fact("sms"),
    "answer": Fact("graag een andere tijd"),
    "is_second": Fact(False),
    "is_unconfirmed": Fact(False),
    "is_short_notice": Fact(False),
}

# Samples of a fact that says something else in one kind of message.
OWN_SAMPLES: Mapping[tuple[str, str], str] = {
    ("undelivered", "reason"): "Het nummer bestaat niet.",
    ("not_accepted", "reason"): "De zaak stond twee werkdagen open.",
}


@dataclass(frozen=True)
class Kind:
    """What messages of one kind are about: the moments that they tell, the facts they may name."""

    moments: tuple[str, ...]
    facts: frozenset[str]


ONCE = ("set",)
TIMES = frozenset({"when", "day", "hour"})
TIMELESS = frozenset({"undelivered", "bounced", "reply"})  # may be about something without a time
DATED = ("set", "reminder", "moved", "cancelled")
APPOINTED = (*DATED, "passed_on")  # for who may have to come themselves
OF_WORKERS = frozenset({"name", "reference", "link", "is_unconfirmed"})
OF_RESIDENTS = frozenset({"municipality", "worker", "callback", "link"})


def _for_workers(moments: tuple[str, ...], *facts: str) -> Kind:
    return Kind(moments, OF_WORKERS | set(facts))


def _for_residents(moments: tuple[str, ...], *facts: str) -> Kind:
    return Kind(moments, OF_RESIDENTS | set(facts))


# The most pressing first: in this order a digest tells them.
WORKER_KINDS: Mapping[str, Kind] = {
    "restriction": _for_workers(ONCE, "restrictions"),
    "objection": _for_workers(ONCE),
    "eviction": _for_workers(
        APPOINTED, "when", "day", "hour", "court", "bailiff", "off", "restrictions",
        "is_short_notice",
    ),
    "hearing": _for_workers(
        APPOINTED, "when", "day", "hour", "court", "place", "kind", "off", "restrictions",
        "is_short_notice",
    ),
    "visit": _for_workers(
        APPOINTED, "when", "day", "hour", "window_end", "restrictions", "is_second",
        "is_short_notice",
    ),
    "undelivered": _for_workers(ONCE, "channel", "when", "reason", "restrictions"),
    "bounced": _for_workers(ONCE, "worker", "when"),
    "reply": _for_workers(ONCE, "answer", "when", "restrictions"),
    "deadline_missed": _for_workers(ONCE, "term", "clock", "due_on", "starting_fact"),
    "deadline_near": _for_workers(ONCE, "term", "clock", "due_on", "starting_fact"),
    "not_accepted": _for_workers(ONCE, "reason", "due_on"),
    "judgment": _for_workers(ONCE, "on", "court", "outcome"),
    "summons": _for_workers(ONCE, "on", "court"),
    "moratorium": _for_workers(ONCE, "on", "until"),
    "assignment": _for_workers(ONCE, "reason", "track", "restrictions"),
    "track": _for_workers(ONCE, "reason", "track"),
}  # fmt: skip
# Of evictions, summonses, judgments and arrears nobody reads on a telephone that others may hold.
RESIDENT_KINDS: Mapping[str, Kind] = {
    "visit": _for_residents(DATED, "when", "day", "hour", "window_end"),
    "hearing": _for_residents(DATED, "when", "day", "hour", "court", "place"),
    "first_contact": _for_residents(ONCE),
}
KINDS: Mapping[Audience, Mapping[str, Kind]] = {
    Audience.WORKER: WORKER_KINDS,
    Audience.RESIDENT: RESIDENT_KINDS,
}


def templates_of(audience: Audience) -> tuple[str, ...]:
    """The names of all messages to an audience."""
    return tuple(
        f"{kind}_{moment}" for kind, rule in KINDS[audience].items() for moment in rule.moments
    )


def kind_of(template: str) -> str:
    """What a message is about: `deadline_near` of `deadline_near_set`."""
    # The one moment of two words ends in `_on`.
    return template.removesuffix("_on").rpartition("_")[0]


def facts_of(audience: Audience, template: str) -> frozenset[str]:
    """The names of the facts that a message may use."""
    return KINDS[audience][kind_of(template)].facts


def may_be_empty(template: str, name: str) -> bool:
    """Whether a message reads well without this fact; of what is off, its time may be unknown."""
    is_timeless = template.endswith("_cancelled") or kind_of(template) in TIMELESS
    return FACTS[name].may_be_empty or (name in TIMES and is_timeless)


def samples(audience: Audience, template: str, language: str) -> Mapping[str, Any]:
    """A value for each fact of a message, as it mostly is."""
    names = sorted(facts_of(audience, template))
    return {name: _sample(kind_of(template), name, language) for name in names}


def _sample(kind: str, name: str, language: str) -> str | bool:
    fact = FACTS[name]
    english = fact.english if language == "en" else ""
    return english or OWN_SAMPLES.get((kind, name), fact.sample)


def variants(audience: Audience, template: str, language: str) -> tuple[Mapping[str, Any], ...]:
    """Samples that between them take a text through its turns: usual, long, and the other way.

    The other way: whatever may be empty is, and every no is a yes.
    """
    usual = samples(audience, template, language)
    longest = {name: FACTS[name].long or value for name, value in usual.items()}
    other = {
        name: not value if isinstance(value, bool) else _emptied(template, name, value)
        for name, value in usual.items()
    }
    return usual, longest, other


def _emptied(template: str, name: str, value: str) -> str:
    return "" if may_be_empty(template, name) else value
