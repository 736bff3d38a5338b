"""Why a household is decided otherwise, in words: pure.

The words are written in English; who shows them elsewhere gives what translates them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from services.triage.reports import Signal, Status
from services.triage.rules import Decision, window_of
from services.triage.simulation.households import Told
from shared.policy import Rule, TriagePolicy


@dataclass(frozen=True)
class Words:
    """In which language, and how a text of ours is said in it."""

    language: str
    translate: Callable[[str], str]

    def say(self, text: str, **told: object) -> str:
        """A text with what it tells."""
        return self.translate(text).format(**told)

    def reason(self, rule: Rule) -> str:
        """Why a rule fires, as its policy says it."""
        return rule.reason.nl if self.language == "nl" else rule.reason.en

    def euros(self, cents: int) -> str:
        """Whole euros, as people say them."""
        amount = f"{cents / 100:,.0f}"
        if self.language == "nl":
            amount = amount.replace(",", ".")
        return self.say("{amount} euros", amount=amount)


ENGLISH = Words("en", lambda text: text)


@dataclass(frozen=True)
class Example:
    """A household that moves."""

    name: str
    known: str  # what rules saw
    before: tuple[str, ...]  # the proposal, then each rule that fired
    after: tuple[str, ...]
    because: tuple[str, ...]


def example(told: Told, before: Decision, after: Decision, words: Words = ENGLISH) -> Example:
    """One household under both policies."""
    because = (*_signals(told, before, after, words), *_rules(before, after, words))
    return Example(
        name=told.name,
        known=", ".join(_known(after if after.needs_case else before, words)),
        before=tuple(_proposal(before, words)),
        after=tuple(_proposal(after, words)),
        because=because or (words.say("the same rules fire, with another priority"),),
    )


def _known(decision: Decision, words: Words) -> Iterator[str]:
    """What rules saw, but for what is as it mostly is."""
    facts, say = decision.facts, words.say
    if facts.open_signals:
        kinds = ", ".join(facts.partner_kinds)
        text = "{count} open signals of {kinds}"
        if facts.open_signals == 1:
            text = "{count} open signal of {kinds}"
        yield say(text, count=facts.open_signals, kinds=kinds)
        amount = words.euros(facts.arrears_cents)
        yield say("{amount}, {days} days old", amount=amount, days=facts.arrears_days)
    else:
        yield say("no open signal")
    if facts.legal_stage != "none":
        yield say("legal stage {stage}", stage=say(facts.legal_stage))
    names = (
        "is_multiple", "is_consecutive", "is_crisis", "is_warm_handover", "has_arrangement",
        "is_arrangement_broken", "has_moratorium",
    )  # fmt: skip
    yield from (say(name) for name in names if getattr(facts, name))
    if facts.closed_cases:
        yield say("closed_cases {count}", count=facts.closed_cases)
    if facts.age_band:
        yield say("age_band {band}", band=facts.age_band)


def _proposal(decision: Decision, words: Words) -> Iterator[str]:
    say = words.say
    if not decision.needs_case:
        yield say("no case: no signal is taken up and there is no legal path")
        return
    track = say(decision.track.value)
    yield say("{track}, priority {priority}", track=track, priority=decision.priority)
    yield from (_fired(rule, words) for rule in decision.fired)
    if not decision.fired:
        yield say("no rule fires: somebody assesses it")
    yield from (say("{rule} could not be evaluated", rule=rule.name) for rule in decision.failed)


def _fired(rule: Rule, words: Words) -> str:
    return f"{rule.name} ({words.say(rule.track.value)}, {rule.priority}): {words.reason(rule)}"


def _rules(before: Decision, after: Decision, words: Words) -> Iterator[str]:
    """Which rules make the difference."""
    if not (before.needs_case and after.needs_case):
        return
    say = words.say
    old, new = ({rule.name: rule for rule in one.fired} for one in (before, after))
    yield from (say("{rule} fires no longer", rule=name) for name in old if name not in new)
    yield from (say("{rule} fires now", rule=name) for name in new if name not in old)
    for name in new:
        if name in old and (old[name].track, old[name].priority) != (
            new[name].track,
            new[name].priority,
        ):
            yield say(
                "{rule} gives {track}, priority {priority}; it gave {old_track}, "
                "priority {old_priority}",
                rule=name,
                track=say(new[name].track.value),
                priority=new[name].priority,
                old_track=say(old[name].track.value),
                old_priority=old[name].priority,
            )


def _signals(told: Told, before: Decision, after: Decision, words: Words) -> Iterator[str]:
    """Signals that are taken up under one policy only, and why."""
    policies = before.live.policy.triage, after.live.policy.triage
    for signal in told.signals:
        then, now = before.statuses[signal.id], after.statuses[signal.id]
        if then is not now:
            policy = policies[1] if now is not Status.TAKEN_UP else policies[0]
            yield words.say(
                "a signal of {kind}, {amount}, {days} days old: {then} before, {now} now{why}",
                kind=signal.partner_kind,
                amount=words.euros(signal.arrears_cents),
                days=days_of(signal),
                then=words.say(then.value),
                now=words.say(now.value),
                why=_why_not(signal, policy, words),
            )


def _why_not(signal: Signal, policy: TriagePolicy, words: Words) -> str:
    """Which border of a policy leaves a signal out; nothing when none does."""
    if signal.arrears_cents < policy.floor_cents.value:
        floor = words.euros(policy.floor_cents.value)
        return words.say(" (the floor is {amount})", amount=floor)
    window = window_of(policy, signal.partner_kind)
    if window is None:
        return ""
    if days_of(signal) < window.days_min:
        return words.say(" (the window begins at {days} days)", days=window.days_min)
    if window.days_max is not None and days_of(signal) > window.days_max:
        return words.say(" (the window ends at {days} days)", days=window.days_max)
    return ""


def days_of(signal: Signal) -> int:
    """How old the arrears were when they were signalled."""
    return (signal.reported_on - signal.arrears_since).days
