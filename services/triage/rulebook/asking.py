"""Evaluates the expressions of a document for one case after the other.

What CEL gives for an error is told apart: something absent, or something wrong. Records stand in
CEL as numbers, the place in a table of the case, so that they cost nothing to carry about.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cel_expr_python import cel

from services.triage.rulebook.functions import OPERATORS, Function, split
from services.triage.rulebook.numbers import Absent, Trouble
from services.triage.rulebook.rewriting import Names, presence

WORK_MAX = 3_000_000  # values handed to functions while one expression is evaluated
TEXT_UNIT = 20  # so many characters of a text count as one value
_STOP = object()  # CEL cannot take it for a value, and ends the evaluation
# How CEL says that a fact, or an item of a list, is not there.
_MISSING = ('UNKNOWN: No value with name "', "UNKNOWN: Index error: index=")
_PLACE = "Index error: expected integer"
_BUDGET = "Iteration budget exceeded"
_DYN, _BOOL = cel.Type.DYN, cel.Type.BOOL


@dataclass(frozen=True)
class Unanswered:
    """An expression that has no value for a case."""

    trouble: str | None  # what is wrong; None when something is absent


class Asker:
    """Evaluates what was checked; the answers are plain values."""

    def __init__(self, names: Names, functions: Mapping[str, Function]) -> None:
        self.records: list[dict[str, Any]] = []  # of the case; a record is its place in here
        self._compiled: dict[str, Any] = {}
        self._work = 0
        self._trouble: str | None = None
        self._is_absent = False
        declared = [
            *(cel.FunctionDecl(*self._operator(name, one)) for name, one in OPERATORS.items()),
            *(cel.FunctionDecl(*self._named(name, one)) for name, one in functions.items()),
            *(cel.FunctionDecl(*one) for name in names.fields for one in self._of_field(name)),
        ]
        self._env = cel.NewEnv(
            config=cel.NewEnvConfigFromYaml("stdlib:\n  disable: true\n"),
            variables=dict.fromkeys((*names.variables, "today"), _DYN)
            | dict.fromkeys(map(presence, names.variables | names.groups), _BOOL),
            extensions=[cel.CelExtension("rulebook", declared)],
        )

    def learn(self, text: str) -> None:
        """Compile an expression, to be asked often."""
        self._compiled[text] = self._env.compile(text)

    def activation(self, values: Mapping[str, Any]) -> Any:
        """The values of a case, for many expressions; a copy."""
        return self._env.Activation(values)

    def ask(self, text: str, activation: Any) -> Any:
        """The value of an expression that was learned, or Unanswered."""
        self._work, self._trouble, self._is_absent = 0, None, False
        try:
            answer = self._compiled[text].eval(activation)
        except RuntimeError as error:
            if self._trouble is None and _BUDGET in str(error):
                self._trouble = "more than 10,000 steps of exists, all, filter and map"
            return Unanswered(self._trouble or str(error))
        if answer.type() != cel.Type.ERROR:
            return answer.plain_value()
        text = str(answer.value())
        if self._trouble is None and not self._is_absent and not text.startswith(_MISSING):
            self._trouble = "the place of an item is a whole number" if _PLACE in text else text
        return Unanswered(self._trouble)

    def _operator(self, name: str, function: Function) -> tuple[str, list[Any]]:
        """An operator, by the types of its first form: only && || ! ?: need to know theirs."""
        parameters, result = split(function.signatures[0])
        types = [_BOOL if one == "bool" else _DYN for one in parameters]
        does = self._counted(function.does)
        return name, [cel.Overload(name, _BOOL if result == "bool" else _DYN, types, False, does)]

    def _named(self, name: str, function: Function) -> tuple[str, list[Any]]:
        does = self._counted(function.does)
        return name, [
            cel.Overload(f"{name}{count}{is_member}", _DYN, [_DYN] * count, is_member, does)
            for count in sorted(function.counts)
            for is_member in (False, True)
        ]

    def _of_field(self, name: str) -> Iterator[tuple[str, list[Any]]]:
        """Whether a record has a field, and what it says."""

        def value(record: int) -> Any:
            if name not in self.records[record]:
                raise Absent
            return self.records[record][name]

        def is_there(record: int) -> bool:
            return name in self.records[record]

        for prefix, does in (("__", value), ("__has__", is_there)):
            overload = cel.Overload(f"{prefix}{name}", _DYN, [_DYN], True, self._counted(does))
            yield f"{prefix}{name}", [overload]

    def _counted(self, does: Callable[..., Any] | None) -> Callable[..., Any] | None:
        """A function that counts its work and keeps what went wrong; None is left to CEL."""
        if does is None:
            return None

        def counted(*arguments: Any) -> Any:
            self._work += sum(map(_size, arguments))
            if self._work > WORK_MAX:
                self._trouble = "it takes too much work"
                return _STOP
            try:
                return does(*arguments)
            except Trouble as trouble:
                self._trouble = str(trouble)
                raise
            except Absent:
                self._is_absent = True
                raise

        return counted


def _size(value: Any) -> int:
    """How much a value is to carry about. All items of a list are of one type."""
    if isinstance(value, str):
        return 1 + len(value) // TEXT_UNIT
    if not isinstance(value, list):
        return 1
    is_flat = not value or isinstance(value[0], int | float)
    return 1 + (len(value) if is_flat else sum(map(_size, value)))
