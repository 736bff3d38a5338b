"""What a simulation found, as a document for programs and as text for people. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from services.triage.simulation import figures
from services.triage.simulation.comparing import Comparison
from services.triage.simulation.households import Team
from services.triage.simulation.sides import NO_CASE, Side
from shared.policy import Policy

WEEK_DAYS = 7
CONFLICTS_MAX = 10
Told = Mapping[str, Any]


@dataclass(frozen=True)
class Over:
    """What the policies were compared over."""

    kind: str  # history, or generated
    days: int
    until: str  # the last day
    seed: int | None = None


def as_document(comparison: Comparison, over: Over) -> dict[str, Any]:
    """Every figure; a pair is before and after."""
    sides = comparison.before, comparison.after
    return {
        "against": _named(comparison.before.live.policy),
        "candidate": _named(comparison.after.live.policy),
        "over": {
            **asdict(over),
            "households": comparison.households,
            "signals": comparison.signals,
        },
        "moves": _moves(comparison),
        "tracks": {
            name: [side.tracks[name] for side in sides] for name in (*comparison.tracks(), NO_CASE)
        },
        "signals": {
            name: [side.statuses[name] for side in sides]
            for name in sorted({*sides[0].statuses, *sides[1].statuses})
        },
        "load": [_load(team, sides) for team in comparison.after.teams.teams],
        "visits_per_week": {
            "first": _pair(sides, "visits_first", WEEK_DAYS / over.days),
            "until_reached": _pair(sides, "visits", WEEK_DAYS / over.days),
        },
        "alerts": {
            "all": _pair(sides, "alerts"),
            "at_once": _pair(sides, "alerts_at_once"),
        },
        "costs": [_costs(side) for side in sides],
        "conflicts": [
            {"rule": rule, "over": lighter, "households": count}
            for (rule, lighter), count in comparison.after.conflicts.most_common(CONFLICTS_MAX)
        ],
        "never_fired": list(comparison.never_fired()),
        "failed": dict(comparison.after.failed),
        "caveats": list(figures.CAVEATS),
    }


def _named(policy: Policy) -> dict[str, str]:
    return {
        "name": policy.name,
        "municipality": policy.municipality,
        "valid_from": policy.valid_from.isoformat(),
        "sha256": policy.sha256,
    }


def _moves(comparison: Comparison) -> dict[str, Any]:
    return {
        "households": comparison.moves.total(),
        "kinds": [
            {"from": before, "to": after, "households": count}
            for (before, after), count in comparison.moves.most_common()
        ],
        "priority_only": comparison.priorities,
        "kept_by_person": comparison.kept_by_person,
        "closed": comparison.closed,
        "examples": [asdict(one) for one in comparison.examples()],
    }


def _load(team: Team, sides: Sequence[Side]) -> dict[str, Any]:
    band = [None if one is None else one / 10 for one in (team.min_tenths, team.max_tenths)]
    load = [side.loads[team.id] / 10 for side in sides]
    return {"team": team.name, "generalists": team.generalists, "load": load, "band": band}


def _pair(sides: Sequence[Side], name: str, factor: float = 1) -> list[float]:
    return [round(getattr(side.estimates, name) * factor, 1) for side in sides]


def _costs(side: Side) -> dict[str, float]:
    """Whole euros over the period."""
    told, costs = side.estimates, side.live.policy.triage.costs
    guidance = told.accepted * costs.guidance.value
    an_eviction = costs.eviction.value + costs.society.value
    return {
        "reached": round(told.reached, 1),
        "accept_help": round(told.accepted, 1),
        "guidance": round(guidance),
        "evictions_avoidable_at_most": round(told.evictions, 2),
        "saved_by_corporations_at_most": round(told.evictions * costs.eviction.value),
        "saved_by_society_at_most": round(told.evictions * costs.society.value),
        "evictions_that_pay_for_guidance": round(guidance / an_eviction, 2) if an_eviction else 0,
    }


def in_words(told: Told) -> Iterator[str]:
    """The same, line by line."""
    over = told["over"]
    yield f"candidate  {_title(told['candidate'])}"
    yield f"against    {_title(told['against'])}"
    source = f"a generated month, seed {over['seed']}" if over["kind"] == "generated" else "history"
    yield (
        f"over       {source}: {over['days']} days until {over['until']}, "
        f"{over['households']:,} households, {over['signals']:,} signals, earlier ones included"
    )
    yield "           each policy as though it had been in force all along"
    yield from _moves_in_words(told["moves"])
    yield from _table("households by track", told["tracks"])
    yield from _table("signals", told["signals"])
    yield from _work_in_words(told)
    yield from _costs_in_words(told["costs"])
    yield from _rules_in_words(told)
    yield ""
    yield "how far this can be trusted"
    yield from (f"  {line}" for line in told["caveats"])


def _title(policy: Told) -> str:
    return f"{policy['name']} from {policy['valid_from']} ({policy['sha256'][:12]})"


def _moves_in_words(moves: Told) -> Iterator[str]:
    yield ""
    yield (
        f"{moves['households']:,} households move to another track, "
        f"{moves['priority_only']:,} to another priority only"
    )
    yield (
        f"  of those that move {moves['kept_by_person']:,} stay where a person confirmed them, "
        f"and the case of {moves['closed']:,} is closed"
    )
    for kind in moves["kinds"]:
        yield f"  {kind['from']:>8} → {kind['to']:<8} {kind['households']:>8,}"
    for one in moves["examples"]:
        yield ""
        yield f"  {one['name']}  {one['known']}"
        for name in ("before", "after"):
            first, *rules = one[name]
            yield f"    {name:<8}{first}"
            yield from (f"            {rule}" for rule in rules)
        yield from (f"    because {line}" for line in one["because"])


def _table(title: str, rows: Mapping[str, Sequence[float]]) -> Iterator[str]:
    yield ""
    yield f"{title:<34}{'before':>12}{'after':>12}"
    for name, (before, after) in rows.items():
        yield f"  {name:<32}{before:>12,}{after:>12,}"


def _work_in_words(told: Told) -> Iterator[str]:
    yield ""
    yield f"{'load of teams (cases by weight)':<34}{'before':>12}{'after':>12}   band"
    for one in told["load"]:
        least, most = one["band"]
        band = "none agreed" if most is None else f"{least:,.1f} to {most:,.1f}"
        is_over = most is not None and one["load"][1] > most
        told_band = f"{band}{' OVER' if is_over else ''}, {one['generalists']} generalists"
        before, after = one["load"]
        yield f"  {one['team']:<32}{before:>12,.1f}{after:>12,.1f}   {told_band}"
    visits, alerts = told["visits_per_week"], told["alerts"]
    rows = {
        "first visits a week": visits["first"],
        "visits a week, until reached": visits["until_reached"],
        "alerts to workers, at most": alerts["all"],
        "of these at once": alerts["at_once"],
    }
    yield from _table("work that follows", rows)


COST_WORDS = {
    "reached": "households reached",
    "accept_help": "that accept help",
    "guidance": "guidance, euros",
    "evictions_avoidable_at_most": "evictions avoidable at most",
    "saved_by_corporations_at_most": "corporations save at most, euros",
    "saved_by_society_at_most": "society saves at most, euros",
    "evictions_that_pay_for_guidance": "evictions that pay for guidance",
}


def _costs_in_words(costs: Sequence[Told]) -> Iterator[str]:
    rows = {words: [one[name] for one in costs] for name, words in COST_WORDS.items()}
    yield from _table("costs, estimated", rows)


def _rules_in_words(told: Told) -> Iterator[str]:
    yield ""
    yield "rules of the candidate that disagreed, the heavier of which holds"
    for one in told["conflicts"]:
        yield f"  {one['rule']} over {one['over']}: {one['households']:,} households"
    if not told["conflicts"]:
        yield "  none"
    yield "rules of the candidate that never fired: " + (", ".join(told["never_fired"]) or "none")
    for name, count in told["failed"].items():
        yield f"{name} could not be evaluated for {count:,} households: a person decides"
