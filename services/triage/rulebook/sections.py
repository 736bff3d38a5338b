"""Reading the parts of a mapping whose names are fixed, every fault told with its place."""

from collections.abc import Collection

from services.triage.rulebook.faults import Fault, meant
from services.triage.rulebook.tree import Entries, Node, Scalar

TEXT_CHARACTERS_MAX = 2_000


class Section:
    """A mapping of the document, read part by part; what is wrong is added to `faults`."""

    def __init__(self, node: Node, known: Collection[str], faults: list[Fault]) -> None:
        self.node = node
        self.faults = faults
        self._parts: dict[str, Node] = {}
        if not isinstance(node, Entries):
            self.fault(node, f"expected a mapping with {', '.join(known)}")
            return
        for name, part in node.entries:
            if name.text in self._parts:
                self.fault(name, f"{name.text} is there twice")
            elif name.text not in known:
                self.fault(name, f"{name.text} is not known here{meant(name.text, known)}")
            self._parts[name.text] = part

    def fault(self, node: Node, text: str) -> None:
        """Add a fault at a node."""
        self.faults.append(Fault(node.line, node.column, text))

    def part(self, name: str) -> Node | None:
        """A part as it is; None when it is not there."""
        return self._parts.get(name)

    def required(self, name: str) -> Node | None:
        """A part that must be there; when it is not, None and a fault."""
        if name not in self._parts and isinstance(self.node, Entries):
            self.fault(self.node, f"{name} is missing")
        return self._parts.get(name)

    def text(self, name: str) -> str | None:
        """A part that is a word or a sentence, as it was written; None when it is not there."""
        node = self._parts.get(name)
        return None if node is None else self.text_of(node, name)

    def text_of(self, node: Node, name: str) -> str | None:
        """A node that is a word or a sentence; None and a fault when it is not."""
        text = node.text.strip() if isinstance(node, Scalar) else ""
        if text and not (isinstance(node, Scalar) and node.value() is None):
            if len(text) <= TEXT_CHARACTERS_MAX:
                return text
            self.fault(node, f"{name}: more than {TEXT_CHARACTERS_MAX} characters")
        else:
            self.fault(node, f"{name} is a text")
        return None

    def yes_no(self, name: str) -> bool:
        """A part that is yes or no; no when it is not there."""
        node = self._parts.get(name)
        value = node.value() if isinstance(node, Scalar) else None
        if node is not None and not isinstance(value, bool):
            self.fault(node, f"{name} is yes or no")
        return value is True

    def number(self, name: str) -> float | None:
        """A part that is a number; None when it is not there."""
        node = self._parts.get(name)
        value = node.value() if isinstance(node, Scalar) else None
        if node is not None and not isinstance(value, float):
            self.fault(node, f"{name} is a number")
        return value if isinstance(value, float) else None
