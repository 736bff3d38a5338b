"""YAML as a tree in which every value knows its line and column.

Read from YAML's events, because what PyYAML makes of values is not what their writer meant: `on` as
a name is not true, 10:30 is no number, and the first of two equal names must not vanish.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import yaml

from services.triage.rulebook.faults import DocumentFault, Fault

DEPTH_MAX = 20
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # the C one is ten times as fast
_NUMBER = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
# A character that is seen, as it is written in quotes, and the white space between.
_MARK = re.compile(r"\s|(.)")
_MARKS = {
    '"': re.compile(r"""^"|"$|\\[nrt\s]|\s|(\\x..|\\u....|\\.|.)""", re.DOTALL),
    "'": re.compile(r"^'|'$|\s|(''|.)", re.DOTALL),
}
# What was probably not quoted where PyYAML says that it expected something.
_HINT = "; what begins with a sign or a quote, or has ': ' in it, goes in quotes or after |"
_WORDS = {"true": True, "yes": True, "false": False, "no": False, "": None, "~": None, "null": None}


@dataclass(frozen=True)
class Scalar:
    """A single value, as it was written."""

    text: str
    is_plain: bool  # written without quotes, on one or more lines
    line: int
    column: int
    source: str = field(repr=False)  # the characters of the file that it was read from

    @property
    def is_folded(self) -> bool:
        """Whether several lines of the file became one."""
        return self.source[:1] != "|" and "\n" in self.source.strip()

    def value(self) -> str | float | bool | None:
        """The value as its writer meant it: what is in quotes is text; a date stays text."""
        if not self.is_plain:
            return self.text
        if self.text.lower() in _WORDS:
            return _WORDS[self.text.lower()]
        return float(self.text) if _NUMBER.fullmatch(self.text) else self.text

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column in the file of a character of `text`, whatever the quoting or folding.

        The characters that are no white space are the same in the file and in the text, in order.
        """
        wanted = len("".join(self.text[:offset].split()))
        start = self.source.find("\n") + 1 if self.source[:1] in {"|", ">"} else 0
        marks = _MARKS.get(self.source[:1], _MARK)
        visible = (one for one in marks.finditer(self.source, start) if one[1])
        found = next(islice(visible, wanted, None), None)
        before = self.source[: found.start() if found else len(self.source)]
        lines = before.count("\n")
        last = len(before) - before.rfind("\n")
        return self.line + lines, last if lines else self.column + len(before)


@dataclass(frozen=True)
class Items:
    """A list."""

    items: tuple["Node", ...]
    line: int
    column: int


@dataclass(frozen=True)
class Entries:
    """A mapping; a name may be there twice, which is for its reader to refuse."""

    entries: tuple[tuple[Scalar, "Node"], ...]
    line: int
    column: int


Node = Scalar | Items | Entries


def parse(text: str, values_max: int) -> Node:
    """The one YAML document in a text; raises DocumentFault.

    `values_max` bounds how many values it may have, those of an alias counted at each use.
    """
    try:
        return _Reader(text, values_max).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = str(error.problem)
        hint = _HINT if "expected" in problem or "not allowed" in problem else ""
        raise DocumentFault([Fault(*where, f"not YAML: {problem}{hint}")]) from None
    except (yaml.YAMLError, UnicodeEncodeError):
        raise DocumentFault([Fault(1, 1, "not YAML: it has a character that may not be")]) from None


class _Reader:
    """Builds the tree from the events, counting as it goes."""

    def __init__(self, text: str, values_max: int) -> None:
        self._text = text.removeprefix("\ufeff")
        self._events: Iterator[Any] = iter(yaml.parse(self._text, Loader=_LOADER))
        self._values_max = values_max
        self._count = 0
        self._faults: list[Fault] = []
        self._anchors: dict[str, tuple[Node, int]] = {}  # each with how many values it has

    def document(self) -> Node:
        next(self._events)
        first = next(self._events)
        if isinstance(first, yaml.StreamEndEvent):
            raise DocumentFault([Fault(1, 1, "the file is empty")])
        node = self._node(next(self._events), 0)
        next(self._events)
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise self._fault(after, "a second document begins here: put each in its own file")
        if self._faults:
            raise DocumentFault(self._faults)
        return node

    def _node(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if event.tag is not None:
            text = f"{event.tag}: text that begins with ! goes in quotes, or on a new line after |"
            self._faults += self._fault(event, text).faults
        if depth > DEPTH_MAX:
            raise self._fault(event, f"nested more than {DEPTH_MAX} deep")
        before = self._count
        self._add(event, 1)
        node = self._built(event, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node, self._count - before
        return node

    def _built(self, event: Any, depth: int) -> Node:
        start, end = event.start_mark, event.end_mark
        line, column = start.line + 1, start.column + 1
        if isinstance(event, yaml.ScalarEvent):
            source = self._text[start.index : end.index]
            return Scalar(event.value, not event.style, line, column, source)
        nodes = list(self._children(depth))
        if isinstance(event, yaml.SequenceStartEvent):
            return Items(tuple(nodes), line, column)
        pairs = []
        for name, node in zip(nodes[::2], nodes[1::2], strict=True):
            if not isinstance(name, Scalar):
                raise DocumentFault([Fault(name.line, name.column, "a name must be a single word")])
            pairs.append((name, node))
        return Entries(tuple(pairs), line, column)

    def _children(self, depth: int) -> Iterator[Node]:
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
                return
            yield self._node(event, depth + 1)

    def _alias(self, event: Any) -> Node:
        if event.anchor not in self._anchors:
            raise self._fault(event, f"*{event.anchor} stands for nothing")
        node, count = self._anchors[event.anchor]
        self._add(event, count)
        return node

    def _add(self, event: Any, count: int) -> None:
        self._count += count
        if self._count > self._values_max:
            raise self._fault(event, f"more than {self._values_max} values")

    @staticmethod
    def _fault(event: Any, text: str) -> DocumentFault:
        mark = event.start_mark
        return DocumentFault([Fault(mark.line + 1, mark.column + 1, text)])
