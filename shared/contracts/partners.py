"""What partners send: the Dutch interface, with DDAS 1.2's field names where it has them.

Field names are Dutch on the wire (the alias) and English here.
"""

from functools import cache
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import Field, create_model

from shared.contracts import signals
from shared.contracts.envelope import Lane
from shared.contracts.forms import (
    Amount,
    BagId,
    Conditions,
    Date,
    Email,
    Form,
    HouseNumber,
    Instalments,
    Instant,
    Language,
    Letter,
    Municipality,
    Name,
    NamePart,
    Postcode,
    Short,
    Wire,
    YesNo,
    text,
)
from shared.contracts.signals import HearingKind, JudgmentOutcome, LegalGround, PartnerKind

TYPE_PREFIX = "nl.betalingsachterstanden."


class Partner(Wire):
    """`signaalpartner`: what kind of partner reports."""

    kind: PartnerKind = Field(alias="type")


class Address(Wire):
    """`client`, as far as every event carries it: where the household lives."""

    postcode: Postcode
    house_number: HouseNumber = Field(alias="huisnummer")
    house_letter: Letter | None = Field(None, alias="huisletter")
    house_addition: NamePart | None = Field(None, alias="huisnummertoevoeging")
    bag_id: BagId | None = Field(None, alias="bagId")


class Client(Address):
    """`client` of a signal: the address and the tenant."""

    surname: Name = Field(alias="achternaam")
    surname_infix: NamePart | None = Field(None, alias="voorvoegsel")
    initials: NamePart | None = Field(None, alias="voorletters")
    birth_date: Date | None = Field(None, alias="geboortedatum")
    phone: NamePart | None = Field(None, alias="telefoonnummer")
    email: Email | None = None
    language: Language | None = Field(None, alias="taal")


class Evidences(Wire):
    """`inspanningen`: what the partner did before it reported; Bgs art. 2 for rent."""

    personal_contact_on: Date | None = Field(None, alias="persoonlijkContactOp")
    pointed_to_help_on: Date | None = Field(None, alias="gewezenOpHulpOp")
    reminder_sent_on: Date | None = Field(None, alias="herinneringOp")
    offer_made_on: Date | None = Field(None, alias="aanbodOp")


class PartnerEvent(Wire):
    """What every partner's event carries, in `data`."""

    wire_name: ClassVar[str]
    accepted_as: ClassVar[type[signals.PartnerFact]]

    municipality: Municipality = Field(alias="gemeentecode")
    contract: Short = Field(alias="contractnummer")
    partner: Partner = Field(alias="signaalpartner")
    legal_ground: LegalGround = Field(alias="grondslag")
    reported_on: Date = Field(alias="meldingsdatum")
    client: Address

    @classmethod
    def wire_type(cls) -> str:
        """The CloudEvents `type`."""
        return f"{TYPE_PREFIX}{cls.wire_name}.v{cls.accepted_as.version}"

    @classmethod
    def binding(cls, lane: Lane) -> str:
        """The topic that this event's queue is bound by; the first word is the partner."""
        urgent = lane is Lane.URGENT and len(cls.accepted_as.lanes) > 1
        return f"*.{cls.wire_name}.v{cls.accepted_as.version}" + (".urgent" if urgent else "")

    @classmethod
    def queue(cls, lane: Lane) -> str:
        """Where signals reads it."""
        name = f"signals.from.partners.{cls.accepted_as.snake_name()}.v{cls.accepted_as.version}"
        return name + (".urgent" if lane is Lane.URGENT else "")


class ArrearsReported(PartnerEvent):
    """achterstand-gemeld: a household is behind on payments."""

    wire_name: ClassVar[str] = "achterstand-gemeld"
    accepted_as: ClassVar[type[signals.PartnerFact]] = signals.ArrearsReported

    reported_on: Date = Field(alias="signaaldatum")
    client: Client
    amount: Amount = Field(alias="bedrag")
    arrears_since: Date = Field(alias="ontstaansdatum")
    has_objection: YesNo = Field(alias="bezwaar")
    is_crisis: YesNo = Field(False, alias="crisissignaal")
    is_warm_handover: YesNo = Field(False, alias="warmeOverdracht")
    tenancy_start: Date | None = Field(None, alias="ingangsdatumHuurovereenkomst")
    evidences: Evidences = Field(alias="inspanningen")


class ArrearsSettled(PartnerEvent):
    """achterstand-voldaan: the arrears were paid."""

    wire_name: ClassVar[str] = "achterstand-voldaan"
    accepted_as: ClassVar[type[signals.PartnerFact]] = signals.ArrearsSettled

    settled_on: Date = Field(alias="voldaanOp")


class SignalWithdrawn(PartnerEvent):
    """signaal-ingetrokken: the signal with this id was an error."""

    wire_name: ClassVar[str] = "signaal-ingetrokken"
    accepted_as: ClassVar[type[signals.PartnerFact]] = signals.SignalWithdrawn

    withdrawn_id: Name = Field(alias="signaalId")


class ObjectionReceived(PartnerEvent):
    """bezwaar-ontvangen: the tenant objects after all."""

    wire_name: ClassVar[str] = "bezwaar-ontvangen"
    accepted_as: ClassVar[type[signals.PartnerFact]] = signals.ObjectionReceived

    received_on: Date = Field(alias="ontvangenOp")


