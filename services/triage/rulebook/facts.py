"""The facts that a document declares: names, types, groups, lists of records."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from services.triage.rulebook.faults import Fault
from services.triage.rulebook.sections import Section
from services.triage.rulebook.tree import Entries, Node, Scalar

FACTS_MAX = 500
DEPTH_MAX = 6
NAME_CHARACTERS_MAX = 60
TYPES = 'number, text, yes/no, date, instant, record, "list of" one of these; "optional" before it'
RESERVED = frozenset(
    {
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for",
        "function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void",
        "while",
    }
)  # fmt: skip
# Not to be declared: the first is given, the others are how a case says which it is.
TAKEN = frozenset({"today", "id", "facts"})
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*_?")
_TYPE = re.compile(
    r"(optional )?(?:(list of )(number|text|yes/no|date|instant|record)s?"
    r"|(number|text|yes/no|date|instant|record))"
)
_PARTS = ("type", "optional", "fields", "description")


class Kind(StrEnum):
    """What a fact is, in the words of the document."""

    NUMBER = "number"
    TEXT = "text"
    YES_NO = "yes/no"
    DATE = "date"
    INSTANT = "instant"
    RECORD = "record"
    UNSURE = "anything"  # its declaration has a fault; nothing more is said of its uses


@dataclass(frozen=True)
class Fact:
    """What is declared of one fact."""

    kind: Kind
    is_list: bool = False
    is_optional: bool = False
    fields: Mapping[str, "Fact"] = field(default_factory=dict)  # of a record
    is_implied: bool = False  # a group that nobody declared: a dotted name made it

    @property
    def is_group(self) -> bool:
        """Whether it only holds other facts, which are asked by dotted names."""
        return self.kind is Kind.RECORD and not self.is_list


Facts = Mapping[str, Fact]


def declared(node: Node, faults: list[Fault]) -> dict[str, Fact]:
    """The tree of facts that a `facts:` section declares; what is wrong is added to `faults`."""
    facts: dict[str, Fact] = {}
    for name, spec in _names(node, faults):
        parts = name.text.split(".")
        fact = _fact(spec, len(parts), faults)
        fault = name_fault(name.text) or _add(facts, parts, fact)
        if fault:
            faults.append(Fault(name.line, name.column, fault))
    return facts


def _names(node: Node, faults: list[Fault]) -> Iterator[tuple[Scalar, Node]]:
    if not isinstance(node, Entries):
        faults.append(Fault(node.line, node.column, "expected names of facts, each with its type"))
    elif len(node.entries) > FACTS_MAX:
        faults.append(Fault(node.line, node.column, f"more than {FACTS_MAX} facts"))
    else:
        yield from node.entries


def name_fault(name: str) -> str | None:
    """Why a dotted name cannot be that of a fact; None when it can."""
    parts = name.split(".")
    if parts[0] in TAKEN:
        return f"{parts[0]} is taken; choose another name"
    if len(parts) > DEPTH_MAX:
        return f"{name}: more than {DEPTH_MAX} names joined by dots"
    return next((fault for part in parts if (fault := _part_fault(part))), None)


def _part_fault(part: str) -> str | None:
    if part in RESERVED:
        return f"{part} is a word of the language; choose another name"
    if len(part) > NAME_CHARACTERS_MAX or not _NAME.fullmatch(part):
        return (
            f"{part!r} cannot be a name: begin with a letter, then letters, digits and single _, "
            f"at most {NAME_CHARACTERS_MAX}"
        )
    return None


def _add(facts: dict[str, Fact], parts: list[str], fact: Fact) -> str | None:
    """Put a fact at its place, making the groups of its dotted name; the fault, if any."""
    name, *rest = parts
    known = facts.get(name)
    if not rest:
        if known:
            return f"{name} is declared twice" + (", as a group too" if known.is_group else "")
        facts[name] = fact
        return None
    if known is None:
        known = Fact(Kind.RECORD, is_implied=True)
    if not known.is_implied:
        return f"{name} is declared, so {'.'.join(parts)} cannot be; put it among its fields"
    fields = dict(known.fields)
    fault = _add(fields, rest, fact)
    facts[name] = replace(known, fields=fields)
    return fault


def _fact(node: Node, depth: int, faults: list[Fault]) -> Fact:
    """A type in short (`optional date`), or with its parts (`type`, `optional`, `fields`)."""
    parts = Section(node, _PARTS, faults) if isinstance(node, Entries) else None
    of_type = parts.required("type") if parts else node
    found = _TYPE.fullmatch(of_type.text.strip()) if isinstance(of_type, Scalar) else None
    if not found:
        if of_type:
            said = f": {of_type.text!r}" if isinstance(of_type, Scalar) else ""
            faults.append(Fault(of_type.line, of_type.column, f"not a type{said}; say {TYPES}"))
        return Fact(Kind.UNSURE)
    kind = Kind(found[3] or found[4])
    is_optional = bool(found[1]) or (parts.yes_no("optional") if parts else False)
    of_fields = parts.part("fields") if parts else None
    if kind is Kind.RECORD:
        fields = _fields(of_fields, node, depth, faults)
        return Fact(kind, bool(found[2]), is_optional, fields)
    if of_fields:
        faults.append(Fault(of_fields.line, of_fields.column, "only a record has fields"))
    return Fact(kind, bool(found[2]), is_optional)


def _fields(node: Node | None, record: Node, depth: int, faults: list[Fault]) -> dict[str, Fact]:
    """The fields of a record; `record` is where it is told that they are missing."""
    fields: dict[str, Fact] = {}
    if node is None or depth >= DEPTH_MAX:
        text = "a record needs fields" if node is None else f"records in records: {DEPTH_MAX} deep"
        faults.append(Fault(record.line, record.column, text))
        return fields
    for name, spec in _names(node, faults):
        fault = _part_fault(name.text)
        if "." in name.text:
            fault = f"{name.text}: among fields, a record says what elsewhere a dot says"
        fault = fault or _add(fields, [name.text], _fact(spec, depth + 1, faults))
        if fault:
            faults.append(Fault(name.line, name.column, fault))
    return fields


def variables(facts: Facts, prefix: str = "") -> Iterator[tuple[str, Fact]]:
    """Every fact that a rule can ask by its dotted name."""
    for name, fact in facts.items():
        if fact.is_group:
            yield from variables(fact.fields, f"{prefix}{name}.")
        else:
            yield prefix + name, fact


def groups(facts: Facts, prefix: str = "") -> Iterator[str]:
    """The dotted name of every group of facts."""
    for name, fact in facts.items():
        if fact.is_group:
            yield prefix + name
            yield from groups(fact.fields, f"{prefix}{name}.")


def records(facts: Facts, prefix: str = "", in_list: bool = False) -> Iterator[tuple[str, Fact]]:
    """Every record that stands in a list, or in a record of a list, by its dotted name."""
    for name, fact in facts.items():
        if fact.kind is Kind.RECORD:
            if in_list or fact.is_list:
                yield prefix + name, fact
            yield from records(fact.fields, f"{prefix}{name}.", in_list or fact.is_list)
