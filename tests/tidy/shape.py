"""Checks of the system's own shape. Each takes what it checks, so that it can be seen to fail."""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

FUNCTION_LINES_MAX = 40
FILE_LINES_MAX = 400
CODE = ("shared", "services", "deploy", "tests")
CLOCK_READS = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
    "time.time", "time.monotonic", "time.perf_counter",
}  # fmt: skip
BUSINESS_CLOCK = {"clock.now", "clock.today", "clock.monotonic", "clock.lease_now"}


def python_files(root: Path, *folders: str) -> list[Path]:
    """Every Python file in these folders."""
    return sorted(path for folder in folders for path in (root / folder).rglob("*.py"))


def too_long(path: Path) -> Iterator[str]:
    """Files and functions that are longer than the house style allows."""
    text = path.read_text()
    if (lines := text.count("\n")) > FILE_LINES_MAX:
        yield f"{path.name}: {lines} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield f"{path.name}:{node.lineno}: {node.name} has {lines} lines"


def calls(path: Path, names: Iterable[str]) -> Iterator[str]:
    """Where a file calls one of these, as `name.attribute`."""
    wanted = set(names)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in wanted:
            yield f"{path.name}:{node.lineno}: {ast.unparse(node.func)}"


def imports(path: Path) -> set[str]:
    """The modules that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def foreign_to_contracts(path: Path) -> set[str]:
    """What a contract imports besides the standard library, pydantic and other contracts."""
    return {
        name
        for name in imports(path)
        if name.partition(".")[0] not in {*sys.stdlib_module_names, "pydantic"}
        and not name.startswith("shared.contracts")
    }


def made_by_others(path: Path, service: str, owners: Mapping[str, str]) -> Iterator[str]:
    """Events that a service makes though another owns them; `owners` is by class name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            if owners.get(name, service) != service:
                yield f"{path.name}:{node.lineno}: {name} is {owners[name]}'s"


def undocumented(page: str, names: Iterable[str]) -> list[str]:
    """Events that have no row in a table of the page."""
    rows = [line for line in page.splitlines() if line.startswith("|")]
    return [name for name in names if not any(f"`{name}`" in row for row in rows)]
