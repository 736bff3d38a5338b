"""The messages as the tests of them share them."""

from collections.abc import Iterator
from functools import cache

from services.notify.writing.facts import CHANNELS, Audience, Channel, samples, templates_of
from services.notify.writing.texts import Message, Texts

Which = tuple[str, Audience, Channel, str]


@cache
def texts() -> Texts:
    return Texts.load()


def all_of(audience: Audience, *channels: Channel) -> Iterator[Which]:
    """Every message to an audience, by these channels or by all."""
    for template in templates_of(audience):
        for channel in channels or CHANNELS[audience]:
            for language in texts().languages(audience):
                yield template, audience, channel, language


def written(which: Which, **changes: str | bool) -> Message:
    """A message on its samples, with some changed."""
    template, audience, _, language = which
    return texts().write(*which, {**samples(audience, template, language), **changes})