class PaymentArrangementMade(PartnerEvent):
    """betalingsregeling-getroffen: instalments were agreed."""

    wire_name: ClassVar[str] = "betalingsregeling-getroffen"
    accepted_as: ClassVar[type[signals.PartnerFact]] = signals.PaymentArrangementMade

    made_on: Date = Field(alias="getroffenOp")
    instalments: Instalments = Field(alias="aantalTermijnen")
    instalment: Amount = Field(alias="termijnbedrag")
    until: Date = Field(alias="looptTot")


class PaymentArrangementBroken(PartnerEvent):
    """betalingsregeling-verbroken: the instalments stopped."""

    wire_name: ClassVar[str] = "betalingsregeling-verbroken"
    accepted_as: ClassVar[type[signals.PartnerFact]] = signals.PaymentArrangementBroken

    broken_on: Date = Field(alias="verbrokenOp")


class LegalEvent(PartnerEvent):
    """A step of the legal path: known by court and case number."""

    court: Name = Field(alias="rechtbank")
    case_number: Short = Field(alias="zaaknummer")


class SummonsServed(LegalEvent):
    """dagvaarding-betekend."""

    wire_name: ClassVar[str] = "dagvaarding-betekend"
    accepted_as: ClassVar[type[signals.PartnerFact]] = signals.SummonsServed

    served_on: Date = Field(alias="betekendOp")


class HearingScheduled(LegalEvent):
    """zitting-gepland; sent again with a higher `sequence`, it moved."""

    wire_name: ClassVar[str] = "zitting-gepland"
    accepted_as: ClassVar[type[signals.PartnerFact]] = signals.HearingScheduled

    kind: HearingKind = Field(alias="soortZitting")
    place: Name = Field(alias="plaats")
    at: Instant = Field(alias="tijdstip")


class HearingCancelled(LegalEvent):
    """zitting-vervallen."""

    wire_name: ClassVar[str] = "zitting-vervallen"
    accepted_as: ClassVar[type[signals.PartnerFact]] = signals.HearingCancelled

    kind: HearingKind = Field(alias="soortZitting")


class JudgmentGiven(LegalEvent):
    """vonnis-gewezen."""

    wire_name: ClassVar[str] = "vonnis-gewezen"
    accepted_as: ClassVar[type[signals.PartnerFact]] = signals.JudgmentGiven

    given_on: Date = Field(alias="vonnisdatum")
    outcome: JudgmentOutcome = Field(alias="uitkomst")
    conditions: Conditions | None = Field(None, alias="voorwaarden")


class EvictionScheduled(LegalEvent):
    """ontruiming-aangezegd; sent again with a higher `sequence`, it moved."""

    wire_name: ClassVar[str] = "ontruiming-aangezegd"
    accepted_as: ClassVar[type[signals.PartnerFact]] = signals.EvictionScheduled

    at: Instant = Field(alias="tijdstip")
    bailiff: Name = Field(alias="deurwaarder")


class EvictionCancelled(LegalEvent):
    """ontruiming-afgelast."""

    wire_name: ClassVar[str] = "ontruiming-afgelast"
    accepted_as: ClassVar[type[signals.PartnerFact]] = signals.EvictionCancelled


class EvictionCarriedOut(LegalEvent):
    """ontruiming-uitgevoerd."""

    wire_name: ClassVar[str] = "ontruiming-uitgevoerd"
    accepted_as: ClassVar[type[signals.PartnerFact]] = signals.EvictionCarriedOut

    carried_out_on: Date = Field(alias="uitgevoerdOp")


EVENTS: tuple[type[PartnerEvent], ...] = (
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
BY_TYPE: dict[str, type[PartnerEvent]] = {event.wire_type(): event for event in EVENTS}


P = TypeVar("P", bound=PartnerEvent)


class PartnerEnvelope(Wire, Generic[P]):
    """The CloudEvents envelope as a partner sends it, in structured mode."""

    specversion: Annotated[Literal["1.0"], Form('"1.0"', '"1.0"')]
    id: Name
    source: Annotated[
        str,
        # Without the sign that stands between the parts of a derived id.
        text(200, r"^urn:nld:kvknr:[0-9]{8}([.:][^|\s]{1,100})?$"),
        Form(
            "urn:nld:kvknr: en het KvK-nummer, zoals urn:nld:kvknr:12345678, zonder spatie of |",
            "urn:nld:kvknr: and the KvK number, such as urn:nld:kvknr:12345678, no space or |",
        ),
    ]
    type: str
    time: Instant
    datacontenttype: Annotated[
        Literal["application/json"] | None, Form("application/json", "application/json")
    ] = None
    sequence: (
        Annotated[
            str,
            text(18, r"^[0-9]{1,18}$"),
            Form('een volgnummer als tekst, zoals "2"', "a sequence number as a string"),
        ]
        | None
    ) = None
    data: P


@cache
def envelope_of(event_class: type[PartnerEvent]) -> type[PartnerEnvelope[Any]]:
    """The envelope that holds exactly this event."""
    return create_model(
        f"{event_class.__name__}PartnerEnvelope",
        __base__=PartnerEnvelope[event_class],  # type: ignore[valid-type]
        type=(Literal[event_class.wire_type()], ...),  # type: ignore[arg-type]
    )
