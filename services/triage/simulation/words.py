"""Why a household is decided otherwise, in words: pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.triage.reports import Signal, Status
from services.triage.rules import Decision, window_of
from services.triage.simulation.households import Told
from shared.policy import Rule, TriagePolicy


@dataclass(frozen=True)
class Example:
    """A household that moves."""

    name: str
    known: str  # what rules saw
    before: tuple[str, ...]  # the proposal, then each rule that fired
    after: tuple[str, ...]
    because: tuple[str, ...]


def example(told: Told, before: Decision, after: Decision) -> Example:
    """One household under both policies."""
    because = (*_signals(told, before, after), *_rules(before, after))
    return Example(
        name=told.name,
        known=", ".join(_known(after if after.needs_case else before)),
        before=tuple(_proposal(before)),
        after=tuple(_proposal(after)),
        because=because or ("the same rules fire, with another priority",),
    )


def _known(decision: Decision) -> Iterator[str]:
    """What rules saw, but for what is as it mostly is."""
    facts = decision.facts
    if facts.open_signals:
        plural = "s" if facts.open_signals > 1 else ""
        yield f"{facts.open_signals} open signal{plural} of {', '.join(facts.partner_kinds)}"
        yield f"{euros(facts.arrears_cents)}, {facts.arrears_days} days old"
    else:
        yield "no open signal"
    if facts.legal_stage != "none":
        yield f"legal stage {facts.legal_stage}"
    names = (
        "is_multiple", "is_consecutive", "is_crisis", "is_warm_handover", "has_arrangement",
        "is_arrangement_broken", "has_moratorium",
    )  # fmt: skip
    yield from (name for name in names if getattr(facts, name))
    if facts.closed_cases:
        yield f"closed_cases {facts.closed_cases}"
    if facts.age_band:
        yield f"age_band {facts.age_band}"


def _proposal(decision: Decision) -> Iterator[str]:
    if not decision.needs_case:
        yield "no case: no signal is taken up and there is no legal path"
        return
    yield f"{decision.track}, priority {decision.priority}"
    yield from (_fired(rule) for rule in decision.fired)
    if not decision.fired:
        yield "no rule fires: somebody assesses it"
    yield from (f"{rule.name} could not be evaluated" for rule in decision.failed)


def _fired(rule: Rule) -> str:
    return f"{rule.name} ({rule.track}, {rule.priority}): {rule.reason.en}"


def _rules(before: Decision, after: Decision) -> Iterator[str]:
    """Which rules make the difference."""
    if not (before.needs_case and after.needs_case):
        return
    old, new = ({rule.name: rule for rule in one.fired} for one in (before, after))
    yield from (f"{name} fires no longer" for name in old if name not in new)
    yield from (f"{name} fires now" for name in new if name not in old)
    for name in new:
        if name in old and (old[name].track, old[name].priority) != (
            new[name].track,
            new[name].priority,
        ):
            yield (
                f"{name} gives {new[name].track}, priority {new[name].priority}; "
                f"it gave {old[name].track}, priority {old[name].priority}"
            )


def _signals(told: Told, before: Decision, after: Decision) -> Iterator[str]:
    """Signals that are taken up under one policy only, and why."""
    policies = before.live.policy.triage, after.live.policy.triage
    for signal in told.signals:
        then, now = before.statuses[signal.id], after.statuses[signal.id]
        if then is not now:
            policy = policies[1] if now is not Status.TAKEN_UP else policies[0]
            yield (
                f"a signal of {signal.partner_kind}, {euros(signal.arrears_cents)}, "
                f"{days_of(signal)} days old: {then.value} before, {now.value} now"
                f"{_why_not(signal, policy)}"
            )


def _why_not(signal: Signal, policy: TriagePolicy) -> str:
    """Which border of a policy leaves a signal out; nothing when none does."""
    if signal.arrears_cents < policy.floor_cents.value:
        return f" (the floor is {euros(policy.floor_cents.value)})"
    window = window_of(policy, signal.partner_kind)
    if window is None:
        return ""
    if days_of(signal) < window.days_min:
        return f" (the window begins at {window.days_min} days)"
    if window.days_max is not None and days_of(signal) > window.days_max:
        return f" (the window ends at {window.days_max} days)"
    return ""


def days_of(signal: Signal) -> int:
    """How old the arrears were when they were signalled."""
    return (signal.reported_on - signal.arrears_since).days


def euros(cents: int) -> str:
    """Whole euros, as people say them."""
    return f"{cents / 100:,.0f} euros"
