"""What is claimed, and what one alert that fails does to the others: on a real database."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.notify import handlers
from services.notify.channels.answers import Answer, Outcome
from services.notify.delivery import Carrier
from services.notify.gating import Gate
from services.notify.recipients import RESIDENT
from services.notify.schedule import Alert, by_channel
from services.notify.sending import Sending
from services.notify.sql import alerts as alert_sql
from services.notify.sql.alerts import Claimed
from shared import clock, db
from shared.contracts import triage
from shared.contracts.signals import HearingKind
from shared.contracts.triage import CaseEvent
from shared.door import Door
from shared.outbox import LeftToRelay, Outbox
from shared.policy import Channel
from shared.policy.shelf import Shelf
from tests.builders import ANNA, BRAM, LEAD, MUNICIPALITY, NOW, case_event
from tests.notify.test_delivery import SITE, TEXTS, Kept
from tests.notify.test_erasing import POLICIES, TABLES
from tests.notify.test_recipients import TOLD

MINUTE = timedelta(minutes=1)
DIGEST = NOW + timedelta(days=1)
CASE = UUID(int=0xCA5E)
INTENT = UUID(int=0x1247)
HEARING_AT = NOW + timedelta(days=30)
WHERE = {"hearing_id": UUID(int=7), "court": "Rechtbank Noord", "case_number": "26-1"}
HEARING = {**WHERE, "kind": HearingKind.ROLL}


class AlwaysFresh:
    """Nothing waits, and triage was heard of."""

    async def look_again(self) -> None:
        pass

    async def find_stale(self, *_: Any, patient: bool) -> set[UUID]:
        return set()


@pytest.fixture(scope="module")
async def url(servers: Servers) -> AsyncIterator[str]:
    yield await servers.create_database_from_template("template_notify", "sending", "notify")
    await servers.drop_database("sending")


@pytest.fixture
async def pool(url: str, stepped_clock: Clock) -> AsyncIterator[db.Pool]:
    opened = await db.open_pool(url, service="notify", size=3)
    yield opened
    for table in (*TABLES, "reply_link", "outbox", "live_mode"):
        await opened.execute(f"delete from {table}")
    await opened.close()


@pytest.fixture
def door(pool: db.Pool) -> Door:
    source = "urn:nld:oin:0:systeem:notify"
    return Door("notify", pool, Outbox(source, pool, LeftToRelay(), 50_000))


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def sending(door: Door, kept: Kept) -> Sending:
    carrier = Carrier(kept, kept, TEXTS, "voordeur@voorbeeldstad.example", SITE)  # type: ignore[arg-type]
    return Sending(door, Gate(Shelf(POLICIES), AlwaysFresh()), carrier)  # type: ignore[arg-type]


async def tell(pool: db.Pool, *events: CaseEvent) -> None:
    async with pool.acquire() as tx, tx.transaction():
        await handlers.take_events(tx, events, POLICIES)


def assigned(number: int, **changes: object) -> CaseEvent:
    own = {"case_id": UUID(int=number), "urgent": False, "reason": f"Reden {number}."}
    return case_event(triage.GeneralistAssigned, 1, **own, **changes)


async def to_resident(pool: db.Pool, channel: Channel, state: str) -> Alert:
    """An alert of one intent to one household, in a state."""
    one = Alert(
        id=by_channel(INTENT, channel), intent=INTENT, case_id=CASE, kind="hearing", key=CASE,
        subject_revision=1, template="hearing_set", recipient_id=RESIDENT,
        recipient_role="resident", channel=channel, due_at=NOW, expires_at=None, bundle=None,
        policy_sha256="",
    )  # fmt: skip
    async with pool.acquire() as tx:
        await alert_sql.insert_alerts(tx, [one], NOW)
        await tx.execute("update alert set state = $2 where id = $1", one.id, state)
    return replace(one, state=state)


async def claim(pool: db.Pool, minutes: int = 0) -> Sequence[Claimed]:
    """Claim, so many minutes later, for a minute."""
    real_now = clock.lease_now() + minutes * MINUTE
    async with pool.acquire() as tx:
        return await alert_sql.claim_due(tx, NOW, real_now, real_now + MINUTE, 100)


async def states(pool: db.Pool) -> dict[str, str]:
    rows = await pool.fetch("select recipient_id, channel, state from alert order by state")
    return {f"{row['recipient_id']} {row['channel']}": row["state"] for row in rows}


async def test_what_went_out_unanswered_stays_so_however_often_its_claim_ends(
    pool: db.Pool,
) -> None:
    await to_resident(pool, Channel.SMS, "scheduled")
    (first,) = await claim(pool)
    assert (first.attempt_no, first.was_unanswered) == (1, False)
    async with pool.acquire() as tx:
        await alert_sql.insert_attempts(tx, [first], "<a@b>", NOW)
    for minutes in (2, 4, 6):  # the service dies before it has looked anything up
        (again,) = await claim(pool, minutes)
        assert (again.attempt_no, again.was_unanswered) == (2, True)


async def test_a_claim_that_ended_is_no_attempt(pool: db.Pool) -> None:
    await to_resident(pool, Channel.SMS, "scheduled")
    numbers = [(await claim(pool, minutes))[0].attempt_no for minutes in range(0, 20, 2)]
    assert set(numbers) == {1}


async def test_a_second_channel_of_an_intent_is_stopped_and_holds_up_no_other(
    pool: db.Pool, sending: Sending, kept: Kept, stepped_clock: Clock
) -> None:
    await tell(pool, assigned(1))
    await to_resident(pool, Channel.SMS, "delivered")
    await to_resident(pool, Channel.LETTER, "scheduled")
    stepped_clock.move(DIGEST)
    await sending.send_due()
    assert await states(pool) == {
        "resident sms": "delivered", "resident letter": "stopped", "anna mail": "sent",
    }  # fmt: skip
    assert not kept.messages
    keys = [row["routing_key"] for row in await pool.fetch("select routing_key from outbox")]
    assert sorted(keys) == ["notify.alert_sent.v1", "notify.alert_stopped.v1"]


async def test_of_two_channels_that_are_due_at_once_one_is_claimed(pool: db.Pool) -> None:
    for channel in (Channel.SMS, Channel.LETTER):
        await to_resident(pool, channel, "scheduled")
    found = await claim(pool)
    assert sorted(one.is_double for one in found) == [False, True]
    # Its claim ended: it is the one that comes again, before the other.
    found = await claim(pool, 2)
    assert {one.alert.state: one.is_double for one in found} == {
        "claimed": False, "scheduled": True,
    }  # fmt: skip


async def test_what_the_gate_fails_on_holds_up_no_other(
    pool: db.Pool, sending: Sending, kept: Kept, stepped_clock: Clock
) -> None:
    await tell(pool, assigned(1), assigned(2, assignee=BRAM))
    await pool.execute("update case_file set municipality = 'GM0000' where assignee_id = 'anna'")
    stepped_clock.move(DIGEST)
    await sending.send_due()
    assert await states(pool) == {"anna mail": "scheduled", "bram mail": "sent"}
    (row,) = await pool.fetch("select reason from alert where recipient_id = 'anna'")
    assert row["reason"].startswith("temporary KeyError")


async def test_of_a_digest_only_what_cannot_be_written_is_held_up(
    pool: db.Pool, sending: Sending, kept: Kept, stepped_clock: Clock
) -> None:
    await tell(pool, *(assigned(number, assignee=ANNA) for number in (1, 2, 3)))
    await pool.execute("update subject set details = '{\"reason\": 7}' where case_id = $1",
                       UUID(int=2))  # fmt: skip
    stepped_clock.move(DIGEST)
    await sending.send_due()
    assert not kept.mails
    await pool.execute("update alert set free_at = '-infinity'")
    await sending.send_due()
    assert len(kept.mails) == 2
    rows = await pool.fetch("select case_id from alert where state = 'scheduled'")
    assert [row["case_id"] for row in rows] == [UUID(int=2)]


async def test_after_a_fault_that_nobody_foresaw_a_text_is_looked_up(
    pool: db.Pool, sending: Sending, kept: Kept
) -> None:
    async def breaks(*_: object) -> Answer:
        raise RuntimeError

    kept.send_sms = breaks  # type: ignore[method-assign]
    hearing = {"hearing_id": CASE, "court": "Rechtbank Noord", "case_number": "26-1",
               "kind": "rolzitting", "place": "Voorbeeldstad"}  # fmt: skip
    resident = triage.Resident(
        name="", postcode="9901AB", house_number=1, suffix="", phone="0612345678", email=None,
        language=None, is_verified=True,
    )  # fmt: skip
    await pool.execute(
        "insert into live_mode (municipality, channel, mode, changed_by, reason, changed_at)"
        " values ('GM9901', 'sms', 'live', '', '', now())"
    )
    own = {"case_id": CASE, "is_confirmed": True}
    await tell(
        pool, case_event(triage.ContactDetailsKnown, 1, resident=resident, **own),
        case_event(triage.CaseHearingSet, 2, at=NOW + timedelta(days=30), **hearing, **own),
    )  # fmt: skip
    await sending.send_due({Channel.SMS})
    (row,) = await pool.fetch("select outcome from attempt")
    assert row["outcome"] == Outcome.UNKNOWN


async def go_live(pool: db.Pool) -> None:
    for channel in (Channel.SMS, Channel.LETTER):
        await pool.execute(
            "insert into live_mode (municipality, channel, mode, changed_by, reason, changed_at)"
            " values ($1, $2, 'live', 'noor', 'test', $3)", MUNICIPALITY, channel.value, NOW,
        )  # fmt: skip


async def hearing_of_a_household(pool: db.Pool) -> None:
    await go_live(pool)
    told = {"resident": TOLD, "is_confirmed": True}
    await tell(pool, case_event(triage.ContactDetailsKnown, 1, **told))
    at = {"place": "Voorbeeldstad", "at": HEARING_AT, "is_confirmed": True}
    await tell(pool, case_event(triage.CaseHearingSet, 2, **HEARING, **at))


async def of_residents(pool: db.Pool) -> Sequence[Alert]:
    async with pool.acquire() as tx:
        found = await alert_sql.load_alerts(tx, [UUID(int=1)])
    return [one for one in found if one.is_to_resident]


async def test_what_may_have_arrived_is_corrected_when_the_fact_is_called_off(
    pool: db.Pool,
    stepped_clock: Clock,
) -> None:
    await hearing_of_a_household(pool)
    async with pool.acquire() as tx:
        claimed = await alert_sql.claim_due(
            tx, NOW, clock.lease_now(), clock.lease_until(60), 100, channels=[Channel.SMS]
        )
        (one,) = [one for one in claimed if one.alert.template == "hearing_set"]
        await alert_sql.insert_attempts(tx, [one], "<a@b>", NOW)
        await alert_sql.save_answers(tx, [one], Answer(Outcome.UNKNOWN, "500"), NOW)
        await alert_sql.postpone(tx, [one], clock.lease_until(30), "unknown 500")
    off = case_event(triage.CaseHearingCancelled, 3, **HEARING, is_confirmed=True)
    await tell(pool, off)
    found = {one.template: one for one in await of_residents(pool)}
    assert found["hearing_set"].state == "claimed", "it is looked up, not taken back"
    assert found["hearing_cancelled"].state == "scheduled"
    assert found["hearing_cancelled"].expires_at == HEARING_AT


async def test_what_comes_to_the_gate_in_a_quiet_hour_waits_for_the_morning(
    pool: db.Pool,
    sending: Sending,
    stepped_clock: Clock,
) -> None:
    await hearing_of_a_household(pool)
    night = datetime(2026, 3, 3, 22, 30, tzinfo=UTC)
    stepped_clock.move(night)
    await sending.send_due([Channel.SMS])
    (first, *_) = sorted(await of_residents(pool), key=lambda one: one.due_at)
    assert (first.state, first.due_at) == ("scheduled", datetime(2026, 3, 4, 7, 0, tzinfo=UTC))
    assert not await pool.fetch("select from attempt join alert on alert.id = alert_id"
                                " where recipient_role = 'resident'")  # fmt: skip
    stepped_clock.move(datetime(2026, 3, 4, 7, 0, tzinfo=UTC))
    await sending.send_due([Channel.SMS])
    (first, *_) = sorted(await of_residents(pool), key=lambda one: one.due_at)
    assert first.state == "sent"


async def test_that_who_need_not_come_does_not_hear_so_is_told_to_the_lead(
    pool: db.Pool, sending: Sending, kept: Kept, stepped_clock: Clock
) -> None:
    window = {"starts_at": HEARING_AT, "ends_at": HEARING_AT + MINUTE}
    await tell(pool, case_event(triage.VisitPlanned, 1, visit_id=CASE, second=BRAM, **window))
    await sending.send_due()
    await tell(pool, case_event(triage.VisitMoved, 2, visit_id=CASE, **window))
    takes = kept.send

    async def refuses_one(mail: EmailMessage) -> Answer:
        return Answer(Outcome.PERMANENT, "550") if mail["To"] == BRAM.email else await takes(mail)

    kept.send = refuses_one  # type: ignore[method-assign]
    while await sending.send_due():
        pass
    rows = await pool.fetch("select state from alert where template = 'visit_passed_on'")
    assert [row["state"] for row in rows] == ["failed"]
    bounced = kept.mails[-1]
    assert bounced["To"] == LEAD.email
    assert "een bericht aan Bram kwam niet aan" in bounced["Subject"]
