"""Reconciles the alerts of notify with what arrived at the gateway: mails, texts and letters.

What was said to be sent arrived; to a worker at least once, and more than once only as the same
mail after an answer that never came; to a household no intent twice, whatever the channels. Where
something did not reach a household, its generalist is told; where it did not reach a worker, the
lead.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from deploy.local.books import Books
from deploy.local.findings import Findings

NOT_ARRIVED = frozenset({"permanent-failure", "temporary-failure", "technical-failure"})
SENT = frozenset({"sent", "delivered"})
UNDER_WAY = frozenset({"scheduled", "claimed"})
ENDED_OTHERWISE = frozenset({"stopped", "superseded"})  # no longer true: nobody need hear it


@dataclass(frozen=True)
class Arrival:
    """One alert in one message that arrived."""

    message: str  # the same for the same mail; every text and letter has its own
    has_reached: bool  # a text or letter that could not be delivered has not


def check_alerts(books: Books, found: Findings) -> None:
    """Compare each alert with what arrived of it, and with who was told when nothing did."""
    arrived = _arrivals(books)
    unanswered = _unanswered(books)
    for alert in books.notify["alert"]:
        here = arrived.pop(str(alert["id"]), [])
        _check_state(alert, here, found, is_unanswered=alert["id"] in unanswered)
    found.wrong += [
        f"something arrived of alert {alert_id}, which notify does not know" for alert_id in arrived
    ]
    _check_households(books, found)
    _check_repeats(books, found)
    _check_who_is_told(books, found)


def header(mail: Mapping[str, Any], name: str) -> str:
    """A header of ours of a mail; empty when it has none."""
    headers = {key.lower(): value for key, value in mail["headers"].items()}
    return str(headers.get(name, ""))


def alert_ids(mail: Mapping[str, Any]) -> list[str]:
    """The alerts that a mail brings."""
    return header(mail, "x-voordeur-alerts").split()


def _arrivals(books: Books) -> dict[str, list[Arrival]]:
    arrived: dict[str, list[Arrival]] = defaultdict(list)
    for mail in books.mails:
        for alert_id in alert_ids(mail):
            arrived[alert_id].append(Arrival(mail["message_id"], has_reached=True))
    for one in books.notifications:
        has_reached = one["status"] not in NOT_ARRIVED
        arrived[str(one["reference"])].append(Arrival(one["id"], has_reached))
    return arrived


def _unanswered(books: Books) -> set[Any]:
    """Alerts of which some attempt went out, and the answer never came."""
    attempts = books.notify["attempt"]
    return {row["alert_id"] for row in attempts if row["outcome"] in {None, "unknown"}}


def _check_state(
    alert: asyncpg.Record, here: Sequence[Arrival], found: Findings, *, is_unanswered: bool
) -> None:
    name, state = f"{alert['channel']} alert {alert['id']}", alert["state"]
    if state in SENT and not here:
        found.lost.append(f"{name} is said to be {state}; nothing arrived")
    if here and state in UNDER_WAY:
        found.wrong.append(f"{name} arrived and is still to be sent")
    may_have_arrived = state in SENT | UNDER_WAY | {"unknown"} or is_unanswered
    # What failed may have been taken first, and refused on its way.
    if any(one.has_reached for one in here) and not may_have_arrived:
        found.wrong.append(f"{name} is {state} and arrived")
    if alert["recipient_role"] != "resident" and len({one.message for one in here}) > 1:
        found.doubled.append(f"{name} is in {len(here)} different mails")


def _check_households(books: Books, found: Findings) -> None:
    """No household got an intent twice."""
    intents = {
        str(row["id"]): row["intent"]
        for row in books.notify["alert"]
        if row["recipient_role"] == "resident"
    }
    times: Counter[Any] = Counter()
    for alert_id, here in _arrivals(books).items():
        if alert_id in intents:
            times[intents[alert_id]] += sum(one.has_reached for one in here)
    twice = {one: n for one, n in times.items() if n > 1}
    found.doubled += [f"intent {one} reached a household {n} times" for one, n in twice.items()]


def _check_repeats(books: Books, found: Findings) -> None:
    """After a crash the same mail may come twice with one Message-ID; without one, never."""
    times = Counter(mail["message_id"] for mail in books.mails)
    unanswered = {
        row["message_id"] for row in books.notify["attempt"] if row["outcome"] in {None, "unknown"}
    }
    found.doubled += [
        f"mail {message_id} arrived {n} times"
        for message_id, n in times.items()
        if n > 1 and message_id not in unanswered
    ]
    found.figures["mails_again"] = sum(n - 1 for n in times.values())


def _check_who_is_told(books: Books, found: Findings) -> None:
    """Of what did not reach a household or a worker somebody hears."""
    told: dict[tuple[str, Any], set[str]] = defaultdict(set)
    intents: dict[Any, list[asyncpg.Record]] = defaultdict(list)
    for row in books.notify["alert"]:
        told[row["kind"], row["key"]].add(row["state"])
        intents[row["intent"]].append(row)
    # Who is told of it may fail to hear it too; then that is told in its turn.
    heard = SENT | UNDER_WAY | ENDED_OTHERWISE | {"failed"}
    for alike in intents.values():
        for kind, unheard in _must_be_told(alike):
            if not any(told[kind, one["id"]] & heard for one in unheard):
                one = unheard[0]
                found.lost.append(
                    f"{one['channel']} alert {one['id']} to {one['recipient_role']} is"
                    f" {one['state']}, and nobody was told"
                )


def _must_be_told(alike: Sequence[asyncpg.Record]) -> Iterator[tuple[str, list[asyncpg.Record]]]:
    """Of the alerts of one intent: of which must be told, by which kind of alert; one is enough."""
    failed = [one for one in alike if one["state"] == "failed"]
    # Once the day is over nobody need go by.
    is_of_use = not any(one["was_over"] for one in failed)
    if alike[0]["recipient_role"] != "resident":
        yield from (("bounced", [one]) for one in failed if one["recipient_role"] != "lead")
        return
    unheard = [one for one in alike if one["state"] in {"unknown", "held"}]
    yield from (("undelivered", [one]) for one in unheard if not one["was_over"])
    # What failed goes by the next channel; of the last one is told.
    if failed and len(failed) == len(alike) and is_of_use:
        yield "undelivered", failed
