"""Reads the folder of templates, and names every fault in it at once."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any

from jinja2 import DictLoader, StrictUndefined, Template, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from services.notify.writing.facts import (
    CHANNELS,
    LANGUAGES,
    OF_RESIDENTS,
    OF_WORKERS,
    Audience,
    facts_of,
    templates_of,
)

HTML = "mail.html"
DIGEST = "digest"
VERSION_LETTERS = 12
LANGUAGE = re.compile(r"[a-z]{2}")
BLOCKS: Mapping[Audience, tuple[str, ...]] = {
    Audience.WORKER: ("subject", "line", "text"),
    Audience.RESIDENT: ("sms", "subject", "text"),
}
DIGEST_BLOCKS = ("subject", "opening", "heading", "item", "closing")
# What a layout gets besides the facts that all messages of its audience have.
LAYOUT_NAMES: Mapping[Audience, frozenset[str]] = {
    Audience.WORKER: OF_WORKERS | {"line", "text", "about"},
    Audience.RESIDENT: OF_RESIDENTS | {"text", "about"},
}
DIGEST_NAMES = OF_WORKERS | {"line", "about", "count"}
HTML_NAMES = frozenset({"language", "subject", "sections"})


@dataclass(frozen=True, order=True)
class Fault:
    """What is wrong where."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


class TextFault(ValueError):
    """Templates that cannot be used, with all that is wrong."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(map(str, self.faults)))


@dataclass(frozen=True)
class Demand:
    """What a file has to be: the names that it may use, and its blocks if it is made of them."""

    names: frozenset[str]
    blocks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wording:
    """One file, ready to be rendered."""

    file: str
    source: str
    template: Template
    needs: frozenset[str]  # the names that it uses

    def render(self, facts: Mapping[str, Any], block: str = "") -> str:
        """The whole of it, or one of its blocks; it sees none but the facts that it names."""
        seen = {name: value for name, value in facts.items() if name in self.needs}
        context = self.template.new_context(seen)
        part = self.template.blocks[block] if block else self.template.root_render_func
        return "".join(part(context)).strip()


def file_of(audience: Audience, template: str, language: str) -> str:
    """Where a message is written."""
    return f"{language}/{audience}/{template}.txt"


def layout_of(audience: Audience, channel: str, language: str) -> str:
    """Where what is around the messages of a channel is written."""
    return f"{language}/layouts/{audience}_{channel}.txt"


def version_of(wordings: Sequence[Wording]) -> str:
    """Changes whenever one of these files does."""
    text = "\0".join(wording.source for wording in wordings)
    return sha256(text.encode()).hexdigest()[:VERSION_LETTERS]


def load(folder: Path) -> Mapping[str, Wording]:
    """Every file by its path in the folder; raises TextFault with all that is wrong."""
    sources, faults = _read(folder)
    demands = _demands(sources)
    faults += [Fault(file, 1, "is not there") for file in demands.keys() - sources.keys()]
    faults += [Fault(file, 1, "is no text that there is") for file in sources.keys() - demands]
    if unreadable := {fault.file for fault in faults}:
        demands = {file: one for file, one in demands.items() if file not in unreadable}
    environment = _environment(sources)
    for file, demand in demands.items():
        faults += _faults(environment, file, sources[file], demand)
    if faults:
        raise TextFault(faults)
    return {file: _wording(environment, file, sources[file]) for file in demands}


def _read(folder: Path) -> tuple[dict[str, str], list[Fault]]:
    sources, faults = {}, []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        file = path.relative_to(folder).as_posix()
        try:
            sources[file] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            sources[file] = ""
            faults.append(Fault(file, 1, "is not UTF-8"))
    return sources, faults


def languages_of(files: Mapping[str, Any], audience: Audience) -> list[str]:
    """The languages of an audience: those that must be there, and those that are there too."""
    found = {
        language
        for language, _, rest in (file.partition("/") for file in files)
        if LANGUAGE.fullmatch(language) and rest.startswith(f"{audience}/")
    }
    return sorted(found.union(LANGUAGES[audience]))


def _demands(sources: Mapping[str, str]) -> dict[str, Demand]:
    demands = {HTML: Demand(HTML_NAMES)}
    for audience in Audience:
        for language in languages_of(sources, audience):
            for template in templates_of(audience):
                demand = Demand(facts_of(audience, template), BLOCKS[audience])
                demands[file_of(audience, template, language)] = demand
            for channel in CHANNELS[audience]:
                demand = Demand(LAYOUT_NAMES[audience])
                demands[layout_of(audience, channel, language)] = demand
    for language in languages_of(sources, Audience.WORKER):
        demand = Demand(DIGEST_NAMES, DIGEST_BLOCKS)
        demands[layout_of(Audience.WORKER, DIGEST, language)] = demand
    return demands


def _environment(sources: Mapping[str, str]) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=DictLoader(sources),
        undefined=StrictUndefined,
        autoescape=lambda name: name is not None and name.endswith(".html"),
        cache_size=-1,
    )


def _wording(environment: ImmutableSandboxedEnvironment, file: str, source: str) -> Wording:
    needs = meta.find_undeclared_variables(environment.parse(source))
    return Wording(file, source, environment.get_template(file), frozenset(needs))


def _faults(
    environment: ImmutableSandboxedEnvironment, file: str, source: str, demand: Demand
) -> Iterator[Fault]:
    try:
        tree = environment.parse(source, file)
        environment.get_template(file)  # compiles: finds what parsing does not, unknown filters too
    except TemplateSyntaxError as error:
        yield Fault(file, error.lineno, error.message or "is no template")
        return
    for name in meta.find_undeclared_variables(tree) - demand.names:
        line = min(node.lineno for node in tree.find_all(nodes.Name) if node.name == name)
        yield Fault(file, line, f"there is no fact {name} here: {_listed(demand.names)}")
    elsewhere = (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)
    for node in tree.find_all(elsewhere):
        yield Fault(file, node.lineno, "a text stands on its own: it takes in no other file")
    if demand.blocks:
        yield from _faults_of_blocks(file, tree, demand.blocks)


def _faults_of_blocks(file: str, tree: nodes.Template, wanted: tuple[str, ...]) -> Iterator[Fault]:
    blocks = {node.name: node.lineno for node in tree.find_all(nodes.Block)}
    for name in wanted:
        if name not in blocks:
            yield Fault(file, 1, f"block {name} is not there")
    for name, line in blocks.items():
        if name not in wanted:
            yield Fault(file, line, f"there is no block {name} here: {_listed(wanted)}")
    for node in tree.body:
        if not isinstance(node, nodes.Block) and not _is_blank(node):
            yield Fault(file, node.lineno, "is in no block, so nobody would read it")


def _is_blank(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Output) and all(
        isinstance(part, nodes.TemplateData) and not part.data.strip() for part in node.nodes
    )


def _listed(names: frozenset[str] | tuple[str, ...]) -> str:
    return ", ".join(sorted(names))


def line_in(wording: Wording, traceback: TracebackType | None) -> int:
    """The line of the template at which rendering it failed."""
    line = 1
    while traceback:
        if traceback.tb_frame.f_globals.get("__jinja_template__") is wording.template:
            line = wording.template.get_corresponding_lineno(traceback.tb_lineno)
        traceback = traceback.tb_next
    return line
