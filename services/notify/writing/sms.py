"""How a text travels as SMS (3GPP TS 23.038): its alphabet and its segments."""

import unicodedata

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Each takes two places: an escape and itself.
EXTENSION = frozenset("\f^{}\\[~]|€")
# Characters in a message of one segment, and in each of several: these have a header.
ALONE, JOINED = 160, 153
ALONE_UNICODE, JOINED_UNICODE = 70, 67
SEGMENTS_MAX = 2
# Quotation marks; hyphens and dashes; letters that Unicode does not take apart.
PLAIN = str.maketrans({
    "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"',
    "\u2010": "-", "\u2011": "-", "\u2013": "-", "\u2014": "-", "\u2022": "-",
    "\u0142": "l", "\u0141": "L", "\u0111": "d", "\u0110": "D", "\u0131": "i",
    "\u0153": "oe", "\u0152": "OE",
})  # fmt: skip


def plain(text: str) -> str:
    """The text with letters of the SMS alphabet where they are near enough: `ë` becomes `e`.

    One letter beyond it would more than halve what fits in a segment. Other scripts stay.
    """
    return "".join(_plain(letter) for letter in text.translate(PLAIN))


def _plain(letter: str) -> str:
    if letter in BASIC or letter in EXTENSION:
        return letter
    bare = "".join(
        part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part)
    )
    return bare if bare and BASIC.issuperset(bare) else letter


def segments(text: str) -> int:
    """How many messages a telephone gets, which it shows as one; what they cost goes by that."""
    if BASIC.union(EXTENSION).issuperset(text):
        sizes = [2 if letter in EXTENSION else 1 for letter in text]
        return _segments(sizes, ALONE, JOINED)
    sizes = [len(letter.encode("utf-16-be")) // 2 for letter in text]
    return _segments(sizes, ALONE_UNICODE, JOINED_UNICODE)


def _segments(sizes: list[int], alone: int, joined: int) -> int:
    """A pair (an escape and its letter, or of surrogates) is not cut in two."""
    if sum(sizes) <= alone:
        return 1
    count, used = 1, 0
    for size in sizes:
        if used + size > joined:
            count, used = count + 1, 0
        used += size
    return count
