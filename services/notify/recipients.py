"""Who hears of something, and by which channel they can be reached: pure.

A resident is written to only once a person has confirmed the track. A number or mail address that a
partner gave is unverified until somebody was reached: then it gets a first word that says nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers

from services.notify.subjects import CaseFile, Subject
from shared.contracts.triage import ContactRestriction, Person, Resident
from shared.policy import Channel

RESIDENT = "resident"  # the id of whoever lives there: their name is nobody's business here
FIRST_CONTACT = "first_contact"
COUNTRY = "NL"


@dataclass(frozen=True)
class Recipient:
    """Somebody who is written to."""

    id: str
    name: str
    contacts: dict[Channel, str]  # a mail address, a number (E.164), or a letter's lines
    language: str = "nl"
    prefers: Channel | None = None  # tried before the others

    @property
    def is_resident(self) -> bool:
        return self.id == RESIDENT


def recipient_of(role: str, case: CaseFile, subject: Subject) -> Recipient | None:
    """Who fills a role for a subject now; None when nobody does."""
    match role:
        case "assignee":
            return _worker(case.assignee)
        case "lead":
            return _worker(case.lead)
        case "second":
            return _worker(subject.second) if subject.second else None
    return _resident(case, subject)


def former_of(worker_id: str, case: CaseFile, subject: Subject) -> Recipient | None:
    """Somebody who need not come any more; None when they have to after all, or nobody knows them.

    Also a lead who handed over what they had themselves.
    """
    if worker_id in {case.assignee.id, subject.second.id if subject.second else None}:
        return None
    person = worker_of(worker_id, case, subject)
    return _worker(person) if person else None


def worker_of(worker_id: str, case: CaseFile, subject: Subject | None) -> Person | None:
    """Somebody who works on a case, or did; None when nobody knows them."""
    second = subject.second if subject else None
    people = (*case.former, *([second] if second else []), case.lead, case.assignee)
    return {one.id: one for one in people}.get(worker_id)


def _worker(person: Person) -> Recipient:
    return Recipient(person.id, person.name, {Channel.MAIL: person.email})


def _resident(case: CaseFile, subject: Subject) -> Recipient | None:
    told = case.resident
    if told is None or not case.is_confirmed or case.wishes.has_opted_out:
        return None
    contacts = dict(_contacts(told, case, is_first=subject.kind == FIRST_CONTACT))
    if not contacts:
        return None
    language = case.wishes.language or told.language or "nl"
    return Recipient(RESIDENT, told.name, contacts, language, case.wishes.channel)


SILENT = frozenset({ContactRestriction.NO_LETTERS, ContactRestriction.NO_APPROACH})


def _contacts(told: Resident, case: CaseFile, *, is_first: bool) -> Iterator[tuple[Channel, str]]:
    """Where this household can be written to about this."""
    if SILENT & case.restrictions:
        return
    wrong = case.wishes.wrong_contacts
    # What is verified needs no first word, and what is not gets nothing else.
    if told.is_verified is not is_first:
        number = as_number(told.phone or "")
        if number and number not in wrong:
            yield Channel.SMS, number
        if told.email and told.email.casefold() not in wrong:
            yield Channel.MAIL, told.email
    if not is_first:
        yield Channel.LETTER, "\n".join(address_lines(told))


@lru_cache(10_000)
def as_number(text: str) -> str | None:
    """A telephone number that takes a text message, as E.164; None when it is none."""
    try:
        number = phonenumbers.parse(text, COUNTRY)
    except phonenumbers.NumberParseException:
        return None
    takes_text = phonenumbers.number_type(number) in {
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    }
    if not (takes_text and phonenumbers.is_valid_number(number)):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def address_lines(told: Resident) -> Sequence[str]:
    """The lines of an envelope. Postcode and house number are enough for the post; nobody tells us
    the street."""
    number = f"{told.house_number} {told.suffix}".strip()
    postcode = f"{told.postcode[:4]} {told.postcode[4:]}"
    return (told.name or "Aan de bewoner", f"Huisnummer {number}", postcode)
