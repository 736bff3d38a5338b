"""The corporations' standard names and codes (VERA 4.3.0, Aedes), as columns of a table. Pure.

VERA has no event for a signal of arrears, and no name for the evidences, the objection, the ground
or the day of the signal: those keep our names. Source: Aedes-datastandaarden, vera-openapi
4.3.0+260116 (Relaties, Overeenkomsten, Vastgoed, INC) and vera-referentiedata.
"""

# Attribute of VERA, by the path of its entity, to ours.
COLUMNS = {
    "overeenkomst.code": "contractnummer",
    "overeenkomst.begindatum": "ingangsdatumHuurovereenkomst",
    "debiteur.saldo": "bedrag",
    "eenheidadres.gemeente": "gemeentecode",
    "eenheidadres.gemeente.code": "gemeentecode",
    "eenheidadres.postcode": "postcode",
    "eenheidadres.huisnummer": "huisnummer",
    "eenheidadres.huisletter": "huisletter",
    "eenheidadres.huisnummerToevoeging": "huisnummertoevoeging",
    "bagAdres.bagNummeraanduidingIdentificatie": "bagId",
    "natuurlijkPersoon.achternaam": "achternaam",
    "natuurlijkPersoon.tussenvoegsels": "voorvoegsel",
    "natuurlijkPersoon.voorletters": "voorletters",
    "natuurlijkPersoon.geboortedatum": "geboortedatum",
    "natuurlijkPersoon.voorkeurstaal": "taal",
    "natuurlijkPersoon.voorkeurstaal.code": "taal",
    "contactgegevens.TEL": "telefoonnummer",
    "contactgegevens.MOB": "telefoonnummer",
    "contactgegevens.EMA": "email",
}
# Reference list TAAL to ISO 639-1.
LANGUAGES = {"DUI": "de", "ENG": "en", "FRA": "fr", "NLD": "nl", "SPA": "es", "TUR": "tr"}
CODE_LISTS = {"taal": ("TAAL", LANGUAGES)}
MUNICIPALITY_DIGITS = 4


class UnknownCode(Exception):
    """A code that is not in VERA's reference list; the text names list and attribute only."""


def decode(column: str, text: str) -> str:
    """A value as our column has it; raises UnknownCode."""
    if column == "gemeentecode" and len(text) <= MUNICIPALITY_DIGITS and text.isdecimal():
        return f"GM{int(text):04}"  # VERA has the statistics office's code without letters
    if column in CODE_LISTS:
        name, codes = CODE_LISTS[column]
        if text.upper() not in codes:
            raise UnknownCode(name)
        return codes[text.upper()]
    return text
