"""What a mail says, and its calendar part as another program reads it."""

import email
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import icalendar
import pytest

from services.notify.schedule import Moment, State, Subject, plan, subject_of
from services.notify.texts import BODIES, SUBJECTS, Item, Sender, in_words, write_mail
from shared.policy import AlertRule
from tests.builders import ANNA, POLICY
from tests.notify.test_schedule import CASE, HEARING_AT, NOW, TOLD, hearing

SENDER = Sender("voordeur@voorbeeldstad.example", "https://voordeur.example")
DETAILS = {"court": "Rechtbank Noord", "place": "Voorbeeldstad", "kind": "rolzitting"}


def item(subject: Subject, template: str) -> Item:
    (alert, *_) = plan(hearing(), Moment(CASE, (), POLICY, NOW)).wanted
    return Item(alert.__class__(**{**vars(alert), "template": template}), subject, CASE)


def mail(subject: Subject, template: str) -> EmailMessage:
    written = write_mail([item(subject, template)], ANNA, SENDER, "<id@x>", NOW)
    parsed: EmailMessage = email.message_from_bytes(written.as_bytes(), policy=email.policy.default)  # type: ignore[assignment]
    return parsed


def text(parsed: EmailMessage) -> str:
    body = parsed.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def calendar(parsed: EmailMessage) -> Any:
    (part,) = [one for one in parsed.walk() if one.get_content_type() == "text/calendar"]
    return icalendar.Calendar.from_ical(part.get_payload(decode=True))


def test_a_time_is_written_as_the_dutch_write_it() -> None:
    assert in_words(HEARING_AT) == "donderdag 2 april 2026 om 10.30 uur"
    assert in_words(datetime(2026, 1, 5, 8, 5, tzinfo=UTC)) == "maandag 5 januari 2026 om 09.05 uur"


def test_a_hearing_is_told_with_court_place_time_and_link() -> None:
    told = mail(hearing(details=DETAILS), "hearing_set")
    assert told["Subject"] == "Zitting zaak Z-00000001: donderdag 2 april 2026 om 10.30 uur"
    for part in ("Rechtbank Noord", "Voorbeeldstad", "donderdag 2 april 2026 om 10.30 uur",
                 "https://voordeur.example/?id=Z-00000001"):  # fmt: skip
        assert part in text(told)
    assert told["X-Voordeur-Alerts"]
    assert told["Message-ID"] == "<id@x>"


def test_an_invitation_a_change_and_a_cancellation_share_uid_and_count_up() -> None:
    later = HEARING_AT + timedelta(days=7)
    first = calendar(mail(hearing(3, details=DETAILS), "hearing_set"))
    moved = calendar(mail(hearing(5, at=later, details=DETAILS), "hearing_moved"))
    cancelled = hearing(8, state=State.CANCELLED, at=None, details=DETAILS)
    off = calendar(mail(cancelled, "hearing_cancelled"))
    assert [one["method"] for one in (first, moved, off)] == ["REQUEST", "REQUEST", "CANCEL"]
    events = [one.walk("VEVENT")[0] for one in (first, moved, off)]
    assert len({event["uid"] for event in events}) == 1
    assert [int(event["sequence"]) for event in events] == [3, 5, 8]
    assert [event["status"] for event in events] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert events[0]["dtstart"].dt == HEARING_AT
    assert events[1]["dtstart"].dt == later
    assert "dtstart" not in events[2]


def test_a_moved_hearing_does_not_name_its_old_time() -> None:
    later = HEARING_AT + timedelta(days=7)
    told = mail(hearing(5, at=later, details=DETAILS), "hearing_moved")
    assert in_words(HEARING_AT) not in text(told) + told["Subject"]
    assert in_words(later) in text(told)


def test_a_digest_is_one_mail_with_every_item() -> None:
    items = [item(hearing(details={"reason": f"Reden {n}."}, at=None), "assignment_set")
             for n in range(3)]  # fmt: skip
    written = write_mail(items, ANNA, SENDER, "<id@x>", NOW)
    assert written["Subject"] == "3 berichten over uw zaken"
    assert len(str(written["X-Voordeur-Alerts"]).split()) == 3
    body = written.get_content()
    assert all(f"Reden {n}." in body for n in range(3))


def test_every_template_that_a_policy_can_ask_for_has_words() -> None:
    (kinds,) = [field.annotation.__args__ for name, field in AlertRule.model_fields.items()
                if name == "about"]  # type: ignore[union-attr]  # fmt: skip
    dated = {"visit", "hearing", "eviction"}
    wanted = {f"{kind}_set" for kind in kinds}
    wanted |= {f"{kind}_{moment}" for kind in dated
               for moment in ("reminder", "moved", "cancelled")}  # fmt: skip
    assert wanted == set(SUBJECTS) == set(BODIES)


@pytest.mark.parametrize(("event_class", "own", "kind", "state"), TOLD)
def test_what_an_event_gives_fills_every_word_of_its_templates(
    event_class: Any, own: dict[str, Any], kind: str | None, state: State | None
) -> None:
    from tests.builders import case_event  # noqa: PLC0415 - the table needs it only here

    subject = subject_of(case_event(event_class, **own))
    if subject is None or state is State.OVER:
        return
    moments = ("cancelled",) if state is State.CANCELLED else ("set", "moved", "reminder")
    for moment in moments:
        if f"{kind}_{moment}" in BODIES:
            told = mail(subject, f"{kind}_{moment}")
            assert "{" not in text(told) + told["Subject"]


def test_a_mail_names_nobody_of_the_household() -> None:
    told = mail(hearing(details=DETAILS), "hearing_set")
    assert str(UUID(int=2)) not in told.as_string()  # the household's id
