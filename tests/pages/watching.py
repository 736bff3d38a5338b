"""A household with a mark on all that is known of it, and strangers who ask every route for it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import asyncpg
import httpx

from services.triage.roster import RosterFile
from services.triage.roster import save as save_roster
from shared import db
from shared.web import sessions
from shared.web.oidc import Identity, SignedIn, SiteRole
from tests.routes import Found
from tests.town import SERVICES, Town, partner_keys

# What only who has to do with the household may see; none of it is asked for in an address.
MARKS = ("Merkteken", "C-MERK-1", "47113", "698765432", "26-MERK", "merkwoorden")
ELSEWHERE = {
    "id": "elders", "name": "Wijkteam Elders", "municipality": "GM9902", "districts": ["8801"],
    "lead": {"id": "lena-elders", "name": "Lena", "email": "l@elders.example", "load_max": 0},
    "generalists": [{"id": "evert-elders", "name": "Evert", "email": "e@elders.example"}],
}  # fmt: skip
# Signing out would end the sessions that the walk needs.
NOT_ASKED = ("/sign-in", "/signed-in", "/sign-out", "/back-channel-logout")
# So that a command fails only for who sends it, wherever its body is one of these.
BODIES: Mapping[str, Mapping[str, Any]] = {
    "assignment-answers": {"answer": "accepted"},
    "answers": {"answer": "accepted"},
    "hand-overs": {"reason": "een vreemde wil dit"},
    "cancellations": {"reason": "een vreemde wil dit"},
    "moves": {"starts_at": "2026-03-06T09:00:00Z", "ends_at": "2026-03-06T11:00:00Z"},
    "visits": {"starts_at": "2026-03-06T09:00:00Z", "ends_at": "2026-03-06T11:00:00Z"},
    "contact-attempts": {
        "kind": "Huisbezoek",
        "attempted_at": "2026-03-03T08:00:00Z",
        "result": "not_home",
    },
    "attempts": {"result": "not_home"},
    "plan-items": {"layer": "own", "words": "een vreemde", "written_by": "resident"},
    "help-answers": {"answer": "declined", "answered_on": "2026-03-03"},
    "restrictions": {"kind": "no_calls", "review_on": "2026-05-01", "reason": "een vreemde"},
    "removals": {},
    "liftings": {"reason": "een vreemde wil dit"},
    "closures": {"result": "Definitief geen contact kunnen krijgen", "reason": "een vreemde"},
    "pauses": {"until": "2026-03-20", "reason": "een vreemde wil dit"},
    "track-decisions": {"decision": "confirmed"},
    "decisions": {"decision": "drop", "reason": "een vreemde wil dit"},
    "wishes": {"to": "none", "reason": "een vreemde wil dit"},
}


@dataclass(frozen=True)
class Stranger:
    """Somebody who has nothing to do with the household, and how they sign in."""

    name: str
    roles: tuple[SiteRole, ...] = ()
    partner_id: str = ""
    municipality: str = ""

    def identity(self) -> Identity:
        """As the provider would say who they are."""
        place = (frozenset(self.roles), self.partner_id, self.municipality)
        return Identity(self.name, self.name, *place)


@dataclass
class Asker:
    """Somebody signed in everywhere: with a browser's session, and at the API."""

    client: httpx.AsyncClient
    form_keys: Mapping[str, str]  # by service

    async def ask(self, url: str, method: str, service: str) -> httpx.Response:
        """Ask one route, with all that a right request has."""
        body = dict(BODIES.get(url.rpartition("/")[2], {}))
        headers = {"Accept": "text/html, application/json;q=0.5"}
        if method == "GET":
            return await self.client.get(url, headers=headers)
        headers |= {"Idempotency-Key": uuid4().hex, "If-Match": '"1"'}
        if "/v1/" in url:
            return await self.client.request(method, url, json=body, headers=headers)
        hidden = {"form_key": self.form_keys.get(service, ""), "key": uuid4().hex, "revision": "1"}
        return await self.client.request(method, url, data={**hidden, **body}, headers=headers)


async def sign_in_everywhere(town: Town, who: Stranger | None) -> Asker:
    """A browser and an API client of somebody; of nobody when there is none."""
    client = httpx.AsyncClient(timeout=60, trust_env=False)
    keys: dict[str, str] = {}
    for service in SERVICES if who else ():
        connection = await asyncpg.connect(town.databases[service])
        await db.prepare(connection)
        assert who
        told = SignedIn(who.identity(), who.name, "", "an id token")
        token = await sessions.insert_session(connection, told)
        session = await sessions.find_session(connection, token)
        await connection.close()
        assert session
        keys[service] = session.form_key
        client.cookies.set(f"voordeur_{service}", token, domain="127.0.0.1")
    if who and SiteRole.OPS in who.roles:
        client.auth = httpx.BasicAuth("ops", town.ops_password)
    elif who and who.partner_id:
        client.headers["Authorization"] = f"Bearer {partner_keys(who.partner_id)[0]}"
    elif who:
        client.headers["Authorization"] = f"Bearer {town.tokens[who.name]}"
    return Asker(client, keys)


async def add_another_municipality(town: Town) -> None:
    """A team that works elsewhere."""
    connection = await asyncpg.connect(town.databases["triage"])
    async with connection.transaction():
        await save_roster(
            connection, RosterFile.model_validate({"teams": [ELSEWHERE]}), town.tokens
        )
    await connection.close()


class Unfilled(Exception):
    """A route has a part that nobody knows how to fill."""


@dataclass
class Samples:
    """What the parts of paths are filled with: of the household, and of nothing at all."""

    real: dict[str, str]
    made_up: dict[str, str] = field(default_factory=dict)

    def fill(self, path: str) -> tuple[str, str]:
        """A path with what exists, and one with what does not."""
        names = re.findall(r"{(\w+)}", path)
        own, other = path, path
        for name in names:
            key = re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
            if key not in self.real:
                raise Unfilled(f"{path}: say in `samples_of` what {name} is")
            own = own.replace(f"{{{name}}}", self.real[key])
            other = other.replace(f"{{{name}}}", self.made_up.get(key, self.real[key]))
        return own, other


def faults_of(found: Found, answers: tuple[str, str], ids: Samples) -> Iterator[str]:
    """What an answer shows that it must not; the other answer is to what does not exist."""
    own, other = answers
    for mark in MARKS:
        if mark in own:
            yield f"{found.path} shows {mark}"
    if "{" in found.path and plain(own, ids) != plain(other, ids):
        yield f"{found.path} tells what exists from what does not"


def plain(answer: str, ids: Samples) -> str:
    """An answer without what is in every one another: the ids asked for, and keys of forms."""
    for one in (*ids.real.values(), *ids.made_up.values()):
        answer = answer.replace(one, "…")
    return re.sub(r'name="(form_key|key)" value="[^"]*"|content="[\w-]{20,}"', "…", answer)
