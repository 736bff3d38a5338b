"""From the words of a document to those that CEL is asked in.

Word by word, without a grammar of our own: whole numbers become decimals, so that all numbers are
of one type; `has(fact)` becomes a variable that says so; `record.field` becomes a function call, so
that CEL knows the type of each field. Every character keeps its place in the document.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import inf

from services.triage.rulebook.dates import date_from, instant_from
from services.triage.rulebook.faults import meant
from services.triage.rulebook.numbers import LARGEST, Trouble
from services.triage.rulebook.texts import pattern_from

CHARACTERS_MAX = 4_000
MACROS = frozenset({"exists", "exists_one", "all", "filter", "map"})
# A text in these is read when the document is loaded, so that a slip is not found case by case.
LITERALS: Mapping[str, Callable[[str], object]] = {
    "date": date_from,
    "instant": instant_from,
    "matches": pattern_from,
}
_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
    |(?P<text>[rR](?:\"{3}.*?\"{3}|'{3}.*?'{3}|"[^"\n]*"|'[^'\n]*')
        |\"{3}(?:[^\\]|\\.)*?\"{3}|'{3}(?:[^\\]|\\.)*?'{3}
        |"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<number>0[xX][0-9a-fA-F]+[uU]?|(?:[0-9]+\.[0-9]+|\.[0-9]+)(?:[eE][-+]?[0-9]+)?
        |[0-9]+[eE][-+]?[0-9]+|[0-9]+[uU]?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign>&&|\|\||==|!=|<=|>=|.)""",
    re.VERBOSE | re.DOTALL,
)
# Words that others would write: what to say of them, and what they would have meant.
_NOT_OFFERED = {
    "{": ("maps are not offered", "("),
    "}": ("maps are not offered", ")"),
    "null": ("there is no null here; has(...) asks whether a fact is there", "__unknown"),
    "&": ("and is written &&", "&&"),
    "|": ("or is written ||", "||"),
    "=": ("equal is written ==", "=="),
}
_NOT_A_FACT = {
    "and": "and is written &&",
    "or": "or is written ||",
    "not": "not is written !",
    "today": "today is always there",
}


@dataclass(frozen=True)
class Names:
    """What an expression may speak of, by dotted name."""

    variables: frozenset[str]  # facts and derived facts
    groups: frozenset[str]
    fields: frozenset[str]  # of any record in a list

    def is_known(self, root: str) -> bool:
        """Whether something begins with this name."""
        return any(name.partition(".")[0] == root for name in self.variables | self.groups)


@dataclass(frozen=True)
class Token:
    """A word of an expression and where it begins; white space is left out."""

    kind: str
    text: str
    at: int


@dataclass(frozen=True)
class Rewritten:
    """An expression for CEL, and what was found on the way."""

    text: str
    places: tuple[tuple[int, int], ...]  # (place in `text`, place in the document's expression)
    uses: frozenset[str]  # the names of facts in it, also those in has(...)
    faults: tuple[tuple[int, str], ...]  # (place in the document's expression, what is wrong)

    def place(self, line: int, column: int) -> int:
        """The place in the document's expression of a line and column (from 1) of `text`."""
        lines = self.text.split("\n")
        at = sum(len(one) + 1 for one in lines[: line - 1]) + column - 1
        before = [place for place in self.places if place[0] <= at]
        return before[-1][1] if before else 0


def presence(name: str) -> str:
    """The variable that says whether the fact of a dotted name is there."""
    return f"__has_{name.replace('.', '__')}"


def rewrite(text: str, names: Names) -> Rewritten:
    """Rewrite an expression; what it says wrong is in the answer's `faults`."""
    if len(text) > CHARACTERS_MAX:
        return Rewritten("", (), frozenset(), ((0, f"more than {CHARACTERS_MAX} characters"),))
    return _Rewriting(text, names).done()


