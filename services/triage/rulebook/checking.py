"""Type-checking by CEL when a document is loaded, and its faults in the words of the document.

The checker has types that only it knows: a date, and each kind of record. What is evaluated later
has no types; that it fits was settled here.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from cel_expr_python import cel

from services.triage.rulebook.facts import Fact, Facts, Kind, groups, records, variables
from services.triage.rulebook.faults import Fault, meant
from services.triage.rulebook.functions import OPERATORS, Function, split
from services.triage.rulebook.rewriting import Names, Rewritten, comment_place, presence
from services.triage.rulebook.tree import Scalar

_TYPES = {
    Kind.NUMBER: "double",
    Kind.TEXT: "string",
    Kind.YES_NO: "bool",
    Kind.DATE: "date",
    Kind.INSTANT: "timestamp",
    Kind.UNSURE: "dyn",
}
_WORDS = {
    "double": "number", "int": "number", "string": "text", "bool": "yes/no",
    "google.protobuf.timestamp": "instant", "timestamp": "instant", "dyn": "anything",
    "~a": "any", "null_type": "null",
}  # fmt: skip
_ERROR = re.compile(r"ERROR: <input>:(-?[0-9]+):(-?[0-9]+): (.*)")
_MISFIT = re.compile(r"found no matching overload for '(.+)' applied to '\((.*)\)'")
_UNDECLARED = re.compile(r"undeclared reference to '(.+?)'")
_RANGE = re.compile(r"expression of type '(.+)' cannot be the range of a comprehension")
_CONSEQUENCES = ("*error*", "<<nil>>", "__unknown", "undeclared reference to '__")
_SWALLOWS = "lines are joined here, and a comment takes all that follows; put them after |"
_TOO_DEEP = (
    "nested more than 32 deep, or more than 32 of one sign in a row; make derived facts of it"
)
# What two types were probably meant to be, when they do not fit.
_HINTS = {
    frozenset({"date", "text"}): '; a date is written date("2026-01-31")',
    frozenset({"instant", "text"}): '; an instant is written instant("2026-01-31T10:00:00Z")',
    frozenset({"instant", "date"}): "; date_of(instant) is its date",
}


class Checker:
    """Checks the expressions of a document; derived facts are added as their types are known."""

    def __init__(self, facts: Facts, functions: Mapping[str, Function]) -> None:
        known = dict(variables(facts))
        of_records = list(records(facts))
        self._functions = functions
        self._variables = set(known)
        self._groups = frozenset(groups(facts))
        self._fields = frozenset(name for _, record in of_records for name in record.fields)
        self._derived: dict[str, Any] = {}
        self._config = cel.NewEnvConfigFromYaml(
            json.dumps(
                {
                    "stdlib": {"disable": True},
                    "variables": list(_declared(known, self._groups)),
                    "functions": [
                        *_operators(),
                        *_named(functions),
                        *_of_fields(of_records),
                    ],
                }
            )
        )
        self._env: Any = None

    def names(self) -> Names:
        """What an expression may speak of now."""
        return Names(frozenset(self._variables), self._groups, self._fields)

    def expect(self, derived: list[str]) -> None:
        """Derived facts may be spoken of before their types are known."""
        self._variables.update(derived)

    def learn(self, name: str, of_type: Any) -> None:
        """The type of a derived fact; None when it has a fault of its own."""
        self._derived[name] = of_type or cel.Type.DYN
        self._env = None

    def check_condition(self, node: Scalar, said: Rewritten, faults: list[Fault]) -> None:
        """Check an expression that says yes or no; a fault is added to `faults`."""
        of_type = self._check(node, said, faults)
        name = "BOOL" if of_type is None else str(of_type.name())
        if name not in {"BOOL", "DYN"}:
            text = f"a condition says yes or no; this is a {words(name)}"
            faults.append(Fault(node.line, node.column, text))

    def check(self, node: Scalar, said: Rewritten, faults: list[Fault]) -> Any:
        """The type of a derived fact; None when there is a fault, which is added to `faults`.

        Lists of lists could grow without end, one derived fact by the other.
        """
        of_type = self._check(node, said, faults)
        name = "BOOL" if of_type is None else str(of_type.name())
        if name.count("LIST<") > 1 or name.startswith(("MAP", "NULL", "TYPE")):
            text = f"a derived fact cannot be a {words(name)}"
            faults.append(Fault(node.line, node.column, text))
            return None
        return of_type

    def _check(self, node: Scalar, said: Rewritten, faults: list[Fault]) -> Any:
        found = list(said.faults)
        comment = comment_place(node.text) if node.is_folded else None
        if comment is not None:
            found.append((comment, _SWALLOWS))
        of_type = None
        try:
            of_type = self._environment().compile(said.text).return_type() if said.text else None
        except RuntimeError as error:
            found += self._explained(str(error), said)
            if not found:
                found = [(0, str(error).splitlines()[0])]
        if not said.text and not found:
            found = [(0, "an expression is missing")]
        faults += [Fault(*node.position(place), text) for place, text in found]
        return None if found else of_type

    def _environment(self) -> Any:
        if self._env is None:
            presences = {presence(name): cel.Type.BOOL for name in self._derived}
            self._env = cel.NewEnv(config=self._config, variables=self._derived | presences)
        return self._env

    def _explained(self, error: str, said: Rewritten) -> Iterator[tuple[int, str]]:
        if "recursion" in error:
            yield 0, _TOO_DEEP
            return
        for line, column, text in _ERROR.findall(error):
            is_consequence = any(one in text for one in _CONSEQUENCES)
            if not is_consequence and not (said.faults and text.startswith("Syntax error")):
                yield said.place(int(line), int(column)), self._explain(text)

    def _explain(self, text: str) -> str:
        if misfit := _MISFIT.search(text):
            return self._misfit(misfit[1], misfit[2])
        if undeclared := _UNDECLARED.search(text):
            name = undeclared[1]
            if name in self._functions:
                return f"{name} takes {self._taken(name)}"
            return f"there is no {name} here{meant(name, self._functions)}"
        if over := _RANGE.search(text):
            return f"exists, all, filter and map go through a list, not a {words(over[1])}"
        if "'<EOF>' expecting" in text:
            return "the expression ends too early"
        return words(text.partition(" expecting ")[0].replace("'<EOF>'", "the end"))

    def _misfit(self, name: str, given: str) -> str:
        if name.startswith("__"):
            return f"a {words(given)} has no field {name.removeprefix('__has').removeprefix('__')}"
        sign = name.strip("@").replace("_", "") if name in OPERATORS else name
        found = words(given)
        hint = _HINTS.get(frozenset(found.split(", ")), "")
        return f"{sign} takes {self._taken(name)}, not ({found}){hint}"

    def _taken(self, name: str) -> str:
        signatures = {**OPERATORS, **self._functions}[name].signatures
        taken = [", ".join(map(words, split(one)[0])) for one in signatures if "int" not in one]
        return " or ".join(f"({one})" for one in taken)


def words(types: str) -> str:
    """Types as the document says them."""
    types = re.sub(
        r"__([A-Za-z0-9_]+)", lambda found: "record of " + found[1].replace("__", "."), types
    )
    while (inner := re.sub(r"(?i)\blist[(<]([^()<>]*)[)>]", r"list of \1", types)) != types:
        types = inner
    return re.sub(
        r"(?i)[~a-z_.]*[a-z_]", lambda found: _WORDS.get(found[0].lower(), found[0]), types
    )


def type_of(name: str, fact: Fact) -> str:
    """The checker's type of a fact, or of a field, by its dotted name."""
    one = _TYPES.get(fact.kind) or f"__{name.replace('.', '__')}"
    return f"list<{one}>" if fact.is_list else one


