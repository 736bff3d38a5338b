"""The section of a policy that triage reads."""

from typing import Literal

from pydantic import Field, field_validator

from shared.contracts.signals import PartnerKind
from shared.contracts.triage import ContactKind, PartOfDay, Track
from shared.policy.parts import Number, Part, Source, Texts


class Window(Part):
    """How many days arrears must and may be old when they are signalled."""

    kinds: frozenset[PartnerKind]
    days_min: int = Field(ge=0)
    days_max: int | None = Field(None, ge=0)
    source: Source


class Rule(Part):
    """When `when` holds, the household gets at least this track and priority.

    The track `none` proposes not to take it up, or to close: a person confirms or overrides.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)
    when: str = Field(description="a CEL condition over the closed list of facts", max_length=2000)
    track: Track
    priority: int = Field(ge=1, le=9, description="1 comes first")
    reason: Texts
    source: Source


class Term(Part):
    """A service term: something must have happened within so many working days."""

    name: Literal["acceptance", "first_attempt", "act_on_signal"]
    track: Track
    workdays: int = Field(ge=0, le=60)
    near_workdays: int = Field(1, ge=0, le=60, description="so long before its end it is near")
    source: Source


class LegalTerms(Part):
    """What the law asks once help was accepted, and how long partners pause collection."""

    first_talk_days: Number
    first_talk_threatening_workdays: Number
    pause_days: Number
    near_workdays: Number


class Weight(Part):
    """How much a case of a track counts in somebody's caseload, in tenths."""

    track: Track
    tenths: int = Field(ge=0)
    source: Source


class Skill(Part):
    """A skill that an assignee of a track should have; who lacks it comes after who has it."""

    track: Track
    skill: str = Field(pattern=r"^[a-z][a-z_]*$")
    source: Source


class LadderStep(Part):
    """The next attempt that is proposed after so many in vain: another channel, another time."""

    kind: ContactKind
    part_of_day: PartOfDay | None = None  # None: whenever
    after_workdays: int = Field(ge=0, le=60)


class Ladder(Part):
    """The attempts that are made on a track before it ends."""

    track: Track
    steps: tuple[LadderStep, ...] = Field(min_length=1)
    source: Source


class Profiling(Part):
    """Facts about people that rules of this policy may ask for, and on which ground they may."""

    facts: frozenset[Literal["age_band"]]
    ground: Source
    dpia: Source  # where the assessment can be read


class Costs(Part):
    """What the monitor and the simulation count with, in whole euros; editable, with sources."""

    eviction: Number  # to the corporation
    guidance: Number  # preventive
    society: Number  # shelter included


class TriagePolicy(Part):
    """What triage needs: what counts, how heavy it is, by when, who, and how long it is kept."""

    windows: tuple[Window, ...]
    floor_cents: Number
    consecutive_months: Number
    rules: tuple[Rule, ...] = Field(min_length=1)
    terms: tuple[Term, ...]
    legal_terms: LegalTerms
    weights: tuple[Weight, ...]
    skills: tuple[Skill, ...] = ()
    ladders: tuple[Ladder, ...]
    profiling: Profiling | None = None
    costs: Costs
    case_days: Number  # days that what is known of a household is kept after its last case closed
    small_number: Number  # figures under this are not shown

    def weight_tenths(self, track: Track) -> int:
        """What a case of this track weighs; 10 when the policy says nothing of it."""
        return next((weight.tenths for weight in self.weights if weight.track is track), 10)

    def skills_for(self, track: Track) -> frozenset[str]:
        """What an assignee of a track should be able to do."""
        return frozenset(one.skill for one in self.skills if one.track is track)

    def ladder_of(self, track: Track) -> tuple[LadderStep, ...]:
        """The attempts of a track; none when the policy has no ladder for it."""
        return next((one.steps for one in self.ladders if one.track is track), ())

    @field_validator("rules")
    @classmethod
    def _has_each_rule_once(cls, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        names = [rule.name for rule in rules]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"rules that are there twice: {', '.join(twice)}")
        return rules
