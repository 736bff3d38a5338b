"""The command that shows messages on sample facts: `python -m services.notify preview --help`."""

from collections.abc import Iterator
from typing import Annotated

import typer

from services.notify.writing import sms
from services.notify.writing.facts import CHANNELS, Audience, samples, templates_of
from services.notify.writing.loading import TextFault
from services.notify.writing.sentences import lengths_of
from services.notify.writing.texts import Message, Texts
from shared.policy import Channel

FAULTY = 1
Which = tuple[str, Audience, Channel, str]


def preview(
    template: Annotated[
        str | None,
        typer.Argument(metavar="[TEMPLATE]", help="such as visit_set; all when left out"),
    ] = None,
    *,
    language: Annotated[str | None, typer.Option(help="nl, en; all when left out")] = None,
    channel: Annotated[Channel | None, typer.Option(help="all when left out")] = None,
    audience: Annotated[Audience | None, typer.Option(help="both when left out")] = None,
) -> None:
    """Show what a message looks like on sample facts, or list all of them.

    Exit code 1: the templates have faults, or there is no such message.
    """
    try:
        texts = Texts.load()
    except TextFault as fault:
        typer.echo(f"these templates cannot be used:\n{fault}", err=True)
        raise typer.Exit(FAULTY) from None
    asked = {"template": template, "audience": audience, "channel": channel, "language": language}
    found = [which for which in _all(texts) if _fits(which, asked)]
    if not found:
        typer.echo("there is no such message; without a name, preview lists them all", err=True)
        raise typer.Exit(FAULTY)
    for which in found:
        name, reader, _, tongue = which
        message = texts.write(*which, samples(reader, name, tongue))
        typer.echo(_row(which, message) if template is None else _page(which, message))


def _all(texts: Texts) -> Iterator[Which]:
    for audience in Audience:
        for template in templates_of(audience):
            for channel in CHANNELS[audience]:
                for language in texts.languages(audience):
                    yield template, audience, channel, language


def _fits(which: Which, asked: dict[str, str | None]) -> bool:
    return all(wish in (None, value) for value, wish in zip(which, asked.values(), strict=True))


def _row(which: Which, message: Message) -> str:
    template, audience, channel, language = which
    return f"{template:<21}{audience:<10}{channel:<8}{language:<4}{_figures(channel, message)}"


def _page(which: Which, message: Message) -> str:
    template, audience, channel, language = which
    head = f"== {template} · {audience} · {channel} · {language} · {_figures(channel, message)}"
    subject = [message.subject, ""] if message.subject else []
    return "\n".join([head, "", *subject, message.text, ""])


def _figures(channel: Channel, message: Message) -> str:
    lengths = lengths_of(message.text)
    words = f"words a sentence {lengths.mean:4.1f}, {lengths.longest} at most"
    figures = f"version {message.version}  {words}"
    if channel is Channel.SMS:
        figures += f"  {sms.segments(message.text)} segments of {len(message.text)} characters"
    return figures
