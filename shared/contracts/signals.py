"""What signals publishes: the facts from partners that it accepted, in English, checked and whole.

The Dutch form in which partners send them is in `partners.py`; docs/ARCHITECTURE.md maps the two.
"""

from datetime import date
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt

from shared.contracts.envelope import FEEDBACK_EXCHANGE, Event, Lane


class PartnerKind(StrEnum):
    """Kinds of signal partner; the values are DDAS 1.2's, spelled exactly, and the bailiff."""

    RENT = "Huur"
    ENERGY = "Energie"
    WATER = "Water"
    HEALTH = "Zorg"
    MORTGAGE = "Hypotheek"
    CAK_HEALTH = "CAK Zorgverzekeringen"
    CAK_OWN_CONTRIBUTION = "CAK Eigen bijdrage"
    OTHER = "Overige"
    BAILIFF = "Deurwaarder"


class LegalGround(StrEnum):
    """On what a partner shares a fact (Dutch: grondslag); never a default."""

    EARLY_SIGNAL_DECREE = "bgs"  # Besluit gemeentelijke schuldhulpverlening, Wgs art. 3(1)(b)
    STATUTORY_DUTY = "wettelijke-plicht"  # the bailiff's, Gerechtsdeurwaarderswet art. 14
    COVENANT = "convenant"


class HearingKind(StrEnum):
    """The two hearings of a rent case (Dutch: soort zitting)."""

    ROLL = "rolzitting"
    ORAL = "mondelinge behandeling"


class JudgmentOutcome(StrEnum):
    """How the court ruled (Dutch: uitkomst). None of them closes a case."""

    EVICTION = "ontruiming"
    CONDITIONAL_EVICTION = "ontruiming onder voorwaarden"
    PAYMENT_ARRANGEMENT = "betalingsregeling"
    DISMISSED = "afgewezen"


class PartnerFact(Event):
    """What every accepted fact carries: who says it, of what address, on which ground."""

    owner: ClassVar[str] = "signals"
    consumers: ClassVar[tuple[str, ...]] = ("triage",)

    fact_id: UUID  # derived from the partner's source and id
    partner_id: str
    partner_kind: PartnerKind
    municipality: str  # "GM" and four digits
    contract: str  # the partner's own number of the lease or contract
    postcode: str  # "1234AB"
    house_number: PositiveInt
    house_letter: str  # "" when there is none
    house_addition: str  # "" when there is none
    bag_id: str | None  # 16 digits; an alias, never the key
    legal_ground: LegalGround
    reported_on: date  # the partner's own date of the report, Amsterdam calendar
    recorded_at: AwareDatetime  # when the partner recorded it
    sequence: NonNegativeInt | None  # of a fact that can be sent again; the highest holds

    @property
    def natural_key(self) -> str:
        return str(self.fact_id)


class ArrearsReported(PartnerFact):
    """A partner reported a household behind on payments (Dutch: vroegsignaal)."""

    lanes: ClassVar[tuple[Lane, ...]] = (Lane.BULK, Lane.URGENT)

    arrears_cents: PositiveInt
    arrears_since: date  # first unpaid day, Amsterdam calendar
    is_crisis: bool
    is_warm_handover: bool
    tenancy_start: date | None  # a new one begins a new household at the address
    surname: str
    surname_infix: str  # "van der"; "" when there is none
    initials: str
    birth_date: date | None
    phone: str | None  # as the partner has it: unverified
    email: str | None  # as the partner has it: unverified
    language: str | None  # ISO 639-1, as stated by the resident

    @property
    def is_urgent(self) -> bool:
        return self.is_crisis


class ArrearsSettled(PartnerFact):
    """The arrears of a contract were paid (Dutch: achterstand voldaan)."""

    settled_on: date


class SignalWithdrawn(PartnerFact):
    """A signal was reported in error; it counts for nothing (Dutch: signaal ingetrokken)."""

    withdrawn_fact_id: UUID


class ObjectionReceived(PartnerFact):
    """The tenant objects after all to being reported (Dutch: bezwaar ontvangen)."""

    lanes: ClassVar[tuple[Lane, ...]] = (Lane.URGENT,)

    received_on: date


class PaymentArrangementMade(PartnerFact):
    """Partner and resident agreed on instalments (Dutch: betalingsregeling getroffen)."""

    made_on: date
    instalments: PositiveInt
    instalment_cents: PositiveInt
    until: date


class PaymentArrangementBroken(PartnerFact):
    """The instalments stopped (Dutch: betalingsregeling verbroken)."""

    broken_on: date


class LegalFact(PartnerFact):
    """A step on the way to eviction, known by court and case number."""

    lanes: ClassVar[tuple[Lane, ...]] = (Lane.URGENT,)

    court: str
    case_number: str


class SummonsServed(LegalFact):
    """The tenant was summoned (Dutch: dagvaarding betekend)."""

    served_on: date


class HearingScheduled(LegalFact):
    """A hearing was set; sent again, it moved (Dutch: zitting gepland)."""

    kind: HearingKind
    place: str
    at: AwareDatetime


