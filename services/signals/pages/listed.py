"""What a line of a partner's list says of an event or a refusal. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson

from services.signals.tables import column_of
from services.signals.texts import STATUSES
from shared.contracts.forms import Form
from shared.contracts.signals import Fault

FAULT_PARTS = ("code", "field", "text_nl", "text_en", "source")  # as they are stored


@dataclass(frozen=True)
class Known:
    """A status that holds now."""

    words: Form
    at: datetime
    until: date | None


@dataclass(frozen=True)
class EventLine:
    """An event in a list."""

    fact_id: UUID
    event_id: str
    name: str  # as on the wire
    municipality: str
    reported_on: date
    received_at: datetime
    contract: str | None  # None: the body was purged
    has_receipt: bool
    known: tuple[Known, ...]


@dataclass(frozen=True)
class RefusalLine:
    """A refusal in a list."""

    event_id: str | None
    message_id: str | None
    seen_at: datetime
    times_seen: int
    faults: tuple[Fault, ...]


def event_line(row: Mapping[str, Any]) -> EventLine:
    """The line of an event."""
    told = orjson.loads(row["document"]) if row["document"] else None
    return EventLine(
        **{name: row[name] for name in ("fact_id", "event_id", "municipality", "reported_on",
                                        "received_at", "has_receipt")},
        name=row["event_type"].split(".")[-2],
        contract=told["data"]["contractnummer"] if told else None,
        known=holding(row["statuses"]),
    )  # fmt: skip


def holding(statuses: Sequence[Mapping[str, Any]]) -> tuple[Known, ...]:
    """What holds of statuses that came newest first: of those with a number the highest one."""
    numbered = [one for one in statuses if one["status_no"] is not None]
    others = [one for one in statuses if one["status_no"] is None]
    found = [max(numbered, key=lambda one: one["status_no"])] if numbered else []
    found += others[:1]
    found.sort(key=lambda one: one["decided_at"], reverse=True)
    return tuple(Known(STATUSES[one["status"]], one["decided_at"], one["until"]) for one in found)


def refusal_line(row: Mapping[str, Any]) -> RefusalLine:
    """The line of a refusal."""
    faults = [Fault(**dict(zip(FAULT_PARTS, one, strict=True))) for one in row["faults"]]
    names = ("event_id", "message_id", "seen_at", "times_seen")
    return RefusalLine(**{name: row[name] for name in names}, faults=tuple(_once(faults)))


def _once(faults: Sequence[Fault]) -> list[Fault]:
    """Without what is only missing because its cell could not be read."""
    read = {one.field for one in faults if one.code != "missing"}
    return [one for one in faults if one.code != "missing" or column_of(one.field) not in read]
