"""What a check of a section has to say, and where in the document."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

Loc = tuple[int | str, ...]


class Said(NamedTuple):
    """A fault, or a remark: what is allowed and still is worth a second look."""

    loc: Loc  # as far as the document has it
    text: str
    is_remark: bool = False


def repeated(path: Loc, names: Sequence[object], words: str) -> Iterator[Said]:
    """What a list names a second time, where only the first would count."""
    seen: set[object] = set()
    for no, name in enumerate(names):
        if name in seen:
            yield Said((*path, no), words)
        seen.add(name)


def missing(path: Loc, wanted: Iterable[str], words: str) -> Iterator[Said]:
    """What a list lacks."""
    return (Said(path, words.format(name)) for name in wanted)


# What to say of a section, and the part of it that this looks at.
Checks = Sequence[tuple[Callable[[Any], Iterator[Said]], str]]


def said_by(checks: Checks, section: object) -> Iterator[Said]:
    """All that is said of a section, as far as it has the parts."""
    for check, part in checks:
        if has(section, part):
            yield from check(section)


def has(section: object, part: str) -> bool:
    """Whether a section has a part; one that does not have its form is not there."""
    return getattr(section, part, None) is not None
