"""What a careful reader finds in the section `notify`: pure."""

from collections.abc import Iterator
from typing import get_args

from services.triage.proofreading.remarks import Said, missing, repeated
from shared.policy.notify import AlertRule, NotifyPolicy

ABOUT: tuple[str, ...] = get_args(AlertRule.model_fields["about"].annotation)
# What has a day of its own, to count back from.
DATED = frozenset({"visit", "hearing", "eviction"})
FIRST_WORDS = frozenset({"at once", "digest"})
PATH = ("notify", "alerts")


def _alerts(notify: NotifyPolicy) -> Iterator[Said]:
    told = [(rule.about, rule.to) for rule in notify.alerts]
    words = "this recipient has a rule about it already: they would hear it twice"
    yield from repeated(PATH, told, words)
    lacking = [name for name in ABOUT if name not in {rule.about for rule in notify.alerts}]
    yield from missing(PATH, lacking, "{}: say when, or that nobody hears of it: offsets: []")
    for no, rule in enumerate(notify.alerts):
        yield from _offsets(no, rule)


def _offsets(no: int, rule: AlertRule) -> Iterator[Said]:
    path = (*PATH, no, "offsets")
    yield from repeated(path, rule.offsets, "is here already")
    if rule.about not in DATED:
        for at, offset in enumerate(rule.offsets):
            if offset not in FIRST_WORDS:
                words = f"{offset}: {rule.about} has no day of its own to count back from"
                yield Said((*path, at), words)
    if not rule.offsets:
        yield Said(path, f"nobody hears of a {rule.about}", is_remark=True)
    elif not FIRST_WORDS & {*rule.offsets}:
        words = f"{rule.about}: reminders only; one that moves late is told by none of them"
        yield Said(path, words, is_remark=True)


CHECKS = ((_alerts, "alerts"),)
