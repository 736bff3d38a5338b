"""Tells one household's, signal's or alert's way in order: `make story ID=…`.

Asks each service for its part over HTTP, follows the ids that it names, and adds what the mail
gateway answered.
"""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import httpx
import typer
from rich.console import Console
from rich.table import Table

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
ASKS_MAX = 200  # ids asked of each service for one story
HTTP_SECONDS_MAX = 30
WAY = ("signals", "triage", "notify", "gateway")


@dataclass
class Story:
    """What was told, by whom, in order of time."""

    lines: list[tuple[datetime, str, str, tuple[str, ...]]] = field(default_factory=list)

    def table(self, title: str) -> Table:
        """The story for a terminal."""
        table = Table(title=title, title_justify="left", show_lines=False, expand=False)
        for heading in ("when", "who", "what"):
            table.add_column(heading, overflow="fold")
        for at, service, text, details in sorted(
            self.lines, key=lambda line: (line[0], WAY.index(line[1]))
        ):
            when = at.astimezone(AMSTERDAM).strftime("%a %d-%m %H:%M")
            more = f"\n[dim]{'; '.join(details)}[/]" if details else ""
            table.add_row(when, service, f"{text}{more}")
        return table


@dataclass
class Teller:
    """Asks the services; each id of each only once."""

    urls: Mapping[str, str]  # signals, triage, notify and gateway
    auth: tuple[str, str]
    story: Story = field(default_factory=Story)
    _asked: set[tuple[str, str]] = field(default_factory=set)

    async def tell(self, wanted: str) -> Story:
        """Everything that hangs together with an id."""
        async with httpx.AsyncClient(timeout=HTTP_SECONDS_MAX, auth=self.auth) as client:
            related: dict[str, list[str]] = {}
            for service in ("triage", "notify", "signals"):
                await self._ask(client, service, wanted, related)
            # triage knows whose signal it is, signals what its partner said, notify who heard.
            for kind, service in (("signal", "triage"), ("signal", "signals"), ("case", "triage"),
                                  ("case", "notify"), ("signal", "signals")):  # fmt: skip
                for one in related.get(kind, [])[:ASKS_MAX]:
                    await self._ask(client, service, one, related)
            await self._ask_gateway(client, set(related.get("mail", [])))
        return self.story

    async def _ask(
        self,
        client: httpx.AsyncClient,
        service: str,
        wanted: str,
        related: dict[str, list[str]],
    ) -> None:
        if (service, wanted) in self._asked:
            return
        self._asked.add((service, wanted))
        answer = await client.get(f"{self.urls[service]}/v1/stories/{wanted}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return
        answer.raise_for_status()
        told = answer.json()
        for kind, ids in told["related"].items():
            known = related.setdefault(kind, [])
            known += [one for one in ids if one not in known]
        self._add(service, told["lines"])

    def _add(self, service: str, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            told = (
                datetime.fromisoformat(line["at"]), service, line["text"], tuple(line["details"])
            )  # fmt: skip
            if told not in self.story.lines:
                self.story.lines.append(told)

    async def _ask_gateway(self, client: httpx.AsyncClient, message_ids: set[str]) -> None:
        """What arrived, at the business instant that notify wrote it."""
        for message_id in sorted(message_ids):
            answer = await client.get(
                f"{self.urls['gateway']}/v1/mails", params={"message_id": message_id}
            )
            answer.raise_for_status()
            for mail in answer.json()["mails"]:
                headers = {name.lower(): value for name, value in mail["headers"].items()}
                at = datetime.fromisoformat(headers["x-voordeur-written-at"])
                told = f"Aangenomen: {mail['subject']}"
                self.story.lines.append((at, "gateway", told, (f"mail {mail['id']}",)))


def tell(wanted: str, urls: Mapping[str, str], auth: tuple[str, str]) -> Story:
    """The story of an id."""
    return asyncio.run(Teller(urls, auth).tell(wanted))


def urls_from(env: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, str]]:
    """The services' addresses and the operators' sign-in; raises KeyError with what is missing."""
    urls = {name: env[f"{name.upper()}_URL"] for name in ("signals", "triage", "notify", "gateway")}
    return urls, (env["OPS_USER"], env["OPS_PASSWORD"])


def main(
    wanted: Annotated[str, typer.Argument(help="id of a signal, household, case or alert")],
) -> None:
    """Tell one household's, signal's or alert's way in order."""
    try:
        urls, auth = urls_from(os.environ)
    except KeyError as missing:
        raise SystemExit(f"{missing} is not set: `make run` writes it to .local/env") from None
    story = tell(wanted, urls, auth)
    if not story.lines:
        raise SystemExit(f"Nobody knows {wanted}. Ids are on each service's page and in each mail.")
    Console().print(story.table(wanted))


if __name__ == "__main__":
    typer.run(main)
