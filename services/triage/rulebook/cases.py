"""Reading cases: a YAML or JSON document, or one JSON document a line."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from services.triage.rulebook.faults import DocumentFault, Fault
from services.triage.rulebook.tree import Entries, Items, Node, Scalar, parse
from services.triage.rulebook.values import nested, text_fault

CASES_MAX = 100_000
YAML_VALUES_MAX = 5_000_000
DEPTH_MAX = 20
ID_CHARACTERS_MAX = 200
_EXACT_MAX = 2**53  # whole numbers beyond are not exact in JSON
NOT_CASES = "expected a list of cases, or a mapping of them by id"


@dataclass(frozen=True)
class Case:
    """A case as it was read; when it has faults, it is not decided."""

    line: int | None  # where it begins; None when that is not known
    id: str | int | None
    given: dict[str, Any] = field(default_factory=dict)
    faults: tuple[str, ...] = ()


class _Twice(ValueError):
    """A name is there twice in a JSON object."""


def from_yaml(text: str) -> Iterator[Case]:
    """The cases of a YAML document; raises DocumentFault when it has none to give."""
    root = parse(text, YAML_VALUES_MAX)
    if isinstance(root, Entries) and [name.text for name, _ in root.entries] == ["cases"]:
        root = root.entries[0][1]
    if isinstance(root, Items):
        pairs: list[tuple[Scalar | None, Node]] = [(None, node) for node in root.items]
    elif isinstance(root, Entries):
        pairs = list(root.entries)
    else:
        raise DocumentFault([Fault(root.line, root.column, NOT_CASES)])
    _bound(len(pairs))
    for name, node in pairs:
        faults: list[str] = []
        given = _plain(node, faults)
        yield _case(given, (name or node).line, None if name is None else _id_of(name), faults)


def from_json(text: str) -> Iterator[Case]:
    """The cases of a JSON document; raises DocumentFault when it cannot be read."""
    try:
        root = _loads(text)
    except ValueError as error:
        raise DocumentFault([_json_fault(error)]) from None
    if isinstance(root, dict) and list(root) == ["cases"]:
        root = root["cases"]
    if not isinstance(root, list | dict):
        raise DocumentFault([Fault(1, 1, NOT_CASES)])
    _bound(len(root))
    if isinstance(root, dict):
        yield from (_case(given, None, name, []) for name, given in root.items())
    else:
        yield from (_case(given, None, None, []) for given in root)


def from_lines(lines: Iterable[str]) -> Iterator[Case]:
    """The cases of JSON documents, one a line; a line that is not one is a case with a fault."""
    for number, line in enumerate(lines, start=1):
        if number > CASES_MAX:
            raise DocumentFault([Fault(number, 1, f"more than {CASES_MAX} cases")])
        if not line.strip():
            continue
        try:
            given = _loads(line.removeprefix("\ufeff"))
        except ValueError as error:
            yield Case(number, None, faults=(_json_fault(error).text,))
        else:
            yield _case(given, number, None, [])


def _bound(count: int) -> None:
    if count > CASES_MAX:
        raise DocumentFault([Fault(1, 1, f"more than {CASES_MAX} cases")])


def _id_of(name: Scalar) -> Any:
    value = name.value()
    return value if isinstance(value, float) and value.is_integer() else name.text


def _plain(node: Node, faults: list[str]) -> Any:
    """A tree as plain values; a name that is there twice is a fault."""
    if isinstance(node, Scalar):
        return node.value()
    if isinstance(node, Items):
        return [_plain(one, faults) for one in node.items]
    plain: dict[str, Any] = {}
    for name, inner in node.entries:
        if name.text in plain:
            faults.append(f"{name.text}: is there twice")
        plain[name.text] = _plain(inner, faults)
    return plain


def _case(given: Any, line: int | None, named: Any, faults: list[str]) -> Case:
    """A case with its id; `named` is the id that it has from the name it stands under."""
    if given is None and named is not None:
        given = {}
    if not isinstance(given, dict):
        return Case(line, None, faults=("expected names with values",))
    rest = dict(given)
    identity = rest.pop("id", None)
    if named is not None:
        if identity not in (None, named):
            faults.append("id: differs from the name that the case stands under")
        identity = named
    if isinstance(rest.get("facts"), dict) and rest.keys() <= {"facts", "note"}:
        rest = rest["facts"]
    known, fault = _checked_id(identity)
    if fault:
        faults.append(fault)
    return Case(line, known, nested(rest, faults), tuple(faults))


def _checked_id(identity: Any) -> tuple[str | int | None, str | None]:
    """The id as it is printed, and what is wrong with it."""
    if isinstance(identity, str) and identity:
        if len(identity) <= ID_CHARACTERS_MAX and not text_fault(identity):
            return identity, None
        return None, f"id: more than {ID_CHARACTERS_MAX} characters, or some that may not be"
    if isinstance(identity, int | float) and not isinstance(identity, bool):
        if abs(identity) <= _EXACT_MAX and identity == int(identity):
            return int(identity), None
        return None, "id: a number that is not whole, or too large; write it in quotes"
    missing = "id: is missing" if identity is None else "id: expected text or a whole number"
    return None, missing


def _loads(text: str) -> Any:
    """A JSON document; raises ValueError."""
    try:
        loaded = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse,
            parse_int=lambda digits: int(digits) if len(digits) < 17 else float(digits),
        )
    except RecursionError:
        raise ValueError(f"nested more than {DEPTH_MAX} deep") from None
    if _depth(loaded, 0) > DEPTH_MAX:
        raise ValueError(f"nested more than {DEPTH_MAX} deep")
    return loaded


def _depth(value: Any, depth: int) -> int:
    """How deep it is nested, as far as one more than may be."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if depth > DEPTH_MAX:
        return depth
    return max((_depth(one, depth + 1) for one in inner), default=depth)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Twice(f"{name}: is there twice")
        found[name] = value
    return found


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not a number")


def _json_fault(error: ValueError) -> Fault:
    if isinstance(error, json.JSONDecodeError):
        return Fault(error.lineno, error.colno, f"not JSON: {error.msg} (column {error.colno})")
    return Fault(1, 1, str(error))
