"""What a careful reader finds in the section `signals`: pure."""

from collections.abc import Iterator
from difflib import get_close_matches
from itertools import pairwise

from services.triage.proofreading.remarks import Said
from shared.contracts import partners
from shared.policy.signals import SignalsPolicy

# Only of the legal path it is asked on which ground somebody shares it.
LEGAL_EVENTS = tuple(
    event.wire_name for event in partners.EVENTS if issubclass(event, partners.LegalEvent)
)
SECTION = "signals"


def _postcodes(signals: SignalsPolicy) -> Iterator[Said]:
    path = (SECTION, "postcodes")
    if not signals.postcodes:
        yield Said(path, "no postcodes: no household would lie in the municipality")
    spans = []
    for no, span in enumerate(signals.postcodes):
        first, last = map(int, span.split("-"))
        if first > last:
            yield Said((*path, no), f"{span}: ends before it begins")
        else:
            spans.append((first, last, no))
    for (_, last, _), (first, _, no) in pairwise(sorted(spans)):
        if first <= last:
            yield Said((*path, no), f"{signals.postcodes[no]}: overlaps with another span")


def _evidences(signals: SignalsPolicy) -> Iterator[Said]:
    path = (SECTION, "evidences")
    if not signals.evidences:
        yield Said(path, "no evidences: nobody may signal")
    seen = set()
    for no, rule in enumerate(signals.evidences):
        if not rule.kinds:
            yield Said((*path, no, "kinds"), "no kinds: the rule is nobody's")
        for kind in sorted(rule.kinds):
            if (kind, rule.ground, rule.valid_from) in seen:
                words = f"{kind} on {rule.ground} has a rule from {rule.valid_from} already"
                yield Said((*path, no, "kinds"), words)
            seen.add((kind, rule.ground, rule.valid_from))


def _grounds(signals: SignalsPolicy) -> Iterator[Said]:
    path = (SECTION, "grounds")
    for no, rule in enumerate(signals.grounds):
        for name in sorted(rule.events - set(LEGAL_EVENTS)):
            close = get_close_matches(name, LEGAL_EVENTS, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            words = f"{name}: no event of the legal path has this name{hint}"
            yield Said((*path, no, "events"), words)
    told = {name for rule in signals.grounds for name in rule.events}
    for name in sorted(set(LEGAL_EVENTS) - told):
        yield Said(path, f"{name} has no ground: nobody may share it", is_remark=True)


def _court(signals: SignalsPolicy) -> Iterator[Said]:
    if not signals.court.strip():
        yield Said((SECTION, "court"), "court: is empty")


CHECKS = (
    (_postcodes, "postcodes"),
    (_evidences, "evidences"),
    (_grounds, "grounds"),
    (_court, "court"),
)
