"""Reconciles the sender's journal with each database and with the gateway's own store.

From outside: it imports nothing of the services, reads their tables with SQL of its own, and
believes no counter. It answers three questions: is anything lost, is anything doubled, and did a
mail go out that named a time after another time had been accepted.
"""

import asyncio
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from deploy.local.books import Books, read_books
from deploy.local.findings import Findings
from deploy.local.reconcile_alerts import alert_ids, check_alerts, header

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MONTHS = (
    "januari", "februari", "maart", "april", "mei", "juni",
    "juli", "augustus", "september", "oktober", "november", "december",
)  # fmt: skip
IN_TEXT = re.compile(rf"(\d{{1,2}}) ({'|'.join(MONTHS)}) (\d{{4}}) om (\d\d)\.(\d\d) uur")
IN_CALENDAR = re.compile(r"(\d{8}T\d{6})(Z?)")
PASSED_ON = "_passed_on"
# What triage may have been told of an alert in a state.
TOLD_AS = {
    "sent": {"sent"},
    "delivered": {"sent", "delivered"},
    "failed": {"failed"},
    "stopped": {"stopped"},
    "shadowed": {"stopped"},
}


def reconcile(books: Books) -> Findings:
    """Compare all books with one another."""
    found = Findings()
    _check_intake(books, found)
    _check_facts(books, found)
    _check_cases(books, found)
    check_alerts(books, found)
    _check_told(books, found)
    _check_recipients(books, found)
    _check_times(books, found)
    _check_rest(books, found)
    _count(books, found)
    return found


def _check_intake(books: Books, found: Findings) -> None:
    """Journal against signals: each event accepted once or refused, as often as it was sent."""
    sent: Counter[tuple[str, str]] = Counter()
    bad: Counter[tuple[str, str]] = Counter()
    for line in books.journal:
        if line["expected"] in {"accepted", "duplicate"}:
            sent[line["source"], line["id"]] += 1
        else:
            bad[line["partner"], line["sha256"]] += 1
            _check_fault(line, books, found)
    seen = Counter(
        {(row["source"], row["event_id"]): row["times_seen"] for row in books.signals["event"]}
    )
    refused = Counter(
        {(row["partner_id"], row["sha256"]): row["times_seen"] for row in books.signals["refusal"]}
    )
    for told, kept, what in ((sent, seen, "event"), (bad, refused, "refusal")):
        for key in told.keys() - kept.keys():
            found.lost.append(f"{what} {key[0]} {key[1]} left no trace in signals")
        for key in kept.keys() - told.keys():
            found.wrong.append(f"{what} {key[0]} {key[1]} in signals was never sent")
        for key in told.keys() & kept.keys():
            if kept[key] > told[key]:
                found.wrong.append(f"{what} {key[1]} was counted {kept[key]} of {told[key]} times")


def _check_fault(line: Mapping[str, Any], books: Books, found: Findings) -> None:
    by_hash = {row["sha256"]: row for row in books.signals["refusal"]}
    row = by_hash.get(line["sha256"])
    codes = {fault[0] for fault in json.loads(row["faults"])} if row else set()
    if row and line["expected"] not in codes:
        found.wrong.append(f"{line['id']}: wanted fault {line['expected']}, got {sorted(codes)}")


def _check_facts(books: Books, found: Findings) -> None:
    """signals against triage: every accepted fact is there once, and every status came back."""
    accepted = {row["fact_id"] for row in books.signals["event"]}
    reported = Counter(row["id"] for row in books.triage["report"])
    found.lost += [f"fact {one} is not in triage" for one in accepted - reported.keys()]
    found.wrong += [f"fact {one} is not in signals" for one in reported.keys() - accepted]
    found.doubled += [f"fact {one} is {n} times in triage" for one, n in reported.items() if n > 1]
    ours = {(row["signal_id"], row["status_no"]): row["status"] for row in books.triage["status"]}
    theirs = {(row["fact_id"], row["status_no"]): row["status"] for row in books.signals["status"]}
    found.lost += [f"status {key} did not reach signals" for key in ours.keys() - theirs.keys()]
    found.wrong += [
        f"status {key} differs" for key in ours.keys() & theirs.keys() if ours[key] != theirs[key]
    ]


def _check_cases(books: Books, found: Findings) -> None:
    """Every household that was taken up has one open case, one assignee; loads are sums."""
    for row in books.triage["household"]:
        if row["is_taken_up"] and row["open_cases"] == 0:
            found.lost.append(f"household {row['id']} was taken up and has no case")
        if row["open_cases"] > 1:
            found.doubled.append(f"household {row['id']} has {row['open_cases']} open cases")
    _check_loads(books, found)
    workers = {row["id"] for row in books.triage["worker"]}
    files = {row["case_id"]: row for row in books.notify["case_file"]}
    for case in books.triage["case"]:
        if case["assignee_id"] not in workers:
            found.wrong.append(f"case {case['id']} is assigned to nobody we know")
        file = files.get(case["id"])
        if file is None:
            found.lost.append(f"case {case['id']} is not in notify")
        elif file["assignee_id"] != case["assignee_id"] or file["is_open"] != case["is_open"]:
            found.wrong.append(f"case {case['id']}: notify knows it otherwise")


