"""Rules are checked when they are loaded, and an error is never silence."""

from dataclasses import fields, replace

import pytest

from services.triage.conditions import FORBIDDEN, PROFILING, Facts, ask, compile_rules
from services.triage.rules import weigh
from shared.contracts.triage import Track
from shared.policy import PolicyFault, Rule, Texts

FACTS = Facts(
    arrears_cents=90_000,
    rent_arrears_cents=90_000,
    arrears_days=40,
    open_signals=1,
    partner_kinds=["Huur"],
    is_multiple=False,
    is_consecutive=False,
    is_crisis=False,
    is_warm_handover=False,
    has_arrangement=False,
    is_arrangement_broken=False,
    legal_stage="none",
    has_moratorium=False,
    closed_cases=0,
)


def rule(when: str, name: str = "one") -> Rule:
    reason = Texts(nl="Omdat.", en="Because.")
    return Rule(name=name, when=when, track=Track.VISIT, priority=3, reason=reason, source="ours")


@pytest.mark.parametrize(
    ("when", "fault"),
    [
        ("arrears_cents > 'veel'", "1:15: found no matching overload"),
        ("arrears_cents", "must be true or false"),
        ("arrears_cents > ", "1:17: Syntax error"),
        ("open_signals > 0 &&\n  is_sad", "2:3: undeclared reference to 'is_sad'"),
        ("legal_stage == 3", "1:13: found no matching overload"),
    ],
)
def test_a_faulty_rule_does_not_load_and_says_where(when: str, fault: str) -> None:
    with pytest.raises(PolicyFault, match="rule one: ") as raised:
        compile_rules([rule(when)])
    assert fault in str(raised.value)


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(PolicyFault) as raised:
        compile_rules([rule("a", "first"), rule("is_crisis", "good"), rule("b", "last")])
    assert "rule first" in str(raised.value)
    assert "rule last" in str(raised.value)
    assert "good" not in str(raised.value)


@pytest.mark.parametrize("name", sorted(FORBIDDEN))
def test_a_forbidden_fact_is_refused_by_name(name: str) -> None:
    with pytest.raises(PolicyFault, match=f"may not ask for {name}"):
        compile_rules([rule(f"{name} == 'x'")])


def test_no_fact_is_forbidden_and_known_at_once() -> None:
    assert FORBIDDEN & {field.name for field in fields(Facts)} == PROFILING


def test_an_age_band_is_known_only_to_a_policy_that_names_ground_and_dpia() -> None:
    asked = rule('age_band == "18-22"')
    with pytest.raises(PolicyFault, match="unless `profiling` names ground and DPIA"):
        compile_rules([asked])
    young = replace(FACTS, age_band="18-22")
    assert ask(compile_rules([asked], frozenset({"age_band"})), young).fired == (asked,)


def test_an_error_while_evaluating_is_shown_and_left_to_a_person() -> None:
    conditions = compile_rules([rule("100 / open_signals > 0", "shaky"), rule("true", "sure")])
    answers = ask(conditions, replace(FACTS, open_signals=0))
    assert [one.name for one in answers.fired] == ["sure"]
    assert [one.name for one in answers.failed] == ["shaky"]
    assert "Niet te beoordelen: shaky. Beoordeel zelf." in weigh(answers)[2]


def test_without_any_rule_that_fires_a_person_is_told_to_decide() -> None:
    track, priority, reason = weigh(ask(compile_rules([]), FACTS))
    assert (track, priority) == (Track.LETTER, 9)
    assert "Beoordeel zelf" in reason


OPEN = [field for field in fields(Facts) if field.name not in PROFILING]


@pytest.mark.parametrize("field", OPEN, ids=lambda field: str(field.name))
def test_every_fact_can_be_asked(field: object) -> None:
    name = field.name  # type: ignore[attr-defined]
    asked = {"partner_kinds": "'Huur' in partner_kinds", "legal_stage": "legal_stage == 'none'"}
    value = getattr(FACTS, name)
    literal = str(value).lower() if isinstance(value, bool) else value
    wanted = rule(asked.get(name, f"{name} == {literal}"))
    assert ask(compile_rules([wanted]), FACTS).fired == (wanted,)
