"""The one stylesheet: many hands add to it, and a brace that is lost takes all that follows."""

from collections.abc import Iterator

from tests.paths import REPOSITORY

SHEET = REPOSITORY / "shared/web/static/voordeur.css"


def swallowed(sheet: str) -> Iterator[str]:
    """The titles of blocks that begin within a rule that is still open, and an end that is."""
    depth = 0
    for line in [*sheet.splitlines(), "/* --- the end --- */"]:
        if line.startswith("/* ---") and depth:
            yield line
        depth += line.count("{") - line.count("}")


def test_no_block_of_the_stylesheet_stands_in_another() -> None:
    sheet = SHEET.read_text()
    assert list(swallowed(sheet)) == []
    assert list(swallowed(sheet.replace("}", "", 1))), "seen to fail"
