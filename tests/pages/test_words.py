"""Every text of a page has a translation, and no catalogue has one that nobody shows."""

from babel.messages.extract import extract_from_dir

from shared.web.words import catalogue_of
from tests.paths import REPOSITORY

OF_TEMPLATES = {"extensions": "jinja2.ext.i18n", "trimmed": "false"}
MARKED = {"_": None, "gettext": None, "ngettext": (1, 2)}


def of_pages() -> set[str]:
    """What templates and menus say, in Dutch."""
    found: set[str] = set()
    for folder in ("shared/web", "services/signals", "services/triage", "services/notify"):
        methods = [("**.py", "python"), ("**/templates/**.html", "jinja2"), ("**.html", "jinja2")]
        for _, _, message, _, _ in extract_from_dir(
            REPOSITORY / folder, methods, {"**.html": OF_TEMPLATES}, MARKED
        ):
            found.add(message[0] if isinstance(message, tuple) else message)
    return found


def test_every_text_of_a_page_has_its_english() -> None:
    wanted = of_pages()
    assert len(wanted) > 20
    catalogue = catalogue_of("en")
    told = {_id_of(one.id): one for one in catalogue if one.id}
    assert wanted - told.keys() == set(), "without English"
    assert told.keys() - wanted == set(), "nobody shows it"
    assert not [one.id for one in told.values() if one.fuzzy or not _is_whole(one.string)]
    for one in told.values():
        assert not [str(fault) for fault in one.check(catalogue)], one.id


def _id_of(told: str | tuple[str, ...]) -> str:
    return told if isinstance(told, str) else told[0]


def _is_whole(told: str | tuple[str, ...]) -> bool:
    return all(told) if isinstance(told, tuple) else bool(told)
