"""Where a character of a value stands in the file, whatever its quoting or folding: pure.

CEL counts lines and columns within a condition as it reads it. The characters that are no white
space are the same there and in the file, in the same order: so they are counted.
"""

import re
from itertools import islice
from typing import Any

# How one character that is seen is written: in quotes, in double quotes, and elsewhere.
_SINGLE = re.compile(r"(''|[^\s'])")
_DOUBLE = re.compile(r"\\[nrt\s]|(\\x..|\\u.{4}|\\U.{8}|\\.|\S)", re.DOTALL)
_OTHER = re.compile(r"(\S)")


def place_in(text: str, node: Any, line: int, column: int) -> tuple[int, int]:
    """Line and column in the file of what is at a line and column of a scalar's value.

    What lies behind the last character, as the end of an expression does, is right after it.
    """
    wanted = _seen_before(node.value, line, column)
    start, end = _inside(text, node)
    pattern = {"'": _SINGLE, '"': _DOUBLE}.get(node.style or "", _OTHER)
    seen = (one for one in pattern.finditer(text, start, end) if one[1])
    found = next(islice(seen, wanted, None), None)
    at = found.start() if found else start + len(text[start:end].rstrip())
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def _seen_before(value: str, line: int, column: int) -> int:
    """How many characters that are seen stand before a line and column of a value."""
    lines = value.split("\n")
    before = "".join(lines[: line - 1]) + lines[min(line, len(lines)) - 1][: column - 1]
    return len("".join(before.split()))


def _inside(text: str, node: Any) -> tuple[int, int]:
    """Where a scalar begins and ends, without its quotes or the sign of a block."""
    start, end = node.start_mark.index, node.end_mark.index
    if node.style in {"'", '"'}:
        return start + 1, end - 1
    if node.style in {"|", ">"}:
        return text.find("\n", start) + 1, end
    return start, end
