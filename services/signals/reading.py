"""From the bytes of a partner's message to an event, or to every fault of its form at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Annotated, Any, get_args

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, WrapValidator, create_model
from pydantic_core import ErrorDetails

from services.signals.texts import fault
from shared.contracts import partners
from shared.contracts.envelope import BODY_BYTES_MAX, CONTENT_TYPE
from shared.contracts.forms import Form, Wire, forms_of
from shared.contracts.signals import Fault
from shared.waiting import Delivery

AN_OBJECT = Form("een object", "an object")
A_TEXT = Form("een tekst", "a text")
BSN_NAMES = {"bsn", "burgerservicenummer"}
NAME_LENGTH_MAX = 40


@dataclass(frozen=True)
class Reading:
    """What could be read. `envelope` is whole when there are no faults, else it has gaps (None)."""

    faults: list[Fault]
    document: Mapping[str, Any] = field(default_factory=dict)
    envelope: Any = None
    event_class: type[partners.PartnerEvent] | None = None
    unknown: tuple[str, ...] = ()  # names of fields that we do not know, and did not keep

    @property
    def event_id(self) -> str | None:
        """The event's own id, if it has a usable one."""
        given = self.document.get("id")
        is_usable = isinstance(given, str) and 0 < len(given) <= 100 and given.isprintable()
        return given if is_usable else None


def read(delivery: Delivery) -> Reading:
    """Read a message; all faults of its form at once, as far as they can be told."""
    faults = list(_transport_faults(delivery))
    try:
        document = orjson.loads(delivery.body) if len(delivery.body) <= BODY_BYTES_MAX else {}
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        return Reading([*faults, fault("not_json", "data")])
    if len(delivery.body) > BODY_BYTES_MAX:
        return Reading(faults)
    wire_type = document.get("type")
    event_class = partners.BY_TYPE.get(wire_type) if isinstance(wire_type, str) else None
    if event_class is None:
        faults += _faults_of(_EnvelopeOnly, delivery.body)
        if isinstance(wire_type, str):
            faults.append(fault("unknown_type", "type"))
        return Reading(faults, document)
    return _read_event(delivery.body, document, event_class, faults)


def _read_event(
    body: bytes,
    document: Mapping[str, Any],
    event_class: type[partners.PartnerEvent],
    faults: list[Fault],
) -> Reading:
    model = partners.envelope_of(event_class)
    try:
        envelope: Any = model.model_validate_json(body)
    except ValidationError as error:
        faults += [_in_words(one, _forms_by_path(model)) for one in error.errors()]
        envelope = lenient(model).model_validate(document)
    names = list(unknown_names(envelope.data, "data"))
    faults += [found for _, found in names if found]
    unknown = tuple(name for name, found in names if not found)
    return Reading(faults, document, envelope, event_class, unknown)


def _transport_faults(delivery: Delivery) -> Iterator[Fault]:
    if not delivery.user_id:
        yield fault("no_user_id", "user-id")
    if delivery.has_copies:
        yield fault("copied", "headers")
    given = (delivery.content_type or "").partition(";")[0].strip().lower()
    if given != CONTENT_TYPE:
        yield fault("content_type", "content-type", CONTENT_TYPE)
    if len(delivery.body) > BODY_BYTES_MAX:
        yield fault("too_large", "data", f"{BODY_BYTES_MAX // 1024} KB")
    if b"\\u0000" in delivery.body:
        yield fault("nul", "data")


class _EnvelopeOnly(partners.PartnerEnvelope[Any]):
    """An envelope of a type that we do not know."""

    data: dict[str, Any]


def _faults_of(model: type[BaseModel], body: bytes) -> list[Fault]:
    try:
        model.model_validate_json(body)
    except ValidationError as error:
        return [_in_words(one, _forms_by_path(model)) for one in error.errors()]
    return []


def _in_words(error: ErrorDetails, forms: Mapping[str, Form]) -> Fault:
    path = ".".join(map(str, error["loc"]))
    if error["type"] == "missing":
        return fault("missing", path)
    if error["type"] == "json_invalid":
        return fault("not_json", "data")
    if error["type"] in {"model_type", "dict_type", "model_attributes_type"}:
        return fault("invalid", path, AN_OBJECT)
    return fault("invalid", path, forms.get(path, A_TEXT))


@cache
def _forms_by_path(model: type[BaseModel], prefix: str = "") -> dict[str, Form]:
    """The form of every field, by its path on the wire."""
    found = {prefix + name: form for name, form in forms_of(model).items()}
    for name, info in model.model_fields.items():
        path = prefix + (info.alias or name)
        kind: Any = info.annotation
        if isinstance(kind, type) and issubclass(kind, Enum):
            values = ", ".join(str(member.value) for member in kind)
            found[path] = Form(f"een van: {values}", f"one of: {values}")
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= _forms_by_path(kind, f"{path}.")
    return found


def _or_none(value: Any, validate: Any) -> Any:
    try:
        return validate(value)
    except ValidationError:
        return None


@cache
def lenient(model: type[BaseModel]) -> type[BaseModel]:
    """The same model with a gap (None) wherever a field is missing or wrong.

    So that the rules can be asked of what is readable, and a partner hears all faults at once.
    """
    fields: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        kind: Any = info.annotation
        if isinstance(kind, type) and issubclass(kind, Wire):
            kind = lenient(kind)
        for entry in info.metadata:
            kind = Annotated[kind, entry]
        fields[name] = (
            Annotated[kind | None if not get_args(kind) else kind, WrapValidator(_or_none)],
            Field(None, alias=info.alias),
        )
    return create_model(f"Lenient{model.__name__}", __base__=_Lenient, **fields)


class _Lenient(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow", strict=False)


def unknown_names(part: Any, path: str) -> Iterator[tuple[str, Fault | None]]:
    """Every field that we do not know, with its fault if it is close to one that we do."""
    if not isinstance(part, BaseModel):
        return
    fields = type(part).model_fields
    known = {info.alias or name for name, info in fields.items()}
    for name in part.model_extra or {}:
        shown = name if name.isidentifier() and len(name) <= NAME_LENGTH_MAX else "(…)"
        yield f"{path}.{shown}", _fault_of_name(name, f"{path}.{shown}", known)
    for name, info in fields.items():
        yield from unknown_names(getattr(part, name), f"{path}.{info.alias or name}")


def _fault_of_name(name: str, path: str, known: set[str]) -> Fault | None:
    if name.lower() in BSN_NAMES:
        return fault("bsn", path)
    near = next((one for one in sorted(known) if is_one_edit(name.lower(), one.lower())), None)
    return fault("nearly_named", path, near) if near else None


def is_one_edit(given: str, wanted: str) -> bool:
    """Whether one letter more, less, other, or two swapped, makes the one into the other."""
    if given == wanted:
        return True
    if abs(len(given) - len(wanted)) > 1:
        return False
    start = 0
    while start < min(len(given), len(wanted)) and given[start] == wanted[start]:
        start += 1
    rest_given, rest_wanted = given[start:], wanted[start:]
    swapped = rest_given[1:2] + rest_given[:1] + rest_given[2:]
    return (
        rest_given[1:] == rest_wanted[1:]
        or rest_given[1:] == rest_wanted
        or rest_given == rest_wanted[1:]
        or swapped == rest_wanted
    )
