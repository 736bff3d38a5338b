"""What goes to a gateway: the mail and its calendar part as other programs read them."""

import email
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import icalendar
import pytest

from services.notify.appointments import Invitation, calendar_of
from services.notify.channels.answers import Answer, Outcome
from services.notify.delivery import Carrier
from services.notify.facts import Site, for_resident, for_worker
from services.notify.gating import Item
from services.notify.recipients import RESIDENT, recipient_of
from services.notify.schedule import Moment, plan
from services.notify.subjects import CaseFile, State, Subject, newer, subjects_of
from services.notify.writing.facts import KINDS, Audience, facts_of, templates_of
from services.notify.writing.texts import Texts
from shared.policy import Channel
from tests.builders import BRAM, POLICY, case_event
from tests.notify.test_recipients import CONFIRMED, planned
from tests.notify.test_schedule import CASE, HEARING_AT, NOW, TOLD, hearing

SITE = Site("https://voordeur.example", "https://voordeur.example/r")
WITH_FORMER = newer(CASE, replace(CASE, assignee=BRAM, revision=5))
DETAILS = {"court": "Rechtbank Noord", "place": "Voorbeeldstad", "kind": "rolzitting"}
TEXTS = Texts.load()


class Kept:
    """A gateway that takes everything, and keeps it."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.messages: list[tuple[str, ...]] = []

    async def send(self, mail: EmailMessage) -> Answer:
        parsed: Any = email.message_from_bytes(mail.as_bytes(), policy=email.policy.default)
        self.mails.append(parsed)
        return Answer(Outcome.ACCEPTED, "250")

    async def send_sms(self, *told: Any) -> Answer:
        self.messages.append(tuple(map(str, told)))
        return Answer(Outcome.ACCEPTED, "201")

    send_letter = send_sms


def item(subject: Subject, template: str, case: CaseFile = CASE, role: str = "assignee") -> Item:
    (alert, *_) = plan(hearing(), Moment(CASE, (), POLICY, NOW)).wanted
    alert = replace(alert, template=template, subject_revision=subject.revision,
                    sequence=subject.revision, recipient_role=role, kind=subject.kind)  # fmt: skip
    return Item(alert, subject, case, POLICY, NOW)


async def carried(*items: Item) -> Kept:
    kept = Kept()
    carrier = Carrier(kept, kept, TEXTS, "voordeur@voorbeeldstad.example", SITE)  # type: ignore[arg-type]
    await carrier.carry(items, "<id@x>")
    return kept


async def mail(subject: Subject, template: str) -> EmailMessage:
    return (await carried(item(subject, template))).mails[0]


def body_of(parsed: EmailMessage, kind: str = "plain") -> str:
    body = parsed.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def calendar(parsed: EmailMessage) -> Any:
    (part,) = [one for one in parsed.walk() if one.get_content_type() == "text/calendar"]
    told = icalendar.Calendar.from_ical(part.get_payload(decode=True))  # type: ignore[arg-type]
    assert part["content-type"].params["method"] == told["method"]
    return told


async def test_a_mail_has_text_and_html_and_says_which_alerts_it_brings() -> None:
    told = await mail(hearing(details=DETAILS), "hearing_set")
    assert told["Message-ID"] == "<id@x>"
    assert told["To"] == "anna@voorbeeldstad.example"
    assert "Rechtbank Noord" in body_of(told)
    assert "Rechtbank Noord" in body_of(told, "html")
    assert f"{SITE.site_url}/?id={CASE.reference}" in body_of(told)
    assert str(UUID(int=2)) not in told.as_string(), "the household's id is nobody's business"


async def test_one_entry_in_a_calendar_is_set_moved_and_taken_out() -> None:
    later = HEARING_AT + timedelta(days=7)
    first = calendar(await mail(hearing(3, details=DETAILS), "hearing_set"))
    moved = calendar(await mail(hearing(5, at=later, details=DETAILS), "hearing_moved"))
    cancelled = hearing(8, state=State.CANCELLED, at=None, details=DETAILS)
    off = calendar(await mail(cancelled, "hearing_cancelled"))
    assert [one["method"] for one in (first, moved, off)] == ["REQUEST", "REQUEST", "CANCEL"]
    events = [one.walk("VEVENT")[0] for one in (first, moved, off)]
    assert len({event["uid"] for event in events}) == 1
    assert [int(event["sequence"]) for event in events] == [3, 5, 8]
    assert [event["status"] for event in events] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert events[0]["dtstart"].dt == HEARING_AT
    assert events[1]["dtstart"].dt == later
    assert "dtstart" not in events[2]


async def test_who_need_not_come_reads_the_hour_that_they_know_and_is_uninvited_alone() -> None:
    later = hearing(7, at=HEARING_AT + timedelta(days=7), details=DETAILS)
    one = item(later, "hearing_passed_on", WITH_FORMER)
    assert one.alert.expires_at == HEARING_AT
    (told,) = (await carried(one)).mails
    assert told["To"] == "anna@voorbeeldstad.example"
    assert "de zitting van donderdag 2 april 2026 om 10.30 uur" in body_of(told)
    assert "9 april" not in told.as_string()
    off = calendar(told)
    (event,) = off.walk("VEVENT")
    assert (off["method"], int(event["sequence"])) == ("CANCEL", 7)
    assert "status" not in event, "it goes on, without them (RFC 5546, 3.2.5)"
    assert "dtstart" not in event
    assert "anna@voorbeeldstad.example" in event["attendee"]


def test_a_reminder_puts_nothing_into_a_calendar() -> None:
    one = item(hearing(details=DETAILS), "hearing_reminder")
    whom = Invitation("Anna", "anna@x.example", "voordeur@x.example", "x.example")
    assert calendar_of(one.alert, one.subject, "Zitting", whom, NOW) is None


async def test_a_digest_is_one_mail_with_every_item() -> None:
    calm = hearing(kind="assignment", at=None)
    items = [item(replace(calm, details={"reason": f"Reden {n}."}), "assignment_set")
             for n in range(3)]  # fmt: skip
    (told,) = (await carried(*items)).mails
    assert told["Subject"] == "3 berichten over uw zaken"
    assert len(str(told["X-Voordeur-Alerts"]).split()) == 3
    assert all(f"Reden {n}." in body_of(told) for n in range(3))


async def test_what_nobody_could_check_says_so_to_a_worker() -> None:
    doubted = replace(item(hearing(details=DETAILS), "hearing_set"), is_unconfirmed=True)
    (told,) = (await carried(doubted)).mails
    assert body_of(told).startswith("Let op: wij konden niet nakijken")


def to_resident(channel: Channel) -> Item:
    alert = planned(hearing(), CONFIRMED)[0]
    subject = hearing(details=DETAILS)
    return Item(replace(alert, channel=channel), subject, CONFIRMED, POLICY, NOW, token="tok")


async def test_a_text_to_a_resident_names_the_sender_and_no_person_of_theirs() -> None:
    ((number, text, reference),) = (await carried(to_resident(Channel.SMS))).messages
    assert number == "+31612345678"
    assert text.startswith("Gemeente Voorbeeldstad:")
    assert text.endswith("https://voordeur.example/r/tok")
    assert "Voorbeeld " not in text.replace("Voorbeeldstad", "")
    assert UUID(reference) == to_resident(Channel.SMS).alert.id


async def test_a_letter_has_an_address_that_the_post_can_read() -> None:
    ((address, subject, text, _),) = (await carried(to_resident(Channel.LETTER))).messages
    assert address.split("\n") == ["V. Voorbeeld", "Huisnummer 1 A", "9901 AB Voorbeeldstad"]
    assert subject
    assert "https://voordeur.example/r/tok" in text


def moments(kind: str, state: State, audience: Audience) -> Sequence[str]:
    told = ("cancelled",) if state is State.CANCELLED else ("set", "moved", "reminder", "passed_on")
    return [moment for moment in told if f"{kind}_{moment}" in templates_of(audience)]


@pytest.mark.parametrize(("event_class", "own", "_"), TOLD)
async def test_what_an_event_gives_fills_every_word_of_its_texts(
    event_class: Any, own: dict[str, Any], _: Any
) -> None:
    for subject in subjects_of(case_event(event_class, **own)):
        if subject.state is State.OVER or subject.kind not in KINDS[Audience.WORKER]:
            continue
        for moment in moments(subject.kind, subject.state, Audience.WORKER):
            template = f"{subject.kind}_{moment}"
            one = item(subject, template, WITH_FORMER if moment == "passed_on" else CASE)
            recipient = recipient_of("assignee", CASE, subject)
            assert recipient
            assert facts_of(Audience.WORKER, template) <= for_worker(one, recipient, SITE).keys()
            assert await carried(one)


def test_residents_texts_find_all_their_facts() -> None:
    told = for_resident(to_resident(Channel.SMS), "nl", SITE)
    for template in templates_of(Audience.RESIDENT):
        assert facts_of(Audience.RESIDENT, template) <= told.keys()
    assert recipient_of(RESIDENT, CONFIRMED, hearing())


def test_every_rule_of_a_policy_has_words() -> None:
    for rule in POLICY.notify.alerts:
        audience = Audience.RESIDENT if rule.to == RESIDENT else Audience.WORKER
        assert f"{rule.about}_set" in templates_of(audience), rule


async def test_without_an_account_nobody_knows_whether_a_text_was_taken() -> None:
    """It may have been, while there was one: so it is not sent a second time."""
    kept: Any = Kept()
    carrier = Carrier(kept, None, TEXTS, "voordeur@voorbeeldstad.example", SITE)
    alert = to_resident(Channel.SMS).alert
    assert (await carrier.look_up(alert)).outcome is Outcome.UNKNOWN
    assert (await carrier.carry([to_resident(Channel.SMS)], "")).outcome is Outcome.TEMPORARY


async def test_a_look_up_that_breaks_says_nothing() -> None:
    class Breaks(Kept):
        async def look_up(self, _: UUID) -> Answer:
            raise RuntimeError

    kept: Any = Breaks()
    carrier = Carrier(kept, kept, TEXTS, "voordeur@voorbeeldstad.example", SITE)
    assert (await carrier.look_up(to_resident(Channel.SMS).alert)).outcome is Outcome.UNKNOWN
