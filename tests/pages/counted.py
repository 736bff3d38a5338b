"""Counts as a purge keeps them: months of a town without its events."""

import json
from collections.abc import Iterator
from typing import Any

import asyncpg

from tests.builders import MUNICIPALITY
from tests.town import Town

MONTHS = ("2026-01-01", "2026-02-01")
Row = tuple[str, dict[str, Any], int]


def rows(times: int) -> Iterator[Row]:
    """A month in which everything happened, so many times."""
    for kind, of in (("Huur", 9), ("Energie", 6), ("CAK Zorgverzekeringen", 4)):
        for stage, count in zip(
            ("signalled", "taken_up", "attempted", "reached", "accepted"), (2, 3, 4, 5, 3),
            strict=True,
        ):  # fmt: skip
            yield "signals", {"partner_kind": kind, "stage": stage}, of * count * times
    for stage, count in (("opened", 10), ("attempted", 40), ("reached", 50), ("accepted", 30)):
        yield "cases", {"stage": stage}, count * times
    for channel, of in (("Brief", 5), ("Huisbezoek", 9), ("Telefoon", 3)):
        for part, more in (("Ochtend", 1), ("Middag", 2), ("Avond", 3)):
            for stage, count in (("attempted", 8), ("reached", 3 * more), ("accepted", 2 * more)):
                facets = {"channel": channel, "part_of_day": part, "stage": stage}
                yield "attempts", facets, of * count * times
    yield from _of_terms_and_evictions(times)
    yield from _of_households(times)


def _of_households(times: int) -> Iterator[Row]:
    for district, signalled, visited in (("9901", 60, 45), ("9902", 30, 12), ("9903", 21, 9)):
        for is_visited, count in ((True, visited), (False, signalled - visited)):
            facets = {"district": district, "is_visited": is_visited}
            yield "households_by_district", facets, count * times
    for band, signalled, visited in (("18-22", 21, 6), ("27-64", 60, 45), ("65 and over", 30, 15)):
        for is_visited, count in ((True, visited), (False, signalled - visited)):
            yield "households_by_age", {"age_band": band, "is_visited": is_visited}, count * times


def _of_terms_and_evictions(times: int) -> Iterator[Row]:
    for clock, name, met, missed in (
        ("legal", "first_talk", 30, 6), ("service", "acceptance", 110, 8),
        ("service", "first_attempt", 90, 28),
    ):  # fmt: skip
        for outcome, count in (("met", met), ("missed", missed), ("running", 12)):
            yield "terms", {"clock": clock, "name": name, "outcome": outcome}, count * times
    for outcome, count in (("called_off", 14), ("carried_out", 6), ("standing", 7)):
        yield "evictions", {"outcome": outcome}, count * times
    for workdays, count in ((1, 40), (3, 50), (9, 20)):
        yield "first_attempt", {"workdays": workdays}, count * times
        yield "first_reached", {"workdays": workdays + 2}, count * times


async def plant(town: Town, *extra: Row) -> None:
    """Two whole months before the town's today, and in the second of them a little more."""
    await keep(town, [(month, row) for month in MONTHS for row in rows(1)])
    await keep(town, [(MONTHS[1], row) for row in extra])


async def keep(town: Town, told: list[tuple[str, Row]]) -> None:
    """Add counts to those that are kept."""
    connection = await asyncpg.connect(town.databases["triage"])
    try:
        await connection.executemany(
            "insert into monitor_count (municipality, month, measure, facets, count)"
            " values ($1, $2::text::date, $3, $4::text::jsonb, $5)",
            [(MUNICIPALITY, month, one[0], json.dumps(one[1]), one[2]) for month, one in told],
        )
    finally:
        await connection.close()
