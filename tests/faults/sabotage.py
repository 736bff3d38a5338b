"""Runs a service that is killed at a named point, or that has a bug planted in it.

    python -m tests.faults.sabotage kill after_commit 2 triage     SIGKILL at the second time
    python -m tests.faults.sabotage bug no_inbox triage            with this bug
    python -m tests.faults.sabotage hurry notify                   with short pauses
    python -m tests.faults.sabotage share notify                   leaving some to its twin

The product has no such switches: what it does is wrapped here, from outside.
"""

import asyncio
import os
import runpy
import signal
import sys
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

from services.notify import asking, delivery, gate, gating, outcomes, sending
from services.notify.channels import notifynl, smtp
from services.notify.channels.answers import Answer, Outcome
from services.notify.delivery import Carrier
from services.notify.recipients import recipient_of
from services.notify.sql import alerts as alert_sql
from services.notify.sql import cases as case_sql
from services.signals.sql import events as signals_sql
from services.triage import app as triage_app
from services.triage.sql import reports
from shared import door, inbox, outbox
from shared.broker import BatchSubscriber
from shared.outbox import Outbox

_is_heartbeat: ContextVar[bool] = ContextVar("_is_heartbeat", default=False)


def _mark_heartbeat() -> None:
    """Triage says every half minute that it works: no step of any event's way is in that."""
    say_alive = triage_app.say_alive

    async def marked(door: Any) -> None:
        _is_heartbeat.set(True)
        await say_alive(door)

    triage_app.say_alive = marked


def _die_at(nth: int) -> Callable[[], None]:
    """Kills this process when it is called for the n-th time, the heartbeat's calls left out."""
    left = nth

    def die() -> None:
        nonlocal left
        if _is_heartbeat.get():
            return
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    return die


def kill_before_commit(die: Callable[[], None]) -> None:
    """Everything is written, nothing is committed."""
    store = Outbox.store

    async def wrapped(self: Outbox, tx: Any, events: Sequence[Any]) -> Any:
        rows = await store(self, tx, events)
        if events:
            die()
        return rows

    Outbox.store = wrapped  # type: ignore[method-assign]


def kill_after_commit(die: Callable[[], None]) -> None:
    """Committed, and nothing published yet."""
    send = Outbox.send

    async def wrapped(self: Outbox, connection: Any, rows: Sequence[Any]) -> None:
        if rows:
            die()
        await send(self, connection, rows)

    Outbox.send = wrapped  # type: ignore[method-assign]


def kill_after_publish(die: Callable[[], None]) -> None:
    """Published and confirmed, and the outbox rows are still there."""
    forget = outbox.forget

    async def wrapped(connection: Any, ids: Sequence[int]) -> None:
        die()
        await forget(connection, ids)

    outbox.forget = wrapped


def kill_before_ack(die: Callable[[], None]) -> None:
    """All done, and the broker does not know."""
    acknowledge = BatchSubscriber._acknowledge

    async def wrapped(self: BatchSubscriber, last: Any) -> None:
        die()
        await acknowledge(self, last)

    BatchSubscriber._acknowledge = wrapped  # type: ignore[method-assign]


def kill_after_claim(die: Callable[[], None]) -> None:
    """Alerts are claimed; this one has not come to the gate."""
    take = sending.Sending._take

    async def wrapped(self: sending.Sending, message: Any) -> None:
        die()
        await take(self, message)

    sending.Sending._take = wrapped  # type: ignore[method-assign]


def kill_after_gate(die: Callable[[], None]) -> None:
    """It may go, the attempt is noted, and the gateway has nothing."""
    carry = Carrier.carry

    async def wrapped(self: Carrier, items: Any, message_id: str) -> Any:
        die()
        return await carry(self, items, message_id)

    Carrier.carry = wrapped  # type: ignore[method-assign]


def kill_after_answer(die: Callable[[], None]) -> None:
    """The gateway has the message, and nobody wrote it down."""
    commit = sending.Sending._commit_answer

    async def wrapped(self: sending.Sending, message: Any, answer: Any) -> None:
        die()
        await commit(self, message, answer)

    sending.Sending._commit_answer = wrapped  # type: ignore[method-assign]


