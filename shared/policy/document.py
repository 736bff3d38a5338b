"""A whole policy document, and the policies that a service knows."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from shared.policy.notify import NotifyPolicy
from shared.policy.parts import Fault, Part, PolicyFault
from shared.policy.signals import SignalsPolicy
from shared.policy.triage import TriagePolicy
from shared.settings import StartupFault


class Policy(Part):
    """The whole document, and the hash of the file it came from."""

    municipality: str = Field(pattern=r"^GM[0-9]{4}$")
    name: str
    valid_from: date
    signals: SignalsPolicy
    triage: TriagePolicy
    notify: NotifyPolicy
    sha256: str


@dataclass(frozen=True)
class Policies:
    """Every policy that was loaded."""

    by_municipality: Mapping[str, Sequence[Policy]]  # the newest first

    def on(self, municipality: str, day: date) -> Policy | None:
        """The policy of a municipality on a day, the oldest before all; None if not served."""
        known = self.by_municipality.get(municipality, ())
        fitting = (policy for policy in known if policy.valid_from <= day)
        return next(fitting, known[-1] if known else None)

    def all(self) -> list[Policy]:
        """Every policy, by municipality and newest first."""
        return [policy for known in self.by_municipality.values() for policy in known]


def load(folder: Path) -> Policies:
    """Read every `*.yaml` in a folder; raises StartupFault for the first that is wrong."""
    policies: dict[str, list[Policy]] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            policy = parse(path.read_text(), path.name)
        except PolicyFault as fault:
            raise StartupFault(str(fault)) from None
        policies.setdefault(policy.municipality, []).append(policy)
    if not policies:
        raise StartupFault(f"no policy in POLICY_FOLDER {folder}: put one <name>.yaml there")
    for known in policies.values():
        known.sort(key=lambda policy: policy.valid_from, reverse=True)
    return Policies(policies)


def parse(text: str, file_name: str) -> Policy:
    """Read one document; raises PolicyFault naming every fault with its line and column."""
    draft = read_draft(text)
    if draft.policy is None:
        raise PolicyFault(
            "\n".join(f"{file_name}:{one.line}:{one.column}: {one.text}" for one in draft.faults)
        )
    return draft.policy


@dataclass(frozen=True)
class Draft:
    """A document as it was written, and the faults of its form."""

    text: str
    tree: Any  # of YAML nodes, each with its place; None of what is not YAML
    content: Mapping[Any, Any]
    faults: tuple[Fault, ...]
    policy: Policy | None  # None when there is any fault


# The C one is ten times as fast.
SAFE_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEPTH_MAX = 20


class _Loader(SAFE_LOADER):  # type: ignore[misc]
    """YAML without its dates: one that cannot be would end the reading, and name no place."""


_Loader.yaml_implicit_resolvers = {
    sign: [one for one in resolvers if one[0] != "tag:yaml.org,2002:timestamp"]
    for sign, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_draft(text: str) -> Draft:
    """Read one document, whatever is wrong with it."""
    try:
        _require_shallow(text)
        loader = _Loader(text)
        tree = loader.get_single_node()
        content = loader.construct_document(tree) if tree else None
    except (yaml.YAMLError, ValueError) as error:
        return Draft(text, None, {}, (_not_yaml(error),), None)
    if not isinstance(content, dict):
        return Draft(text, None, {}, (Fault(1, 1, "a policy is a mapping"),), None)
    faults = [*_repeated(tree, set())]
    policy = None
    try:
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        policy = Policy.model_validate({**content, "sha256": sha256})
    except ValidationError as error:
        faults += (
            Fault(*position_of(tree, fault["loc"]), f"{_dotted(fault['loc'])}: {_in_words(fault)}")
            for fault in error.errors(include_url=False)
        )
    if "sha256" in content:
        faults.append(Fault(*position_of(tree, ["sha256"]), "sha256: is that of the file"))
    return Draft(text, tree, content, tuple(sorted(faults)), None if faults else policy)


def _require_shallow(text: str) -> None:
    """Raises YAMLError: who builds a tree of any depth runs out of stack."""
    depth = 0
    for event in yaml.parse(text, Loader=SAFE_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_MAX:
            words = f"nested more than {DEPTH_MAX} deep"
            mark: Any = event.start_mark
            raise yaml.MarkedYAMLError(problem=words, problem_mark=mark)


def _not_yaml(error: Exception) -> Fault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or f"it cannot be read ({type(error).__name__})"
    if problem.startswith("but "):
        problem = f"{getattr(error, 'context', '')}, {problem}"
    return Fault(*_place(mark), f"not YAML: {problem}")


def _repeated(node: Any, seen: set[int]) -> Iterator[Fault]:
    """Keys that a mapping has twice: YAML would keep the last and say nothing."""
    if id(node) in seen or not isinstance(node, yaml.CollectionNode):
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _repeated(item, seen)
        return
    keys: set[str] = set()
    for key, value in node.value:
        if str(key.value) in keys:
            yield Fault(*_place(key.start_mark), f"{key.value}: is here twice")
        keys.add(str(key.value))
        yield from _repeated(value, seen)


def _dotted(loc: Sequence[int | str]) -> str:
    return ".".join(map(str, loc))


def _in_words(fault: ErrorDetails) -> str:
    words = {"extra_forbidden": "is unknown here", "missing": "is missing"}
    return words.get(fault["type"], fault["msg"].removeprefix("Value error, "))


def place_of(node: Any, loc: Sequence[int | str]) -> str:
    """Line and column, as `12:5`, of the deepest part of a location that the document has."""
    line, column = position_of(node, loc)
    return f"{line}:{column}"


def position_of(node: Any, loc: Sequence[int | str]) -> tuple[int, int]:
    """Line and column of the deepest part of a location that the document has."""
    for step in loc:
        inner = node_at(node, step)
        if inner is None:
            break
        node = inner
    return _place(node.start_mark)


def node_at(node: Any, step: int | str) -> Any:
    """What a list has at a number, or a mapping under a name; None when there is nothing."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step]
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    return None


def _place(mark: Any) -> tuple[int, int]:
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
