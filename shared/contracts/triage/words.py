"""Words of triage's events, and the people in them."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from shared.contracts.envelope import Lane

URGENT_ONLY: tuple[Lane, ...] = (Lane.URGENT,)
BOTH_LANES: tuple[Lane, ...] = (Lane.BULK, Lane.URGENT)


class Track(StrEnum):
    """How a household is approached (Dutch: aanpak), lightest first."""

    NONE = "none"  # a proposal not to take it up: a person confirms or overrides
    LETTER = "letter"
    VISIT = "visit"
    LEGAL = "legal"


class Role(StrEnum):
    """Who an assignee is: a generalist, or the team lead when no generalist has room."""

    GENERALIST = "generalist"
    LEAD = "lead"


class NotTakenUpReason(StrEnum):
    """Why a signal was not taken up, as far as arithmetic decides (DDAS 1.2 signaalstatus)."""

    REPEATED = "repeated"  # same partner, same contract, amount not higher
    UNJUSTIFIED = "unjustified"  # outside the window or under the floor
    WITHDRAWN = "withdrawn"  # reported in error, says its partner
    OTHER = "other"  # a person decided so; a partner may never know why


class ContactKind(StrEnum):
    """How contact was tried; the values are DDAS 1.2's, spelled exactly."""

    LETTER = "Brief"
    VISIT = "Huisbezoek"
    CARD = "Kaartje"
    MAIL = "Mail"
    TEXT = "SMS/Whatsapp"
    PHONE = "Telefoon"


class AttemptResult(StrEnum):
    """What came of an attempt, as a generalist says it in one tap."""

    NOT_HOME = "not_home"
    CARD_LEFT = "card_left"
    NO_ANSWER = "no_answer"  # to a letter, a call, a text or a mail
    SPOKE = "spoke"
    JUST_TALKED = "just_talked"  # no offer was made; that is a result too
    UNSAFE = "unsafe"


class ContactRestriction(StrEnum):
    """What nobody does towards a household (a person said so, with a reason)."""

    NO_LETTERS = "no_letters"
    NO_CALLS = "no_calls"
    VISIT_WITH_TWO = "visit_with_two"  # VERA: BEZ, bezoek met twee
    NO_APPROACH = "no_approach"


class ClockKind(StrEnum):
    """Clocks that are never mixed: what law asks, what policy asks, a pause of collection."""

    LEGAL = "legal"
    SERVICE = "service"
    PAUSE = "pause"


class PartOfDay(StrEnum):
    """Part of the day of an attempt, DDAS 1.2: before 12, until 18, after."""

    MORNING = "Ochtend"
    AFTERNOON = "Middag"
    EVENING = "Avond"


class Resident(BaseModel):
    """How to reach a household; personal data, kept by who must write to it."""

    model_config = ConfigDict(frozen=True)

    name: str  # as on an envelope; empty when nobody told it
    postcode: str
    house_number: int
    suffix: str  # letter and addition
    phone: str | None
    email: str | None
    language: str | None  # as the resident stated it, ISO 639-1
    is_verified: bool  # somebody was reached, so number and address are theirs


class Person(BaseModel):
    """Somebody who works on cases; never a resident."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    email: str
    role: Role
