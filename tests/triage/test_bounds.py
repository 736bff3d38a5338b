"""What no column and no calendar can hold is refused with the name of its field."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from tests.builders import arrears_reported
from tests.paths import REPOSITORY
from tests.triage.counter import NOOR, Api

TOLD: dict[str, Any] = json.loads((REPOSITORY / "docs/openapi/triage.json").read_text())
NOBODY = UUID(int=1)
# What a field takes, by its form; it stands beside the wrong one, so that only that is told.
RIGHT = {"uuid": str(NOBODY), "date": "2026-03-02", "date-time": "2026-03-02T09:00:00Z"}
WRONG = {
    "date": ["1999-12-31", "2101-01-01", "9999-12-31", "0001-01-01"],
    "date-time": ["1999-12-31T23:59:59Z", "2101-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00",
                  "9999-12-31T23:59:59-14:00"],
    "text": ["nul \x00 here", "\x1b[2J weg", "\x85 volgende"],
}  # fmt: skip


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema itself, without null."""
    if "$ref" in schema:
        found: dict[str, Any] = TOLD["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return resolved(found)
    options = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    return resolved(options[0]) if options else schema


def example(schema: dict[str, Any]) -> Any:
    """A value that a schema takes."""
    schema = resolved(schema)
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        return {name: example(one) for name, one in schema["properties"].items()}
    if schema.get("type") == "array":
        return [example(schema["items"])]
    if schema.get("type") != "string":
        return {"boolean": False}.get(schema["type"], schema.get("minimum", 1))
    return RIGHT.get(schema.get("format", ""), "abcdef")


def kind_of(schema: dict[str, Any]) -> str:
    """Which wrong values a schema must refuse."""
    schema = resolved(schema)
    if schema.get("type") != "string" or "enum" in schema or "const" in schema:
        return ""
    return str(schema.get("format", "text"))


def attempts() -> Iterator[tuple[str, str, str, Any]]:
    """Every text, day and instant that can be sent, wrong: method, path, place, body."""
    for path, methods in TOLD["paths"].items():
        for method, operation in methods.items():
            told = operation.get("requestBody")
            body = resolved(told["content"]["application/json"]["schema"]) if told else {}
            right = example(body) if told else None
            fields = {name: kind_of(one) for name, one in body.get("properties", {}).items()}
            for name, kind in fields.items():
                for value in WRONG.get(kind, ()):
                    yield method, path, f"body.{name}", {**right, name: value}
            for one in operation.get("parameters", ()):
                for value in WRONG.get(kind_of(one["schema"]), ()):
                    if one["in"] != "header":  # no client can send one in a header
                        yield method, path, f"{one['in']}.{one['name']}={value}", right


async def send(api: Api, method: str, path: str, place: str, body: Any) -> httpx.Response:
    where, _, value = place.partition("=")
    query = {}
    for one in TOLD["paths"][path][method].get("parameters", ()):
        given = value if where.endswith(f".{one['name']}") and value else example(one["schema"])
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", quote(given, safe=""))
        elif one["in"] == "query":
            query[one["name"]] = given
    if method == "get":
        return await api.get(NOOR, f"{path}?{httpx.QueryParams(query)}")
    return await api.send(NOOR, path, body, seen=1)


async def test_every_text_day_and_instant_has_bounds(api: Api) -> None:
    wrong = list(attempts())
    assert len(wrong) > 150
    for method, path, place, body in wrong:
        answer = await send(api, method, path, place, body)
        assert answer.status_code == 400, (method, path, place, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        named = {one["field"] for one in answer.json()["errors"]}
        assert place.partition("=")[0] in named, (method, path, place, named)


async def test_what_is_no_text_is_refused_wherever_it_stands(api: Api) -> None:
    await api.say(arrears_reported(1))
    (case,) = await api.cases()
    path = f"/cases/{case['id']}/pauses"
    for body in (
        b'{"reason": "\\ud800 half"}',
        b'{"reason": "Goed genoeg.", "\\ud800": 1}',
        b'{"reason": "Goed genoeg.", "\\u0000": 1}',
        b'{"reason": "\xff\xfe"}',
        b'{"review_on": 1e400, "reason": "Goed genoeg."}',
        b"[" * 20_000,
    ):
        answer = await api.send(case["assignee_id"], path, body, seen=case["revision"])
        assert answer.status_code == 400, (body[:60], answer.text)
    lines = "Eerste regel.\n\tTweede regel."
    await api.order(case["id"], "pauses", {"reason": lines, "review_on": "2026-03-20"})
    assert (await api.case(case["id"]))["pause_reason"] == lines


async def test_the_monitor_ends_before_the_calendar_does(api: Api) -> None:
    last = await api.get(NOOR, "/monitor?from=2026-01-01&to=9999-12-31")
    assert last.status_code == 400
    await api.show(NOOR, "/monitor?from=2100-12-01&to=2100-12-31")
