"""Writes messages: a template on its facts, in the layout of its channel."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import TemplateError

from services.notify.writing import loading, sms
from services.notify.writing.facts import (
    CHANNELS,
    DEFAULT_LANGUAGE,
    FACTS,
    WORKER_KINDS,
    Audience,
    facts_of,
    kind_of,
    may_be_empty,
    samples,
    templates_of,
    variants,
)
from services.notify.writing.loading import DIGEST, HTML, Fault, TextFault, Wording
from services.notify.writing.paragraphs import BULLET, Section, one_line, section_of, tidied
from shared.policy import Channel

TEMPLATES = Path(__file__).parent / "templates"
OF_DIGESTS = frozenset({"name", "is_unconfirmed"})
# What an expression in a template can raise.
RENDERING = (TemplateError, TypeError, ValueError, LookupError, ArithmeticError)


class Unwritable(ValueError):
    """A message that cannot be written; says where and why, never what a fact holds."""

    def __init__(self, file: str, line: int, text: str) -> None:
        self.fault = Fault(file, line, text)
        super().__init__(str(self.fault))


@dataclass(frozen=True)
class Message:
    """What goes out."""

    subject: str  # empty for an SMS
    text: str
    html: str | None  # of a mail only
    version: str  # of the files that it was written with


@dataclass(frozen=True)
class Item:
    """One thing in a mail about several."""

    kind: str
    line: str
    link: str
    wording: Wording


class Texts:
    """All messages that there are; pure once it is loaded."""

    def __init__(self, wordings: Mapping[str, Wording]) -> None:
        self._wordings = wordings
        self._languages = {one: loading.languages_of(wordings, one) for one in Audience}

    @classmethod
    def load(cls, folder: Path = TEMPLATES) -> "Texts":
        """The templates of a folder, each tried on samples; raises TextFault with all faults."""
        texts = cls(loading.load(folder))
        if faults := [*_faults_of_messages(texts), *_faults_of_bundles(texts)]:
            raise TextFault(faults)
        return texts

    def languages(self, audience: Audience) -> list[str]:
        """The languages in which an audience can be written to."""
        return self._languages[audience]

    def language_for(self, audience: Audience, language: str) -> str:
        """The language that a message will be in, so that its facts can be in it too."""
        return language if language in self._languages[audience] else DEFAULT_LANGUAGE

    def write(
        self,
        template: str,
        audience: Audience,
        channel: Channel,
        language: str,
        facts: Mapping[str, Any],
    ) -> Message:
        """One message, in Dutch when its language is not there.

        Facts are text and never template; those that the message does not name are left out.
        Raises Unwritable when it names one that is not given or is of another type, and KeyError
        when there is no such message.
        """
        language = self.language_for(audience, language)
        wording = self._wordings[loading.file_of(audience, template, language)]
        layout = self._wordings[loading.layout_of(audience, channel, language)]
        declared = facts_of(audience, template)
        said = _said(wording, facts, declared & (wording.needs | layout.needs))
        if audience is Audience.RESIDENT:
            _must_be_whole(template, wording, said)
        said["about"] = kind_of(template)
        if channel is Channel.SMS:
            said["text"] = one_line(_rendered(wording, said, "sms"))
            text = sms.plain(one_line(_rendered(layout, said)))
            return Message("", text, None, loading.version_of([wording, layout]))
        if audience is Audience.WORKER:
            said["line"] = one_line(_rendered(wording, said, "line"))
        said["text"] = _rendered(wording, said, "text")
        subject = one_line(_rendered(wording, said, "subject"))
        text = tidied(_rendered(layout, said))
        if channel is Channel.LETTER:
            return Message(subject, text, None, loading.version_of([wording, layout]))
        section = section_of(text, [said["link"]] if "link" in said else [])
        return self._mail(subject, [section], [wording, layout], language)

    def write_bundle(
        self,
        lines: Sequence[tuple[str, Mapping[str, Any]]],
        language: str,
        facts: Mapping[str, Any],
    ) -> Message:
        """One mail to a worker about several things: each a template with its facts.

        Grouped by kind, the most pressing first; within a kind in the order given, so give the
        newest first. `facts` are those of the whole mail: the recipient's name. One thing alone is
        an ordinary mail.
        """
        if len(lines) == 1:
            ((template, own),) = lines
            whole = {**facts, **own}
            return self.write(template, Audience.WORKER, Channel.MAIL, language, whole)
        language = self.language_for(Audience.WORKER, language)
        layout = self._wordings[loading.layout_of(Audience.WORKER, DIGEST, language)]
        items = [self._item(template, own, language, layout) for template, own in lines]
        doubts = any(own["is_unconfirmed"] for _, own in lines)
        said = _said(layout, {**facts, "is_unconfirmed": doubts}, OF_DIGESTS & layout.needs)
        said["count"] = len(items)
        sections = list(_sections(items, layout, said))
        used = {item.wording.file: item.wording for item in items}
        wordings = [layout, *(used[file] for file in sorted(used))]
        subject = one_line(_rendered(layout, said, "subject"))
        return self._mail(subject, sections, wordings, language)

    def _item(
        self, template: str, facts: Mapping[str, Any], language: str, layout: Wording
    ) -> Item:
        wording = self._wordings[loading.file_of(Audience.WORKER, template, language)]
        declared = facts_of(Audience.WORKER, template) - {"name"}
        said = _said(wording, facts, declared & (wording.needs | layout.needs) | {"link"})
        said["line"] = one_line(_rendered(wording, said, "line"))
        line = one_line(_rendered(layout, said, "item"))
        return Item(kind_of(template), f"{BULLET}{line}", said["link"], wording)

    def _mail(
        self,
        subject: str,
        sections: Sequence[Section],
        wordings: Sequence[Wording],
        language: str,
    ) -> Message:
        layout = self._wordings[HTML]
        text = "\n\n".join(section.text for section in sections)
        said = {"language": language, "subject": subject, "sections": sections}
        html = _rendered(layout, said)
        return Message(subject, text, html, loading.version_of([*wordings, layout]))


def _sections(items: Sequence[Item], layout: Wording, said: Mapping[str, Any]) -> Iterator[Section]:
    yield section_of(tidied(_rendered(layout, said, "opening")))
    for kind in WORKER_KINDS:
        if group := [item for item in items if item.kind == kind]:
            heading = one_line(_rendered(layout, {**said, "about": kind}, "heading"))
            body = "\n".join(item.line for item in group)
            yield section_of(body, [item.link for item in group], heading)
    yield section_of(tidied(_rendered(layout, said, "closing")))


def _said(wording: Wording, facts: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The facts that a text names, each on one line: a fact never makes a paragraph or a header."""
    said, faults = {}, []
    for name in sorted(names):
        value = facts.get(name)
        if value is None:
            faults.append(f"{name} is not given")
        elif not isinstance(value, type(FACTS[name].sample)):
            faults.append(f"{name} is of another type")
        said[name] = one_line(value) if isinstance(value, str) else value
    if faults:
        raise Unwritable(wording.file, 1, "; ".join(faults))
    return said


