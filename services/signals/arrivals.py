"""By whichever way an event comes in, it becomes one thing: an arrival, in structured form.

Three ways in, one path behind them: AMQP (structured and binary mode, as the CloudEvents AMQP
binding says), HTTP (structured, binary and batch) and rows of a table. Pure.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from services.signals.texts import fault
from shared.contracts.envelope import BODY_BYTES_MAX, CONTENT_TYPE
from shared.contracts.signals import Fault
from shared.waiting import Delivery

JSON = "application/json"
# Levels of objects and lists in an event. Ours have four; a reader and a writer of JSON do not
# agree on how many they can take.
NESTING_MAX = 20


@dataclass(frozen=True)
class Arrival:
    """An event as it came in."""

    partner_id: str | None  # who sent it, as broker or sign-in say; None: nobody knows
    body: bytes  # in structured mode, whatever it came in
    message_id: str | None = None  # the AMQP property, if it is fit to be repeated
    routing_key: str | None = None  # None: not by AMQP
    redelivered: bool = False  # it may have been counted before
    faults: tuple[Fault, ...] = ()  # of how it was sent

    @property
    def body_hash(self) -> bytes:
        """What a refusal keeps of it."""
        return hashlib.sha256(self.body).digest()


def from_amqp(delivery: Delivery) -> Arrival:
    """A message of a partner's queue."""
    faults = [*_faults_of_sending(delivery)]
    body = delivery.body
    if media_type(delivery.content_type) == JSON and delivery.attributes:
        body = structured(delivery.attributes, body, JSON)
    elif media_type(delivery.content_type) != CONTENT_TYPE:
        faults.append(fault("content_type", "content-type", CONTENT_TYPE))
    message_id = delivery.message_id
    return Arrival(
        partner_id=delivery.user_id,
        body=body,
        message_id=message_id if message_id and message_id.isprintable() else None,
        routing_key=delivery.routing_key,
        redelivered=delivery.redelivered,
        faults=tuple(faults),
    )


def _faults_of_sending(delivery: Delivery) -> Iterator[Fault]:
    if not delivery.user_id:
        yield fault("no_user_id", "user-id")
    if delivery.has_copies:
        yield fault("copied", "headers")


def media_type(header: str | None) -> str:
    """`application/json` of `Application/JSON; charset=utf-8`."""
    return (header or "").partition(";")[0].strip().lower()


def structured(attributes: Mapping[str, str], data: bytes, data_type: str) -> bytes:
    """Binary mode as structured mode. What is no JSON stays as it is: reading will say so."""
    if len(data) > BODY_BYTES_MAX:
        return data
    try:
        content = orjson.loads(data)
    except orjson.JSONDecodeError:
        return data
    # The type of the data stands in a header of its own in binary mode, and is no attribute there.
    document: dict[str, Any] = {**attributes, "datacontenttype": data_type, "data": content}
    return as_body(document)


def as_body(document: Any) -> bytes:
    """A document as bytes; of one that is too deep to be written, enough to be refused for it."""
    try:
        return orjson.dumps(document)
    except TypeError:
        return orjson.dumps(_cut(document, NESTING_MAX + 1))


def _cut(part: Any, levels: int) -> Any:
    if isinstance(part, dict):
        return {name: _cut(one, levels - 1) for name, one in part.items()} if levels else None
    if isinstance(part, list):
        return [_cut(one, levels - 1) for one in part] if levels else None
    return part


def is_too_deep(document: Any) -> bool:
    """Whether objects and lists stand in each other deeper than is reasonable."""
    level = [document]
    for _ in range(NESTING_MAX + 1):
        level = [one for one in level if isinstance(one, dict | list)]
        if not level:
            return False
        level = [
            inner for one in level for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return True