def _check_loads(books: Books, found: Findings) -> None:
    weights: Counter[str] = Counter()
    for case in books.triage["case"]:
        if case["is_open"]:
            weights[case["assignee_id"]] += case["weight_tenths"]
    for worker in books.triage["worker"]:
        if worker["load_tenths"] != weights[worker["id"]]:
            found.wrong.append(
                f"load of {worker['id']} is {worker['load_tenths']}, not {weights[worker['id']]}"
            )


def _written_at(mail: Mapping[str, Any]) -> datetime:
    """The business instant at which notify wrote a mail."""
    return datetime.fromisoformat(header(mail, "x-voordeur-written-at"))


def _check_told(books: Books, found: Findings) -> None:
    """triage was told what became of each alert."""
    logged = {(str(row["alert_id"]), row["what"]) for row in books.triage["alert_log"]}
    for alert in books.notify["alert"]:
        what = TOLD_AS.get(alert["state"])
        if what and not logged & {(str(alert["id"]), one) for one in what}:
            found.lost.append(f"triage was not told that alert {alert['id']} {alert['state']}")


def _check_recipients(books: Books, found: Findings) -> None:
    """Every mail went to who was assignee or lead of its case when it was written.

    But for one that says to who had it that they need not come.
    """
    assigned: dict[Any, list[tuple[datetime, str]]] = defaultdict(list)
    for row in books.triage["assignment"]:
        assigned[row["case_id"]].append((row["assigned_at"], row["assignee_id"]))
    leads = {case["id"]: case["lead_id"] for case in books.triage["case"]}
    alerts = {str(row["id"]): row for row in books.notify["alert"]}
    for mail in books.mails:
        for alert_id in alert_ids(mail):
            alert = alerts.get(alert_id)
            if alert and alert["recipient_role"] in {"assignee", "lead"}:
                at, had = _written_at(mail), assigned[alert["case_id"]]
                allowed = {*_had_it(had, at), leads.get(alert["case_id"])}
                if alert["template"].endswith(PASSED_ON):
                    allowed |= {who for since, who in had if since <= at}
                if alert["recipient_id"] not in allowed:
                    found.stale.append(f"alert {alert_id} went to who no longer has the case")


def _had_it(assigned: Sequence[tuple[datetime, str]], at: datetime) -> set[str]:
    """Who had a case just before an instant, and who got it at that very instant.

    Which of the two came first within one instant of a stepped clock, nobody can tell.
    """
    before = [who for since, who in assigned if since < at]
    return {*before[-1:], *(who for since, who in assigned if since == at)}


def _check_times(books: Books, found: Findings) -> None:
    """No mail names another time than the one that held when it was written."""
    alerts = {str(row["id"]): row for row in books.notify["alert"]}
    truth = _hearing_times(books) | _visit_times(books)
    for mail in books.mails:
        written_at = _written_at(mail)
        for alert_id in alert_ids(mail):
            alert = alerts.get(alert_id)
            if alert is None or (alert["kind"], alert["key"]) not in truth:
                continue
            if alert["template"].endswith(PASSED_ON):
                continue  # it names the hour that they knew, whatever holds now
            held = _held_at(truth[alert["kind"], alert["key"]], written_at)
            named = _named_times(mail)
            if alert["template"].endswith("_cancelled"):
                named = set()  # it names no time; what is off has none
                if held is not None:
                    found.stale.append(f"alert {alert_id} calls off what holds")
            elif held is None:
                found.stale.append(f"alert {alert_id} speaks of what was called off")
            if any(one != held for one in named if held is not None):
                found.stale.append(f"alert {alert_id} names a time that no longer held")


Times = dict[tuple[str, Any], list[tuple[datetime, datetime | None]]]


def _held_at(
    times: Sequence[tuple[datetime, datetime | None]], instant: datetime
) -> datetime | None:
    """The time that held just before an instant; None when it was off."""
    held = None
    for known_at, at in times:
        if known_at <= instant:
            held = at
    return held


