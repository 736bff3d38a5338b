"""What every route of the workers' API needs: who asks, and how a command is taken."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Path, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict

from services.triage.books import BookShelf
from services.triage.commands import desk as desk_commands
from services.triage.commands.desk import Act, Order, Refused, WorkerAccount
from services.triage.commands.households import Done as JudgeDone
from services.triage.commands.households import Judge
from services.triage.sql import work as work_sql
from shared import clock
from shared.contracts.envelope import derived_id
from shared.contracts.triage import Role
from shared.core import Core
from shared.db import Tx
from shared.door import Door, Follow
from shared.web.problems import Problem
from shared.web.session import AccountOf

Key = Annotated[
    str, Header(alias="Idempotency-Key", min_length=8, max_length=100, pattern=r"^[\x20-\x7e]+$")
]
Seen = Annotated[str | None, Header(alias="If-Match", pattern=r'^"[0-9]{1,9}"$')]
CaseId = Annotated[UUID, Path(alias="caseId")]


class Body(BaseModel):
    """Base of every request: a field that we do not know is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Done(BaseModel):
    """The answer to a command: the case's new revision, and what was done."""

    model_config = ConfigDict(extra="allow")

    case_id: UUID
    revision: int


@dataclass
class Counter:
    """What the routes share: the running service, its policies, and who signs in."""

    core: Core
    shelf: BookShelf
    account_of: AccountOf

    @property
    def door(self) -> Door:
        return self.core.door


def counter_of(request: Request) -> Counter:
    """What the routes share."""
    counter: Counter = request.app.state.counter
    return counter


Shared = Annotated[Counter, Depends(counter_of)]


async def who_asks(request: Request, counter: Shared) -> WorkerAccount:
    """The worker who signed in."""
    account = await counter.account_of(request)
    if not isinstance(account, WorkerAccount):
        raise Problem(403, "Only workers do this: sign in as one.")
    return account


Who = Annotated[WorkerAccount, Depends(who_asks)]


def lead_only(who: Who) -> WorkerAccount:
    """The team lead who signed in."""
    if who.role is not Role.LEAD:
        raise Problem(403, "Only a team lead may do this.")
    return who


Lead = Annotated[WorkerAccount, Depends(lead_only)]


Judgement = Callable[[Judge], Awaitable[JudgeDone]]
# The cases of a list, each with its revision; raises Refused.
Plan = Callable[[Tx], Awaitable[Sequence[tuple[UUID, int]]]]
UNDER_WAY = 202  # a list was planned under this key; not all of it is done yet


@dataclass(frozen=True)
class Taking:
    """A command on its way in: who sends it, its key, and what it says."""

    counter: Counter
    actor: WorkerAccount
    key: str
    request_hash: bytes
    revision: int | None

    async def carry_out(self, case_id: UUID, act: Act, *, may_be_closed: bool = False) -> Response:
        """Have it done to a case, and answer."""
        if self.revision is None:
            raise Problem(428, "Send If-Match with the revision of the case as you saw it.")
        order = Order(
            self.actor, self.key, self.request_hash, self.revision, case_id, may_be_closed
        )
        counter = self.counter
        try:
            status, answer = await desk_commands.take(counter.door, order, counter.shelf, act)
        except Refused as refused:
            raise Problem(refused.status, refused.detail) from None
        return JSONResponse(answer, status, {"ETag": f'"{answer["revision"]}"'})

    async def carry_out_each(self, plan: Plan, act: Act) -> Response:
        """Have it done to each case of a list, apart, and answer what came of each.

        The key holds for the list as it was planned first: sent again after a break, it goes on.
        """
        status, answer = await self._planned(plan)
        if status == UNDER_WAY:
            results = [
                await self._one(UUID(one["case_id"]), one["revision"], act)
                for one in answer["cases"]
            ]
            answer = {"results": results}
            await self.counter.door.transact(lambda tx: self._keep(tx, 200, answer))
        return JSONResponse(answer)

    async def _planned(self, plan: Plan) -> tuple[int, dict[str, Any]]:
        """Claim the key, and keep the list with it; or what was kept or answered before."""

        async def once(tx: Tx) -> tuple[tuple[int, dict[str, Any]], Follow]:
            order = Order(self.actor, self.key, self.request_hash, 0, UUID(int=0))
            if before := await desk_commands.claimed_before(tx, order, clock.now()):
                return before, ()
            cases = await plan(tx)
            planned = {"cases": [{"case_id": str(one), "revision": seen} for one, seen in cases]}
            await self._keep(tx, UNDER_WAY, planned)
            return (UNDER_WAY, planned), ()

        try:
            return await self.counter.door.transact(once)
        except Refused as refused:
            raise Problem(refused.status, refused.detail) from None

    async def _keep(self, tx: Tx, status: int, answer: dict[str, Any]) -> tuple[None, Follow]:
        await work_sql.save_answer(tx, self.actor.id, self.key, status, answer)
        return None, ()

    async def _one(self, case_id: UUID, revision: int, act: Act) -> dict[str, Any]:
        """Do it to one case of a list, under a key of its own."""
        key = str(derived_id("one of a list", self.key, case_id))
        try:
            answer = await replace(self, key=key, revision=revision).carry_out(case_id, act)
        except Problem as problem:
            return {"case_id": str(case_id), "status": problem.status, "detail": problem.detail}
        return {"case_id": str(case_id), "status": answer.status_code, "detail": ""}

    async def judge(self, work: Judgement) -> Response:
        """Have something decided about households, once, and answer."""
        order = Order(self.actor, self.key, self.request_hash, 0, UUID(int=0))

        async def once(tx: Tx) -> tuple[dict[str, Any], Follow]:
            if before := await desk_commands.claimed_before(tx, order, clock.now()):
                return before[1], ()
            answer, events = await work(Judge(tx, self.actor, self.counter.shelf, self.key))
            await work_sql.save_answer(tx, self.actor.id, self.key, 200, answer)
            return answer, events

        try:
            return JSONResponse(await self.counter.door.transact(once))
        except Refused as refused:
            raise Problem(refused.status, refused.detail) from None


async def taking(
    request: Request, who: Who, counter: Shared, key: Key, seen: Seen = None
) -> Taking:
    """What every command needs."""
    told = f"{request.method} {request.url.path}\n".encode() + await request.body()
    return Taking(
        counter=counter,
        actor=who,
        key=key,
        request_hash=hashlib.sha256(told).digest(),
        revision=int(seen.strip('"')) if seen else None,
    )


Take = Annotated[Taking, Depends(taking)]
