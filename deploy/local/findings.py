"""What a reconciliation found."""

from dataclasses import dataclass, field

EXAMPLES_MAX = 5


@dataclass
class Findings:
    """What was found; empty lists are what one hopes for."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)  # anything else that does not agree
    figures: dict[str, int] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.stale or self.wrong)

    def examples(self) -> list[str]:
        """A few of each kind."""
        kinds = {
            "lost": self.lost, "doubled": self.doubled, "stale": self.stale, "wrong": self.wrong
        }  # fmt: skip
        return [f"{name}: {one}" for name, all_of in kinds.items() for one in all_of[:EXAMPLES_MAX]]
