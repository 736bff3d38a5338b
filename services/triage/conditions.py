"""The conditions of policy rules: CEL, typed against the closed list of facts.

A seam of our own around the official CEL. Its run-time errors come back as values, so every result
is checked: an error means that a person decides, and is shown, never silence.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from functools import cache
from typing import Any

from cel_expr_python import cel

from shared.policy import PolicyFault, Rule


@dataclass(frozen=True)
class Facts:
    """Everything that a rule may ask of a household. Who they are is not among it."""

    arrears_cents: int  # of the open signals together
    rent_arrears_cents: int
    arrears_days: int  # how old the oldest open arrears were when signalled
    open_signals: int  # taken up, not settled, not withdrawn
    partner_kinds: list[str]  # of the open signals, as DDAS spells them
    is_multiple: bool  # two or more signals in one calendar month
    is_consecutive: bool  # an earlier signal in the months before
    is_crisis: bool
    is_warm_handover: bool
    has_arrangement: bool
    is_arrangement_broken: bool
    legal_stage: str  # none, summons, hearing, judgment, eviction or evicted
    has_moratorium: bool  # the court forbade an eviction for a time, once
    closed_cases: int  # of this household before
    age_band: str = ""  # of the youngest; known only to a policy that names ground and DPIA


TYPES: Mapping[Any, Any] = {
    int: cel.Type.INT,
    bool: cel.Type.BOOL,
    str: cel.Type.STRING,
    list[str]: cel.Type.List(cel.Type.STRING),
}

# Facts that no live rule may ask for. Not knowing them is what excludes them; the names are here so
# that the refusal can say why.
FORBIDDEN = frozenset(
    {
        "name", "surname", "postcode", "district", "neighbourhood", "language", "nationality",
        "sex", "gender", "birth_date", "age", "age_band", "birth_place", "religion", "health",
        "phone", "email", "initials", "first_name", "address", "street", "house_number", "origin",
        "ethnicity", "country",
    }
)  # fmt: skip

# Facts about people: a policy may ask for one only if its section `profiling` names it.
PROFILING = frozenset({"age_band"})
# Facts that every rule may ask for.
OPEN_FACTS = tuple(field.name for field in fields(Facts) if field.name not in PROFILING)


@cache
def environment(profiling: frozenset[str]) -> Any:
    """CEL with the closed list of facts, and those about people that a policy may ask for."""
    open_to = {*OPEN_FACTS} | profiling
    types = {field.name: TYPES[field.type] for field in fields(Facts) if field.name in open_to}
    return cel.NewEnv(variables=types)


@dataclass(frozen=True)
class Condition:
    """A rule of a policy, ready to be asked."""

    rule: Rule
    expression: Any


@dataclass(frozen=True)
class Conditions:
    """The rules of a policy, ready to be asked."""

    environment: Any
    rules: tuple[Condition, ...]


@dataclass(frozen=True)
class Answers:
    """Which rules fired, and which could not be evaluated."""

    fired: tuple[Rule, ...]
    failed: tuple[Rule, ...]


def compile_rules(rules: Sequence[Rule], profiling: frozenset[str] = frozenset()) -> Conditions:
    """Type-check every rule; raises RuleFaults naming each fault with rule, line and column."""
    env = environment(profiling)
    compiled, faults = [], []
    for no, rule in enumerate(rules):
        expression, found = _compile(env, rule.when)
        faults += [replace(one, rule_no=no, rule=rule.name) for one in found]
        compiled.append(Condition(rule, expression))
    if faults:
        raise RuleFaults(faults)
    return Conditions(env, tuple(compiled))


@dataclass(frozen=True)
class RuleFault:
    """What is wrong with a condition, and where in it."""

    text: str
    line: int = 1
    column: int = 1
    rule_no: int = 0
    rule: str = ""


class RuleFaults(PolicyFault):
    """Every fault of a policy's rules."""

    def __init__(self, faults: Sequence[RuleFault]) -> None:
        told = (f"rule {one.rule}: {one.line}:{one.column}: {one.text}" for one in faults)
        super().__init__("\n".join(told))
        self.faults = tuple(faults)


def faults_of(when: str, profiling: frozenset[str] = frozenset()) -> list[RuleFault]:
    """Every fault of one condition."""
    return _compile(environment(profiling), when)[1]


def _compile(env: Any, when: str) -> tuple[Any, list[RuleFault]]:
    """The expression, or its faults."""
    try:
        expression = env.compile(when)
    except RuntimeError as error:
        return None, list(_explain(str(error)))
    is_bool = expression.return_type() == cel.Type.BOOL
    return expression, [] if is_bool else [RuleFault("a condition must be true or false")]


CEL_FAULT = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
UNDECLARED = re.compile(r"undeclared reference to '([\w.]+)'")


def _explain(error: str) -> Iterator[RuleFault]:
    """CEL's faults; of a fact that is forbidden or nearly known that is said."""
    found = CEL_FAULT.findall(error) or [(1, 1, error.splitlines()[0])]
    for line, column, text in found:
        told = text.replace(" (in container '')", "").partition(" expecting {")[0]
        name = UNDECLARED.search(text)
        if name:
            told += _about(name[1])
        yield RuleFault(told.replace("'<EOF>'", "the end"), int(line), int(column))


def _about(name: str) -> str:
    """What is to be said of a name that no rule of this policy may use."""
    forbidden = next((part for part in name.split(".") if part in FORBIDDEN), None)
    if forbidden in PROFILING:
        return f": a rule may not ask for {forbidden} unless `profiling` names ground and DPIA"
    if forbidden:
        return f": a rule may not ask for {forbidden}; see the closed list of facts"
    close = get_close_matches(name, OPEN_FACTS, n=1, cutoff=0.7)
    return f"; did you mean {close[0]}?" if close else ""


def ask(conditions: Conditions, facts: Facts) -> Answers:
    """Ask every rule."""
    activation = conditions.environment.Activation(vars(facts))
    fired, failed = [], []
    for condition in conditions.rules:
        result = condition.expression.eval(activation)
        if result.type() == cel.Type.ERROR:
            failed.append(condition.rule)
        elif result.value() is True:
            fired.append(condition.rule)
    return Answers(tuple(fired), tuple(failed))
