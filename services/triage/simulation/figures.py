"""The figures that a simulation counts with, each with its source (docs/SOURCES.md).

"ours" is a choice that no source fixes; "derived" is arithmetic on figures with sources.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A number and where it comes from."""

    value: float
    source: str


# Of a month of signals.
SHARE_HEALTH = Figure(0.45, "S66: sector mix 2023")
SHARE_ENERGY = Figure(0.25, "S66: sector mix 2023")
SHARE_RENT = Figure(0.19, "S66: sector mix 2023")
SHARE_WATER = Figure(0.11, "S66: the rest, 2023")
BECOMES_CASE = Figure(0.83, "S67: a signal becomes part of a case, 2024")
REPEATED = Figure(0.07, "ours: of what does not become a case")
MULTIPLE = Figure(0.11, "S24: two or more in the month")
CONSECUTIVE = Figure(0.40, "S24: an earlier signal in six months")
RENT_CENTS = Figure(128_000, "S75: EUR 173m over 135,000 tenants, end of 2022")
ENERGY_CENTS = Figure(45_000, "ours")
WATER_CENTS = Figure(18_000, "ours")
HEALTH_CENTS = Figure(32_000, "ours: about two premiums")
RENT_LONG = Figure(0.45, "S76: over half of tenants in arrears owe one to three months")
CRISIS = Figure(0.01, "ours")
WARM_HANDOVER = Figure(0.01, "ours")
SETTLED = Figure(0.05, "ours")
WITHDRAWN = Figure(0.01, "ours")
ARRANGEMENT = Figure(0.04, "ours")
ARRANGEMENT_BROKEN = Figure(0.25, "ours: of arrangements")
OBJECTION = Figure(0.005, "ours")
LEGAL_PATH = Figure(
    0.046,
    "derived: 7,000 judgments a year (S47) on 2.3m homes (S73), 128 homes and 4.4 signals a month "
    "(S58) for 1,000 inhabitants, 19 % rent (S66), 15.5 % of summonses solved before (S39)",
)

# Of teams.
SIGNALS_PER_1000 = Figure(4.4, "S58: signals for 1,000 inhabitants a month, 2024")
FTE_PER_1000 = Figure(0.033, "S71: 0.33 full-time workers for 10,000 inhabitants")
GENERALISTS_A_TEAM = Figure(8, "ours")

# Of what comes of a case.
REACHED_BY_VISIT = Figure(1 / 3, "S70: over a third of home visits reach, 2021")
REACHED_BY_LETTER = Figure(
    0.10, "ours: under the 20 % of all cases (S64); letters reach least (S119)"
)
ACCEPTED = Figure(0.35, "S30: of those reached, 2023")
EVICTED_FROM_ARREARS = Figure(
    0.009, "derived: 1,200 evictions, 135,000 tenants in arrears, 2022 (S75)"
)
EVICTED_FROM_SUMMONS = Figure(0.21, "derived: 15.5 % solved before (S39), then a quarter (S47)")
EVICTED_FROM_JUDGMENT = Figure(0.25, "S47: three of four evictions are prevented after judgment")
EVICTED_FROM_NOTICE = Figure(0.31, "S46: 53 of 173 announced, Veldhoven 2005-08")

CAVEATS = (
    "Seven studies of eight interventions gave no compelling evidence overall; debt advice and "
    "legal help are promising (S116). Nothing here says that a policy prevents an eviction.",
    "Avoidable at most: evictions to be expected, without help, among those who would accept it.",
    "Who accepts help differs from who does not: where signals are chosen in another way 14 % "
    "accept against 8 % (S69). Reach and acceptance are national means.",
    "The risks are old or derived: that 31 % of announced evictions are carried out is of "
    "Veldhoven, 2005-08 (S46).",
    "Amounts are those of the policy; the founding report's are of 2011 and not indexed (5,000 to "
    "9,000 euros an eviction in S118).",
    "Visits and alerts are counted from ladders and offsets; a reminder whose day is past when the "
    "fact comes in does not go out.",
)
