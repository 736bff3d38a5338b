"""The envelope that every event travels in, and the base class of every event inside.

On the wire an event is a CloudEvents 1.0 JSON document that keeps the NL GOV profile: a
reverse-DNS `type` with one version number, `source` as a urn, `time` = when it was recorded, no
personal data in the envelope, 64 KB at most. Source: Logius, NL GOV profile for CloudEvents 1.1.
"""

import json
import re
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar, Generic, Literal, TypeVar, cast
from uuid import UUID, uuid5

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, create_model

BODY_BYTES_MAX = 64 * 1024
CONTENT_TYPE = "application/cloudevents+json"
EVENTS_EXCHANGE = "voordeur.events"
INTAKE_EXCHANGE = "voordeur.intake"
FEEDBACK_EXCHANGE = "voordeur.feedback"

# Namespace of every id that is derived from a natural key; a random UUID, fixed for good.
NAMESPACE = UUID("6f1c1f6e-6a0e-4d0f-9d3b-0c8f2b8a51d7")


def derived_id(*parts: object) -> UUID:
    """The same id for the same natural key, so that a repeated publish is a known event."""
    return uuid5(NAMESPACE, "|".join(map(str, parts)))


class Lane(StrEnum):
    """Urgency is a property of the fact; an urgent fact has queues of its own to the last hop."""

    BULK = "bulk"
    URGENT = "urgent"


class Event(BaseModel):
    """A fact, past tense, whole. A field may be added; taking one away is a new class."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    owner: ClassVar[str]
    consumers: ClassVar[tuple[str, ...]]
    lanes: ClassVar[tuple[Lane, ...]] = (Lane.BULK,)
    version: ClassVar[int] = 1
    no_consumer_because: ClassVar[str] = ""

    @property
    def natural_key(self) -> str:
        """What makes this fact this fact: two events with one key are the same event."""
        raise LookupError(f"{type(self).__name__} has no natural key")

    @property
    def lane(self) -> Lane:
        """The lane that this event travels in: its only one, or urgent when `is_urgent`."""
        if len(self.lanes) == 1:
            return self.lanes[0]
        return Lane.URGENT if self.is_urgent else Lane.BULK

    @property
    def is_urgent(self) -> bool:
        """Only asked of events that have both lanes."""
        return False

    @property
    def wire_id(self) -> UUID:
        """Derived, so that whoever announces the same fact again uses the same id."""
        return derived_id(self.wire_type(), self.natural_key)

    @classmethod
    def snake_name(cls) -> str:
        """`ArrearsReported` is `arrears_reported`."""
        return _snake(cls.__name__)

    @classmethod
    def wire_type(cls) -> str:
        """The CloudEvents `type`; without an organisation's name, as the profile asks."""
        return f"nl.vroegsignalering.{cls.snake_name().replace('_', '-')}.v{cls.version}"

    @property
    def route(self) -> tuple[str, str]:
        """Exchange and routing key that this event leaves by."""
        return self.channel(self.lane)

    @classmethod
    def channel(cls, lane: Lane) -> tuple[str, str]:
        """Exchange and routing key of a lane, as documented."""
        return EVENTS_EXCHANGE, cls.routing_key(lane)

    @classmethod
    def routing_key(cls, lane: Lane) -> str:
        """`signals.arrears_reported.v1`, with `.urgent` behind it in the urgent lane."""
        return f"{cls.owner}.{cls.snake_name()}.v{cls.version}" + _suffix(lane)

    @classmethod
    def queue(cls, consumer: str, lane: Lane) -> str:
        """The quorum queue of one consumer, one event and one lane."""
        return f"{consumer}.from.{cls.owner}.{cls.snake_name()}.v{cls.version}" + _suffix(lane)


@cache
def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _suffix(lane: Lane) -> str:
    return ".urgent" if lane is Lane.URGENT else ""


E = TypeVar("E", bound=Event)


class Envelope(BaseModel, Generic[E]):
    """A parsed event with the envelope it came in."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"]
    id: str = Field(min_length=1, max_length=200)
    source: str = Field(min_length=1, max_length=300)
    type: str
    time: AwareDatetime
    data: E


@cache
def envelope_of(event_class: type[E]) -> type[Envelope[E]]:
    """The envelope that holds exactly this event, and refuses any other `type`."""
    base: Any = Envelope[event_class]  # type: ignore[valid-type]
    fields: Any = {"type": (Literal[event_class.wire_type()], ...)}
    model: Any = create_model(f"{event_class.__name__}Envelope", __base__=base, **fields)
    return cast("type[Envelope[E]]", model)


def to_wire(event: Event, *, source: str, recorded_at: datetime) -> bytes:
    """The event as bytes. `recorded_at` is an instant in UTC; raises when over 64 KB."""
    envelope = {
        "specversion": "1.0",
        "id": str(event.wire_id),
        "source": source,
        "type": event.wire_type(),
        "time": recorded_at.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
    }
    # The data are put in as text: parsing them only to write them again would double the cost.
    head = json.dumps(envelope, separators=(",", ":"))[:-1]
    body = f'{head},"data":{event.model_dump_json(by_alias=True)}}}'.encode()
    if len(body) > BODY_BYTES_MAX:
        raise ValueError(f"{type(event).__name__} is {len(body)} bytes, over {BODY_BYTES_MAX}")
    return body
