"""What the Notify API takes, and what it says to the rest; without I/O.

Rules and words are NotifyNL's, that is GOV.UK Notify's with Dutch numbers and addresses. An address
has `address_line_1` to `_6` (or to `_5` and `postcode`): three lines at least, and the town stands
with the postcode or on the line after it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from deploy.local.notify_recipients import email_fault, letter_address, phone_fault

Kind = Literal["sms", "email", "letter"]
KINDS: tuple[Kind, ...] = ("sms", "email", "letter")
REFERENCE_CHARACTERS_MAX = 1000
SMS_CHARACTERS_MAX = 918
PLACEHOLDER = re.compile(r"\(\(([^()]+)\)\)")


@dataclass(frozen=True)
class Template:
    """A template as a municipality sets it up: all the words come from who sends."""

    id: str
    kind: Kind
    name: str
    subject: str | None
    body: str
    version: int = 1


SMS_TEMPLATE = "5a4b7c1e-0d2f-4e3a-9b61-000000000001"
LETTER_TEMPLATE = "5a4b7c1e-0d2f-4e3a-9b61-000000000002"
EMAIL_TEMPLATE = "5a4b7c1e-0d2f-4e3a-9b61-000000000003"
TEMPLATES = {
    one.id: one
    for one in (
        Template(SMS_TEMPLATE, "sms", "Sms", None, "((bericht))"),
        Template(LETTER_TEMPLATE, "letter", "Brief", "((onderwerp))", "((bericht))"),
        Template(EMAIL_TEMPLATE, "email", "E-mail", "((onderwerp))", "((bericht))"),
    )
}
RECIPIENT: Mapping[Kind, tuple[str, ...]] = {
    "sms": ("phone_number",),
    "email": ("email_address",),
    "letter": (),
}
OPTIONAL: Mapping[Kind, tuple[str, ...]] = {
    "sms": ("sms_sender_id", "scheduled_for"),
    "email": ("email_reply_to_id", "one_click_unsubscribe_url", "sanitise_content_for"),
    "letter": (),
}


class ApiError(Exception):
    """What the API answers instead: a status, and an error by name with one message or more."""

    def __init__(self, status: int, error: str, *messages: str) -> None:
        super().__init__(status, error)
        self.status = status
        self.body = {
            "status_code": status,
            "errors": [{"error": error, "message": message} for message in messages],
        }


@dataclass(frozen=True)
class Wanted:
    """A notification that can be made. `to` is as it was sent; a letter's is its lines."""

    kind: Kind
    template: Template
    to: str
    reference: str | None
    subject: str | None
    text: str
    address: Sequence[str | None] = ()  # the five lines and the postcode, as they were sent


def read_request(kind: Kind, raw: bytes, service_id: str) -> Wanted:
    """Take what was posted apart, or raise `ApiError`; checked in the order of the real one."""
    body = _read_json(raw)
    if faults := _faults(kind, body):
        raise ApiError(400, "ValidationError", *dict.fromkeys(faults))
    template = _template(kind, body["template_id"])
    given = body.get("personalisation", {})
    known = {_loosely(name): value for name, value in given.items() if value is not None}
    text, subject = _filled_in(template, known)
    if not text.strip():
        raise ApiError(400, "BadRequestError", "Your message is empty.")
    to = _recipient(kind, body, given)
    if kind == "sms" and len(text) > SMS_CHARACTERS_MAX:
        message = (
            f"Your message is too long. Text messages cannot be longer than {SMS_CHARACTERS_MAX} "
            f"characters. Your message is {len(text)} characters long."
        )
        raise ApiError(400, "BadRequestError", message)
    _check_ids(body, service_id)
    lines = (*(f"address_line_{number}" for number in range(1, 6)), "postcode")
    address = [given.get(line) for line in lines] if kind == "letter" else []
    return Wanted(kind, template, to, body.get("reference"), subject, text, address)


