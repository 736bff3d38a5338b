"""What a partner's software relies on in the API, as lines that can be compared.

`python -m tests.contracts.interface` adds lines that are new; a line that is there is a promise.
"""

import json
from collections.abc import Iterator
from typing import Any

from tests.contracts.samples import GOLDEN
from tests.paths import REPOSITORY

DOCUMENT = REPOSITORY / "docs/openapi/signals.json"
PROMISES = GOLDEN.with_name("interface.v1.txt")
DEPTH_MAX = 8


def lines_of(told: dict[str, Any]) -> set[str]:
    """Every operation, parameter, answer and field; what a request must have, marked `needs`."""
    found = set()
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            name = f"{method.upper()} {path}"
            found.add(name)
            for one in operation.get("parameters", ()):
                found.add(f"{name} takes {one['name']}")
                if one.get("required"):
                    found.add(f"{name} needs {one['name']}")
            for code, answer in operation["responses"].items():
                for kind, content in answer.get("content", {}).items():
                    found |= {
                        f"{name} {code} {kind} gives {field}"
                        for field in _fields(told, content.get("schema", {}))
                    }
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                found |= {
                    f"{name} {kind} {'needs' if is_needed else 'takes'} {field}"
                    for field, is_needed in _asked(told, content["schema"])
                }
    return found


def _resolved(told: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    name = schema["$ref"].rpartition("/")[2]
    found: dict[str, Any] = told["components"]["schemas"][name]
    return found


def _parts(told: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    whole = _resolved(told, schema)
    inner = [part for key in ("anyOf", "oneOf", "allOf") for part in whole.get(key, ())]
    if whole.get("type") == "array":
        inner.append(whole["items"])
    return [whole] if not inner else [one for part in inner for one in _parts(told, part)]


def _fields(told: dict[str, Any], schema: dict[str, Any], path: str = "") -> Iterator[str]:
    for part in _parts(told, schema):
        yield from (f"{path} is {value}" for value in part.get("enum", ()))
        for name, inner in part.get("properties", {}).items():
            yield f"{path}.{name}"
            if path.count(".") < DEPTH_MAX:
                yield from _fields(told, inner, f"{path}.{name}")


def _asked(
    told: dict[str, Any], schema: dict[str, Any], path: str = "", *, is_needed: bool = True
) -> Iterator[tuple[str, bool]]:
    """Fields of a request, by event type where there are several, and whether it must have them."""
    for part in _parts(told, schema):
        kind = part.get("properties", {}).get("type", {}).get("const", "")
        start = f"{kind}{path}"
        for name, inner in part.get("properties", {}).items():
            must = is_needed and name in part.get("required", ())
            yield f"{start}.{name}", must
            if path.count(".") < DEPTH_MAX:
                yield from _asked(told, inner, f"{start}.{name}", is_needed=must)


def broken(promised: set[str], now: set[str]) -> set[str]:
    """Promises that are not kept: what went away, and what is newly needed."""
    gone = {line for line in promised - now if " needs " not in line}
    # What is no longer needed may still be taken.
    eased = {line for line in gone if line.replace(" takes ", " needs ") in now}
    needed = {line for line in now if " needs " in line} - promised
    return (gone - eased) | needed


if __name__ == "__main__":
    known = set(PROMISES.read_text().splitlines()) if PROMISES.exists() else set()
    current = lines_of(json.loads(DOCUMENT.read_text()))
    PROMISES.write_text("".join(f"{line}\n" for line in sorted(known | current)))
