"""The words of pages, and gettext catalogues for the other language: `locale/<part>.<language>.po`.

Templates are written in Dutch and `….en.po` have their English. What the API answers is written in
English, and `….nl.po` have the Dutch of what a page may show of it. Without a translation a text is
shown as it was written; a test finds that before anybody sees it.
"""

import gettext
import io
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from fastapi import Request

LANGUAGES = {"nl": "Nederlands", "en": "English"}
DUTCH = "nl"
COOKIE = "language"
CATALOGUES = Path(__file__).parent / "locale"


@cache
def translations(language: str) -> gettext.NullTranslations:
    """The translations to a language."""
    compiled = io.BytesIO()
    write_mo(compiled, catalogue_of(language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def catalogue_of(language: str) -> Catalog:
    """All translations to a language, from the catalogues of every part of the site."""
    whole = Catalog(locale=language)
    for path in sorted(CATALOGUES.glob(f"*.{language}.po")):
        with path.open("rb") as source:
            for message in read_po(source, locale=language):
                if message.id:
                    whole[message.id] = message
    return whole


def language_of(request: Request) -> str:
    """The language that somebody chose, else the first of their browser's that we have."""
    if (chosen := request.cookies.get(COOKIE)) in LANGUAGES:
        return str(chosen)
    for told in request.headers.get("accept-language", "").split(","):
        language = told.split(";")[0].strip().split("-")[0].lower()
        if language in LANGUAGES:
            return language
    return DUTCH
