"""What texts may say of an alert: facts in words, in the reader's language. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from services.notify.gating import Item
from services.notify.recipients import Recipient
from services.notify.writing import words
from shared.clock import amsterdam_day

TRACKS: Mapping[str, str] = {
    "none": "niet oppakken",
    "letter": "brief",
    "visit": "huisbezoek",
    "legal": "juridisch pad",
}
TERMS: Mapping[str, str] = {
    "acceptance": "aannemen van de zaak",
    "first_attempt": "eerste contactpoging",
    "act_on_signal": "opvolgen van de melding",
    "first_talk": "eerste gesprek",
    "pause": "pauze van de incasso",
    "moratorium": "moratorium",
    "review": "opnieuw kijken",
}
CLOCKS: Mapping[str, str] = {
    "legal": "wettelijke termijn",
    "service": "afspraak van de gemeente",
    "pause": "pauze van de incasso",
}
RESTRICTIONS: Mapping[str, str] = {
    "no_letters": "niet schrijven",
    "no_calls": "niet bellen",
    "visit_with_two": "bezoek met twee",
    "no_approach": "niet benaderen",
}
CHANNELS: Mapping[str, str] = {"mail": "e-mail", "sms": "sms", "letter": "brief"}
ABOUT: Mapping[str, str] = {
    "visit": "Het ging over het huisbezoek.",
    "hearing": "Het ging over de zitting.",
    "first_contact": "Het was het eerste bericht aan dit huishouden.",
}
ANSWERS: Mapping[str, str] = {
    "other_time": "graag een andere tijd",
    "not_me": "dit ben ik niet",
    "no_messages": "geen berichten meer",
    "call_me": "bel mij",
}
LANGUAGE = "nl"  # of those who work on cases


@dataclass(frozen=True)
class Site:
    """Where links lead."""

    site_url: str  # where workers open a case
    reply_url: str  # where residents answer


def for_worker(item: Item, recipient: Recipient, site: Site) -> dict[str, Any]:
    """The facts of a mail to somebody who works on cases; nothing of who lives there."""
    details: dict[str, Any] = {**(item.subject.details or {})}
    restrictions = (RESTRICTIONS[one] for one in sorted(item.case.restrictions))
    short = timedelta(hours=item.policy.notify.short_notice_hours.value)
    at = item.subject.at
    return {
        **_times(item, LANGUAGE),
        "name": recipient.name,
        "reference": item.case.reference,
        "link": f"{site.site_url}/?id={item.case.reference}",
        "worker": details.get("worker", item.case.assignee.name),
        "reason": ABOUT.get(details.get("about", ""), details.get("reason", "")),
        "track": TRACKS.get(details.get("track", item.case.track), ""),
        "court": details.get("court", ""),
        "place": details.get("place", ""),
        "kind": details.get("kind", ""),
        "bailiff": details.get("bailiff", ""),
        "outcome": details.get("outcome", ""),
        "on": _day(details.get("on")),
        "off": "heeft nog geen nieuw tijdstip" if details.get("unknown") else "gaat niet door",
        "term": TERMS.get(details.get("term", ""), details.get("term", "")),
        "clock": CLOCKS.get(details.get("clock", ""), ""),
        "due_on": _day(details.get("due_on")),
        "starting_fact": details.get("starting_fact", ""),
        "restrictions": ", ".join(restrictions),
        "until": _day(details.get("until")),
        "channel": CHANNELS.get(details.get("channel", ""), ""),
        "answer": ANSWERS.get(details.get("answer", ""), ""),
        "is_second": item.alert.recipient_role == "second",
        "is_unconfirmed": item.is_unconfirmed,
        "is_short_notice": at is not None and at < item.now + short,
    }


def for_resident(item: Item, language: str, site: Site) -> dict[str, Any]:
    """The facts of a message to a household: no name, no amount, no word of debts."""
    rules = item.policy.notify.residents
    assert rules, "nobody writes to residents without a sender"
    details = item.subject.details or {}
    return {
        **_times(item, language),
        "municipality": town_of(item),
        "callback": rules.callback,
        "worker": item.case.assignee.name,
        "court": details.get("court", ""),
        "place": details.get("place", ""),
        "link": f"{site.reply_url}/{item.token}",
    }


def town_of(item: Item) -> str:
    """The municipality's name without the word, as texts and envelopes want it."""
    rules = item.policy.notify.residents
    assert rules, "nobody writes to residents without a sender"
    return rules.sender.removeprefix("Gemeente ").removeprefix("gemeente ")


def _times(item: Item, language: str) -> dict[str, str]:
    at, ends_at = item.subject.at, item.subject.ends_at
    if item.alert.is_passed_on:
        # The hour that they know: whatever it became meanwhile is no business of theirs.
        at, ends_at = item.alert.expires_at, None
    return {
        "when": words.when_in(language, at) if at else "",
        "day": words.day_in(language, amsterdam_day(at)) if at else "",
        "hour": words.hour_in(language, at) if at else "",
        "window_end": words.hour_in(language, ends_at) if ends_at else "",
    }


def _day(told: str | None) -> str:
    return words.date_in(LANGUAGE, date.fromisoformat(told)) if told else ""