def kill_after_answer_commit(die: Callable[[], None]) -> None:
    """The answer is written down; the next message of the claim has not come to the gate."""
    commit = sending.Sending._commit_answer

    async def wrapped(self: sending.Sending, message: Any, answer: Any) -> None:
        await commit(self, message, answer)
        die()

    sending.Sending._commit_answer = wrapped  # type: ignore[method-assign]


def kill_after_look_up(die: Callable[[], None]) -> None:
    """The gateway said whether it has the message, and nobody wrote it down."""
    look_up = Carrier.look_up

    async def wrapped(self: Carrier, alert: Any) -> Any:
        answer = await look_up(self, alert)
        die()
        return answer

    Carrier.look_up = wrapped  # type: ignore[method-assign]


KILLS: dict[str, Callable[[Callable[[], None]], None]] = {
    "before_commit": kill_before_commit,
    "after_commit": kill_after_commit,
    "after_publish": kill_after_publish,
    "before_ack": kill_before_ack,
    "after_claim": kill_after_claim,
    "after_gate": kill_after_gate,
    "after_answer": kill_after_answer,
    "after_answer_commit": kill_after_answer_commit,
    "after_look_up": kill_after_look_up,
}


def bug_ack_before_commit() -> None:
    """The batch is acked when it comes, and handled after."""
    settle = BatchSubscriber._settle

    async def wrapped(self: BatchSubscriber, batch: list[Any]) -> None:
        await batch[-1].ack(multiple=True)
        await asyncio.sleep(0.05)  # the ack is on its way before anything else happens

        async def acked_already(last: Any) -> None: ...

        self._acknowledge = acked_already  # type: ignore[method-assign]
        await settle(self, batch)

    BatchSubscriber._settle = wrapped  # type: ignore[method-assign]


def bug_no_inbox() -> None:
    """Every event counts as new, however often it comes."""

    async def all_new(tx: Any, queue: str, hashes: Any) -> set[Any]:
        return set(hashes)

    async def all_events_new(tx: Any, accepted: Sequence[Any], received_at: Any) -> set[Any]:
        await insert(tx, accepted, received_at)
        return {one.accepted.fact.fact_id for one in accepted}

    insert = signals_sql.insert_events
    inbox.claim = all_new
    signals_sql.insert_events = all_events_new


def bug_relay_without_lease() -> None:
    """The relay takes rows that a door is publishing right now."""
    outbox._CLAIM = outbox._CLAIM.replace("lease_until <= $2", "$2::timestamptz is not null")
    outbox.POLL_SECONDS = 0.01


class _Instead:
    """A module with some of its functions replaced, for one of those who use it."""

    def __init__(self, module: Any, **replaced: Any) -> None:
        self._module = module
        vars(self).update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def bug_gate_off() -> None:
    """What was claimed is sent as it was first known, whatever has become of it."""

    def never(*_: Any) -> None:
        return None

    async def all_ours(tx: Any, claimed: Sequence[Any], until: Any) -> set[Any]:
        return {one.alert.id for one in claimed}

    known: dict[Any, Any] = {}

    async def as_first_seen(tx: Any, case_ids: Any) -> list[Any]:
        subjects = await case_sql.load_subjects(tx, case_ids)
        return [known.setdefault((one.case_id, one.kind, one.key), one) for one in subjects]

    def whoever(alert: Any, case: Any, subject: Any) -> Any:
        return recipient_of(alert.recipient_role, case, subject)

    gate.why_stopped = never
    delivery.addressee_of = whoever
    gating.alert_sql = _Instead(alert_sql, renew=all_ours)  # type: ignore[assignment]
    gating.case_sql = _Instead(case_sql, load_subjects=as_first_seen)  # type: ignore[assignment]


def bug_sent_before_the_answer() -> None:
    """An alert is said to be sent, and only then is it handed over."""
    send, carry = sending.Sending._send, Carrier.carry
    known: dict[Any, tuple[sending.Sending, Any]] = {}

    async def noting(self: sending.Sending, message: Any) -> None:
        known.update({one.alert.id: (self, one) for one in message})
        await send(self, message)

    async def said_before(self: Carrier, items: Any, message_id: str) -> Answer:
        sender, _ = known[items[0].alert.id]
        ours = [known[item.alert.id][1] for item in items]
        await sender._commit_answer(ours, Answer(Outcome.ACCEPTED, "said before"))
        return await carry(self, items, message_id)

    sending.Sending._send = noting  # type: ignore[method-assign]
    Carrier.carry = said_before  # type: ignore[method-assign]


