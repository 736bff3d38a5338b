"""The numbers that the demo's month is made from, each with its source.

"ours" is a choice that no source fixes. The sources are listed in docs/SOURCES.md.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Parameter:
    """A number and where it comes from."""

    value: float
    source: str


P: dict[str, Parameter] = {
    "signals_per_1000_a_month": Parameter(4.4, "Divosa, 2024 (gemeente.nu, April 2025)"),
    "share_health": Parameter(0.45, "Divosa jaarrapportage 2023"),
    "share_energy": Parameter(0.25, "Divosa jaarrapportage 2023"),
    "share_rent": Parameter(0.19, "Divosa jaarrapportage 2023"),
    "share_water": Parameter(0.11, "rest, Divosa jaarrapportage 2023"),
    "becomes_part_of_a_case": Parameter(0.83, "Divosa jaarrapportage 2024"),
    "repeated": Parameter(0.07, "ours: the larger part of what does not become a case"),
    "multiple_in_the_month": Parameter(0.11, "Divosa jaarrapportage 2023: >= 2 in one month"),
    "rent_arrears_mean_cents": Parameter(128_000, "Aedes 2022: EUR 173m over 135,000 tenants"),
    "energy_arrears_mean_cents": Parameter(45_000, "ours"),
    "water_arrears_mean_cents": Parameter(18_000, "ours"),
    "health_arrears_mean_cents": Parameter(32_000, "ours: about two premiums"),
    "crisis": Parameter(0.01, "ours"),
    "warm_handover": Parameter(0.01, "ours"),
    "withdrawn": Parameter(0.01, "ours"),
    "settled": Parameter(0.05, "ours"),
    "arrangement": Parameter(0.04, "ours"),
    "arrangement_broken": Parameter(0.25, "ours, of arrangements"),
    "objection": Parameter(0.005, "ours"),
    "corporation_homes_per_1000": Parameter(128, "2.3m homes (Vastgoedmarkt 2023) over 18m people"),
    "judgments_per_home_a_year": Parameter(7_000 / 2_300_000, "nul20.nl, 2020"),
    "solved_before_hearing": Parameter(0.155, "KBvG 2019: of summonses"),
    "evictions_announced_per_judgment": Parameter(0.8, "1,720 of 7,000 carried out, at 31 %"),
    "evictions_carried_out": Parameter(0.31, "Veldhoven 2005-08: 53 of 173 announced"),
    "hearing_moved": Parameter(0.2, "ours"),
    "hearing_told_twice": Parameter(0.3, "ours: by landlord and bailiff"),
    "legal_household_is_unknown": Parameter(0.5, "ours: half was never signalled"),
    "legal_path_times": Parameter(10, "the demo shows ten times as many, so that there is some"),
    "delivered_twice": Parameter(0.05, "the demo's: duplicates"),
    "delivered_out_of_order": Parameter(0.3, "the demo's: of hearings that move"),
    "bad_of_each_kind": Parameter(3, "the demo's"),
}
