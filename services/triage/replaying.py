"""Replays decisions: the stored policy asked again of the stored facts, and compared."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from dataclasses import fields as fields_of
from uuid import UUID

from services.triage.books import compile_policy
from services.triage.conditions import Facts, ask
from services.triage.rules import LivePolicy, in_order, weigh
from services.triage.sql import policies as policy_sql
from services.triage.sql.policies import StoredDecision
from shared.db import Tx
from shared.policy import PolicyFault, parse

PAGE = 500
FIRST = (UUID(int=0), -1)


@dataclass(frozen=True)
class Replay:
    """A decision, and in what it differs when it is made again; nothing: it is the same."""

    decision: StoredDecision
    differences: tuple[str, ...]

    @property
    def is_identical(self) -> bool:
        return not self.differences


async def replay(tx: Tx, case_id: UUID | None = None) -> AsyncIterator[Replay]:
    """Every stored decision of a case, or of all, made again."""
    policies: dict[str, LivePolicy | str] = {}
    after = FIRST
    while page := await policy_sql.list_decisions(tx, case_id, after, PAGE):
        for one in page:
            if one.policy_sha256 not in policies:
                policies[one.policy_sha256] = await _load(tx, one.policy_sha256)
            yield Replay(one, tuple(differences(one, policies[one.policy_sha256])))
        after = page[-1].case_id, page[-1].revision


async def _load(tx: Tx, sha256: str) -> LivePolicy | str:
    """The policy, or why there is none."""
    text = await policy_sql.load_text(tx, sha256)
    if text is None:
        return "its policy is not kept"
    try:
        return compile_policy(parse(text, sha256[:12]))
    except PolicyFault as fault:
        return f"its policy can no longer be read: {fault}"


def differences(decision: StoredDecision, live: LivePolicy | str) -> list[str]:
    """In what a decision differs when it is made again from its facts."""
    if isinstance(live, str):
        return [live]
    known = {field.name for field in fields_of(Facts)}
    if decision.facts.keys() != known:
        other = ", ".join(sorted(decision.facts.keys() ^ known))
        return [f"its facts are those of another version: {other}"]
    answers = ask(live.conditions, Facts(**decision.facts))
    track, priority, reason = weigh(answers)
    again = {
        "track": track.value,
        "priority": priority,
        "reason": reason,
        "fired": [rule.name for rule in in_order(answers.fired)],
        "failed": [rule.name for rule in answers.failed],
    }
    return [
        f"{name}: {getattr(decision, name)!r} is stored, {value!r} follows"
        for name, value in again.items()
        if getattr(decision, name) != value
    ]