def bug_no_look_up() -> None:
    """What may have been taken is handed over again."""

    async def not_there(self: Carrier, alert: Any) -> Answer:
        return Answer(Outcome.TEMPORARY, "nobody looked")

    Carrier.look_up = not_there  # type: ignore[method-assign]


def bug_unguarded_claims() -> None:
    """What another replica has in hand is taken too; who lost a claim sends all the same."""

    async def all_ours(tx: Any, claimed: Sequence[Any], until: Any) -> set[Any]:
        return {one.alert.id for one in claimed}

    alert_sql._CLAIM = alert_sql._CLAIM.replace("free_at <= $2", "$2::timestamptz is not null")
    gating.alert_sql = _Instead(alert_sql, renew=all_ours)  # type: ignore[assignment]


def bug_untold() -> None:
    """Nobody hears of what does not reach a household."""

    async def say_nothing(ending: Any, alert: Any) -> None: ...

    outcomes.tell_generalist = gating.tell_generalist = say_nothing


def bug_unsorted_locks() -> None:
    """Buildings are locked in the order in which they happen to come."""
    lock = reports.lock_buildings

    async def wrapped(tx: Any, buildings: Sequence[Any]) -> dict[Any, Any]:
        existing: dict[Any, Any] = {}
        for building in buildings:
            existing |= await lock(tx, [building])
            await asyncio.sleep(0.02)  # so that replicas do meet
        return existing

    reports.lock_buildings = wrapped
    # Else a batch that takes so long per event shrinks to one event, which cannot cross another.
    door.BULK_SECONDS = door.BULK_SECONDS_BESIDE_URGENT = 5.0


BUGS: dict[str, Callable[[], None]] = {
    "ack_before_commit": bug_ack_before_commit,
    "no_inbox": bug_no_inbox,
    "relay_without_lease": bug_relay_without_lease,
    "gate_off": bug_gate_off,
    "unsorted_locks": bug_unsorted_locks,
    "sent_before_the_answer": bug_sent_before_the_answer,
    "no_look_up": bug_no_look_up,
    "untold": bug_untold,
    "unguarded_claims": bug_unguarded_claims,
}


def shorten_leases() -> None:
    """What a killed process held is free after seconds, so that a test need not wait a minute."""
    outbox.LEASE_SECONDS = 2
    sending.CLAIM_SECONDS = asking.CLAIM_SECONDS = 2


def shorten_pauses() -> None:
    """What a gateway refused for now comes again at once, and who hangs is soon given up."""
    shorten_leases()
    sending.PAUSES_SECONDS = (0.2, 0.3, 0.5, 0.5, 1, 1, 2)  # type: ignore[assignment]
    smtp.SMTP_SECONDS_MAX = notifynl.SECONDS_MAX = 1
    smtp.MAIL_SECONDS_MAX = 3
    gating.LATER_SECONDS = 1
    asking.POLL_SECONDS, asking.PACE_SECONDS, asking.QUIET_SECONDS = 0.1, 0.01, 0.5


def share() -> None:
    """Few alerts are claimed at a time, so that replicas take what is due in turns.

    As in production a claim lasts longer than one message may take, also on a busy machine.
    """
    sending.CLAIM_MAX = 10
    sending.CLAIM_SECONDS = asking.CLAIM_SECONDS = 8


def main(arguments: list[str]) -> None:
    """Plant what is asked for, then run the service."""
    shorten_leases()
    _mark_heartbeat()
    while len(arguments) > 1:
        what = arguments.pop(0)
        if what == "kill":
            point, nth = arguments.pop(0), int(arguments.pop(0))
            KILLS[point](_die_at(nth))
        elif what == "hurry":
            shorten_pauses()
        elif what == "share":
            share()
        else:
            BUGS[arguments.pop(0)]()
    (service,) = arguments
    sys.argv = [f"services.{service}", "serve"]
    runpy.run_module(f"services.{service}", run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
