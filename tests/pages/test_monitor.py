"""Figures: who works in a municipality sees them as charts, everybody sees totals, nobody a few."""

import csv
import io
import re
from datetime import UTC, datetime

from tests.pages.counted import keep, plant
from tests.pages.site import Site, Visitor

STRANGE = ("signals", {"partner_kind": "Water", "stage": "accepted"}, 3)  # under small_number


def cells_of_page(page: str, name: str) -> list[str]:
    """What the table of a chart shows of figures, amounts without their sign."""
    section = page.partition(f'aria-labelledby="{name}-heading"')[2].partition("</section>")[0]
    cells = re.findall(r"<td>(.*?)</td>", section)
    return [re.sub(r"€ |\.", "", cell) for cell in cells]


def cells_of_csv(text: str) -> list[str]:
    """The same of its CSV."""
    rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=";"))
    figures = sum(heading != rows[0][0] for heading in rows[0])
    return [cell for row in rows[1:] for cell in row[-figures:]]


async def test_a_generalist_sees_charts_with_the_tables_and_csv_of_the_same_figures(
    site: Site,
) -> None:
    await site.start("triage")
    await plant(site.town)
    anna = site.visitor()
    page = await anna.sign_in("anna-jansen", to="/monitor")
    assert page.status_code == 200
    assert "Van zondag 1 februari 2026 tot en met zaterdag 28 februari 2026." in page.text
    assert "Geteld op ma 2 mrt" in page.text, "the last month that is over, and since when"
    drawings = re.findall(r'<svg class="chart" role="img" aria-labelledby="(\w+)-title', page.text)
    assert drawings == ["flow", "partners", "reach", "terms", "evictions", "costs", "fairness"]
    assert "style=" not in page.text
    for name in drawings:
        assert f'<title id="{name}-title">' in page.text
        assert f'<desc id="{name}-desc">' in page.text
        told = await anna.open(f"/monitor/{name}.csv?period=2026-02")
        assert told.headers["content-type"] == "text/csv; charset=utf-8"
        assert told.content.startswith(b"\xef\xbb\xbf")
        assert cells_of_csv(told.text) == cells_of_page(page.text, name)
    assert (await anna.open("/monitor/other.csv")).status_code == 404
    await of_other_months_and_amounts(anna)


async def of_other_months_and_amounts(anna: Visitor) -> None:
    """The same page, asked for otherwise."""
    # Two months are the sum of two.
    await anna.open("/monitor?from=2026-01&to=2026-02")
    assert "<td>260</td>" in anna.page.text, "cases: twice 130"

    # Other amounts, for this view only.
    other = await anna.open("/monitor?period=2026-02&eviction=5000&society=20000&guidance=1000")
    assert "€ 70.000" in other.text, "14 that were called off, each 5,000"
    assert "€ 280.000" in other.text
    assert "€ 50.000" not in other.text
    assert "founding report" in other.text
    assert "geen bewezen besparing" in other.text
    wrong = await anna.open("/monitor?period=2026-13&eviction=-5")
    assert wrong.status_code == 200
    assert wrong.text.count('role="alert"') == 2
    assert "Dit is geen periode" in wrong.text

    # In a period of nothing the page says what to do; English is English throughout.
    await anna.open("/language/en?to=/monitor")
    empty = await anna.open("/monitor?period=2020")
    assert "Nothing was signalled or done in this period" in empty.text


async def test_what_is_small_is_on_no_page_and_totals_are_public_once_a_month(site: Site) -> None:
    await site.start("triage")
    await plant(site.town, STRANGE)
    noor, stranger = site.visitor(), site.visitor()
    await noor.sign_in("noor-de-wit", to="/monitor")
    csv_text = (await noor.open("/monitor/partners.csv?period=2026-02")).text
    assert "water;verborgen;verborgen;verborgen;verborgen;verborgen" in csv_text
    assert csv_text.count("verborgen") > 5, "nor what it could be computed from"
    corporation = site.visitor()
    refused = await corporation.sign_in("woonstad-medewerker", to="/monitor")
    assert refused.status_code == 403

    # Everybody sees totals, without signing in.
    page = await stranger.open("/open-data")
    assert page.url.path == "/open-data"
    assert "CC0" in page.text
    assert "van zaterdag 1 maart 2025 tot en met zaterdag 28 februari 2026" in page.text
    first = (await stranger.open("/open-data.json")).json()
    assert "public" in stranger.page.headers["cache-control"]
    towns = {one["municipality"]: one["totals"] for one in first["municipalities"]}
    assert towns["GM9901"]["evictions_announced"] == 54
    assert towns["GM9901"].keys() == first["explained"].keys()
    # What happens after does not change what is public, so that nobody learns from asking again.
    await keep(site.town, [("2026-01-01", STRANGE)])
    assert (await stranger.open("/open-data.json")).json() == first
    assert (await stranger.open("/open-data.csv")).text.count("GM9901") == len(towns["GM9901"])
    site.town.clock.move(datetime(2026, 4, 1, 8, 0, tzinfo=UTC))
    then = (await stranger.open("/open-data.json")).json()
    assert (then["from"], then["to"]) == ("2025-04-01", "2026-03-31")
    kept = await site.town.fetch("triage", "select count(*) as n from open_figure")
    assert kept[0]["n"] == 2 * len(towns)
