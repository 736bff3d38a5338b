"""The whole site of a town: an OpenID provider, one proxy, and browsers that sign in."""

import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import httpx

from tests.town import SERVICES, Town

SECRET = "a secret of the tests, by which a service is known"
INPUT = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


@dataclass
class Visitor:
    """Somebody's browser, without scripts."""

    client: httpx.AsyncClient
    identity_url: str
    page: httpx.Response = field(default_factory=lambda: httpx.Response(0))

    async def open(self, path: str, **headers: str) -> httpx.Response:
        """Go to a page."""
        self.page = await self.client.get(path, headers={"Accept": "text/html", **headers})
        return self.page

    async def sign_in(self, account: str, to: str = "/") -> httpx.Response:
        """Open a page and say who one is where the provider asks."""
        await self.open(to)
        assert str(self.page.url).startswith(f"{self.identity_url}/authorize"), self.page.text
        told = {"asked": unescape(dict(INPUT.findall(self.page.text))["asked"])}
        self.page = await self.client.post(
            f"{self.identity_url}/authorize",
            data={**told, "account": account},
            headers={"Accept": "text/html"},
        )
        return self.page

    async def send(self, path: str, **fields: Any) -> httpx.Response:
        """Send a form of the page that is open, its hidden fields with it."""
        hidden = {name: unescape(value) for name, value in INPUT.findall(self.page.text)}
        self.page = await self.client.post(
            path, data={**hidden, **fields}, headers={"Accept": "text/html"}
        )
        return self.page


@dataclass
class Site:
    """Everything behind one address."""

    town: Town
    url: str = ""
    identity_url: str = ""
    visitors: list[Visitor] = field(default_factory=list)

    async def start(self, *services: str) -> None:
        """Start the provider, the proxy and these services (all when none is named)."""
        town = self.town
        ports = {name: town.port(name) for name in ("identity", "site")}
        self.identity_url, self.url = (f"http://127.0.0.1:{one}" for one in ports.values())
        own = {
            "SITE_URL": self.url,
            "OIDC_ISSUER": self.identity_url,
            "OIDC_CLIENT_SECRET": SECRET,
        }
        for service in SERVICES:
            town.environment[service] |= own
        behind = {f"{name.upper()}_URL": town.urls[name] for name in SERVICES}
        town.environment["identity"] = {**town.environment["triage"], "OIDC_CLIENT_SECRET": SECRET}
        town.environment["site"] = {**town.environment["triage"], **behind}
        town.urls |= {"identity": self.identity_url, "site": self.url}
        await self.start_identity(ports["identity"])
        await town.run("site", "deploy.local.proxy", "--http-port", str(ports["site"]))
        await town.start(*services)
        for name in ports:
            await town.until_ready(name)

    async def start_identity(self, port: int) -> None:
        """Start the demo's provider."""
        words = ("serve", "--site-url", self.url, "--http-port", str(port))
        await self.town.run("identity", "deploy.local.identity", *words)

    def visitor(self) -> Visitor:
        """A new browser."""
        client = httpx.AsyncClient(
            base_url=self.url, follow_redirects=True, timeout=30, trust_env=False
        )
        self.visitors.append(Visitor(client, self.identity_url))
        return self.visitors[-1]

    async def close(self) -> None:
        """Close every browser."""
        for one in self.visitors:
            await one.client.aclose()
