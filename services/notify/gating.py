"""The gate at work: loads what it has to know, and does what it rules; in one transaction."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

from services.notify import gate
from services.notify.freshness import Freshness
from services.notify.gate import Mode, Ruling, Situation, Verdict
from services.notify.hours import outside_quiet
from services.notify.outcomes import Ending, held, shadowed, stopped, tell_generalist
from services.notify.recipients import recipient_of
from services.notify.schedule import Alert
from services.notify.sql import alerts as alert_sql
from services.notify.sql import cases as case_sql
from services.notify.sql import live as live_sql
from services.notify.sql.alerts import Claimed, NewLink
from services.notify.subjects import CaseFile, Subject
from shared import clock
from shared.contracts.envelope import Event
from shared.db import Tx
from shared.policy import Channel, Policy, ResidentRules
from shared.policy.shelf import Shelf
from shared.web.session import token_hash
from shared.workdays import at_hour

TOKEN_BYTES = 9  # twelve characters: short enough for a text message, too many to try
CORRECTIONS = ("_moved", "_cancelled")
LATER_SECONDS = 10  # before an alert that nobody can be sure of comes to the gate again
# So long nobody is sure: then the generalist is told that the household hears nothing.
DOUBT_MAX = timedelta(minutes=30)


@dataclass(frozen=True)
class Item:
    """An alert that may go out, with what it speaks of."""

    alert: Alert
    subject: Subject
    case: CaseFile
    policy: Policy
    now: datetime
    is_unconfirmed: bool = False  # to a worker, while nobody can be sure whether it holds
    token: str = ""  # of the link by which a resident answers


@dataclass(frozen=True)
class Known:
    """What the gate has to know of some alerts."""

    files: Mapping[UUID, CaseFile]
    subjects: Mapping[tuple[UUID, str, UUID], Subject]
    policies: Mapping[str, Policy]  # by municipality
    modes: Mapping[tuple[str, Channel], Mode]
    guests: set[tuple[str, str]]
    is_all_stopped: bool
    sent_today: Mapping[str, int]
    stale: set[UUID]

    def situation(self, alert: Alert, now: datetime) -> Situation:
        """What the gate rules one alert by."""
        case = self.files[alert.case_id]
        name = case.municipality
        rules = self.policies[name].notify.residents
        subject = self.subjects.get((alert.case_id, alert.kind, alert.key))
        recipient = recipient_of(alert.recipient_role, case, subject) if subject else None
        contact = recipient.contacts.get(alert.channel, "") if recipient else ""
        ceiling = rules.daily_ceiling.value if rules else 0
        return Situation(
            now=now,
            is_fresh=alert.case_id not in self.stale,
            mode=self.modes.get((name, alert.channel), Mode.OFF) if rules else Mode.OFF,
            is_guest=(name, contact.casefold()) in self.guests,
            is_all_stopped=self.is_all_stopped,
            is_over_ceiling=self.sent_today.get(name, 0) >= ceiling,
            quiet_until=_quiet_until(alert, rules, now),
        )


@dataclass
class Gate:
    """The gate, with what it asks."""

    shelf: Shelf
    freshness: Freshness

    async def pass_through(
        self, tx: Tx, message: Sequence[Claimed], message_id: str, until: datetime
    ) -> tuple[list[Item], list[Event]]:
        """What of a message may go out, noted as an attempt; the rest is stopped, held or waits."""
        now = clock.now()
        await case_sql.hold_case_files(tx, {one.alert.case_id for one in message})
        ours = await alert_sql.renew(tx, message, until)
        message = [one for one in message if one.alert.id in ours]
        if not message:
            return [], []
        known = await self._load(tx, message, now)
        ending = Ending(tx, self.shelf, now)
        items, passed, events = [], [], []
        for one in message:
            alert, case = one.alert, known.files[one.alert.case_id]
            subject = known.subjects.get((alert.case_id, alert.kind, alert.key))
            situation = known.situation(alert, now)
            ruling = gate.rule(alert, subject, case, situation)
            if ruling.verdict is Verdict.QUIET and situation.quiet_until:
                until = situation.quiet_until
                await alert_sql.put_off_until(tx, alert.id, until, ruling.reason)
                continue
            if ruling.verdict is Verdict.SEND and subject:
                policy = known.policies[case.municipality]
                token = secrets.token_urlsafe(TOKEN_BYTES) if alert.is_to_resident else ""
                is_unconfirmed = not situation.is_fresh
                items.append(Item(alert, subject, case, policy, now, is_unconfirmed, token))
                passed.append(one)
            else:
                events += await _turn_back(ending, one, ruling)
        if passed:
            await alert_sql.insert_attempts(tx, passed, message_id, now)
        if links := [_link_of(item) for item in items if item.token]:
            await alert_sql.insert_links(tx, links, now)
        return items, events

    async def _load(self, tx: Tx, message: Sequence[Claimed], now: datetime) -> Known:
        case_ids = {one.alert.case_id for one in message}
        files = await case_sql.load_case_files(tx, case_ids)
        names = {file.municipality for file in files.values()}
        policies = await self.shelf.current(tx)
        day = clock.amsterdam_day(now)
        found = {name: policies.on(name, day) for name in names}
        by_name = {name: policy for name, policy in found.items() if policy}
        to_residents = any(one.alert.is_to_resident for one in message)
        rules = [one.notify.residents for one in by_name.values() if one.notify.residents]
        minutes = min((one.freshness_minutes.value for one in rules), default=None)
        return Known(
            files=files,
            subjects={
                (one.case_id, one.kind, one.key): one
                for one in await case_sql.load_subjects(tx, case_ids)
            },
            policies=by_name,
            modes=await live_sql.load_modes(tx, names) if to_residents else {},
            guests=await live_sql.load_guests(tx, names) if to_residents else set(),
            is_all_stopped=to_residents and await live_sql.is_all_stopped(tx),
            sent_today=(
                await live_sql.count_sent(tx, names, at_hour(day, time())) if to_residents else {}
            ),
            stale=(
                set()
                if minutes is None
                else await self.freshness.find_stale(
                    tx, case_ids, minutes, patient=not to_residents
                )
            ),
        )


def _link_of(item: Item) -> NewLink:
    """The link of a message to a resident; who says "not me" says it of this number or address."""
    alert, contact = item.alert, None
    if alert.channel is not Channel.LETTER:
        recipient = recipient_of(alert.recipient_role, item.case, item.subject)
        assert recipient, "the gate lets nothing through to nobody"
        contact = recipient.contacts[alert.channel].casefold()
    return NewLink(token_hash(item.token), alert, contact)


def _quiet_until(alert: Alert, rules: ResidentRules | None, now: datetime) -> datetime | None:
    """When the quiet hours end; None when it is no quiet hour, or waiting would be too late."""
    if rules is None or not alert.is_to_resident:
        return None
    until = outside_quiet(now, rules.quiet, now=now, latest=alert.expires_at)
    return until if until > now else None


async def _turn_back(ending: Ending, one: Claimed, ruling: Ruling) -> list[Event]:
    """Do what the gate ruled with an alert that does not go out."""
    match ruling.verdict:
        case Verdict.HOLD:
            return await held(ending, one, ruling.reason)
        case Verdict.SHADOW:
            return await shadowed(ending, one, ruling.reason)
        case Verdict.LATER:
            free_at = clock.lease_until(LATER_SECONDS)
            await alert_sql.postpone(ending.tx, [one], free_at, ruling.reason, counts=False)
            if one.alert.due_at + DOUBT_MAX <= ending.now:
                await tell_generalist(ending, one.alert)
            return []
    events = await stopped(ending, one, ruling.reason)
    if one.alert.is_to_resident and one.alert.template.endswith(CORRECTIONS) and events:
        await tell_generalist(ending, one.alert)  # the household still thinks what it heard before
    return events
