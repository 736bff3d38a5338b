"""What FastAPI cannot know of an API, put into its OpenAPI 3.1 document.

Every answer has the `API-Version` header, and every error is problem+json, as the government's API
Design Rules ask.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "fault": {"type": "string"}},
            },
        },
    },
}
VERSION_HEADER = {
    "API-Version": {"description": "full version of this API", "schema": {"type": "string"}}
}
RETRY_HEADER = {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}}
DESCRIPTIONS = {
    "400": "The request is not valid; nothing was changed",
    "401": "Sign in first",
    "403": "Not yours to do",
    "404": "No such thing of yours",
    "409": "Not possible in the present state; the answer says what is true now",
    "412": "It has changed in the meantime; the answer says how",
    "413": "Too large; nothing was changed",
    "428": "If-Match is missing",
    "503": "Not available now; Retry-After says how long to wait",
}


@dataclass(frozen=True)
class Description:
    """What is to be added."""

    server: str
    tags: Sequence[str]
    security: Mapping[str, Any]
    errors_of: Callable[[str, str, dict[str, Any]], Sequence[str]]  # method, path, operation
    # By operationId: the one way to sign in that is for this operation and for no other.
    signed_by: Mapping[str, str] = field(default_factory=dict)


def complete(api: FastAPI, description: Description) -> None:
    """Have an app describe itself completely."""

    def document() -> dict[str, Any]:
        if api.openapi_schema is None:
            api.openapi_schema = _document(api, description)
        return api.openapi_schema

    api.openapi = document  # type: ignore[method-assign]


def _document(api: FastAPI, description: Description) -> dict[str, Any]:
    told = get_openapi(
        title=api.title,
        version=api.version,
        openapi_version="3.1.0",
        description=api.description,
        contact=api.contact,
        routes=api.routes,
        servers=[{"url": description.server}],
        tags=[{"name": name} for name in description.tags],
    )
    told["info"]["license"] = {"name": "EUPL-1.2", "identifier": "EUPL-1.2"}
    components = told["components"]
    components["schemas"] = {
        name: schema
        for name, schema in components["schemas"].items()
        if name not in {"HTTPValidationError", "ValidationError"}
    }
    components["securitySchemes"] = dict(description.security)
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            _complete(operation, description.errors_of(method, path, operation))
            operation["security"] = _security(operation["operationId"], description)
    return told


def _security(operation_id: str, description: Description) -> list[dict[str, list[str]]]:
    if name := description.signed_by.get(operation_id):
        return [{name: []}]
    others = description.security.keys() - set(description.signed_by.values())
    return [{name: []} for name in description.security if name in others]


def _complete(operation: dict[str, Any], errors: Sequence[str]) -> None:
    """Give an operation its errors, and every answer its headers."""
    answers = operation["responses"]
    answers.pop("422", None)  # bad input is 400 here
    for code in errors:
        answers[code] = {
            "description": DESCRIPTIONS[code],
            "content": {"application/problem+json": {"schema": PROBLEM}},
            "headers": RETRY_HEADER if code == "503" else {},
        }
    for answer in answers.values():
        answer["headers"] = {**VERSION_HEADER, **answer.get("headers", {})}
    operation["responses"] = dict(sorted(answers.items()))
