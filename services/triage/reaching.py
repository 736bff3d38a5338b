"""How a household can be reached, from what partners told of it: pure.

Nobody outside hears of it before a person confirmed the track. What partners told is unverified
until somebody was reached. Who turned out to be this household is told along: what they asked of
how they are written to holds for it, until that is undone.
"""

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

import orjson

from services.triage.cases import Case
from services.triage.casework import Outcome
from services.triage.reports import Report, Signal
from shared.contracts.triage import Resident

# What a worker typed instead stays with the team.
LANGUAGE_CODE = re.compile(r"[a-z]{2,3}")


def with_details(outcome: Outcome, reports: Sequence[Report]) -> Outcome:
    """The outcome, with how to reach the household when that is to be told, and was not before.

    What is perhaps somebody else's, for its match is uncertain, is left out.
    """
    case = outcome.case
    if case is None or not case.is_open or case.confirmed_by is None:
        return outcome
    theirs = [one for one in reports if one.what.id not in outcome.known.doubtful]
    details = details_of(case, theirs, outcome.known.needs.language)
    if (told := fingerprint(details, outcome.known.kin)) == case.details_told:
        return outcome
    return replace(outcome, details=details, case=replace(case, details_told=told))


def details_of(case: Case, reports: Sequence[Report], language: str | None) -> Resident:
    """Name, address, number and mail address: of each what was told last.

    `language` is as the resident stated it.
    """
    told = sorted(
        (one for one in reports if isinstance(one.what, Signal)),
        key=lambda one: (one.what.reported_on, one.what.recorded_at, one.what.id),
        reverse=True,
    )
    return Resident(
        name=next((name for one in told if (name := _name(one))), ""),
        postcode=case.address.postcode,
        house_number=case.address.house_number,
        suffix=case.address.suffix,
        phone=next((one.phone for one in told if one.phone), None),
        email=next((one.email for one in told if one.email), None),
        language=language if language and LANGUAGE_CODE.fullmatch(language) else None,
        is_verified=case.was_reached,
    )


def _name(report: Report) -> str:
    person = report.person
    if person is None:
        return ""
    parts = (person.initials, person.surname_infix, person.surname)
    return " ".join(part for part in parts if part)


def fingerprint(details: Resident, kin: Collection[UUID]) -> str:
    """By which a change is seen, also of who turned out to be this household."""
    told = details.model_dump(mode="json")
    # Of who has no kin it stays what it was before kin were told: that would be no news.
    told |= {"kin": sorted(map(str, kin))} if kin else {}
    packed = orjson.dumps(told, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(packed).hexdigest()[:32]
