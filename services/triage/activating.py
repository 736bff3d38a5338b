"""Makes a policy hold from its day on: stored, announced and to be decided by, in one transaction.

Whoever activates has no broker. What is announced waits in the outbox, and the relay of a running
triage publishes it; signals and notify keep the document and go by it in their next transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path

from services.triage.sql import policies as policy_sql
from services.triage.sql.policies import NewJob
from shared import outbox
from shared.contracts.triage import PolicyActivated
from shared.db import Tx
from shared.policy import Policies, Policy
from shared.policy.shelf import insert_policies
from shared.settings import StartupFault
from shared.workdays import at_hour

Seen = tuple[int, datetime | None]  # activations, as somebody looked at them


@dataclass(frozen=True)
class Wish:
    """That a policy holds, who wants it, and why for days that are past too; "" when it is not."""

    policy: Policy
    text: str
    by: str
    past_reason: str = ""


def refusals(wish: Wish, policies: Policies, today: date) -> list[str]:
    """Why a policy cannot be activated now, every reason at once; nothing when it can."""
    policy, found = wish.policy, []
    known = policies.by_municipality.get(policy.municipality, ())
    if not known:
        found.append(
            f"{policy.municipality} has no policy yet: the first one of a municipality goes into "
            "POLICY_FOLDER, since signals needs a signing key for it"
        )
    if any((one.valid_from, one.sha256) == (policy.valid_from, policy.sha256) for one in known):
        found.append(f"this very document holds from {policy.valid_from} on already")
    if policy.valid_from < today and not wish.past_reason:
        found.append(
            f"valid_from {policy.valid_from} is past: what was decided since would be decided "
            "anew. Choose another day, or say why with --from-the-past"
        )
    return found


async def activate(tx: Tx, wish: Wish, now: datetime, *, seen: Seen, source: str) -> datetime:
    """Store, announce, and note a job; when that is due is returned.

    `seen` is what there was when the policies were compared: raises StartupFault when somebody
    activated another one since.
    """
    held = await policy_sql.lock_activations(tx)
    if held != seen:
        raise StartupFault("another policy was activated meanwhile: simulate again, then activate")
    policy = wish.policy
    event = PolicyActivated(
        municipality=policy.municipality,
        valid_from=policy.valid_from,
        sha256=policy.sha256,
        document=wish.text,
        activated_by=wish.by,
        activated_at=_after(held[1], now),
    )
    await insert_policies(tx, [event])
    await keep_texts(tx, {policy.sha256: wish.text}, now)
    due_at = max(now, at_hour(policy.valid_from, time()))
    job = NewJob(policy.municipality, policy.sha256, wish.past_reason, wish.by, due_at)
    await policy_sql.insert_job(tx, job, now)
    await outbox.leave(tx, [event], source=source)
    return due_at


def _after(last: datetime | None, now: datetime) -> datetime:
    """An instant of its own: the last activation of a day is the one that holds."""
    return max(now, last + timedelta(microseconds=1)) if last else now


async def note_job(tx: Tx, policy: Policy, by: str, now: datetime) -> None:
    """Have every open case of a municipality decided anew, by what holds."""
    await policy_sql.insert_job(tx, NewJob(policy.municipality, policy.sha256, "", by, now), now)


async def keep_texts(tx: Tx, documents: Mapping[str, str], now: datetime) -> None:
    """Keep documents by their hash: a decision can be replayed when its file is long gone."""
    await policy_sql.insert_texts(tx, documents, now)


def texts_in(folder: Path) -> dict[str, str]:
    """The documents of a folder, by their hash."""
    texts = [path.read_text() for path in sorted(folder.glob("*.yaml"))]
    return {sha256(text.encode()).hexdigest(): text for text in texts}