def _must_be_whole(template: str, wording: Wording, said: Mapping[str, Any]) -> None:
    """A worker is told with a gap rather than not; to a resident nothing half goes out."""
    empty = [
        name for name, value in said.items() if value == "" and not may_be_empty(template, name)
    ]
    if empty:
        raise Unwritable(wording.file, 1, f"empty: {', '.join(empty)}")


def _rendered(wording: Wording, facts: Mapping[str, Any], block: str = "") -> str:
    try:
        return wording.render(facts, block)
    except RENDERING as error:
        line = loading.line_in(wording, error.__traceback__)
        raise Unwritable(wording.file, line, type(error).__name__) from error


def _faults_of_messages(texts: Texts) -> Iterator[Fault]:
    """What goes wrong with the samples of every message."""
    for audience in Audience:
        for language in texts.languages(audience):
            for template in templates_of(audience):
                for facts in variants(audience, template, language):
                    for channel in CHANNELS[audience]:
                        yield from _tried(texts, (template, audience, channel, language), facts)


def _tried(
    texts: Texts, which: tuple[str, Audience, Channel, str], facts: Mapping[str, Any]
) -> Iterator[Fault]:
    template, audience, channel, language = which
    file = loading.file_of(audience, template, language)
    try:
        message = texts.write(*which, facts)
    except Unwritable as error:
        yield _with_cause(error)
        return
    if channel is Channel.SMS and (count := sms.segments(message.text)) > sms.SEGMENTS_MAX:
        yield Fault(file, 1, f"as SMS it takes {count} segments of at most {sms.SEGMENTS_MAX}")
    if channel is not Channel.SMS and not message.subject:
        yield Fault(file, 1, "its subject is empty")


def _faults_of_bundles(texts: Texts) -> Iterator[Fault]:
    """What goes wrong with a digest of everything."""
    templates = templates_of(Audience.WORKER)
    for language in texts.languages(Audience.WORKER):
        lines = [(one, samples(Audience.WORKER, one, language)) for one in templates]
        try:
            texts.write_bundle(lines, language, {"name": FACTS["name"].sample})
        except Unwritable as error:
            yield _with_cause(error)


def _with_cause(error: Unwritable) -> Fault:
    """Samples are nobody's, so here the cause may be quoted."""
    fault, cause = error.fault, error.__cause__
    return Fault(fault.file, fault.line, f"{fault.text}: {cause}" if cause else fault.text)
