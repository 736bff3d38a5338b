"""Errors over HTTP as problem+json (RFC 9457): what is wrong, where, and what is true now."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from shared import log

TITLES = {
    400: "The request is not valid",
    401: "Sign in first",
    403: "Not yours to do",
    404: "Not found",
    405: "Method not allowed",
    408: "Too slow",
    409: "Not possible in the present state",
    412: "It has changed in the meantime",
    413: "Too large",
    415: "A content type that is not known here",
    428: "A header is missing",
    429: "Too many requests",
    500: "A fault of ours",
    503: "Not available now",
}

METHOD_NOT_ALLOWED = 405

logger = log.get()


class Problem(Exception):
    """An answer other than success. `errors` names fields and faults, never values.

    `more` are members that another standard asks for (RFC 9457, section 3.2).
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[dict[str, str]] = (),
        headers: dict[str, str] | None = None,
        **more: str,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = list(errors)
        self.headers = headers
        self.more = more


def add_problems(app: FastAPI) -> None:
    """Answer every error of an app as problem+json."""

    @app.exception_handler(Problem)
    async def on_problem(_: Request, problem: Problem) -> Response:
        return answer_of(problem)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(_: Request, error: RequestValidationError) -> Response:
        errors = [
            {"field": ".".join(map(str, fault["loc"])), "fault": fault["msg"]}
            for fault in error.errors()
        ]
        return _answer(400, "One or more fields are not valid; nothing was changed.", errors)

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers) if error.headers else None
        if error.status_code == METHOD_NOT_ALLOWED:
            headers = {"Allow": ", ".join(_methods(request))}
        return _answer(error.status_code, str(error.detail), (), headers)

    @app.exception_handler(Exception)
    async def on_fault(_: Request, error: Exception) -> Response:
        logger.error("request_failed", fault=log.fault_of(error))
        return _answer(500, "Nothing was changed. Try again; if it stays so, tell the operators.")


def answer_of(problem: Problem) -> Response:
    """A problem as a response, for where nothing catches it."""
    return _answer(problem.status, problem.detail, problem.errors, problem.headers, **problem.more)


def _methods(request: Request) -> list[str]:
    """Every method of a path: Starlette itself names those of the first route only."""
    found: set[str] = set()
    for route in request.app.routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            found |= getattr(route, "methods", None) or set()
    return sorted(found)


def _answer(
    status: int,
    detail: str,
    errors: Sequence[dict[str, str]] = (),
    headers: dict[str, str] | None = None,
    **more: str,
) -> Response:
    body: dict[str, Any] = {
        **more,
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = list(errors)
    return JSONResponse(body, status, headers, media_type="application/problem+json")
