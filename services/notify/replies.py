"""What follows when somebody answers a message: it is heeded at once, and the assignee hears of it.

Nobody signs in: whoever has the message may answer it. So an answer can make us silent, and can ask
for a person; it changes nothing else and shows nothing.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from services.notify import heeding
from services.notify.facts import ANSWERS
from services.notify.planning import replan
from services.notify.recipients import RESIDENT
from services.notify.sql import cases as case_sql
from services.notify.sql import replies as reply_sql
from services.notify.sql import wishes as wish_sql
from services.notify.sql.live import Change
from services.notify.sql.replies import Link, Reply
from services.notify.subjects import NO_WISHES, CaseFile, State, Subject, Wishes, together
from shared import clock
from shared.contracts.envelope import Event, derived_id
from shared.contracts.notify import Answer, ResidentReplied
from shared.db import Tx
from shared.policy import Policies
from shared.web.session import token_hash

# A link works so long after its message was of use (DESIGN 6 asks for no more than that it ends).
LINK_DAYS = timedelta(days=30)
TOKEN = re.compile(r"[A-Za-z0-9_-]{12}")  # as `gating` makes them


async def find_link(tx: Tx, token: str) -> Link | None:
    """The link with this token; None when there is none, or it works no longer."""
    if not TOKEN.fullmatch(token):
        return None
    return await reply_sql.find_link(tx, token_hash(token), clock.now() - LINK_DAYS)


async def take(tx: Tx, link: Link, answer: Answer, policies: Policies) -> Sequence[Event] | None:
    """Keep an answer and heed it; nothing follows of one that was given before.

    None when the case was forgotten just before. Locks the files of the household's cases.
    """
    household = await heeding.hold(tx, link.household_id, link.case_id)
    case = household.files.get(link.case_id)
    if case is None:
        return None
    reply_id = derived_id("reply", link.alert_id, answer.value)
    reply = Reply(reply_id, link.alert_id, link.case_id, answer, clock.now())
    if not await reply_sql.insert_reply(tx, reply):
        return ()
    subjects = await case_sql.load_subjects(tx, [case.case_id])
    told = _subject_of(reply, case, _at(link, subjects, reply.given_at))
    await case_sql.save_subjects(tx, [told])
    asked = _wishes_of(link, answer)
    if asked == NO_WISHES or not household.is_known:
        await replan(tx, [told], {case.case_id: case}, {case.case_id}, policies)
    else:
        before = (await wish_sql.load_wishes(tx, [household.id])).get(household.id, NO_WISHES)
        change = Change(RESIDENT, f"antwoord op een bericht: {ANSWERS[answer]}", reply.given_at)
        wishes = together([before, asked])
        await heeding.heed(tx, household, wishes=wishes, change=change, policies=policies)
    return [_announced(reply)]


def _wishes_of(link: Link, answer: Answer) -> Wishes:
    """What an answer asks of how we write to a household."""
    if answer is Answer.NO_MESSAGES:
        return Wishes(has_opted_out=True)
    if answer is Answer.NOT_ME and link.contact:
        return Wishes(wrong_contacts=frozenset({link.contact}))
    return NO_WISHES


def _at(link: Link, subjects: Sequence[Subject], now: datetime) -> datetime | None:
    """When what was written about happens; None when it has no hour, or that is over."""
    about = (link.case_id, link.kind, link.key)
    found = next((one.at for one in subjects if (one.case_id, one.kind, one.key) == about), None)
    return found if found and found > now else None


def _subject_of(reply: Reply, case: CaseFile, at: datetime | None) -> Subject:
    """What the assignee is told; of short notice the lead hears it too, as of anything."""
    return Subject(
        case_id=case.case_id,
        kind="reply",
        key=reply.id,
        revision=case.revision,
        state=State.HOLDS,
        is_urgent=True,
        at=at,
        details={"answer": reply.answer.value},
    )


def _announced(reply: Reply) -> ResidentReplied:
    return ResidentReplied(
        reply_id=reply.id,
        case_id=reply.case_id,
        alert_id=reply.alert_id,
        answer=reply.answer,
        given_at=reply.given_at,
    )
