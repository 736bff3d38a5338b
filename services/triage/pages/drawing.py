"""Charts as SVG, readable without colour, without scripts and without styles of their own. Pure.

Bars are measured in per cent of the width and letters in em, so that one drawing fits a phone, a
desktop and a reader who enlarges the text. Three looks tell columns apart: outlined, hatched and
solid.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

from services.triage.pages.charts import Cell, Chart, Kind, Row

GAP = "\N{EN DASH}"  # what is not shown, in the drawing
WIDTH = 99.0  # per cent
LINE, BAR, ROW, GROUP, LEGEND = 1.1, 1.0, 3.0, 2.2, 1.6  # em
LOOKS = {1: ("solid",), 2: ("outline", "solid"), 3: ("outline", "hatch", "solid")}
BESIDE = ("solid", "hatch", "outline")
Told = Callable[[Chart, int, Cell], str]  # a cell in words


class Bar(NamedTuple):
    """From where, how far, and with which look."""

    left: float  # per cent of the width
    width: float
    look: str


def draw(chart: Chart, told: Told) -> Markup:
    """The drawing of a chart."""
    body, height = Markup(""), 0.0
    for part, tall in _parts(chart, told):
        body += Markup('<svg y="{}em" width="100%" height="{}em">{}</svg>').format(
            _em(height), _em(tall), part
        )
        height += tall
    return Markup(
        '<svg class="chart" role="img" aria-labelledby="{0}-title {0}-desc"'
        ' width="100%" height="{1}em" focusable="false">'
        '<title id="{0}-title">{2}</title><desc id="{0}-desc">{3}</desc>{4}{5}</svg>'
    ).format(chart.name, _em(height), chart.title, described(chart, told), _hatch(chart), body)


def _parts(chart: Chart, told: Told) -> Iterator[tuple[Markup, float]]:
    """From top to bottom, each with its height."""
    if len(chart.drawn) > 1:
        for look, column in zip(looks(chart), chart.drawn, strict=True):
            yield _legend(chart, look, chart.columns[column + 1]), LEGEND
    most = largest(chart)
    group = ""
    for row in chart.rows:
        if row.group != group:
            group = row.group
            yield Markup('<text class="group" y="1.6em">{}</text>').format(group), GROUP
        yield _row(chart, row, most, told), ROW


def looks(chart: Chart) -> tuple[str, ...]:
    """How each drawn column looks."""
    return BESIDE if chart.kind is Kind.BESIDE else LOOKS[len(chart.drawn)]


def largest(chart: Chart) -> int:
    """What the widest bar stands for; at least 1."""
    rows = [[_size(row.cells[at]) or 0 for at in chart.drawn] for row in chart.rows]
    add = sum if chart.kind is Kind.BESIDE else max
    return max([1, *(add(sizes) for sizes in rows)])


def bars(chart: Chart, row: Row, most: int) -> list[Bar]:
    """The bars of a row; none for what is not shown, nor after it where bars lie side by side."""
    found: list[Bar] = []
    left = 0.0
    for look, at in zip(looks(chart), chart.drawn, strict=True):
        size = _size(row.cells[at])
        if size is None and chart.kind is Kind.BESIDE:
            break
        width = WIDTH * (size or 0) / most
        if width:
            found.append(Bar(left, width, look))
        left += width if chart.kind is Kind.BESIDE else 0
    return found


def described(chart: Chart, told: Told) -> str:
    """What the drawing shows, in words."""
    rows = [
        f"{row.label}: {', '.join(_named(chart, row, at, told) for at in chart.drawn)}"
        for row in chart.rows
    ]
    return " ".join([chart.about, *(f"{row}." for row in rows)])


def _named(chart: Chart, row: Row, at: int, told: Told) -> str:
    name = f"{chart.columns[at + 1].lower()} " if len(chart.drawn) > 1 else ""
    return name + told(chart, at, row.cells[at])


def _row(chart: Chart, row: Row, most: int, told: Told) -> Markup:
    """Label on the left, figures on the right, and the bar under both."""
    figures = " · ".join(_short(chart, row, at, told) for at in chart.drawn)
    drawn = Markup("").join(_bar(chart, one) for one in bars(chart, row, most))
    return Markup(
        '<text y="{0}em">{1}</text><text class="figure" x="100%" y="{0}em" text-anchor="end">{2}'
        '</text><line class="ground" x1="0.5%" x2="0.5%" y1="1.4em" y2="{3}em"/>{4}'
    ).format(_em(LINE), row.label, figures, _em(1.6 + BAR), drawn)


def _short(chart: Chart, row: Row, at: int, told: Told) -> str:
    cell = row.cells[at]
    return GAP if cell is None else told(chart, at, cell)


def _bar(chart: Chart, one: Bar) -> Markup:
    return Markup('<rect {} x="{}%" y="1.5em" width="{}%" height="{}em"/>').format(
        _look(chart, one.look), _em(one.left + 0.5), _em(one.width), _em(BAR)
    )


def _legend(chart: Chart, look: str, word: str) -> Markup:
    return Markup(
        '<rect {} x="1" y="0.3em" width="1.4em" height="0.9em"/>'
        '<text x="2em" y="{}em">{}</text>'
    ).format(_look(chart, look), _em(LINE), word)  # fmt: skip


def _look(chart: Chart, look: str) -> Markup:
    if look == "hatch":
        return Markup('class="hatch" fill="url(#{}-hatch)"').format(chart.name)
    return Markup('class="{}"').format(look)


def _hatch(chart: Chart) -> Markup:
    return Markup(
        '<defs><pattern id="{}-hatch" width="7" height="7" patternUnits="userSpaceOnUse"'
        ' patternTransform="rotate(45)"><rect class="paper" width="7" height="7"/>'
        '<rect class="ink" width="3.5" height="7"/></pattern></defs>'
    ).format(escape(chart.name))


def _size(cell: Cell) -> int | None:
    return cell if isinstance(cell, int) else None


def _em(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def in_words(number: Callable[[float], str], euros: Callable[[int], str], hidden: str) -> Told:
    """How cells are told in a language."""

    def told(chart: Chart, at: int, cell: Cell) -> str:
        if cell is None:
            return hidden
        if isinstance(cell, str):
            return cell
        return euros(cell * 100) if at in chart.in_euros else number(cell)

    return told


def table_of(chart: Chart, told: Told) -> Sequence[tuple[Row, list[str]]]:
    """The rows of a chart's table in words."""
    return [
        (row, [told(chart, at, cell) for at, cell in enumerate(row.cells)]) for row in chart.rows
    ]
