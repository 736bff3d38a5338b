"""The OpenAPI document of the partners' API: what FastAPI cannot know is put in here.

The request bodies are the contracts' own models; every answer has the `API-Version` header, and
every error is problem+json, as the government's API Design Rules ask.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from services.signals.arrivals import JSON
from shared.contracts import partners
from shared.contracts.envelope import CONTENT_TYPE

BATCH_TYPE = "application/cloudevents-batch+json"
SERVER = "https://voordeur.example/v1"
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
# What an OAuth 2 client reads of an error (RFC 6749, section 5.2), beside the members of a problem.
TOKEN_PROBLEM = {
    **PROBLEM,
    "properties": {
        **PROBLEM["properties"],
        "error": {"type": "string"},
        "error_description": {"type": "string"},
    },
}
TOKEN_FORM = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"const": "client_credentials"},
        "client_id": {"type": "string"},
        "client_secret": {"type": "string"},
    },
}
VERSION_HEADER = {
    "API-Version": {"description": "full version of this API", "schema": {"type": "string"}}
}
RETRY_HEADER = {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}}
DESCRIPTIONS = {
    "400": "The request cannot be read; nothing was accepted",
    "401": "Sign in first",
    "403": "The partner is suspended",
    "404": "No such thing of yours",
    "408": "The body came in too slowly; nothing was accepted",
    "409": "More than one thing fits",
    "413": "Too large; nothing was accepted",
    "415": "A content type that is not known here",
    "429": "Too many requests; Retry-After says how long to wait",
    "503": "Not available now; Retry-After says how long to wait",
}
SIGNED_IN = ("401", "403", "429", "503")
ERRORS = {
    "deliverEvents": ("400", *SIGNED_IN, "408", "413", "415"),
    "uploadTable": ("400", *SIGNED_IN, "408", "413", "415"),
    "listEvents": ("400", *SIGNED_IN),
    "showEvent": ("400", *SIGNED_IN, "404", "409"),
    "listRefusals": ("400", *SIGNED_IN),
    "listKeys": ("503",),
    "giveToken": ("400", "401", "408", "413", "503"),
}
OPEN = {"listKeys", "giveToken"}
# The attributes of binary mode, and what each is. Asked of no other mode, so none is required.
BINARY = {
    "specversion": '"1.0"',
    "id": "the event's own id",
    "source": "urn:nld:kvknr: and the KvK number",
    "type": "nl.betalingsachterstanden.<name>.v1",
    "time": "RFC 3339: when it was recorded",
    "sequence": "if the fact can be sent again: a number, the highest holds",
}


def describe(api: FastAPI) -> None:
    """Have an app describe itself completely."""

    def document() -> dict[str, Any]:
        if api.openapi_schema is None:
            api.openapi_schema = _document(api)
        return api.openapi_schema

    api.openapi = document  # type: ignore[method-assign]


def _document(api: FastAPI) -> dict[str, Any]:
    told = get_openapi(
        title=api.title,
        version=api.version,
        openapi_version="3.1.0",
        description=api.description,
        contact=api.contact,
        routes=api.routes,
        servers=[{"url": SERVER}],
        tags=[{"name": name} for name in ("events", "receipts", "sign-in")],
    )
    told["info"]["license"] = {"name": "EUPL-1.2", "identifier": "EUPL-1.2"}
    components = told["components"]
    components["schemas"] = {
        name: schema
        for name, schema in components["schemas"].items()
        if name not in {"HTTPValidationError", "ValidationError"}
    }
    components["securitySchemes"] = {
        "apiKey": {"type": "http", "scheme": "bearer", "description": "the API key itself"},
        "oauth": {
            "type": "oauth2",
            "flows": {"clientCredentials": {"tokenUrl": "/v1/tokens", "scopes": {}}},
        },
    }
    for methods in told["paths"].values():
        for operation in methods.values():
            _complete(operation)
    _add_bodies(told)
    return told


def _complete(operation: dict[str, Any]) -> None:
    """Give an operation its errors, and every answer its headers."""
    name = operation["operationId"]
    answers = operation["responses"]
    answers.pop("422", None)  # bad input is 400 here
    for code in ERRORS[name]:
        answers[code] = {
            "description": DESCRIPTIONS[code],
            "content": {
                "application/problem+json": {
                    "schema": TOKEN_PROBLEM if name == "giveToken" else PROBLEM
                }
            },
            "headers": RETRY_HEADER if code in {"429", "503"} else {},
        }
    for answer in answers.values():
        answer["headers"] = {**VERSION_HEADER, **answer.get("headers", {})}
    operation["responses"] = dict(sorted(answers.items()))
    if name not in OPEN:
        operation["security"] = [{"apiKey": []}, {"oauth": []}]


def _add_bodies(told: dict[str, Any]) -> None:
    """The events that a partner may send, by their own models."""
    models: Any = [(partners.envelope_of(event), "validation") for event in partners.EVENTS]
    refs, schemas = models_json_schema(models, ref_template="#/components/schemas/{model}")
    told["components"]["schemas"] |= schemas["$defs"]
    told["components"]["schemas"] = dict(sorted(told["components"]["schemas"].items()))
    # Not `oneOf`: what does not fit is answered in a 202, event by event, with all its faults.
    event = {"anyOf": list(refs.values())}
    data = {"anyOf": [_data_of(schemas["$defs"], ref) for ref in refs.values()]}
    batch = {"type": "array", "items": event, "maxItems": 10_000}
    deliver = told["paths"]["/events"]["post"]
    deliver["requestBody"] = {
        "required": True,
        "content": {
            CONTENT_TYPE: {"schema": event},
            BATCH_TYPE: {"schema": batch},
            JSON: {"schema": data},
        },
    }
    deliver["parameters"] = [*deliver.get("parameters", ()), *map(_header_of, BINARY)]
    told["paths"]["/tokens"]["post"]["requestBody"] = {
        "required": True,
        "content": {"application/x-www-form-urlencoded": {"schema": TOKEN_FORM}},
    }


def _header_of(attribute: str) -> dict[str, Any]:
    return {
        "name": f"ce-{attribute}",
        "in": "header",
        "required": False,
        "description": f"with {JSON} (binary mode), percent-encoded: {BINARY[attribute]}",
        "schema": {"type": "string"},
    }


def _data_of(schemas: dict[str, Any], ref: dict[str, str]) -> dict[str, Any]:
    """Where an envelope's `data` is described."""
    envelope = schemas[ref["$ref"].rpartition("/")[2]]
    data: dict[str, Any] = envelope["properties"]["data"]
    return data
