"""What all pages for people share: language, menu, the words for dates and amounts, and faults."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import jinja2
from babel import dates, numbers
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from shared import clock
from shared.clock import AMSTERDAM
from shared.settings import StartupFault
from shared.web.oidc import SiteRole
from shared.web.problems import Problem, answer_of
from shared.web.sessions import Session
from shared.web.sign_in import SEE_OTHER, Entrance, find_session, local_path
from shared.web.words import COOKIE, LANGUAGES, language_of, translations

HERE = Path(__file__).parent
YEAR_SECONDS = 365 * 24 * 3600
LOCALES = {"nl": "nl_NL", "en": "en_GB"}
GENERALIST, LEAD, PARTNER = SiteRole.GENERALIST, SiteRole.LEAD, SiteRole.PARTNER


def _(text: str) -> str:
    """Marks a text for the catalogues; it is translated where it is shown."""
    return text


@dataclass(frozen=True)
class Place:
    """A line of the menu: where it leads, its words, and for whom it is."""

    path: str
    words: str
    roles: frozenset[SiteRole]


# One menu for the pages of all services.
MENU = (
    Place("/work", _("Mijn zaken"), frozenset({GENERALIST, LEAD})),
    Place("/week", _("Mijn week"), frozenset({GENERALIST, LEAD})),
    Place("/lead", _("Team"), frozenset({LEAD})),
    Place("/monitor", _("Cijfers"), frozenset({GENERALIST, LEAD})),
    Place("/live", _("Berichten aan bewoners"), frozenset({LEAD})),
    Place("/partner", _("Meldingen"), frozenset({PARTNER})),
    Place("/partner/upload", _("Bestand aanleveren"), frozenset({PARTNER})),
    Place("/partner/dates", _("Datums berekenen"), frozenset({PARTNER})),
    Place("/partner/keys", _("Sleutels"), frozenset({PARTNER})),
)
STARTS = {GENERALIST: "/work", LEAD: "/lead", PARTNER: "/partner", SiteRole.OPS: "/triage/story"}


class Shell:
    """Renders the pages of a service in the reader's language."""

    def __init__(self, entrance: Entrance, folder: Path) -> None:
        self.entrance = entrance
        self._sites = {language: _environment(folder, language) for language in LANGUAGES}

    def page(
        self, request: Request, template: str, *, status: int = 200, **shown: Any
    ) -> HTMLResponse:
        """A page, or a part of one."""
        language = language_of(request)
        session: Session | None = getattr(request.state, "session", None)
        told = {
            "service": self.entrance.service,
            "language": language,
            "languages": LANGUAGES,
            "here": request.url.path,
            "whole_here": _whole(request),
            "session": session,
            "form_key": session.form_key if session else "",
            "menu": _menu_of(session),
            "now": clock.now(),
            **shown,
        }
        text = self._sites[language].get_template(template).render(told)
        return HTMLResponse(text, status, {"Content-Language": language, "Vary": "Cookie"})


def _whole(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _menu_of(session: Session | None) -> list[Place]:
    return [place for place in MENU if session and session.identity.roles & place.roles]


def start_of(session: Session) -> str:
    """Where somebody with these roles begins."""
    return next((path for role, path in STARTS.items() if session.has(role)), "/signed-out")


def add_shell(app: FastAPI, entrance: Entrance, folder: Path) -> Shell:
    """Serve what every page needs, and show faults as pages to who looks at pages."""
    shell = Shell(entrance, folder)
    theme = _read_theme(entrance.core.settings.theme_file)

    async def on_problem(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, Problem)
        if "text/html" not in request.headers.get("accept", ""):
            return answer_of(problem)
        if getattr(request.state, "session", None) is None and problem.status != 503:
            request.state.session = await find_session(request)
        page = shell.page(request, "problem.html", status=problem.status, problem=problem)
        page.headers.update(problem.headers or {})
        return page

    app.add_exception_handler(Problem, on_problem)

    async def choose_language(language: str, to: str = "/") -> Response:
        response = RedirectResponse(local_path(to), SEE_OTHER)
        if language in LANGUAGES:
            response.set_cookie(COOKIE, language, max_age=YEAR_SECONDS, samesite="lax")
        return response

    async def show_theme() -> Response:
        return Response(theme, media_type="text/css")

    async def show_signed_out(request: Request) -> Response:
        return shell.page(request, "signed_out.html")

    app.add_api_route("/signed-out", show_signed_out, include_in_schema=False)
    app.add_api_route("/language/{language}", choose_language, include_in_schema=False)
    app.add_api_route("/theme.css", show_theme, include_in_schema=False)
    return shell


def _read_theme(path: Path | None) -> str:
    """The municipality's tokens; only custom properties, so that no page can be hidden by it."""
    if path is None:
        return ""
    try:
        lines = [line.strip() for line in path.read_text().splitlines()]
    except OSError as error:
        raise StartupFault(f"THEME_FILE: {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        is_token = line.startswith("--") and line.endswith(";") and line.count(":") == 1
        if line and not is_token and line not in {":root {", "}"}:
            raise StartupFault(f"THEME_FILE, line {number}: only `--name: value;` in `:root {{ }}`")
        if "url(" in line or "@" in line:
            raise StartupFault(f"THEME_FILE, line {number}: nothing is loaded from elsewhere")
    return "\n".join(lines)


def _environment(folder: Path, language: str) -> jinja2.Environment:
    site = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, HERE]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = translations(language)
    site.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]
    site.filters.update(filters_of(language))
    return site


def filters_of(language: str) -> Mapping[str, Any]:
    """How dates, instants and amounts are written in a language; instants in Dutch time."""
    locale = LOCALES[language]
    words = translations(language)

    def day(one: date) -> str:
        return str(dates.format_date(one, "EEE d MMM", locale))

    def day_in_full(one: date) -> str:
        return str(dates.format_date(one, "EEEE d MMMM y", locale))

    def month(one: date) -> str:
        return str(dates.format_date(one, "LLLL y", locale))

    def hour(one: datetime) -> str:
        return one.astimezone(AMSTERDAM).strftime("%H:%M")

    def instant(one: datetime) -> str:
        return f"{day(one.astimezone(AMSTERDAM).date())} {hour(one)}"

    def euros(cents: int) -> str:
        whole = "#,##0" if cents % 100 == 0 else "#,##0.00"
        return "€ " + str(numbers.format_decimal(cents / 100, f"{whole}", locale))

    def number(one: float) -> str:
        return str(numbers.format_decimal(one, locale=locale))

    return {
        "day": day,
        "day_in_full": day_in_full,
        "month": month,
        "hour": hour,
        "instant": instant,
        "euros": euros,
        "number": number,
        "translated": words.gettext,
    }
