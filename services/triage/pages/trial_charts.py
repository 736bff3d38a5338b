"""What a trial of a policy found, as rows with bars: before and after on one scale. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.triage.pages.leading import BAR_WIDTH, Bar, bar, scale


@dataclass(frozen=True)
class Pair:
    """A figure before and after, with the bars that show it."""

    name: str
    before: float
    after: float
    width_before: float
    width_after: float

    @property
    def change(self) -> float:
        return round(self.after - self.before, 1)


@dataclass(frozen=True)
class Move:
    """How many households go from one track to another."""

    origin: str
    target: str
    households: int
    width: float


@dataclass(frozen=True)
class TeamLoad:
    """A team's load before and after, against what its people agreed."""

    name: str
    generalists: int
    before: Bar
    after: Bar


@dataclass(frozen=True)
class Chart:
    """All bars of a trial."""

    moves: list[Move]
    tracks: list[Pair]
    statuses: list[Pair]
    visits: list[Pair]
    alerts: list[Pair]
    costs: list[Pair]
    teams: list[TeamLoad]


def chart(told: Mapping[str, Any]) -> Chart:
    """The bars of a document that a trial made."""
    before, after = told["costs"]
    return Chart(
        moves=_moves(told["moves"]["kinds"]),
        tracks=pairs(told["tracks"]),
        statuses=pairs(told["signals"]),
        visits=pairs(told["visits_per_week"]),
        alerts=pairs(told["alerts"]),
        costs=pairs({name: [before[name], after[name]] for name in before}),
        teams=_teams(told["load"]),
    )


def pairs(rows: Mapping[str, Sequence[float]]) -> list[Pair]:
    """Rows on the scale of the largest; a row of nothing at all is left out."""
    told = {name: values for name, values in rows.items() if any(values)}
    most = scale(value for values in told.values() for value in values)
    return [
        Pair(name, before, after, _width(before, most), _width(after, most))
        for name, (before, after) in told.items()
    ]


def _moves(kinds: Iterable[Mapping[str, Any]]) -> list[Move]:
    told = list(kinds)
    most = scale(one["households"] for one in told)
    return [
        Move(one["from"], one["to"], one["households"], _width(one["households"], most))
        for one in told
    ]


def _teams(loads: Sequence[Mapping[str, Any]]) -> list[TeamLoad]:
    bands = [[value or 0 for value in one["band"]] for one in loads]
    most = scale(value for one, band in zip(loads, bands, strict=True)
                 for value in (*one["load"], *band))  # fmt: skip
    return [
        TeamLoad(
            one["team"],
            one["generalists"],
            *(bar(value, *band, most=most) for value in one["load"]),
        )
        for one, band in zip(loads, bands, strict=True)
    ]


def _width(value: float, most: float) -> float:
    return round(value / most * BAR_WIDTH, 1) if most else 0
