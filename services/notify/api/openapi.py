"""The OpenAPI document of notify's API: what FastAPI cannot know is put in here."""

from typing import Any

from fastapi import FastAPI

from shared.web.openapi import Description, complete

ALWAYS = ("400", "401")
ERRORS = {
    "takeReceipt": (*ALWAYS, "413", "503"),
    "showModes": (*ALWAYS, "404"),
    "changeMode": (*ALWAYS, "404", "409", "413"),
    "listGuests": (*ALWAYS, "404"),
    "replaceGuests": (*ALWAYS, "404", "413"),
    "showStop": ALWAYS,
    "changeStop": (*ALWAYS, "413"),
    "listAlerts": ALWAYS,
    "decideAlert": (*ALWAYS, "404", "409", "413"),
    "showWishes": (*ALWAYS, "404"),
    "changeWishes": (*ALWAYS, "404", "413"),
}
TAGS = ("receipts", "going live", "alerts", "households")
SECURITY = {
    "basic": {"type": "http", "scheme": "basic", "description": "`ops` and its password"},
    "callback": {
        "type": "http",
        "scheme": "bearer",
        "description": "the token that was given to NotifyNL for its callbacks",
    },
}


def describe(api: FastAPI) -> None:
    """Have an app describe itself completely."""
    server = "https://voordeur.example/notify/v1"
    signed_by = {"takeReceipt": "callback"}
    complete(api, Description(server, TAGS, SECURITY, errors_of, signed_by))


def errors_of(_method: str, _path: str, operation: dict[str, Any]) -> tuple[str, ...]:
    """The errors that an operation may answer with."""
    return ERRORS[operation["operationId"]]
