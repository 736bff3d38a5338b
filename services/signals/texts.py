"""The words of every fault that a partner can be told, by code; Dutch first."""

from shared.contracts.forms import Form
from shared.contracts.signals import Fault

FAULTS: dict[str, Form] = {
    "missing": Form("ontbreekt", "is missing"),
    "invalid": Form("moet zijn: {wanted}", "must be: {wanted}"),
    "nearly_named": Form(
        "onbekend veld; bedoelt u {wanted}?", "unknown field; do you mean {wanted}?"
    ),
    "bsn": Form(
        "een burgerservicenummer mag niet worden meegestuurd",
        "a citizen service number must not be sent",
    ),
    "no_user_id": Form(
        "de AMQP-eigenschap user-id ontbreekt; zonder is niet te zien wie dit stuurt",
        "the AMQP property user-id is missing; without it nobody can tell who sends this",
    ),
    "copied": Form("CC- en BCC-kopieën worden niet aangenomen", "CC and BCC are not accepted"),
    "content_type": Form("moet zijn: {wanted}", "must be: {wanted}"),
    "too_large": Form("is groter dan {wanted}", "is larger than {wanted}"),
    "not_json": Form(
        "de inhoud is geen JSON-object in UTF-8", "the body is not a JSON object in UTF-8"
    ),
    "nul": Form("het NUL-teken mag niet voorkomen", "the NUL character must not occur"),
    "unknown_type": Form("onbekend type of onbekende versie", "unknown type or version"),
    "routing_key": Form(
        "past niet bij het type; verwacht: {wanted}", "does not fit the type; wanted: {wanted}"
    ),
    "not_urgent": Form(
        "alleen een crisissignaal mag op .urgent", "only a crisis signal may go to .urgent"
    ),
    "wrong_partner": Form(
        "het KvK-nummer is niet dat van de partner die is aangemeld",
        "the KvK number is not that of the partner who signed in",
    ),
    "unknown_partner": Form("deze partner is hier niet bekend", "this partner is not known here"),
    "suspended": Form("deze partner is geschorst", "this partner is suspended"),
    "partner_kind": Form("de partner is niet van deze soort", "the partner is not of this kind"),
    "no_agreement": Form(
        "geen overeenkomst met deze gemeente op deze grondslag op deze dag",
        "no agreement with this municipality on this ground on this day",
    ),
    "unknown_municipality": Form(
        "deze gemeente wordt hier niet bediend", "this municipality is not served here"
    ),
    "other_municipality": Form(
        "persoon is geen inwoner van deze gemeente", "not a resident of this municipality"
    ),
    "in_future": Form("ligt in de toekomst", "lies in the future"),
    "order": Form("moet {wanted} zijn of eerder", "must be {wanted} or earlier"),
    "not_positive": Form("moet hoger zijn dan nul", "must be more than zero"),
    "evidence": Form(
        "ontbreekt, en deze grondslag vraagt erom", "is missing, and this ground asks for it"
    ),
    "objection": Form(
        "de huurder heeft bezwaar: het signaal mag niet worden gemeld",
        "the tenant objects: the signal may not be sent",
    ),
    "id_reused": Form(
        "dit id is al gebruikt voor een gebeurtenis met een andere inhoud",
        "this id was used before for an event with another body",
    ),
}


def fault(code: str, field: str, wanted: Form | str = "") -> Fault:
    """A fault in words. `wanted` is what was expected, never what stood there."""
    words = FAULTS[code]
    nl, en = (wanted, wanted) if isinstance(wanted, str) else (wanted.nl, wanted.en)
    return Fault(
        code=code,
        field=field,
        text_nl=words.nl.format(wanted=nl),
        text_en=words.en.format(wanted=en),
    )
