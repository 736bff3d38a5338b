"""The words of every fault and status that a partner can be told, by code; Dutch first."""

from dataclasses import dataclass

from shared.contracts.forms import Form
from shared.contracts.signals import Fault

CLOUDEVENTS = "NL GOV profile for CloudEvents 1.1; CloudEvents 1.0.2, AMQP binding"
INTERFACE = "docs/asyncapi/signals.json"
TABLES = "docs/CORPORATIONS.md, tabellen"
VERA = "VERA 4.3.0, Aedes-datastandaarden"
DECREE = "Bgs, Stb. 2020, 240"


@dataclass(frozen=True)
class Words:
    """A fault in two languages, and the law, agreement or standard that it rests on."""

    nl: str
    en: str
    source: str


FAULTS: dict[str, Words] = {
    "missing": Words("ontbreekt", "is missing", INTERFACE),
    "invalid": Words("moet zijn: {wanted}", "must be: {wanted}", INTERFACE),
    "nearly_named": Words(
        "onbekend veld; bedoelt u {wanted}?", "unknown field; do you mean {wanted}?", INTERFACE
    ),
    "bsn": Words(
        "een burgerservicenummer mag niet worden meegestuurd",
        "a citizen service number must not be sent",
        "Wabb art. 10: geen grondslag voor het BSN bij deze melding; AVG art. 5 lid 1 onder c",
    ),
    "no_user_id": Words(
        "de AMQP-eigenschap user-id ontbreekt; zonder is niet te zien wie dit stuurt",
        "the AMQP property user-id is missing; without it nobody can tell who sends this",
        INTERFACE,
    ),
    "copied": Words(
        "CC- en BCC-kopieën worden niet aangenomen", "CC and BCC are not accepted", INTERFACE
    ),
    "content_type": Words("moet zijn: {wanted}", "must be: {wanted}", CLOUDEVENTS),
    "too_large": Words("is groter dan {wanted}", "is larger than {wanted}", CLOUDEVENTS),
    "not_json": Words(
        "de inhoud is geen JSON-object in UTF-8",
        "the body is not a JSON object in UTF-8",
        CLOUDEVENTS,
    ),
    "too_deep": Words(
        "is dieper genest dan {wanted} lagen", "is nested deeper than {wanted} levels", INTERFACE
    ),
    "too_many_unknown": Words(
        "bevat meer dan {wanted} onbekende velden",
        "has more than {wanted} unknown fields",
        INTERFACE,
    ),
    "field_name": Words(
        "deze veldnaam kan niet worden genoemd; moet zijn: {wanted}",
        "this field's name cannot be told; must be: {wanted}",
        INTERFACE,
    ),
    "more_faults": Words("en nog {wanted} fouten", "and {wanted} faults more", INTERFACE),
    "nul": Words("het NUL-teken mag niet voorkomen", "the NUL character must not occur", INTERFACE),
    "unknown_type": Words(
        "onbekend type of onbekende versie", "unknown type or version", INTERFACE
    ),
    "routing_key": Words(
        "past niet bij het type; verwacht: {wanted}",
        "does not fit the type; wanted: {wanted}",
        INTERFACE,
    ),
    "not_urgent": Words(
        "alleen een crisissignaal mag op .urgent",
        "only a crisis signal may go to .urgent",
        INTERFACE,
    ),
    "wrong_partner": Words(
        "het KvK-nummer is niet dat van de partner die is aangemeld",
        "the KvK number is not that of the partner who signed in",
        CLOUDEVENTS,
    ),
    "unknown_partner": Words(
        "deze partner is hier niet bekend", "this partner is not known here", "overeenkomst"
    ),
    "suspended": Words("deze partner is geschorst", "this partner is suspended", "overeenkomst"),
    "partner_kind": Words(
        "de partner is niet van deze soort", "the partner is not of this kind", "overeenkomst"
    ),
    "no_agreement": Words(
        "geen overeenkomst met deze gemeente op deze grondslag op deze dag",
        "no agreement with this municipality on this ground on this day",
        f"overeenkomst tussen partner en gemeente (NVVK-model); {DECREE}",
    ),
    "ground": Words(
        "deze gebeurtenis mag niet op deze grondslag worden gedeeld",
        "this event may not be shared on this ground",
        "afwegingskader van de gemeente, signals.grounds",
    ),
    "signal_ground": Words(
        "partners van deze soort mogen op deze grondslag niet signaleren",
        "partners of this kind may not signal on this ground",
        f"afwegingskader van de gemeente, signals.evidences; {DECREE}",
    ),
    "unknown_municipality": Words(
        "deze gemeente wordt hier niet bediend",
        "this municipality is not served here",
        "overeenkomst",
    ),
    "other_municipality": Words(
        "persoon is geen inwoner van deze gemeente",
        "not a resident of this municipality",
        "DDAS 1.2, signaalstatus: persoon is geen inwoner (meer) in de gemeente; Wgs art. 3",
    ),
    "implausible": Words("moet liggen {wanted}", "must lie {wanted}", INTERFACE),
    "in_future": Words("ligt in de toekomst", "lies in the future", INTERFACE),
    "order": Words("moet {wanted} zijn of eerder", "must be {wanted} or earlier", INTERFACE),
    "too_early": Words("moet {wanted} zijn of later", "must be {wanted} or later", INTERFACE),
    "not_positive": Words("moet hoger zijn dan nul", "must be more than zero", INTERFACE),
    "evidence": Words(
        "ontbreekt, en deze grondslag vraagt erom",
        "is missing, and this ground asks for it",
        DECREE,
    ),
    "objection": Words(
        "de huurder heeft bezwaar: het signaal mag niet worden gemeld",
        "the tenant objects: the signal may not be sent",
        "Bgs art. 2 onder d: niet afwijzend gereageerd",
    ),
    "id_reused": Words(
        "dit id is al gebruikt voor een gebeurtenis met een andere inhoud",
        "this id was used before for an event with another body",
        CLOUDEVENTS,
    ),
    "no_header": Words("het bestand is leeg", "the file is empty", TABLES),
    "not_a_table": Words(
        "is geen tabel die te lezen is: stuur CSV of XLSX, met één kop",
        "is no table that can be read: send CSV or XLSX with one header",
        TABLES,
    ),
    "extra_cells": Words(
        "meer cellen dan de kop: staat een bedrag met een komma tussen aanhalingstekens?",
        "the row has more cells than the header: is an amount with a comma in quotes?",
        TABLES,
    ),
    "twice": Words(
        "deze kolom staat er al, misschien onder een andere naam",
        "this column is there already, perhaps by another name",
        TABLES,
    ),
    "too_large_inside": Words("is uitgepakt te groot", "is too large once it is unpacked", TABLES),
    "too_many_rows": Words(
        "meer dan 200.000 rijen: deel het bestand", "more than 200,000 rows: split the file", TABLES
    ),
    "unknown_vera": Words(
        "deze naam van VERA is hier niet bekend", "this VERA name is not known here", VERA
    ),
    "unknown_code": Words(
        "deze code staat niet in de lijst {wanted} van VERA",
        "this code is not in VERA's list {wanted}",
        VERA,
    ),
}

