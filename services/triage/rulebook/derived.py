"""Derived facts: in what order they can be worked out, and of what type each is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from services.triage.rulebook.checking import Checker
from services.triage.rulebook.facts import Facts, groups, name_fault, variables
from services.triage.rulebook.faults import Fault
from services.triage.rulebook.rewriting import Rewritten, rewrite
from services.triage.rulebook.tree import Entries, Node, Scalar

DERIVED_MAX = 300


@dataclass(frozen=True)
class Checked:
    """An expression of the document that CEL has accepted."""

    node: Scalar
    said: Rewritten


def named_expressions(node: Node, facts: Facts, faults: list[Fault]) -> dict[str, Scalar]:
    """The derived facts that a section declares, by dotted name."""
    found: dict[str, Scalar] = {}
    if not isinstance(node, Entries) or len(node.entries) > DERIVED_MAX:
        text = f"expected names, each with an expression; at most {DERIVED_MAX}"
        faults.append(Fault(node.line, node.column, text))
        return found
    taken = {name for name, _ in variables(facts)}
    of_groups = set(groups(facts))
    for name, expression in node.entries:
        fault = name_fault(name.text) or _clash(name.text, {*taken, *found}, of_groups)
        if fault:
            faults.append(Fault(name.line, name.column, fault))
        elif isinstance(expression, Scalar):
            found[name.text] = expression
        else:
            text = f"{name.text}: expected an expression; put one that begins with [ after |"
            faults.append(Fault(expression.line, expression.column, text))
    return found


def _clash(name: str, taken: Iterable[str], of_groups: Iterable[str]) -> str | None:
    if name in taken or name in of_groups:
        return f"{name} is declared twice"
    for one in taken:
        if one.startswith(f"{name}.") or name.startswith(f"{one}."):
            return f"{name} and {one} cannot both be: one would be a group and a fact"
    return None


def checked_in_order(
    derived: Mapping[str, Scalar], checker: Checker, faults: list[Fault]
) -> dict[str, Checked]:
    """Every derived fact after those that it builds on, its type made known to the checker."""
    checker.expect(list(derived))
    names = checker.names()
    said = {name: rewrite(node.text, names) for name, node in derived.items()}
    builds_on = {name: one.uses & derived.keys() for name, one in said.items()}
    found: dict[str, Checked] = {}
    for name in _order(builds_on):
        own: list[Fault] = []
        of_type = checker.check(derived[name], said[name], own)
        faults += [replace(fault, text=f"{name}: {fault.text}") for fault in own]
        checker.learn(name, of_type)
        found[name] = Checked(derived[name], said[name])
    for name in derived.keys() - found.keys():
        if path := _cycle(name, builds_on):
            text = f"{name} builds on itself: {' -> '.join(path)}"
            faults.append(Fault(derived[name].line, derived[name].column, text))
        checker.learn(name, None)
    return found


def _order(builds_on: Mapping[str, frozenset[str]]) -> list[str]:
    """Names after those that they build on; those of a cycle, and behind one, are left out."""
    order: dict[str, None] = {}
    waiting = dict(builds_on)
    while ready := [one for one, others in waiting.items() if others <= order.keys()]:
        order.update(dict.fromkeys(ready))
        for one in ready:
            del waiting[one]
    return list(order)


def _cycle(name: str, builds_on: Mapping[str, frozenset[str]]) -> list[str] | None:
    """The shortest way from a name back to itself; None when it only builds on a cycle."""
    ways = [[name]]
    seen: set[str] = set()
    for way in ways:
        for step in sorted(builds_on[way[-1]]):
            if step == name:
                return [*way, name]
            if step not in seen:
                seen.add(step)
                ways.append([*way, step])
    return None
