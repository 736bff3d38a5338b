"""Which outcomes a document knows, which one counts when several rules fire, and when none does."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.triage.rulebook.faults import meant
from services.triage.rulebook.sections import Section
from services.triage.rulebook.tree import Entries, Items, Node, Scalar

NEEDS_PERSON = "needs_person"  # of a case that cannot be decided, unless the document says another
PRECEDENCES = ("first", "heaviest")


@dataclass(frozen=True)
class Outcomes:
    """The outcomes of a document."""

    is_heaviest: bool  # else the first rule that fires counts
    weights: Mapping[str, float] | None  # by outcome; None when the document lists none
    default: str
    on_error: str


def read_outcomes(document: Section) -> Outcomes:
    """The outcomes of a document; what is wrong is added to its faults."""
    precedence = document.required("precedence")
    said = document.text("precedence")
    if precedence and said not in {*PRECEDENCES, None}:
        document.fault(precedence, f"precedence is {' or '.join(PRECEDENCES)}")
    weights = _weights(document)
    default = document.text("default") if document.required("default") else None
    on_error = document.text("on_error")
    for part, outcome in (("default", default), ("on_error", on_error)):
        node = document.part(part)
        if node and outcome and (part, outcome) != ("on_error", NEEDS_PERSON):
            require_known(outcome, weights, document, node)
    return Outcomes(said == "heaviest", weights, default or "", on_error or NEEDS_PERSON)


def require_known(
    outcome: str, weights: Mapping[str, float] | None, section: Section, node: Node
) -> None:
    """A fault when a document lists its outcomes, and this is none of them."""
    if weights is not None and outcome not in weights:
        section.fault(node, f"{outcome} is none of the outcomes{meant(outcome, weights)}")


def _weights(document: Section) -> dict[str, float] | None:
    """A list goes from light to heavy; a mapping has numbers."""
    node = document.part("outcomes")
    weights: dict[str, float] = {}
    if node is None:
        return None
    if isinstance(node, Items):
        for at, one in enumerate(node.items):
            name = document.text_of(one, "an outcome")
            if name in weights:
                document.fault(one, f"{name} is there twice")
            if name:
                weights[name] = float(at)
    elif isinstance(node, Entries):
        for name_node, weight in node.entries:
            value = weight.value() if isinstance(weight, Scalar) else None
            if name_node.text in weights:
                document.fault(name_node, f"{name_node.text} is there twice")
            if isinstance(value, float):
                weights[name_node.text] = value
            else:
                document.fault(weight, f"{name_node.text}: its weight is a number")
    else:
        document.fault(node, "outcomes are a list from light to heavy, or names with weights")
    return weights
