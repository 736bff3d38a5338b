"""The figures of a municipality as charts, each with its table and a CSV: for who works there."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from services.triage.counts import Period, PeriodFault
from services.triage.pages.charts import Amounts, Cell, Chart, all_charts, amounts_of
from services.triage.pages.desk import At, PageDesk, Worker
from services.triage.pages.drawing import Told, draw, in_words, table_of
from services.triage.pages.kept_figures import Kept, KeptFigures
from services.triage.pages.periods import Asked, choose, month_of, months_back, offers, word_of
from shared import clock
from shared.web.problems import Problem
from shared.web.shell import filters_of
from shared.web.spreadsheet import as_csv, csv_answer
from shared.web.words import language_of, translations

router = APIRouter(include_in_schema=False)
AMOUNT_MAX = 10_000_000  # whole euros
HIDDEN = "verborgen"
Word = Annotated[str, Query(max_length=20)]


def _(text: str) -> str:
    """Marks a text for the catalogues; it is translated where it is shown."""
    return text


NO_AMOUNT = _("Een bedrag is een heel aantal euro's. Hier staan de bedragen van het kader.")


@dataclass(frozen=True)
class Wanted:
    """What an address asks for, as it was typed."""

    asked: Asked
    typed: dict[str, str]  # amounts


def wanted(  # noqa: PLR0917 - FastAPI gives them by name
    period: Word = "",
    first: Annotated[str, Query(alias="from", max_length=20)] = "",
    last: Annotated[str, Query(alias="to", max_length=20)] = "",
    eviction: Word = "",
    society: Word = "",
    guidance: Word = "",
) -> Wanted:
    """What the form of the page says."""
    typed = {"eviction": eviction, "society": society, "guidance": guidance}
    return Wanted(Asked(period.strip(), first.strip(), last.strip()), typed)


@dataclass(frozen=True)
class View:
    """What is shown, and what was wrong with what was asked for."""

    kept: Kept
    period: Period
    amounts: Amounts
    faults: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return is_empty(self.kept)


def kept_figures(request: Request) -> KeptFigures:
    """The figures that this replica keeps for some minutes."""
    found: KeptFigures = request.app.state.kept_figures
    return found


Figures = Annotated[KeptFigures, Depends(kept_figures)]
Asking = Annotated[Wanted, Depends(wanted)]


@router.get("/monitor")
async def show_monitor(
    request: Request, desk: At, who: Worker, figures: Figures, asking: Asking
) -> Response:
    """Charts of the reader's own municipality."""
    view = await _look(figures, who.municipality, asking)
    language = language_of(request)
    say = translations(language).gettext
    told = words_in(language)
    charts = all_charts(view.kept.figures, view.amounts, say)
    return desk.shell.page(
        request,
        "monitor.html",
        view=view,
        place=await _name_of(desk, who.municipality),
        charts=[(one, draw(one, told), table_of(one, told)) for one in charts if one.rows],
        offers=offers(clock.today()),
        word=word_of(view.period),
        costs=view.kept.figures.costs,
    )


@router.get("/monitor/{name}.csv")
async def show_table(
    request: Request, name: str, who: Worker, figures: Figures, asking: Asking
) -> Response:
    """The table of a chart, as a file."""
    view = await _look(figures, who.municipality, asking)
    language = language_of(request)
    charts = all_charts(view.kept.figures, view.amounts, translations(language).gettext)
    chart = next((one for one in charts if one.name == name), None)
    if chart is None:
        raise Problem(404, "No such table.")
    file = f"voordeur-{who.municipality}-{name}-{word_of(view.period)}"
    return csv_answer(file, csv_of(chart, translations(language).gettext(HIDDEN)))


async def _look(figures: KeptFigures, municipality: str, asking: Wanted) -> View:
    """The figures of what was asked for; a fault keeps the page, with what it has by itself."""
    faults = []
    try:
        period = choose(asking.asked)
    except PeriodFault as fault:
        faults.append(str(fault))
        period = None
    kept, period = await _figures(figures, municipality, period)
    amounts, fault_of_amounts = read_amounts(asking.typed, amounts_of(kept.figures))
    return View(kept, period, amounts, (*faults, *fault_of_amounts))


async def _figures(
    figures: KeptFigures, municipality: str, period: Period | None
) -> tuple[Kept, Period]:
    """Of the last month that was over; in a town that has only just begun, of the running one."""
    if period:
        return await figures.of(municipality, period), period
    today = clock.today()
    over = month_of(months_back(today, 1))
    kept = await figures.of(municipality, over)
    if not is_empty(kept):
        return kept, over
    running = month_of(today)
    return await figures.of(municipality, running), running


def is_empty(kept: Kept) -> bool:
    """Whether nothing happened; what is not shown did happen."""
    told = kept.figures
    counted = (told.signals.signalled, told.cases.opened, told.attempts.attempted,
               told.evictions.announced)  # fmt: skip
    return not any(one is None or one for one in counted) and not told.terms


def read_amounts(typed: dict[str, str], usual: Amounts) -> tuple[Amounts, tuple[str, ...]]:
    """The amounts that somebody typed for this view, and what was wrong with them."""
    filled = {name: text.strip() for name, text in typed.items() if text.strip()}
    is_right = all(
        text.isascii() and text.isdigit() and int(text) <= AMOUNT_MAX for text in filled.values()
    )
    if not is_right:
        return usual, (NO_AMOUNT,)
    return Amounts(**{**vars(usual), **{name: int(text) for name, text in filled.items()}}), ()


def words_in(language: str) -> Told:
    """How cells are told in a language."""
    filters = filters_of(language)
    return in_words(filters["number"], filters["euros"], translations(language).gettext(HIDDEN))


def csv_of(chart: Chart, hidden: str) -> str:
    """The table of a chart; amounts are whole euros."""
    extra = 1 if chart.has_groups else 0

    def cells(given: tuple[Cell, ...]) -> list[str | int]:
        return [hidden if cell is None else cell for cell in given]

    headings = [chart.columns[0]] * extra + list(chart.columns)
    rows = [[*([row.group] * extra), row.label, *cells(row.cells)] for row in chart.rows]
    return as_csv(headings, rows)


async def _name_of(desk: PageDesk, municipality: str) -> str:
    """What the policy calls the municipality."""
    async with desk.counter.core.pool.acquire() as connection:
        book = (await desk.counter.shelf.current(connection)).get(municipality)
    return book.on(clock.today()).policy.name if book else municipality
