"""A whole policy document, proofread: its form, its rules, and whether its sections agree."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, TypeVar, cast

import yaml
from pydantic import TypeAdapter, ValidationError

from services.triage.proofreading import notify_section, rules, signals_section, triage_section
from services.triage.proofreading.remarks import Said, has, said_by
from shared.contracts.envelope import BODY_BYTES_MAX
from shared.policy import Draft, Fault, Policy, read_draft
from shared.policy.document import SAFE_LOADER, position_of
from shared.policy.notify import NotifyPolicy
from shared.policy.parts import Part
from shared.policy.signals import SignalsPolicy
from shared.policy.triage import TriagePolicy

P = TypeVar("P", bound=Part)
# `PolicyActivated` carries the document, beside the envelope and a few short fields.
DOCUMENT_BYTES_MAX = BODY_BYTES_MAX - 2048


@dataclass(frozen=True)
class Findings:
    """What is wrong, what is worth a second look, and the policy when nothing is wrong."""

    text: str
    faults: tuple[Fault, ...]
    remarks: tuple[Fault, ...] = ()
    policy: Policy | None = None


def proofread(text: str) -> Findings:
    """Every fault of a document at once, each with its line and column."""
    if shared := tuple(_anchors(text)):
        return Findings(text, shared)  # not read on: aliases of aliases may have no end
    draft = read_draft(text)
    if draft.tree is None:
        return Findings(text, draft.faults)
    faults = [*draft.faults, *_too_large(text)]
    remarks: list[Fault] = []
    for said in _sections(draft):
        fault = Fault(*position_of(draft.tree, said.loc), said.text)
        (remarks if said.is_remark else faults).append(fault)
    faults += rules.faults(draft)
    policy = None if faults else draft.policy
    if policy:
        told = rules.remarks(policy.triage)
        remarks += (Fault(*position_of(draft.tree, one.loc), one.text) for one in told)
    return Findings(text, tuple(sorted(set(faults))), tuple(sorted(set(remarks))), policy)


def _sections(draft: Draft) -> Iterator[Said]:
    """What is to be said of each section, as far as its parts have their form."""
    name = draft.content.get("name")
    if isinstance(name, str) and not name.strip():
        yield Said(("name",), "name: is empty")
    signals = _section(draft, "signals", SignalsPolicy)
    triage = _section(draft, "triage", TriagePolicy)
    yield from said_by(signals_section.CHECKS, signals)
    yield from said_by(triage_section.CHECKS, triage)
    yield from said_by(notify_section.CHECKS, _section(draft, "notify", NotifyPolicy))
    if has(signals, "evidences") and has(triage, "windows"):
        yield from triage_section.check_windows_missing(triage, signals)


def _section(draft: Draft, name: str, model: type[P]) -> P:
    """A section with those of its parts that have their form; it lacks the others."""
    content = draft.content.get(name)
    found: Any = {}
    for part, adapter in _adapters(model).items():
        if isinstance(content, dict) and part in content:
            try:
                found[part] = adapter.validate_python(content[part])
            except ValidationError:
                continue
    return cast("P", model.model_construct(**found))


@cache
def _adapters(model: type[Part]) -> dict[str, TypeAdapter[Any]]:
    """What reads each part of a section by itself."""
    forms: dict[str, Any] = {
        name: Annotated[field.annotation, field] for name, field in model.model_fields.items()
    }
    return {name: TypeAdapter(form) for name, form in forms.items()}


def _anchors(text: str) -> Iterator[Fault]:
    """Where a document stands for itself elsewhere."""
    try:
        for event in yaml.parse(text, Loader=SAFE_LOADER):
            if anchor := getattr(event, "anchor", None):
                mark: Any = event.start_mark
                words = f"{text[mark.index]}{anchor}: write out what holds here"
                yield Fault(mark.line + 1, mark.column + 1, words)
    except yaml.YAMLError:
        return  # what is not YAML is said by who reads it


def _too_large(text: str) -> Iterator[Fault]:
    size = len(json.dumps(text, ensure_ascii=False).encode())
    if size > DOCUMENT_BYTES_MAX:
        yield Fault(1, 1, f"{size} bytes: an event can carry {DOCUMENT_BYTES_MAX}")
