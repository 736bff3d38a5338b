"""From the bytes of a partner's message to an event, or to every fault of its form at once."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from itertools import islice
from typing import Annotated, Any, get_args

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, WrapValidator, create_model
from pydantic_core import ErrorDetails

from services.signals.arrivals import NESTING_MAX, Arrival, is_too_deep
from services.signals.texts import fault
from shared.contracts import partners
from shared.contracts.envelope import BODY_BYTES_MAX
from shared.contracts.forms import Form, Wire, forms_of
from shared.contracts.signals import Fault

AN_OBJECT = Form("een object", "an object")
A_TEXT = Form("een tekst", "a text")
BSN_NAMES = {"bsn", "bsnnummer", "burgerservicenummer", "sofinummer"}
NINE_DIGITS = re.compile(r"(?<![0-9])[0-9]{9}(?![0-9])")
BSN_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)
# Numbers of a partner's own making: one in eleven of nine digits would look like a BSN.
OWN_NUMBERS = {
    "id", "sequence", "contractnummer", "zaaknummer", "signaalId", "telefoonnummer", "bagId",
}  # fmt: skip
# A field's name: short, and without a dot, so that a path tells exactly what was not kept.
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
A_NAME = Form(
    "een naam van 1 tot 40 letters, cijfers en _, niet met een cijfer vooraan",
    "a name of 1 to 40 letters, digits and _ that does not begin with a digit",
)
UNKNOWN_MAX = 100  # names that an answer and a receipt can hold


@dataclass(frozen=True)
class Reading:
    """What could be read. `envelope` is whole when there are no faults, else it has gaps (None)."""

    faults: list[Fault]
    document: Mapping[str, Any] = field(default_factory=dict)
    envelope: Any = None
    event_class: type[partners.PartnerEvent] | None = None
    unknown: tuple[str, ...] = ()  # paths of fields that we do not know, and did not keep

    @property
    def event_id(self) -> str | None:
        """The event's own id, if it has a usable one."""
        given = self.document.get("id")
        is_usable = isinstance(given, str) and 0 < len(given) <= 100 and given.isprintable()
        return given if is_usable else None


def read(arrival: Arrival) -> Reading:
    """Read an event; all faults of its form at once, as far as they can be told."""
    faults = [*arrival.faults, *_faults_of_body(arrival.body)]
    try:
        document = orjson.loads(arrival.body) if len(arrival.body) <= BODY_BYTES_MAX else {}
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        return Reading([*faults, fault("not_json", "data")])
    if len(arrival.body) > BODY_BYTES_MAX:
        return Reading(faults)
    faults += citizen_numbers(document)
    if is_too_deep(document):
        return Reading([*faults, fault("too_deep", "data", str(NESTING_MAX))], document)
    wire_type = document.get("type")
    event_class = partners.BY_TYPE.get(wire_type) if isinstance(wire_type, str) else None
    if event_class is None:
        faults += _faults_of(_EnvelopeOnly, arrival.body)
        if isinstance(wire_type, str):
            faults.append(fault("unknown_type", "type"))
        return Reading(faults, document)
    return _read_event(arrival.body, document, event_class, faults)


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
    names = list(islice(unknown_names(envelope, ""), UNKNOWN_MAX + 1))
    faults += [found for _, found in names if found]
    if len(names) > UNKNOWN_MAX:
        faults.append(fault("too_many_unknown", "data", str(UNKNOWN_MAX)))
    unknown = tuple(name for name, found in names if not found)
    return Reading(faults, document, envelope, event_class, unknown)


def _faults_of_body(body: bytes) -> Iterator[Fault]:
    if len(body) > BODY_BYTES_MAX:
        yield fault("too_large", "data", f"{BODY_BYTES_MAX // 1024} KB")
    if b"\\u0000" in body:
        yield fault("nul", "data")


def is_bsn_name(name: str) -> bool:
    """Whether a field or column is named as a citizen service number: `bsn_nr`, `BSN huurder`."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)
    return not BSN_NAMES.isdisjoint(map(str.lower, [*words, "".join(words)]))


def citizen_numbers(part: Any, path: str = "", depth: int = 0) -> Iterator[Fault]:
    """Every place that is named after the BSN or holds what looks like one; never the number."""
    if isinstance(part, dict):
        for name, inner in part.items():
            inside = f"{path}{shown(name)}"
            if is_bsn_name(name):
                yield fault("bsn", inside)
            elif name not in OWN_NUMBERS and depth < NESTING_MAX:
                yield from citizen_numbers(inner, f"{inside}.", depth + 1)
    elif isinstance(part, list) and depth < NESTING_MAX:
        for inner in part:
            yield from citizen_numbers(inner, path, depth + 1)
    elif isinstance(part, str | int) and any(map(is_bsn, NINE_DIGITS.findall(str(part)))):
        yield fault("bsn", path.removesuffix("."))


def is_bsn(digits: str) -> bool:
    """Whether nine digits pass the eleven-test of the citizen service number."""
    return sum(w * int(d) for w, d in zip(BSN_WEIGHTS, digits, strict=True)) % 11 == 0


def shown(name: str) -> str:
    """A field's name, if it is one; what somebody wrote in its place is not repeated."""
    return name if NAME.fullmatch(name) else "(…)"


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
        yield f"{path}{shown(name)}", _fault_of_name(name, f"{path}{shown(name)}", known)
    for name, info in fields.items():
        yield from unknown_names(getattr(part, name), f"{path}{info.alias or name}.")


def _fault_of_name(name: str, path: str, known: set[str]) -> Fault | None:
    near = next((one for one in sorted(known) if is_one_edit(name.lower(), one.lower())), None)
    if near:
        return fault("nearly_named", path, near)
    return None if NAME.fullmatch(name) else fault("field_name", path, A_NAME)


def without(part: Mapping[str, Any], paths: Collection[str]) -> dict[str, Any]:
    """A document without the fields at these paths, such as `data.hobby`."""
    kept: dict[str, Any] = {}
    for name, value in part.items():
        if name in paths and "." not in name:
            continue
        below = [path.removeprefix(f"{name}.") for path in paths if path.startswith(f"{name}.")]
        kept[name] = without(value, below) if below and isinstance(value, dict) else value
    return kept


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