class HearingCancelled(LegalFact):
    """The hearing of this court, case number and kind is off (Dutch: zitting vervallen)."""

    kind: HearingKind


class JudgmentGiven(LegalFact):
    """The court gave judgment; of four evictions three are still prevented (nul20.nl)."""

    given_on: date
    outcome: JudgmentOutcome
    conditions: str


class EvictionScheduled(LegalFact):
    """The bailiff announced the eviction; sent again, it moved (Dutch: ontruiming aangezegd)."""

    at: AwareDatetime
    bailiff: str


class EvictionCancelled(LegalFact):
    """The eviction of this court and case number is off (Dutch: ontruiming afgelast)."""


class EvictionCarriedOut(LegalFact):
    """The household was evicted; who lives there next is another household."""

    carried_out_on: date


class SignalsErased(Event):
    """signals keeps nothing more of an erased household than ids, receipts and hashes."""

    owner: ClassVar[str] = "signals"
    consumers: ClassVar[tuple[str, ...]] = ("triage",)

    household_id: UUID
    erased_at: AwareDatetime

    @property
    def natural_key(self) -> str:
        return str(self.household_id)


class Fault(BaseModel):
    """One thing wrong with an event: where and what, never the value that stood there."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    code: str
    field: str = Field(alias="veld")
    text_nl: str = Field(alias="tekst")
    text_en: str = Field(alias="text")
    source: str = Field("", alias="bron")  # the law, agreement or standard that asks for it


class Answer(Event):
    """What a partner reads in its own feedback queue, in the Dutch form that it knows."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    owner: ClassVar[str] = "signals"
    consumers: ClassVar[tuple[str, ...]] = ()
    no_consumer_because: ClassVar[str] = "it goes to the feedback queue of one partner"
    wire_name: ClassVar[str]

    partner_id: str = Field(alias="partner")

    @property
    def route(self) -> tuple[str, str]:
        return FEEDBACK_EXCHANGE, self.partner_id

    @classmethod
    def channel(cls, lane: Lane) -> tuple[str, str]:
        """Each partner has a key of its own: its id."""
        return FEEDBACK_EXCHANGE, "{partner}"

    @classmethod
    def wire_type(cls) -> str:
        """Partners know the Dutch interface only."""
        return f"nl.betalingsachterstanden.{cls.wire_name}.v{cls.version}"


class EventAccepted(Answer):
    """The answer to a partner whose event was accepted: the receipt that proves it."""

    wire_name: ClassVar[str] = "melding-aangenomen"

    fact_id: UUID = Field(alias="meldingId")
    accepted_id: str = Field(alias="gebeurtenisId")
    source: str = Field(alias="bron")
    receipt: str = Field(alias="ontvangstbewijs")  # a compact JWS
    # base64url; with the event it proves the receipt's hash. None once the body was purged.
    salt: str | None = Field(alias="zout")

    @property
    def natural_key(self) -> str:
        return str(self.fact_id)


class StatusGiven(Answer):
    """What became of an event, as far as its partner may know; a later number corrects."""

    wire_name: ClassVar[str] = "status-gegeven"

    fact_id: UUID = Field(alias="meldingId")
    accepted_id: str = Field(alias="gebeurtenisId")
    source: str = Field(alias="bron")
    told_id: UUID = Field(alias="statusId")
    status: str = Field(alias="status")
    text_nl: str = Field(alias="tekst")
    until: date | None = Field(alias="tot")  # the last day that collection is paused
    status_no: int | None = Field(alias="volgnummer")
    decided_at: AwareDatetime = Field(alias="op")  # of statuses without a number the latest holds

    @property
    def natural_key(self) -> str:
        return f"{self.fact_id}:{self.told_id}"


class EventRefused(Answer):
    """The answer to a partner whose event was refused, with every fault at once."""

    wire_name: ClassVar[str] = "melding-geweigerd"

    refusal_id: UUID = Field(alias="weigeringId")
    refused_id: str | None = Field(alias="gebeurtenisId")  # None when the event had no readable id
    message_id: str | None = Field(alias="berichtId")  # the AMQP property, as the partner set it
    faults: tuple[Fault, ...] = Field(alias="fouten")

    @property
    def natural_key(self) -> str:
        return str(self.refusal_id)


FACTS: tuple[type[PartnerFact], ...] = (
    ArrearsReported,
    ArrearsSettled,
    SignalWithdrawn,
    ObjectionReceived,
    PaymentArrangementMade,
    PaymentArrangementBroken,
    SummonsServed,
    HearingScheduled,
    HearingCancelled,
    JudgmentGiven,
    EvictionScheduled,
    EvictionCancelled,
    EvictionCarriedOut,
)

ANSWERS: tuple[type[Answer], ...] = (EventAccepted, EventRefused, StatusGiven)

EVENTS: tuple[type[Event], ...] = (*FACTS, SignalsErased, *ANSWERS)
