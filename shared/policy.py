"""A municipality's policy: one YAML document per validity date, each number with its source.

The document has a section for each service, which reads only its own. A fault names the file, the
line and the field. The hash of the file is stored with every decision and alert that it led to.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.contracts.signals import LegalGround, PartnerKind
from shared.contracts.triage import Track
from shared.settings import StartupFault


class PolicyFault(Exception):
    """A policy document is wrong; the text names file, line, field and fault."""


class Part(BaseModel):
    """Base of every part of a policy: an unknown field is a fault, not a comment."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Source = Annotated[str, Field(min_length=3, description="where the number comes from")]


class Number(Part):
    """A number and where it comes from."""

    value: int = Field(ge=0)
    source: Source


class Texts(Part):
    """A sentence in Dutch and in English."""

    nl: str = Field(min_length=3)
    en: str = Field(min_length=3)


class EvidenceRule(Part):
    """That some kinds of partner may signal on a ground, with which evidences, from a day on."""

    kinds: frozenset[PartnerKind]
    ground: LegalGround
    required: tuple[
        Literal["personal_contact_on", "pointed_to_help_on", "reminder_sent_on", "offer_made_on"],
        ...,
    ]
    valid_from: date
    source: Source


class GroundRule(Part):
    """On which ground some kinds of partner may share some events, from a day on."""

    events: frozenset[str] = Field(description="names on the wire, such as zitting-gepland")
    kinds: frozenset[PartnerKind] = Field(description="empty: every kind")
    ground: LegalGround
    valid_from: date
    source: Source


class SignalsPolicy(Part):
    """What signals needs: where the municipality is, what is asked for, how long it is kept."""

    postcodes: tuple[Annotated[str, Field(pattern=r"^[1-9][0-9]{3}-[1-9][0-9]{3}$")], ...]
    evidences: tuple[EvidenceRule, ...]
    grounds: tuple[GroundRule, ...]
    body_days: Number  # days that the body of an event is kept after it was received
    court: str = Field(description="the court of the municipality, as summons_terms.yaml names it")

    def has_postcode(self, postcode: str) -> bool:
        """Whether a postcode lies in the municipality."""
        digits = int(postcode[:4])
        return any(
            int(first) <= digits <= int(last)
            for first, last in (span.split("-") for span in self.postcodes)
        )

    def evidence_rule(
        self, kind: PartnerKind, ground: LegalGround, day: date
    ) -> EvidenceRule | None:
        """What a signal of this day must have: the newest rule that fits.

        None when partners of this kind may not signal on this ground at all.
        """
        fitting = [
            rule
            for rule in self.evidences
            if kind in rule.kinds and ground is rule.ground and rule.valid_from <= day
        ]
        return max(fitting, key=lambda rule: rule.valid_from, default=None)

    def has_ground(self, event: str, kind: PartnerKind, ground: LegalGround, day: date) -> bool:
        """Whether a kind of partner may share an event on this ground, on this day."""
        return any(
            event in rule.events
            and (not rule.kinds or kind in rule.kinds)
            and ground is rule.ground
            and rule.valid_from <= day
            for rule in self.grounds
        )


class Window(Part):
    """How many days arrears must and may be old when they are signalled."""

    kinds: frozenset[PartnerKind]
    days_min: int = Field(ge=0)
    days_max: int | None = Field(None, ge=0)
    source: Source


class Rule(Part):
    """When `when` holds, the household gets at least this track and priority."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    when: str = Field(description="a CEL condition over the closed list of facts")
    track: Track
    priority: int = Field(ge=1, le=9, description="1 comes first")
    reason: Texts
    source: Source


class Term(Part):
    """A service term: something must have happened within so many working days."""

    name: Literal["acceptance", "first_attempt"]
    track: Track
    workdays: int = Field(ge=0, le=60)
    source: Source


class Weight(Part):
    """How much a case of a track counts in somebody's caseload, in tenths."""

    track: Track
    tenths: int = Field(ge=0)
    source: Source


