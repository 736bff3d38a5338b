"""Door 2's lock: who opens a page is sent to the OpenID provider once, and remembered here.

Each service signs in by itself; who is signed in at the provider does not notice. Routes, all below
the service's own name, since the services share one site:

    GET  /<service>/sign-in?to=/work     to the provider
    GET  /<service>/signed-in            and back
    POST /<service>/sign-out             out of all, by way of the provider
    POST /<service>/back-channel-logout  the provider ended a session
"""

from dataclasses import dataclass
from typing import Annotated, NoReturn
from urllib.parse import parse_qs, urlencode, urlsplit

from fastapi import Depends, FastAPI, Request
from fastapi.responses import RedirectResponse, Response

from shared import log
from shared.core import Core
from shared.settings import Environment
from shared.web import sessions
from shared.web.forms import Form, read_form
from shared.web.oidc import Client, Provider, SignInFault, SiteRole
from shared.web.problems import Problem
from shared.web.sessions import Session

FORM_BYTES_MAX = 20_000
RETURN_TO_LENGTH_MAX = 500
SEE_OTHER = 303

logger = log.get()


@dataclass
class Entrance:
    """Where somebody comes in at a service."""

    core: Core
    provider: Provider | None  # None: nobody can sign in with a browser
    site_url: str

    @property
    def service(self) -> str:
        return self.core.service

    @property
    def cookie(self) -> str:
        return f"voordeur_{self.service}"

    @property
    def back_url(self) -> str:
        return f"{self.site_url}/{self.service}/signed-in"

    def ask(self) -> Provider:
        """The provider; raises Problem where none is named."""
        if self.provider is None:
            raise Problem(503, "Signing in is not set up here: the operators set OIDC_ISSUER.")
        return self.provider


class SignInNeeded(Exception):
    """Whoever asks for this page has to sign in."""


class Roles:
    """A dependency of FastAPI: the session of somebody with one of these roles.

    Who is not signed in is sent to do so; who has none of the roles sees that, and nothing else.
    """

    def __init__(self, *roles: SiteRole) -> None:
        self.roles = roles

    async def __call__(self, request: Request) -> Session:
        session = await find_session(request)
        if session is None:
            raise SignInNeeded
        if not session.has(*self.roles):
            raise Problem(403, "This page is not for your role.")
        request.state.session = session
        return session


def new_entrance(core: Core) -> Entrance:
    """As the settings name the provider."""
    settings = core.settings
    provider = None
    if settings.oidc_issuer and settings.oidc_client_secret:
        client = Client(
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id or core.service,
            client_secret=settings.oidc_client_secret.get_secret_value(),
            person_claim=settings.oidc_person_claim,
            roles_claim=settings.oidc_roles_claim,
            partner_claim=settings.oidc_partner_claim,
            municipality_claim=settings.oidc_municipality_claim,
        )
        provider = Provider(client)
    return Entrance(core, provider, settings.site_url.rstrip("/"))


async def find_session(request: Request) -> Session | None:
    """Who asks, by their cookie; None when nobody is signed in."""
    entrance: Entrance = request.app.state.entrance
    token = request.cookies.get(entrance.cookie)
    if not token:
        return None
    async with entrance.core.pool.acquire() as connection:
        return await sessions.find_session(connection, token)


Anybody = Annotated[Session, Depends(Roles(*SiteRole))]


async def signed_form(request: Request, session: Anybody) -> Form:
    """The form that somebody sends from one of our pages; raises Problem for any other."""
    return await read_form(request, session, FORM_BYTES_MAX)


def add_sign_in(app: FastAPI, entrance: Entrance) -> None:
    """Serve signing in and out, and send to it whoever needs it."""
    app.state.entrance = entrance
    base = f"/{entrance.service}"
    app.add_exception_handler(SignInNeeded, _on_needed)
    for path, methods, endpoint in (
        (f"{base}/sign-in", ["GET"], begin_sign_in),
        (f"{base}/signed-in", ["GET"], end_sign_in),
        (f"{base}/sign-out", ["POST"], sign_out),
        (f"{base}/back-channel-logout", ["POST"], take_logout),
    ):
        app.add_api_route(path, endpoint, methods=methods, include_in_schema=False)


