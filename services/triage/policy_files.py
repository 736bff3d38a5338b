"""Commands on policies: `python -m services.triage policy --help`.

`run` is here: it needs no database and no settings, and is never live. The others, for live
policies, are in `policy_tools`.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from services.triage.policy_tools import tools
from services.triage.rulebook import cases
from services.triage.rulebook.cases import Case
from services.triage.rulebook.decide import CaseFault, Decision, decide
from services.triage.rulebook.document import Rulebook, read
from services.triage.rulebook.faults import DocumentFault, Fault

POLICY_BYTES_MAX = 1_000_000
CASES_BYTES_MAX = 32_000_000  # of a file that is read as a whole; JSON lines have no end
LINE_CHARACTERS_MAX = 2_000_000
UNDECIDED, UNUSABLE = 1, 2  # exit codes: some cases need a look; a file cannot be used

policy = typer.Typer(no_args_is_help=True, help="Policies: try out, activate, run on a file.")
policy.add_typer(tools)


@policy.command("run")
def run_policy(
    policy_file: Annotated[Path, typer.Argument(metavar="POLICY", help="YAML: facts and rules")],
    cases_file: Annotated[Path, typer.Argument(metavar="CASES", help="YAML, .json or .jsonl")],
    as_of: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="the day that it is")],
) -> None:
    """Decide cases by a policy that declares its own facts; prints one JSON line a case.

    The format: docs/POLICY-RUN.md. Faults go to stderr. Exit code 1: some cases have faults and no
    line, or an outcome for a person to look at; 2: a file cannot be used.
    """
    day = as_of.date()
    try:
        book = read(_text(policy_file, POLICY_BYTES_MAX))
        book.require_valid(day)
    except DocumentFault as fault:
        raise _unusable(policy_file, fault) from None
    try:
        unclear = sum(_say(cases_file, case, book, day) for case in _unique(_cases(cases_file)))
    except DocumentFault as fault:
        raise _unusable(cases_file, fault) from None
    if unclear:
        typer.echo(f"cases with faults or errors: {unclear}", err=True)
        raise typer.Exit(UNDECIDED)


def _say(file: Path, case: Case, book: Rulebook, day: date) -> bool:
    """Print what follows for a case, or its faults; whether somebody has to look at it."""
    faults = list(case.faults)
    decision: Decision | None = None
    try:
        decision = None if faults else decide(book, case.given, day)
    except CaseFault as fault:
        faults = fault.faults
    if decision:
        line = {"id": case.id, "outcome": decision.outcome, "fired": decision.fired}
        typer.echo(json.dumps(line, ensure_ascii=False).encode())
        faults = list(decision.troubles)
    where = f"{file}:{case.line}" if case.line else str(file)
    name = "case without id" if case.id is None else f"case {_printable(str(case.id))}"
    for text in faults:
        typer.echo(f"{where}: {name}: {_printable(text)}", err=True)
    return bool(faults)


def _printable(text: str) -> str:
    """Names come from a file, and may hold what moves a terminal's cursor."""
    return text if text.isprintable() else ascii(text)


def _unique(found: Iterable[Case]) -> Iterator[Case]:
    """The cases; a second one with an id has that for a fault."""
    ids = set()
    for case in found:
        if case.id is not None and str(case.id) in ids:
            yield Case(case.line, case.id, faults=("id: is that of another case",))
        else:
            yield case
        ids.add(str(case.id))


def _cases(file: Path) -> Iterator[Case]:
    if file.suffix == ".jsonl":
        yield from cases.from_lines(_lines(file))
    else:
        read_cases = cases.from_json if file.suffix == ".json" else cases.from_yaml
        yield from read_cases(_text(file, CASES_BYTES_MAX))


def _text(file: Path, bytes_max: int) -> str:
    """The text of a file; raises DocumentFault."""
    try:
        with file.open("rb") as opened:
            content = opened.read(bytes_max + 1)
    except OSError as error:
        raise DocumentFault([Fault(1, 1, f"cannot be read: {error.strerror}")]) from None
    if len(content) > bytes_max:
        raise DocumentFault([Fault(1, 1, f"more than {bytes_max} bytes")])
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DocumentFault([Fault(line, 1, "not UTF-8")]) from None


def _lines(file: Path) -> Iterator[str]:
    """The lines of a file; what is not UTF-8 in them is kept, to be a fault of its case."""
    try:
        with file.open(encoding="utf-8", errors="surrogateescape", newline="\n") as opened:
            number = 0
            while line := opened.readline(LINE_CHARACTERS_MAX):
                number += 1
                if len(line) == LINE_CHARACTERS_MAX:
                    text = f"a line of more than {LINE_CHARACTERS_MAX} characters"
                    raise DocumentFault([Fault(number, 1, text)])
                yield line
    except OSError as error:
        raise DocumentFault([Fault(1, 1, f"cannot be read: {error.strerror}")]) from None


def _unusable(file: Path, fault: DocumentFault) -> typer.Exit:
    """Say every fault of a file, with its place."""
    for one in fault.faults:
        typer.echo(f"{file}:{one.line}:{one.column}: {_printable(one.text)}", err=True)
    return typer.Exit(UNUSABLE)