def comment_place(text: str) -> int | None:
    """Where the first comment of an expression begins; None when it has none."""
    comments = (one for one in _TOKEN.finditer(text) if one.group().startswith("//"))
    return next((one.start() for one in comments), None)


def tokens(text: str) -> Iterator[Token]:
    """The words of an expression."""
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or ""
        if kind != "space":
            yield Token(kind, found.group(), found.start())


class _Rewriting:
    """Goes through an expression once, from left to right."""

    def __init__(self, text: str, names: Names) -> None:
        self._text = text
        self._names = names
        # What follows a word can be looked at without asking whether there is any.
        self._tokens = [*tokens(text), *[Token("end", "", len(text))] * 4]
        self._out: list[tuple[str, int]] = []  # each with its place in the text
        self._uses: set[str] = set()
        self._faults: list[tuple[int, str]] = []
        self._locals = self._found_locals()
        for token in self._tokens:
            if token.kind == "name" and "__" in token.text:
                self._fault(token, f"{token.text}: no name has a double _")

    def done(self) -> Rewritten:
        at = 0
        while self._tokens[at].kind != "end":
            at = self._step(at)
        out, places = "", []
        for piece, place in self._out:
            places.append((len(out), place))
            out += piece + " "
        places.append((len(out), len(self._text)))
        return Rewritten(out, tuple(places), frozenset(self._uses), tuple(self._faults))

    def _found_locals(self) -> frozenset[str]:
        """The names that exists, all, filter and map give to an element."""
        found = set()
        for dot, macro, paren, name, comma in zip(
            *(self._tokens[start:] for start in range(5)), strict=False
        ):
            is_macro = dot.text == "." and macro.text in MACROS and paren.text == "("
            if is_macro and name.kind == "name" and comma.text == ",":
                found.add(name.text)
                if name.text == "today" or self._names.is_known(name.text):
                    self._fault(name, f"{name.text} is a fact; name the element otherwise")
        return frozenset(found)

    def _fault(self, token: Token, text: str) -> None:
        self._faults.append((token.at, text))

    def _put(self, text: str, token: Token) -> None:
        self._out.append((text, token.at))

    def _step(self, at: int) -> int:
        """Rewrite what begins at a token; the place of the token after it."""
        token = self._tokens[at]
        if token.text in _NOT_OFFERED:
            fault, instead = _NOT_OFFERED[token.text]
            self._fault(token, fault)
            self._put(instead, token)
        elif token.kind == "number":
            self._put(self._number(token), token)
        elif token.kind == "name":
            return self._name(at)
        elif token.text == ".":
            return self._field(at)
        else:
            self._put(token.text, token)
        return at + 1

    def _number(self, token: Token) -> str:
        try:
            number = float(int(token.text, 16) if token.text[:2].lower() == "0x" else token.text)
        except ValueError:
            self._fault(token, f"{token.text}: write a number without u")
            return "0.0"
        except OverflowError:
            number = inf
        if number > LARGEST:
            self._fault(token, f"{token.text}: a number above 1,000,000,000,000,000")
        return repr(min(number, LARGEST))

    def _is_call(self, at: int) -> bool:
        return self._tokens[at + 1].text == "("

    def _chain(self, at: int) -> list[str]:
        """A name and those joined to it by dots, up to a call: `rent.due.on`."""
        chain = [self._tokens[at].text]
        while (
            self._tokens[at + 1].text == "."
            and self._tokens[at + 2].kind == "name"
            and not self._is_call(at + 2)
        ):
            at += 2
            chain.append(self._tokens[at].text)
        return chain

    def _name(self, at: int) -> int:
        token = self._tokens[at]
        if token.text in {"true", "false", "in", "today"}:
            self._put(token.text, token)
        elif self._tokens[at + 1].kind == "text" and token.text.lower() in {"b", "br", "rb"}:
            self._fault(token, "bytes are not offered")
        elif self._is_call(at):
            return self._call(at)
        elif token.text in self._locals:
            self._put(token.text, token)
        else:
            return self._fact(at)
        return at + 1

    def _call(self, at: int) -> int:
        """A function by its name; `has` is ours, and a literal is read."""
        token = self._tokens[at]
        if token.text == "has":
            return self._has(at)
        self._read_literal(at)
        self._put(token.text, token)
        return at + 1

    def _read_literal(self, at: int) -> None:
        """Read the text of `date("...")`, `instant("...")` and `.matches("...")`."""
        text, closing = self._tokens[at + 2], self._tokens[at + 3]
        read = LITERALS.get(self._tokens[at].text)
        if read is None or text.kind != "text" or closing.text != ")":
            return
        quoted = text.text.lstrip("rR")
        if "\\" in quoted and quoted == text.text:
            return
        quotes = 3 if quoted[:3] in {'"""', "'''"} else 1
        try:
            read(quoted[quotes:-quotes])
        except Trouble as trouble:
            self._fault(text, f"{self._tokens[at].text}({text.text}): {trouble}")

    def _fact(self, at: int) -> int:
        """The longest dotted name that is a fact; what is left of it are fields."""
        chain = self._chain(at)
        name = self._longest(chain)
        if name is None:
            self._unknown(at, ".".join(chain))
            return at + 2 * len(chain) - 1
        self._uses.add(name)
        self._put(name, self._tokens[at])
        return at + 2 * name.count(".") + 1

    def _longest(self, chain: list[str]) -> str | None:
        names = (".".join(chain[:length]) for length in range(len(chain), 0, -1))
        return next((name for name in names if name in self._names.variables), None)

    def _unknown(self, at: int, name: str) -> None:
        if name in self._names.groups:
            text = f"{name} is a group; ask one of its facts, or has({name})"
        elif name in _NOT_A_FACT:
            text = _NOT_A_FACT[name]
        else:
            text = f"there is no fact {name}{meant(name, self._names.variables | self._locals)}"
        self._fault(self._tokens[at], text)
        self._put("__unknown", self._tokens[at])

    def _field(self, at: int) -> int:
        """`.field` behind an element of a list; a function behind a dot is a function."""
        dot, name = self._tokens[at : at + 2]
        if name.kind != "name":
            self._fault(dot, "expected a name behind the dot")
        elif self._is_call(at + 1):
            self._read_literal(at + 1)
            self._put(f".{name.text}", dot)
        else:
            self._put(f".{self._field_name(name)}()", dot)
        return at + 2 if name.kind == "name" else at + 1

    def _field_name(self, name: Token) -> str:
        if name.text not in self._names.fields:
            self._fault(
                name, f"there is no field {name.text}{meant(name.text, self._names.fields)}"
            )
        return f"__{name.text}"

    def _has(self, at: int) -> int:
        """`has(fact)`, `has(group)` and, of an element, `has(element.field)`."""
        chain = self._chain(at + 2)
        last = at + 2 + 2 * len(chain) - 1
        token = self._tokens[at + 2]
        if token.kind != "name" or self._tokens[last].text != ")":
            self._fault(self._tokens[at], "has() asks for a fact, a group, or a field by its name")
            return at + 2
        name = ".".join(chain)
        known = name if name in self._names.groups else self._longest(chain)
        if token.text in self._locals:
            if len(chain) == 1:
                self._fault(token, f"{name} is always there; has({name}.field) asks of a field")
            self._put(self._asked(chain[0], [], chain[1:], token), token)
        elif known is None:
            self._unknown(at + 2, name)
        else:
            self._uses.add(known)
            fields = chain[known.count(".") + 1 :]
            self._put(self._asked(known, [presence(known)], fields, token), token)
        return last + 1

    def _asked(self, path: str, parts: list[str], fields: list[str], token: Token) -> str:
        """That all of a path is there, each step asked before the next."""
        for field in fields:
            name = self._field_name(Token("name", field, token.at))
            parts.append(f"{path}.__has{name}()")
            path += f".{name}()"
        return f"({' && '.join(parts)})"
