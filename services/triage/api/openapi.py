"""The OpenAPI document of the workers' API: what FastAPI cannot know is put in here."""

from typing import Any

from fastapi import FastAPI

from shared.web.openapi import Description, complete

SIGNED_IN = ("400", "401", "403", "503")
COMMAND = (*SIGNED_IN, "404", "409")
ON_A_CASE = (*COMMAND, "412", "428")
READ = (*SIGNED_IN, "404")
TAGS = ("cases", "assignments", "visits", "decisions", "facts", "help", "households", "staff",
        "monitor")  # fmt: skip
SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "description": "the worker's own token"},
    "basic": {"type": "http", "scheme": "basic", "description": "the worker's id and token"},
}


def describe(api: FastAPI) -> None:
    """Have an app describe itself completely."""
    description = Description("https://voordeur.example/triage/v1", TAGS, SECURITY, errors_of)
    complete(api, description)


def errors_of(method: str, path: str, _: dict[str, Any]) -> tuple[str, ...]:
    """The errors that an operation may answer with."""
    if method == "get":
        return READ
    is_on_a_case = path.startswith(("/cases/{caseId}/", "/visits/"))
    return ON_A_CASE if is_on_a_case else COMMAND
