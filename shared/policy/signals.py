"""The section of a policy that signals reads."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.signals import LegalGround, PartnerKind
from shared.policy.parts import Number, Part, Source


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
