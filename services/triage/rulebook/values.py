"""What a case says, typed against the facts of a document; every fault with its path.

A fault names the path and what is wrong with it, never the value: that may be personal.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.triage.rulebook.dates import date_from, instant_from
from services.triage.rulebook.facts import DEPTH_MAX, Fact, Facts, Kind
from services.triage.rulebook.faults import meant
from services.triage.rulebook.functions import LIST_ITEMS_MAX, TEXT_CHARACTERS_MAX
from services.triage.rulebook.numbers import LARGEST, Trouble
from services.triage.rulebook.rewriting import presence

VALUES_MAX = 20_000
_EXPECTED = {
    Kind.NUMBER: "a number",
    Kind.TEXT: "text",
    Kind.YES_NO: "yes or no",
    Kind.DATE: "a date",
    Kind.INSTANT: "an instant",
    Kind.RECORD: "names with values",
}


@dataclass
class Typed:
    """The facts of a case by dotted name, and whether each fact and group is there."""

    values: dict[str, Any] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    count: int = 0

    def group(self, facts: Facts, given: Mapping[str, Any], prefix: str = "") -> bool:
        """Take the facts of a group; whether there is any."""
        self._find_unknown(facts, given, prefix)
        found = [
            self._member(fact, given.get(name), f"{prefix}{name}") for name, fact in facts.items()
        ]
        return any(found)

    def _find_unknown(self, facts: Facts, given: Mapping[str, Any], prefix: str) -> None:
        for name in given:
            if name not in facts:
                self.faults.append(f"{prefix}{name}: no such fact is declared{meant(name, facts)}")

    def _member(self, fact: Fact, given: Any, path: str) -> bool:
        if given is None:
            is_there = self._without(fact, path)
        elif not fact.is_group:
            value = self.value(fact, given, path)
            is_there = value is not None
            if is_there:
                self.values[path] = value
        elif isinstance(given, dict):
            is_there = self.group(fact.fields, given, f"{path}.")
        else:
            self._wrong(fact.kind, given, path)
            is_there = False
        self.values[presence(path)] = is_there
        return is_there

    def _without(self, fact: Fact, path: str) -> bool:
        """A fact that the case does not have; False."""
        if fact.is_implied:
            return self.group(fact.fields, {}, f"{path}.")
        if not fact.is_optional:
            self.faults.append(f"{path}: is missing, and not optional")
        for inner, _ in _all_within(fact, path):
            self.values[presence(inner)] = False
        return False

    def value(self, fact: Fact, given: Any, path: str) -> Any:
        """A value for CEL; None when there is a fault, which is added."""
        if not fact.is_list:
            return self._single(fact, given, path)
        if not isinstance(given, list):
            self.faults.append(f"{path}: expected a list, found {_found(given)}")
            return None
        if len(given) > LIST_ITEMS_MAX:
            self.faults.append(f"{path}: more than {LIST_ITEMS_MAX} items")
            return None
        items = [self._single(fact, one, f"{path}[{at}]") for at, one in enumerate(given)]
        return None if None in items else items

    def _single(self, fact: Fact, given: Any, path: str) -> Any:
        self.count += 1
        if self.count > VALUES_MAX:
            if self.count == VALUES_MAX + 1:
                self.faults.append(f"{path}: more than {VALUES_MAX} values in a case")
            return None
        if fact.kind is Kind.RECORD:
            if isinstance(given, dict):
                return self._record(fact, given, path)
        elif fact.kind is Kind.YES_NO:
            if isinstance(given, bool):
                return given
        elif fact.kind is Kind.NUMBER:
            if isinstance(given, int | float) and not isinstance(given, bool):
                return self._number(given, path)
        elif isinstance(given, str):
            return self._text(fact.kind, given, path)
        return self._wrong(fact.kind, given, path)

    def _wrong(self, kind: Kind, given: Any, path: str) -> None:
        is_unquoted = kind is Kind.TEXT and isinstance(given, int | float)
        hint = "; write it in quotes" if is_unquoted else ""
        self.faults.append(f"{path}: expected {_EXPECTED[kind]}, found {_found(given)}{hint}")

    def _number(self, given: float, path: str) -> float | None:
        if -LARGEST <= given <= LARGEST:
            return float(given)
        self.faults.append(f"{path}: a number above 1,000,000,000,000,000")
        return None

    def _text(self, kind: Kind, given: str, path: str) -> Any:
        try:
            if kind is Kind.DATE:
                return date_from(given)
            if kind is Kind.INSTANT:
                return instant_from(given)
        except Trouble as trouble:
            self.faults.append(f"{path}: {trouble}")
            return None
        fault = text_fault(given)
        if fault:
            self.faults.append(f"{path}: {fault}")
        return None if fault else given

    def _record(self, fact: Fact, given: Mapping[str, Any], path: str) -> int:
        """A record as its place among the records of the case."""
        self._find_unknown(fact.fields, given, f"{path}.")
        fields = {}
        for name, one in fact.fields.items():
            inner = f"{path}.{name}"
            if given.get(name) is not None:
                value = self.value(one, given[name], inner)
                if value is not None:
                    fields[name] = value
            elif not one.is_optional:
                self.faults.append(f"{inner}: is missing, and not optional")
        self.records.append(fields)
        return len(self.records) - 1


def _all_within(fact: Fact, path: str) -> Iterator[tuple[str, Fact]]:
    for name, inner in fact.fields.items() if fact.is_group else ():
        yield f"{path}.{name}", inner
        yield from _all_within(inner, f"{path}.{name}")


def _found(given: Any) -> str:
    if isinstance(given, bool):
        return "yes or no"
    if isinstance(given, int | float):
        return "a number"
    if isinstance(given, str):
        return "text"
    return "a list" if isinstance(given, list) else "nothing" if given is None else "names"


def text_fault(text: str) -> str | None:
    """Why a text cannot be taken; None when it can."""
    if len(text) > TEXT_CHARACTERS_MAX:
        return f"more than {TEXT_CHARACTERS_MAX} characters"
    if "\0" in text or any("\ud800" <= one <= "\udfff" for one in text):
        return "has a character that may not be in text"
    return None


def nested(given: Mapping[str, Any], faults: list[str]) -> dict[str, Any]:
    """Dotted names as the groups that they mean: `rent.due: 3` as `rent: {due: 3}`."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        _put(found, name, value, faults)
    return found


def _put(group: dict[str, Any], name: str, value: Any, faults: list[str]) -> None:
    first, dot, rest = name.partition(".")
    if dot and name.count(".") <= DEPTH_MAX:
        name, value = first, {rest: value}
    if isinstance(value, dict) and isinstance(group.setdefault(name, {}), dict):
        for inner, one in value.items():
            _put(group[name], inner, one, faults)
    elif name in group:
        faults.append(f"{name}: is there twice")
    else:
        group[name] = value
