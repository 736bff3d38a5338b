"""The conditions of policy rules: CEL, typed against the closed list of facts.

A seam of our own around the official CEL. Its run-time errors come back as values, so every result
is checked: an error means that a person decides, and is shown, never silence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
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
        "sex", "gender", "birth_date", "age", "birth_place", "religion", "health", "phone", "email",
    }
)  # fmt: skip

_env = cel.NewEnv(variables={field.name: TYPES[field.type] for field in fields(Facts)})


@dataclass(frozen=True)
class Condition:
    """A rule of a policy, ready to be asked."""

    rule: Rule
    expression: Any


@dataclass(frozen=True)
class Answers:
    """Which rules fired, and which could not be evaluated."""

    fired: tuple[Rule, ...]
    failed: tuple[Rule, ...]


def compile_rules(rules: Sequence[Rule]) -> list[Condition]:
    """Type-check every rule; raises PolicyFault naming each fault with rule, line and column."""
    compiled, faults = [], []
    for rule in rules:
        try:
            compiled.append(Condition(rule, _compile(rule.when)))
        except PolicyFault as fault:
            faults.append(f"rule {rule.name}: {fault}")
    if faults:
        raise PolicyFault("\n".join(faults))
    return compiled


def _compile(when: str) -> Any:
    try:
        expression = _env.compile(when)
    except RuntimeError as error:
        raise PolicyFault(_explain(str(error))) from None
    if expression.return_type() != cel.Type.BOOL:
        raise PolicyFault("a condition must be true or false")
    return expression


def _explain(error: str) -> str:
    """CEL's first line has line and column; a fact that is forbidden is said to be so."""
    first = error.removeprefix("INVALID_ARGUMENT: ").splitlines()[0].removeprefix("ERROR: <input>:")
    forbidden = next((name for name in sorted(FORBIDDEN) if f"'{name}'" in first), None)
    if forbidden:
        return f"{first}: a rule may not ask for {forbidden}; see the closed list of facts"
    return first


def ask(conditions: Sequence[Condition], facts: Facts) -> Answers:
    """Ask every rule."""
    activation = _env.Activation(vars(facts))
    fired, failed = [], []
    for condition in conditions:
        result = condition.expression.eval(activation)
        if result.type() == cel.Type.ERROR:
            failed.append(condition.rule)
        elif result.value() is True:
            fired.append(condition.rule)
    return Answers(tuple(fired), tuple(failed))
