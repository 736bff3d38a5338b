"""Finds every SQL statement in the code, to be prepared against the migrated schema."""

import ast
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.triage.sql import access, monitor
from shared import outbox
from tests.paths import REPOSITORY

CALLS = {"fetch", "fetchrow", "fetchval", "execute", "cursor"}
PLUMBING = ("shared/inbox.py", "shared/outbox.py", "shared/waiting.py", "shared/db.py")


@dataclass(frozen=True)
class Statement:
    """A statement and where it stands."""

    place: str
    sql: str


def files_of(service: str) -> list[Path]:
    """The files of a service that have SQL in them."""
    folder = REPOSITORY / "services" / service
    return sorted([*folder.glob("sql.py"), *folder.glob("sql/*.py")])


def statements(path: Path) -> Iterator[Statement]:
    """Every statement that a file gives to the database."""
    module_name = ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
    names = vars(importlib.import_module(module_name.removesuffix(".__init__")))
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr in CALLS and node.args:
            is_built = _is_built(node.args[0], names)
            sqls = BUILT.get(path.name, []) if is_built else [node.args[0]]
            place = f"{path.name}:{node.lineno}"
            yield from (Statement(place, _value(sql, names)) for sql in sqls)


# Statements that are put together at run time, from parts that are constants.
BUILT: dict[str, list[str]] = {
    "outbox.py": [
        outbox._CLAIM.format(order="id", limit=500),
        outbox._CLAIM.format(order="attempts, id", limit=1),
    ],
    "db.py": [],  # the migrations themselves
    "monitor.py": list(monitor.STATEMENTS),
    "access.py": [*access.PARTS.values(), *access.AROUND.values()],
}


def _is_built(argument: ast.expr, names: dict[str, object]) -> bool:
    try:
        _value(argument, names)
    except (NameError, AttributeError):
        return True
    return False


def _value(argument: ast.expr | str, names: dict[str, object]) -> str:
    """The statement as it is at run time; raises NameError for one that is built on the way."""
    if isinstance(argument, str):
        return argument
    return str(eval(compile(ast.Expression(argument), "<sql>", "eval"), dict(names)))


def elsewhere(service: str) -> Iterator[Statement]:
    """Calls of the database that stand outside of the files for SQL: there should be none."""
    folder = REPOSITORY / "services" / service
    for path in sorted(folder.rglob("*.py")):
        if path in files_of(service):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if is_call and node.func.attr in CALLS:  # type: ignore[union-attr]
                yield Statement(f"{path.name}:{node.lineno}", "")