def _read_json(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise ApiError(400, "BadRequestError", "Invalid JSON supplied in POST data") from None
    if not isinstance(body, dict):
        raise ApiError(400, "ValidationError", f"{_shown(body)} is not of type object")
    return body


def _faults(kind: Kind, body: Mapping[str, Any]) -> list[str]:
    faults = _faults_of_values(body)
    needed = (*RECIPIENT[kind], "template_id", *(["personalisation"] if kind == "letter" else []))
    faults += [f"{name} is a required property" for name in needed if name not in body]
    allowed = {*needed, *OPTIONAL[kind], "personalisation", "reference"}
    foreign = [name for name in body if name not in allowed]
    if foreign:
        verb = "was" if len(foreign) == 1 else "were"
        listed = ", ".join(foreign)
        faults.append(f"Additional properties are not allowed ({listed} {verb} unexpected)")
    return faults


def _faults_of_values(body: Mapping[str, Any]) -> list[str]:
    faults = []
    for name in ("reference", "phone_number", "email_address"):
        if name in body and not isinstance(body[name], str):
            faults.append(f"{name} {_shown(body[name])} is not of type string")
    reference = body.get("reference")
    if isinstance(reference, str) and len(reference) > REFERENCE_CHARACTERS_MAX:
        faults.append(f"reference {reference} is too long")
    for name, find_fault in (("phone_number", phone_fault), ("email_address", email_fault)):
        value = body.get(name)
        if isinstance(value, str) and (fault := find_fault(value)):
            faults.append(f"{name} {fault}")
    for name in ("template_id", "sms_sender_id", "email_reply_to_id"):
        if name in body and not is_uuid(body[name]):
            faults.append(f"{name} is not a valid UUID")
    if "personalisation" in body and not isinstance(body["personalisation"], dict):
        faults.append(f"personalisation {_shown(body['personalisation'])} is not of type object")
    return faults


def _template(kind: Kind, template_id: str) -> Template:
    template = TEMPLATES.get(str(UUID(template_id)))
    if template is None:
        raise ApiError(400, "BadRequestError", "Template not found")
    if template.kind != kind:
        message = f"{template.kind} template is not suitable for {kind} notification"
        raise ApiError(400, "BadRequestError", message)
    return template


def _filled_in(template: Template, known: Mapping[str, Any]) -> tuple[str, str | None]:
    wanted = PLACEHOLDER.findall(f"{template.subject or ''}{template.body}")
    missing = [name for name in wanted if _loosely(name) not in known]
    if missing:
        message = f"Missing personalisation: {', '.join(dict.fromkeys(missing))}"
        raise ApiError(400, "BadRequestError", message)

    def fill_in(content: str) -> str:
        return PLACEHOLDER.sub(lambda found: _said(known[_loosely(found[1])]), content)

    return fill_in(template.body), template.subject and fill_in(template.subject)


def _recipient(kind: Kind, body: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    if kind == "email":
        return str(body["email_address"])
    if kind == "sms":
        number = str(body["phone_number"])
        if fault := phone_fault(number, landline_is_a_fault=True):
            raise ApiError(400, "InvalidPhoneError", fault)
        return number
    lines, fault = letter_address(given)
    if fault:
        raise ApiError(400, "ValidationError", fault)
    return "\n".join(lines)


def _check_ids(body: Mapping[str, Any], service_id: str) -> None:
    """This service has one sender and no address for replies to choose."""
    for name in ("sms_sender_id", "email_reply_to_id"):
        if name in body:
            message = f"{name} {body[name]} does not exist in database for service id {service_id}"
            raise ApiError(400, "BadRequestError", message)


def is_uuid(value: object) -> bool:
    """Whether this is a UUID in writing."""
    try:
        return bool(UUID(value)) if isinstance(value, str) else False
    except ValueError:
        return False


def _loosely(name: str) -> str:
    """Placeholders are told apart without case, spaces, hyphens and underscores."""
    return re.sub(r"[ _-]", "", name).lower()


def _said(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return str(value)


def _shown(value: object) -> str:
    return repr(value).replace("'", "")