def _declared(known: Mapping[str, Fact], of_groups: frozenset[str]) -> Iterator[dict[str, str]]:
    yield {"name": "today", "type": "date"}
    yield {"name": "__unknown", "type": "dyn"}
    for name, fact in known.items():
        yield {"name": name, "type": type_of(name, fact)}
    for name in (*known, *of_groups):
        yield {"name": presence(name), "type": "bool"}


def _operators() -> Iterator[dict[str, Any]]:
    for name, function in OPERATORS.items():
        overloads = [_overload(f"{name}{at}", one) for at, one in enumerate(function.signatures)]
        yield {"name": name, "overloads": overloads}


def _named(functions: Mapping[str, Function]) -> Iterator[dict[str, Any]]:
    """Each function, to be called f(a, b) or a.f(b)."""
    for name, function in functions.items():
        overloads = []
        for at, signature in enumerate(function.signatures):
            overloads.append(_overload(f"{name}{at}", signature))
            overloads.append(_overload(f"{name}{at}_of", signature, is_member=True))
        yield {"name": name, "overloads": overloads}


def _of_fields(of_records: list[tuple[str, Fact]]) -> Iterator[dict[str, Any]]:
    """Two functions a field name: its value, and whether it is there."""
    by_field: dict[str, list[tuple[str, str]]] = {}
    for path, record in of_records:
        of_record = type_of(path, Fact(Kind.RECORD))
        for name, fact in record.fields.items():
            by_field.setdefault(name, []).append((of_record, type_of(f"{path}.{name}", fact)))
    for name, pairs in by_field.items():
        for function, result in ((f"__{name}", None), (f"__has__{name}", "bool")):
            overloads = [
                _overload(f"{function}{at}", f"{of_record} -> {result or of_type}", is_member=True)
                for at, (of_record, of_type) in enumerate(pairs)
            ]
            yield {"name": function, "overloads": overloads}


def _overload(identity: str, signature: str, is_member: bool = False) -> dict[str, Any]:
    parameters, result = split(signature)
    arguments = [{"type": one} for one in parameters]
    overload: dict[str, Any] = {"id": identity, "return": {"type": result}}
    if is_member:
        overload["target"] = arguments.pop(0)
    return overload | {"args": arguments}
