"""What a careful reader finds in the rules of a policy: pure.

The faults of a condition are CEL's, put where they stand in the file; beside them what types cannot
see: names and conditions that are there twice, and words that no fact ever has.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from services.triage.conditions import PROFILING, Facts, ask, compile_rules, faults_of
from services.triage.legal_path import STAGES
from services.triage.proofreading.places import place_in
from services.triage.proofreading.remarks import Said
from services.triage.rules import AGE_BANDS, OLDEST_BAND
from shared.contracts.signals import PartnerKind
from shared.policy import Draft, Fault
from shared.policy.document import node_at
from shared.policy.triage import TriagePolicy

PATH = ("triage", "rules")
# The facts that are words, and every word that each may be.
WORDS: dict[str, tuple[str, ...]] = {
    "partner_kinds": tuple(kind.value for kind in PartnerKind),
    "legal_stage": STAGES,
    "age_band": (*(name for _, name in AGE_BANDS), OLDEST_BAND),
}
LITERAL = re.compile(
    r"(?P<part>\.(?:startsWith|endsWith|contains|matches)\(\s*)?"
    r"(?:(?P<left>\w+)\s*[=!]=\s*)?"
    r"(?P<quote>['\"])(?P<word>(?:[^'\"\\]|\\.)*)(?P=quote)"
    r"(?:\s*(?:[=!]=|in)\s*(?P<right>\w+))?"
)


def faults(draft: Draft) -> Iterator[Fault]:
    """Every fault of every rule that can be read at all, whatever else is wrong."""
    rules = node_at(node_at(draft.tree, PATH[0]), PATH[1])
    names: set[str] = set()
    conditions: dict[str, str] = {}
    for rule in getattr(rules, "value", ()):
        name, when = node_at(rule, "name"), node_at(rule, "when")
        if name is not None and isinstance(name.value, str):
            if name.value in names:
                yield _at(name, f"rule {name.value}: another rule has this name")
            names.add(name.value)
        if when is not None and isinstance(when.value, str):
            called = getattr(name, "value", "without a name")
            plain = "".join(when.value.split())
            if plain in conditions:
                yield _at(when, f"rule {called}: has the condition of {conditions[plain]}")
            conditions.setdefault(plain, called)
            yield from _of_condition(draft, called, when)


def _of_condition(draft: Draft, name: str, when: Any) -> Iterator[Fault]:
    for one in faults_of(when.value, _profiling(draft)):
        place = place_in(draft.text, when, one.line, one.column)
        yield Fault(*place, f"rule {name}: {one.text}")
    for found in LITERAL.finditer(when.value):
        if text := _unknown_word(found):
            before = when.value[: found.start("quote")]
            line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
            yield Fault(*place_in(draft.text, when, line, column), f"rule {name}: {text}")


def _unknown_word(found: re.Match[str]) -> str:
    """That no fact ever has this word; nothing when one may."""
    fact = found["left"] or found["right"]
    if found["part"] or (fact and fact not in WORDS):
        return ""  # a part of a word is no word; of any other fact CEL has said enough
    known = WORDS[fact] if fact else tuple(word for words in WORDS.values() for word in words)
    if found["word"] in known:
        return ""
    close = get_close_matches(found["word"], known, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    told = f"{fact} is never" if fact else "no fact is ever"
    return f"{told} {found['word']!r}{hint}"


def _profiling(draft: Draft) -> frozenset[str]:
    """The facts about people that the policy says it may ask for."""
    section = draft.content.get("triage")
    told = section.get("profiling") if isinstance(section, dict) else None
    if not isinstance(told, dict) or not (told.get("ground") and told.get("dpia")):
        return frozenset()
    facts = told.get("facts")
    if not isinstance(facts, list):
        return frozenset()
    return frozenset(one for one in facts if one in tuple(PROFILING))


def _at(node: Any, text: str) -> Fault:
    return Fault(node.start_mark.line + 1, node.start_mark.column + 1, text)


NOTHING = Facts(
    arrears_cents=0,
    rent_arrears_cents=0,
    arrears_days=0,
    open_signals=0,
    partner_kinds=[],
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
ONE_SIGNAL = {"arrears_cents": 10_000, "arrears_days": 35, "open_signals": 1}
# Plain situations, of which every policy should have something to say.
SITUATIONS: dict[str, dict[str, Any]] = {
    **{
        f"one small signal of {kind}": {**ONE_SIGNAL, "partner_kinds": [kind]}
        for kind in ("Huur", "Energie", "Water", "Zorg")
    },
    **{f"no signal, legal stage {stage}": {"legal_stage": stage} for stage in STAGES[1:]},
    "every signal settled": {},
}


def remarks(triage: TriagePolicy) -> Iterator[Said]:
    """Situations in which no rule fires, and a ground for facts that no rule asks for."""
    profiling = frozenset(triage.profiling.facts) if triage.profiling else frozenset()
    conditions = compile_rules(triage.rules, profiling)
    for words, facts in SITUATIONS.items():
        if not ask(conditions, replace(NOTHING, **facts)).fired:
            yield Said(PATH, f"no rule fires for: {words}", is_remark=True)
    for name in sorted(profiling):
        if not any(name in rule.when for rule in triage.rules):
            yield Said((PATH[0], "profiling"), f"no rule asks for {name}", is_remark=True)
