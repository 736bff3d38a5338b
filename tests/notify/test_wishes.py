"""What a household asks of how it is written to: heeded at once, wherever it counts, and kept."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.notify.access import readable
from services.notify.channels.answers import Outcome
from services.notify.delivery import Carrier
from services.notify.sql import erasing as erase_sql
from services.notify.sql import live as live_sql
from services.notify.subjects import NO_WISHES, Wishes, together
from shared import clock
from shared.contracts import triage
from shared.contracts.envelope import Event
from shared.policy import Channel
from tests.builders import MUNICIPALITY, NOW, case_event
from tests.notify import counter
from tests.notify.counter import CASE, HEARING_AT, HOUSEHOLD, MODES, POLICIES, WHY, Counter, hearing
from tests.notify.test_recipients import NUMBER, TOLD

OTHER_CASE, OTHER, THIRD = UUID(int=11), UUID(int=12), UUID(int=22)
LETTERS, MAILS = {"channel": "letter"}, {"channel": "mail"}


@pytest.fixture(scope="module")
async def url(servers: Servers) -> AsyncIterator[str]:
    yield await servers.create_database_from_template("template_notify", "wishes", "notify")
    await servers.drop_database("wishes")


@pytest.fixture
async def desk(url: str, stepped_clock: Clock) -> AsyncIterator[Counter]:
    async with counter.clean_pool(url) as pool, counter.opened(pool) as found:
        for channel in Channel:
            await found.go_live(channel.value)
        yield found


def reached(revision: int = 1, *kin: UUID, **changes: Any) -> Event:
    """How to reach a household, and who turned out to be it."""
    told = {"is_confirmed": True, "resident": TOLD, **changes}
    return case_event(triage.ContactDetailsKnown, revision, kin=kin, **told)


async def other_household(desk: Counter, **asked: Any) -> None:
    """Another household that can be reached, and what it asks."""
    await desk.say(reached(case_id=OTHER_CASE, household_id=OTHER))
    if asked:
        await ask(desk, OTHER, **asked)


async def ask(desk: Counter, household_id: UUID = HOUSEHOLD, **asked: Any) -> dict[str, Any]:
    """Note what a household asks."""
    body = {"hasOptedOut": False, "wrongContacts": [], **asked}
    return await desk.put(f"/households/{household_id}/wishes", **body)


async def to_residents(desk: Counter, state: str = "scheduled") -> list[tuple[str, str]]:
    """Template and channel of what is in this state."""
    rows = await desk.pool.fetch(
        "select template, channel from alert where recipient_role = 'resident' and state = $1"
        " order by due_at, template, channel",
        state,
    )
    return [tuple(row) for row in rows]


PLANNED = [("hearing_set", "sms"), *[("hearing_reminder", "sms")] * 2]


async def test_who_asked_for_silence_has_it_in_the_household_that_it_became_until_undone(
    desk: Counter,
) -> None:
    await other_household(desk, hasOptedOut=True)
    await desk.hearing_told()
    assert await to_residents(desk) == PLANNED
    await desk.say(reached(5, OTHER))
    assert not await to_residents(desk)
    await desk.say(hearing(6, at=HEARING_AT + timedelta(days=1)))
    assert not await to_residents(desk)
    await desk.send()
    assert not desk.gateway.taken

    await desk.say(reached(9))
    assert await to_residents(desk) == PLANNED
    await desk.send()
    assert desk.gateway.taken == [NUMBER]
    assert (await desk.get(f"/households/{OTHER}/wishes"))["hasOptedOut"], "it keeps its own"
    assert not (await desk.get(f"/households/{HOUSEHOLD}/wishes"))["hasOptedOut"]


async def test_what_kin_asks_afterwards_holds_at_once_too(desk: Counter) -> None:
    await other_household(desk)
    await desk.hearing_told()
    await desk.say(reached(5, OTHER))
    await ask(desk, OTHER, wrongContacts=[NUMBER])
    assert {channel for _, channel in await to_residents(desk)} == {"mail"}
    await ask(desk, OTHER, hasOptedOut=True)
    assert not await to_residents(desk)
    await ask(desk)
    assert not await to_residents(desk), "of one of them it holds for both"
    await ask(desk, OTHER)
    assert await to_residents(desk) == PLANNED


async def test_what_was_told_before_does_not_bring_back_who_left(desk: Counter) -> None:
    await other_household(desk, hasOptedOut=True)
    await desk.hearing_told()
    await desk.say(reached(9), reached(5, OTHER))
    assert await to_residents(desk) == PLANNED


async def test_an_opt_out_outlives_one_case_and_goes_with_the_last(desk: Counter) -> None:
    await desk.hearing_told()
    await desk.say(reached(case_id=OTHER_CASE))
    await ask(desk, hasOptedOut=True)
    kept = "select (select count(*) from wishes), (select count(*) from wishes_change)"
    for case_ids, left in (((CASE,), (1, 1)), ((OTHER_CASE,), (0, 0))):
        async with desk.pool.acquire() as tx, tx.transaction():
            await erase_sql.forget_cases(tx, case_ids, NOW)
        assert tuple(await desk.pool.fetchrow(kept) or ()) == left
        if left != (0, 0):
            assert (await desk.get(f"/households/{HOUSEHOLD}/wishes"))["hasOptedOut"]


async def test_what_is_taken_back_is_planned_anew_as_far_as_it_is_of_use(
    desk: Counter, stepped_clock: Clock
) -> None:
    await desk.hearing_told()
    await ask(desk, hasOptedOut=True)
    assert not await to_residents(desk)
    stepped_clock.move(HEARING_AT - timedelta(days=3))
    await ask(desk, wrongContacts=[NUMBER])
    assert await to_residents(desk) == [("hearing_set", "mail"), ("hearing_reminder", "mail")]
    await ask(desk)
    assert await to_residents(desk) == [("hearing_set", "sms"), ("hearing_reminder", "sms")]
    stepped_clock.move(HEARING_AT)
    await ask(desk, hasOptedOut=True)
    await ask(desk)
    assert not await to_residents(desk), "it is over"


async def test_without_a_policy_a_wish_is_kept(
    desk: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.hearing_told()
    monkeypatch.delitem(POLICIES.by_municipality, MUNICIPALITY)
    assert (await ask(desk, hasOptedOut=True))["hasOptedOut"]


async def test_what_they_prefer_is_tried_first_and_nothing_twice(desk: Counter) -> None:
    await desk.hearing_told()
    told = await ask(desk, **LETTERS)
    assert (told["channel"], told["language"]) == ("letter", None)
    assert await desk.get(f"/households/{HOUSEHOLD}/wishes") == told
    for failed, following in (("letter", "sms"), ("sms", "mail")):
        assert ("hearing_set", failed) in await to_residents(desk)
        desk.gateway.answers = [Outcome.PERMANENT]
        await send_once(desk)
        for _ in range(2):
            assert ("hearing_set", failed) in await to_residents(desk, "failed")
            assert ("hearing_set", following) in await to_residents(desk)
            await ask(desk, **LETTERS)  # what follows a failure goes on all the same
    assert not await desk.told_worker()


async def send_once(desk: Counter) -> None:
    """Send what is due by NotifyNL, and nothing that follows from it."""
    async with desk.pool.acquire() as tx:
        await live_sql.note_alive(tx, clock.lease_now())
    await desk.sending.send_due([Channel.SMS, Channel.LETTER])


async def test_after_a_failure_a_trial_is_no_way_to_reach_them(desk: Counter) -> None:
    for channel, mode in (("sms", "shadow"), ("mail", "off")):
        await desk.put(f"{MODES}/{channel}", mode=mode)
    await desk.say(reached(), hearing(2))
    await ask(desk, **LETTERS)
    desk.gateway.answers = [Outcome.PERMANENT]
    await desk.send()
    assert ("hearing_set", "sms") in await to_residents(desk, "shadowed")
    assert await desk.told_worker() == ["undelivered_set"]


async def test_of_those_that_became_one_the_last_word_on_a_preference_holds(
    desk: Counter, stepped_clock: Clock
) -> None:
    await other_household(desk, **LETTERS, language="nl")
    await desk.hearing_told()
    stepped_clock.move(NOW + timedelta(minutes=1))
    await ask(desk, **MAILS)
    await desk.say(reached(5, OTHER))
    assert {channel for _, channel in await to_residents(desk)} == {"mail"}
    stepped_clock.move(NOW + timedelta(minutes=2))
    await ask(desk, OTHER, **LETTERS, language="nl")
    assert ("hearing_set", "letter") in await to_residents(desk)
    await ask(desk, OTHER)
    assert {channel for _, channel in await to_residents(desk)} == {"mail"}


async def test_they_are_written_to_in_the_language_that_they_asked_for(desk: Counter) -> None:
    await desk.hearing_told()
    carrier: Carrier = desk.sending.carrier
    said: list[str] = []

    class Ear:
        async def send_sms(self, _: str, text: str, *__: Any) -> Any:
            said.append(text)
            return await desk.gateway.send_sms("")

    carrier.notifynl = Ear()  # type: ignore[assignment]
    await ask(desk, language="nl")
    await desk.send()
    (text,) = said
    assert "zitting" in text


async def test_an_export_tells_what_they_prefer_and_who_became_them(desk: Counter) -> None:
    await desk.say(reached(1, OTHER))
    await ask(desk, **LETTERS, language="en")
    async with desk.pool.acquire() as tx:
        (row,) = await erase_sql.gather(tx, [CASE])
    told = readable(row)
    assert (told["wensen"]["eerstPer"], told["wensen"]["taal"]) == ("brief", "en")
    assert told["bewoner"]["ookHuishoudens"] == [str(OTHER)]
    change = await desk.pool.fetchrow(
        "select channel, language, changed_by, reason from wishes_change"
    )
    assert tuple(change or ()) == ("letter", "en", WHY["decidedBy"], WHY["reason"])


def test_of_several_all_holds_and_of_preferences_each_as_stated_last() -> None:
    first = Wishes(True, frozenset({"a"}), Channel.SMS, "en", NOW)
    second = Wishes(False, frozenset({"b"}), Channel.LETTER, None, NOW + timedelta(seconds=1))
    both = Wishes(True, frozenset({"a", "b"}), Channel.LETTER, "en", second.preferred_at)
    assert together([first, second]) == together([second, first]) == both
    assert together([first, NO_WISHES]) == first
    assert together([]) == NO_WISHES
