"""Codes in the words of pages; translated where they are shown. A code without words stays."""

from collections.abc import Mapping


def _(text: str) -> str:
    """Marks a text for the catalogues."""
    return text


WORDS: Mapping[str, Mapping[str, str]] = {
    "result": {
        "not_home": _("niet thuis"),
        "card_left": _("kaartje achtergelaten"),
        "no_answer": _("geen antwoord"),
        "spoke": _("gesproken"),
        "just_talked": _("alleen gepraat"),
        "unsafe": _("onveilig"),
    },
    "contact": {
        "Brief": _("brief"),
        "Huisbezoek": _("huisbezoek"),
        "Kaartje": _("kaartje"),
        "Mail": _("e-mail"),
        "SMS/Whatsapp": _("sms of WhatsApp"),
        "Telefoon": _("telefoon"),
    },
    "part": {"Ochtend": _("ochtend"), "Middag": _("middag"), "Avond": _("avond")},
    "restriction": {
        "no_letters": _("Niet schrijven"),
        "no_calls": _("Niet bellen"),
        "visit_with_two": _("Alleen met twee mensen op bezoek"),
        "no_approach": _("Niet benaderen"),
    },
    "status": {
        "taken_up": _("opgepakt"),
        "repeated": _("niet opgepakt: herhaalde melding"),
        "unjustified": _("niet opgepakt: onterecht signaal"),
        "withdrawn": _("ingetrokken"),
        "other_reason": _("niet opgepakt: andere reden"),
        "known_to_debt_help": _("al bekend bij schuldhulpverlening"),
        "deceased": _("bewoner is overleden"),
        "not_resident": _("woont niet (meer) in de gemeente"),
    },
    "partner": {
        "Huur": _("huur"),
        "Energie": _("energie"),
        "Water": _("water"),
        "Zorg": _("zorgverzekering"),
        "Hypotheek": _("hypotheek"),
        "CAK Zorgverzekeringen": _("CAK, zorgverzekering"),
        "CAK Eigen bijdrage": _("CAK, eigen bijdrage"),
        "Overige": _("overig"),
        "Deurwaarder": _("deurwaarder"),
    },
    "step": {
        "summons": _("Dagvaarding"),
        "hearing": _("Zitting"),
        "judgment": _("Vonnis"),
        "eviction": _("Ontruiming"),
        "moratorium": _("Einde van het moratorium"),
        "arrears": _("Achterstand sinds"),
        "reported": _("Eerste melding"),
    },
    "detail": {
        "rolzitting": _("rolzitting: de bewoner kan zelf of op papier antwoorden"),
        "mondelinge behandeling": _("mondelinge behandeling: de bewoner kan zelf iets zeggen"),
        "ontruiming": _("ontruiming toegewezen"),
        "ontruiming onder voorwaarden": _("ontruiming onder voorwaarden"),
        "betalingsregeling": _("betalingsregeling"),
        "afgewezen": _("afgewezen"),
    },
    "layer": {
        "own": _("Wat ik zelf doe"),
        "network": _("Wie mij helpt"),
        "general": _("Waar ik terecht kan in de buurt"),
        "individual": _("Welke hulp ik krijg"),
    },
    "reply": {
        "other_time": _("graag een andere tijd"),
        "not_me": _("dit ben ik niet"),
        "no_messages": _("geen berichten meer"),
        "call_me": _("bel mij"),
    },
    "alert": {
        "sent": _("verstuurd"),
        "failed": _("mislukt"),
        "stopped": _("tegengehouden"),
    },
    "about": {
        "assignment": _("toewijzing"),
        "track": _("aanpak"),
        "visit": _("huisbezoek"),
        "hearing": _("zitting"),
        "eviction": _("ontruiming"),
        "summons": _("dagvaarding"),
        "judgment": _("vonnis"),
        "objection": _("bezwaar"),
        "deadline_near": _("termijn komt dichtbij"),
        "deadline_missed": _("termijn gemist"),
        "not_accepted": _("zaak niet aangenomen"),
        "restriction": _("contactafspraak"),
        "moratorium": _("moratorium"),
        "undelivered": _("bericht niet bezorgd"),
        "bounced": _("bericht niet aangekomen"),
        "reply": _("antwoord van de bewoner"),
        "first_contact": _("eerste bericht"),
    },
    "help": {
        "unknown": _("nog niet besproken"),
        "accepted": _("hulp aanvaard"),
        "declined": _("hulp afgewezen"),
    },
    "advice": {
        "colleague": _("collega"),
        "specialist": _("specialist"),
        "family_group_conference": _("eigen-krachtconferentie"),
        "last_chance_meeting": _("laatstekansgesprek"),
    },
    "end": {
        "Vervolghulp en/of verwijzing financieel": _("Vervolghulp of verwijzing: geld"),
        "Vervolghulp en/of verwijzing niet financieel": _(
            "Vervolghulp of verwijzing: iets anders dan geld"
        ),
        "Vervolghulp en/of verwijzing": _("Vervolghulp of verwijzing: allebei"),
        "(Budget)advies en/of quick fix": _("Advies of snelle oplossing"),
        "Inwoner heeft zelf al betaald/betalingsregeling getroffen": _(
            "Bewoner betaalde zelf of trof een regeling"
        ),
        "Inwoner regelt het zelf/hoeft geen hulp vanuit vroegsignalering": _(
            "Bewoner wil geen hulp of regelt het zelf"
        ),
        "Definitief geen contact kunnen krijgen": _("Geen contact gekregen"),
        "Geen reactie na eerder contact": _("Geen reactie meer na eerder contact"),
        "Inwoner al bekend bij schuldhulpverlening": _("Al bekend bij schuldhulpverlening"),
        "Inwoner heeft al een ander lopend traject": _("Heeft al andere hulp"),
        "Verwijzing zonder tussenkomst inwoner": _("Verwezen zonder de bewoner te spreken"),
        "Persoon is geen inwoner (meer) in de gemeente": _("Woont niet (meer) in de gemeente"),
        "Inwoner is overleden": _("Bewoner is overleden"),
        "Niet opgepakt: andere reden": _("Niet opgepakt: andere reden"),
        "Niet opgepakt: herhaalde melding": _("Niet opgepakt: herhaalde melding"),
        "Niet opgepakt: onterecht signaal": _("Niet opgepakt: onterecht signaal"),
    },
    "lives": {
        "lives_here": _("woont hier"),
        "moved_within": _("verhuisd binnen de gemeente"),
        "moved_out": _("verhuisd uit de gemeente"),
        "deceased": _("overleden"),
        "unknown": _("niet duidelijk"),
    },
    "slot": {"morning": _("ochtend"), "afternoon": _("middag"), "evening": _("avond")},
}
LAYERS = tuple(WORDS["layer"])
ENDS = tuple(WORDS["end"])


def spell(group: str, code: str) -> str:
    """A code in Dutch words, to be translated."""
    return WORDS[group].get(code, code)


def spell_alert(template: str) -> str:
    """What an alert was about: `hearing_moved` is about a hearing."""
    about, _, _ = template.rpartition("_")
    return spell("about", template if template in WORDS["about"] else about)