def _hearing_times(books: Books) -> Times:
    """From the journal: when which time of a hearing or eviction was accepted."""
    received = {
        (row["source"], row["event_id"]): row["received_at"] for row in books.signals["event"]
    }
    told: dict[tuple[str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for line in books.journal:
        data = line["data"]
        if data and line["expected"] == "accepted" and (line["source"], line["id"]) in received:
            kind = "hearing" if "zitting" in line["type"] else "eviction"
            if "zitting" in line["type"] or "ontruiming" in line["type"]:
                key = (kind, data["zaaknummer"], data.get("soortZitting", ""))
                told[key].append(line)
    times: Times = {}
    for step in books.triage["step"]:
        detail = step["detail"] if step["kind"] == "hearing" else ""
        lines = told.get((step["kind"], step["case_number"], detail))
        if lines:
            times[step["kind"], step["key"]] = _in_force(lines, received)
    return times


def _in_force(
    lines: Iterable[Mapping[str, Any]], received: Mapping[tuple[str, str], datetime]
) -> list[tuple[datetime, datetime | None]]:
    """Replay what was told in the order of acceptance; per source the highest sequence holds."""
    ordered = sorted(lines, key=lambda line: received[line["source"], line["id"]])
    newest: dict[str, tuple[int, str, Mapping[str, Any]]] = {}
    history = []
    for line in ordered:
        source, sequence = line["source"], int(line["sequence"] or -1)
        if source not in newest or (sequence, line["at"]) > newest[source][:2]:
            newest[source] = (sequence, line["at"], line)
        latest = max(newest.values(), key=lambda one: one[1])[2]
        at = latest["data"].get("tijdstip")
        history.append((received[source, line["id"]], datetime.fromisoformat(at) if at else None))
    return history


def _visit_times(books: Books) -> Times:
    times: Times = defaultdict(list)
    for row in books.triage["visit_change"]:
        at = None if row["what"] == "cancelled" else row["starts_at"]
        times["visit", row["visit_id"]].append((row["changed_at"], at))
    return dict(times)


def _named_times(mail: Mapping[str, Any]) -> set[datetime]:
    """Every time that a mail names, in its subject, text and calendar."""
    named = set()
    for day, month, year, hour, minute in IN_TEXT.findall(f"{mail['subject']}\n{mail['text']}"):
        named.add(
            datetime(
                int(year), MONTHS.index(month) + 1, int(day), int(hour), int(minute),
                tzinfo=AMSTERDAM,
            )
        )  # fmt: skip
    for calendar in mail["calendars"]:
        for stamp, zulu in IN_CALENDAR.findall(calendar["dtstart"] or ""):
            zone = ZoneInfo("UTC") if zulu else AMSTERDAM
            named.add(datetime.strptime(stamp, "%Y%m%dT%H%M%S").replace(tzinfo=zone))
    return named


def _check_rest(books: Books, found: Findings) -> None:
    """Nothing waits anywhere, every event was noted as handled, and nobody stood in a deadlock."""
    for name, tables in (
        ("signals", books.signals), ("triage", books.triage), ("notify", books.notify)
    ):  # fmt: skip
        for row in tables["waiting"]:
            found.lost.append(
                f"{name} has an event {row['state']} in {row['queue']}: {row['fault']}"
            )
        if tables["outbox"]:
            found.lost.append(f"{name} has {len(tables['outbox'])} events in its outbox")
        if deadlocks := tables["deadlock"][0]["n"]:
            found.wrong.append(f"{deadlocks} deadlocks in the database of {name}")
    for name, tables, prefix, wanted in (
        ("triage", books.triage, "triage.from.signals.", len(books.signals["event"])),
        ("signals", books.signals, "signals.from.triage.signal_", len(books.triage["status"])),
    ):
        noted = sum(row["n"] for row in tables["inbox"] if row["queue"].startswith(prefix))
        if noted != wanted:
            found.wrong.append(f"{name} noted {noted} events as handled, of {wanted}")


def _count(books: Books, found: Findings) -> None:
    roles = {row["id"]: row["role"] for row in books.triage["worker"]}
    open_cases = [case for case in books.triage["case"] if case["is_open"]]
    states = Counter(row["state"] for row in books.notify["alert"])
    assigned = Counter(roles.get(case["assignee_id"], "nobody") for case in open_cases)
    found.figures |= {
        "sent": len(books.journal),
        "accepted": len(books.signals["event"]),
        "refused": sum(row["times_seen"] for row in books.signals["refusal"]),
        "duplicates": sum(row["times_seen"] - 1 for row in books.signals["event"]),
        "households": len(books.triage["household"]),
        "open_cases": len(open_cases),
        "assigned_generalist": assigned["generalist"],
        "assigned_lead": assigned["lead"],
        "alerts_scheduled": len(books.notify["alert"]),
        "alerts_superseded": states["superseded"],
        "alerts_stopped": states["stopped"],
        "alerts_sent": states["sent"] + states["delivered"],
        "alerts_failed": states["failed"],
        "alerts_unknown": states["unknown"],
        "alerts_held": states["held"],
        "mails_received": len(books.mails),
        "notifications_received": len(books.notifications),
        "lost": len(found.lost),
        "doubled": len(found.doubled),
        "stale_alerts": len(found.stale),
    }


def delivered_again(books: Books, settled: Mapping[str, int]) -> int:
    """How many events came more than once between services, by what they say they settled."""
    noted = Counter(
        {
            row["queue"]: row["n"]
            for tables in (books.signals, books.triage, books.notify)
            for row in tables["inbox"]
        }
    )
    return sum(count - noted[queue] for queue, count in settled.items() if queue in noted)


def run(journal: Path, urls: Mapping[str, str], gateway: str) -> Findings:
    """Read and reconcile."""
    return reconcile(asyncio.run(read_books(journal, urls, gateway)))