def _on_needed(request: Request, _: Exception) -> Response:
    entrance: Entrance = request.app.state.entrance
    if request.method != "GET" or "x-live" in request.headers:
        # A redirect would lose what was typed, or put a sign-in page into a page's part.
        return Response("Sign in again.", 401, media_type="text/plain")
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(
        f"/{entrance.service}/sign-in?{urlencode({'to': here[:RETURN_TO_LENGTH_MAX]})}", SEE_OTHER
    )


async def begin_sign_in(request: Request, to: str = "/") -> Response:
    """To the provider; the browser keeps which sign-in is its own."""
    entrance: Entrance = request.app.state.entrance
    provider = entrance.ask()
    try:
        begun = await provider.begin(entrance.back_url)
    except SignInFault as fault:
        _fail(fault)
    async with entrance.core.pool.acquire() as connection, connection.transaction():
        await sessions.begin(connection, begun, local_path(to))
    response = RedirectResponse(begun.url, SEE_OTHER)
    _keep(response, entrance, f"{entrance.cookie}_begun", begun.state)
    return response


async def end_sign_in(
    request: Request, state: str = "", code: str = "", error: str = ""
) -> Response:
    """Back from the provider, with a code for who it is."""
    entrance: Entrance = request.app.state.entrance
    provider = entrance.ask()
    if error or not code:
        raise Problem(403, "The provider did not sign you in.")
    is_own = request.cookies.get(f"{entrance.cookie}_begun") == state
    async with entrance.core.pool.acquire() as connection:
        found = await sessions.take_begun(connection, state) if is_own else None
    if found is None:
        raise Problem(400, "This sign-in was not begun here, or long ago: open the page again.")
    begun, to = found
    try:
        told = await provider.finish(code, begun, entrance.back_url)
    except SignInFault as fault:
        _fail(fault)
    async with entrance.core.pool.acquire() as connection, connection.transaction():
        token = await sessions.insert_session(connection, told)
    logger.info("signed_in")
    response = RedirectResponse(to, SEE_OTHER)
    _keep(response, entrance, entrance.cookie, token)
    response.delete_cookie(f"{entrance.cookie}_begun")
    return response


async def sign_out(request: Request, _: Annotated[Form, Depends(signed_form)]) -> Response:
    """End the session here, then at the provider, which ends it in every service."""
    entrance: Entrance = request.app.state.entrance
    session: Session = request.state.session
    async with entrance.core.pool.acquire() as connection:
        await sessions.end_session(connection, request.cookies[entrance.cookie])
    try:
        url = await entrance.ask().end_url(session.id_token, f"{entrance.site_url}/signed-out")
    except SignInFault as fault:
        _fail(fault)
    response = RedirectResponse(url or f"{entrance.site_url}/signed-out", SEE_OTHER)
    response.delete_cookie(entrance.cookie)
    # Also what a form kept for a lost connection: the next person on this device is another.
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


async def take_logout(request: Request) -> Response:
    """The provider says that somebody logged out (Back-Channel Logout 1.0, 2.5)."""
    entrance: Entrance = request.app.state.entrance
    body = await _small_body(request)
    token = parse_qs(body.decode(errors="replace")).get("logout_token", [""])[0]
    try:
        told = await entrance.ask().read_logout(token)
    except SignInFault as fault:
        logger.warning("logout_refused", fault=str(fault))
        raise Problem(400, f"{fault}.") from None
    async with entrance.core.pool.acquire() as connection:
        await sessions.end_sessions(connection, told)
    return Response(status_code=200)


async def _small_body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > FORM_BYTES_MAX:
            raise Problem(413, "That is more than a logout token.")
    return body


def local_path(to: str) -> str:
    """A path of this site, whatever was asked: nobody is led away from here."""
    parts = urlsplit(to)
    is_local = to.startswith("/") and not to.startswith(("//", "/\\")) and not parts.netloc
    is_plain = all(" " < char != "\\" for char in to)
    return to if is_local and is_plain and len(to) <= RETURN_TO_LENGTH_MAX else "/"


def _keep(response: Response, entrance: Entrance, name: str, value: str) -> None:
    is_live = entrance.core.settings.environment is Environment.PRODUCTION
    response.set_cookie(name, value, httponly=True, samesite="lax", secure=is_live, path="/")


def _fail(fault: SignInFault) -> NoReturn:
    logger.error("sign_in_failed", fault=str(fault))
    raise Problem(503, "Signing in does not work now. Nothing was lost; try again.") from None