# All that a partner may ever hear of what became of its signal (domain.md 1.4: never why).
STATUSES: dict[str, Form] = {
    "taken_up": Form("Opgepakt", "Taken up"),
    "repeated": Form("Niet opgepakt: herhaalde melding", "Not taken up: repeated"),
    "unjustified": Form("Niet opgepakt: onterecht signaal", "Not taken up: unjustified"),
    "other": Form("Niet opgepakt: andere reden", "Not taken up: other reason"),
    "contact_tried_without_result": Form(
        "Contact geprobeerd zonder resultaat", "Contact tried without result"
    ),
    "help_accepted": Form(
        "Hulp aanvaard: incasso gepauzeerd tot en met de genoemde dag",
        "Help accepted: collection paused until and including the day named",
    ),
    "help_declined": Form(
        "Hulp afgewezen: incasso mag worden hervat", "Help declined: collection may resume"
    ),
    "pause_ended": Form("Pauze geëindigd", "Pause ended"),
    "not_acted_on": Form(
        "Niet opgevolgd binnen de afgesproken termijn", "Not acted on within the agreed term"
    ),
    "withdrawn": Form("Ingetrokken", "Withdrawn"),
}


# What a partner did before it signalled, by the field that has its day.
EVIDENCES = {
    "persoonlijkContactOp": "Persoonlijk contact gezocht over voorkomen en beëindigen",
    "gewezenOpHulpOp": "Gewezen op schuldhulpverlening",
    "herinneringOp": "Schriftelijke herinnering verstuurd",
    "aanbodOp": "Aangeboden om contactgegevens aan de gemeente te geven; niet afwijzend gereageerd",
}

FIELD_LENGTH_MAX = 200  # of a path: what is deeper is cut off


def fault(code: str, field: str, wanted: Form | str = "", source: str = "") -> Fault:
    """A fault in words. `wanted` is what was expected, never what stood there."""
    words = FAULTS[code]
    nl, en = (wanted, wanted) if isinstance(wanted, str) else (wanted.nl, wanted.en)
    return Fault(
        code=code,
        field=field if len(field) <= FIELD_LENGTH_MAX else f"{field[: FIELD_LENGTH_MAX - 1]}…",
        text_nl=words.nl.format(wanted=nl),
        text_en=words.en.format(wanted=en),
        source=source or words.source,
    )
