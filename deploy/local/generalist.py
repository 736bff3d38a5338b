"""Plays the workers: accepts, declines, plans, moves, cancels and records, over HTTP only.

What somebody does with a case follows from the seed and the case, so that a month repeats.

    python -m deploy.local.generalist turn --worker anna-jansen
"""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console

from deploy.local.month import AMSTERDAM, at

DECLINES = 0.06  # ours
MOVES, CANCELS = 0.08, 0.04  # ours, of visits that are planned
REACHED_BY_VISIT = 0.34  # home visits reach more than a third (NOS 2021)
ATTEMPTS_MAX = 2  # ours, within the demo's month
VISIT_MINUTES = 45
VISIT_HOURS = (9, 10, 11, 13, 14, 15, 16, 18)
HTTP_SECONDS_MAX = 30
PAGE = 500


class Worker:
    """One generalist or lead who signs in with a token."""

    def __init__(self, client: httpx.AsyncClient, name: str, token: str, seed: int) -> None:
        self.name = name
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"}
        self._seed = seed
        self.done: Counter[str] = Counter()

    async def take_turn(self, now: datetime, cases_max: int = 10_000) -> None:
        """Look at every case once and do what is next."""
        seen = 0
        page: dict[str, Any] = {"limit": PAGE}
        while seen < cases_max:
            answer = await self._client.get("/v1/cases", params=page, headers=self._headers)
            told = answer.raise_for_status().json()
            for case in told["cases"]:
                await self._work_on(case, now)
            seen += len(told["cases"])
            if told["next"] is None:
                return
            page["after"] = told["next"]

    def _luck(self, case: dict[str, Any], what: str) -> float:
        """A number from 0 to 1 that follows from seed, case and what it is about."""
        told = f"{self._seed}|{case['reference']}|{what}".encode()
        return int.from_bytes(hashlib.sha256(told).digest()[:6], "big") / 2**48

    async def _work_on(self, case: dict[str, Any], now: datetime) -> None:
        planned = next((one for one in case["visits"] if one["state"] == "planned"), None)
        if case["answer"] == "awaited":
            await self._answer(case)
        elif planned:
            await self._go_by(case, planned, now)
        elif case["has_objection"] or case["attempts"] >= ATTEMPTS_MAX or case["was_reached"]:
            return
        elif case["track"] == "letter":
            if not case["attempts"]:
                await self._record(case, {"kind": "Brief", "result": "no_answer"}, now)
        else:
            starts_at = self._when(case, now, f"visit {len(case['visits'])}")
            await self._post(f"/v1/cases/{case['id']}/visits", case, window(starts_at), "planned")

    async def _answer(self, case: dict[str, Any]) -> None:
        body = {"answer": "accepted"}
        if self._luck(case, f"decline {self.name}") < DECLINES:
            body = {"answer": "declined", "reason": "Ik ken dit huishouden persoonlijk."}
        path = f"/v1/cases/{case['id']}/assignment-answers"
        await self._post(path, case, body, body["answer"])

    async def _go_by(self, case: dict[str, Any], visit: dict[str, Any], now: datetime) -> None:
        starts_at = datetime.fromisoformat(visit["starts_at"])
        if starts_at < now:
            reached = self._luck(case, f"reached {visit['id']}") < REACHED_BY_VISIT
            result = "spoke" if reached else "card_left"
            body = {"kind": "Huisbezoek", "result": result, "visit_id": visit["id"]}
            await self._record(case, body, starts_at)
            return
        luck = self._luck(case, f"change {visit['id']} {visit['starts_at']}")
        if luck < CANCELS:
            path = f"/v1/visits/{visit['id']}/cancellations"
            await self._post(path, case, None, "cancelled")
        elif luck < CANCELS + MOVES:
            moved = self._when(case, starts_at, f"moved {visit['starts_at']}")
            path = f"/v1/visits/{visit['id']}/moves"
            await self._post(path, case, window(moved), "moved")

    async def _record(self, case: dict[str, Any], body: dict[str, Any], when: datetime) -> None:
        attempt = {**body, "attempted_at": when.isoformat()}
        path = f"/v1/cases/{case['id']}/contact-attempts"
        await self._post(path, case, attempt, "attempts")

    def _when(self, case: dict[str, Any], after: datetime, what: str) -> datetime:
        """A quarter of an hour on a weekday two to six days later."""
        luck = self._luck(case, what)
        day = after.astimezone(AMSTERDAM).date() + timedelta(days=2 + int(luck * 5))
        while day.weekday() >= 5:
            day += timedelta(days=1)
        slot = int(luck * 10_000) % (len(VISIT_HOURS) * 4)
        return at(day, time(VISIT_HOURS[slot // 4], 15 * (slot % 4)))

    async def _post(self, path: str, case: dict[str, Any], body: Any, what: str) -> None:
        """Send a command. The key follows from the case as seen: sent again, it does no harm."""
        told = f"{self._seed}|POST {path}|{case['revision']}"
        headers = {
            **self._headers,
            "Idempotency-Key": hashlib.sha256(told.encode()).hexdigest()[:32],
            "If-Match": f'"{case["revision"]}"',
        }
        answer = await self._client.post(path, json=body, headers=headers)
        if answer.status_code in {409, 412}:  # somebody was first: look again next time
            self.done["too late"] += 1
            return
        answer.raise_for_status()
        self.done[what] += 1


def window(starts_at: datetime) -> dict[str, str]:
    """The window of a visit."""
    ends_at = starts_at + timedelta(minutes=VISIT_MINUTES)
    return {"starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()}


def turns(first: date, last: date) -> Iterator[datetime]:
    """When workers look at their lists: twice on every weekday."""
    day = first
    while day <= last:
        if day.weekday() < 5:
            yield at(day, time(9, 13))
            yield at(day, time(13, 43))
        day += timedelta(days=1)


app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.callback()
def main() -> None:
    """Play a worker."""


@app.command()
def turn(
    worker: Annotated[str, typer.Option(help="id of the worker")],
    url: Annotated[str, typer.Option(envvar="TRIAGE_URL", help="where triage is")],
    tokens: Annotated[Path, typer.Option(envvar="ROSTER_TOKENS_FILE", help="JSON, id to token")],
    seed: Annotated[int, typer.Option(help="another seed, other choices")] = 1,
) -> None:
    """Let one worker look at the list once, and do what is next."""
    known = json.loads(tokens.read_text())
    if worker not in known:
        raise typer.BadParameter(f"{worker} is not among {', '.join(sorted(known))}")

    async def work() -> Counter[str]:
        async with httpx.AsyncClient(base_url=url, timeout=HTTP_SECONDS_MAX) as client:
            who = Worker(client, worker, known[worker], seed)
            await who.take_turn(datetime.now(UTC))
            return who.done

    done = asyncio.run(work())
    told = ", ".join(f"{count} {what}" for what, count in done.items()) or "nothing to do"
    Console().print(f"{worker}: {told}")


if __name__ == "__main__":
    app()