class TriagePolicy(Part):
    """What triage needs: what counts, how heavy it is, and by when."""

    windows: tuple[Window, ...]
    floor_cents: Number
    consecutive_months: Number
    rules: tuple[Rule, ...] = Field(min_length=1)
    terms: tuple[Term, ...]
    weights: tuple[Weight, ...]

    def weight_tenths(self, track: Track) -> int:
        """What a case of this track weighs; 10 when the policy says nothing of it."""
        return next((weight.tenths for weight in self.weights if weight.track is track), 10)


Offset = Annotated[
    str,
    Field(
        pattern=r"^(at once|digest|[0-9]{1,3} (workdays|days|hours))$",
        description='"at once", "digest", or a time before the fact, such as "7 days"',
    ),
]


class AlertRule(Part):
    """When alerts about one kind of fact go out; an offset counts back from the fact."""

    about: Literal[
        "assignment", "track", "visit", "hearing", "eviction", "summons", "judgment", "objection"
    ]
    offsets: tuple[Offset, ...]
    source: Source


class NotifyPolicy(Part):
    """What notify needs: when whom is alerted."""

    digest_at: time
    short_notice_hours: Number
    alerts: tuple[AlertRule, ...]

    def offsets(self, about: str) -> tuple[str, ...]:
        """The offsets of one kind of fact; none when the policy does not name it."""
        return next((rule.offsets for rule in self.alerts if rule.about == about), ())


class Policy(Part):
    """The whole document, and the hash of the file it came from."""

    municipality: str = Field(pattern=r"^GM[0-9]{4}$")
    name: str
    valid_from: date
    signals: SignalsPolicy
    triage: TriagePolicy
    notify: NotifyPolicy
    sha256: str


@dataclass(frozen=True)
class Policies:
    """Every policy that was loaded."""

    by_municipality: Mapping[str, Sequence[Policy]]  # the newest first

    def on(self, municipality: str, day: date) -> Policy | None:
        """The policy of a municipality on a day, the oldest before all; None if not served."""
        known = self.by_municipality.get(municipality, ())
        fitting = (policy for policy in known if policy.valid_from <= day)
        return next(fitting, known[-1] if known else None)

    def all(self) -> list[Policy]:
        """Every policy, by municipality and newest first."""
        return [policy for known in self.by_municipality.values() for policy in known]


def load(folder: Path) -> Policies:
    """Read every `*.yaml` in a folder; raises StartupFault for the first that is wrong."""
    policies: dict[str, list[Policy]] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            policy = parse(path.read_text(), path.name)
        except PolicyFault as fault:
            raise StartupFault(str(fault)) from None
        policies.setdefault(policy.municipality, []).append(policy)
    if not policies:
        raise StartupFault(f"no policy in POLICY_FOLDER {folder}: put one <name>.yaml there")
    for known in policies.values():
        known.sort(key=lambda policy: policy.valid_from, reverse=True)
    return Policies(policies)


def parse(text: str, file_name: str) -> Policy:
    """Read one document; raises PolicyFault naming every fault with its line."""
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise PolicyFault(f"{file_name}: not YAML: {error}") from None
    if not isinstance(document, dict):
        raise PolicyFault(f"{file_name}: a policy is a mapping")
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    try:
        return Policy.model_validate({**document, "sha256": sha256})
    except ValidationError as error:
        faults = [
            f"{file_name}:{line_of(tree, fault['loc'])}: "
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
            for fault in error.errors(include_url=False)
        ]
        raise PolicyFault("\n".join(faults)) from None


def line_of(node: Any, loc: Sequence[int | str]) -> int:
    """The line of the deepest part of a location that the document has."""
    for step in loc:
        inner = _child(node, step)
        if inner is None:
            break
        node = inner
    line: int = node.start_mark.line + 1
    return line


def _child(node: Any, step: int | str) -> Any:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step]
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    return None
