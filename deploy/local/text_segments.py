"""How many text messages a text takes (3GPP TS 23.038 and 23.040)."""

from dataclasses import dataclass
from typing import Literal

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("^{}\\[~]|€\f")  # two places each: an escape comes before
# How much fits in one that is alone, and in one of several, which says where it belongs.
GSM_7_ALONE, GSM_7_OF_SEVERAL = 160, 153
UCS_2_ALONE, UCS_2_OF_SEVERAL = 70, 67


@dataclass(frozen=True)
class Segments:
    """A text on its way: `units` are places of seven or sixteen bits."""

    encoding: Literal["GSM-7", "UCS-2"]
    units: int
    count: int


def segments(text: str) -> Segments:
    """Count as a network does: one character outside GSM-7 makes all of it UCS-2."""
    if set(text) <= BASIC | EXTENSION:
        widths = [2 if one in EXTENSION else 1 for one in text]
        return Segments("GSM-7", sum(widths), _count(widths, GSM_7_ALONE, GSM_7_OF_SEVERAL))
    widths = [2 if ord(one) > 0xFFFF else 1 for one in text]
    return Segments("UCS-2", sum(widths), _count(widths, UCS_2_ALONE, UCS_2_OF_SEVERAL))


def _count(widths: list[int], alone: int, of_several: int) -> int:
    """No segment ends in the middle of a character."""
    if sum(widths) <= alone:
        return 1
    count, used = 1, 0
    for width in widths:
        if used + width > of_several:
            count, used = count + 1, 0
        used += width
    return count
