"""The roster file: teams, their leads and generalists, as YAML."""

import secrets
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from services.triage.assignment import Team, Worker
from services.triage.sql import roster as roster_sql
from shared.contracts.triage import Role
from shared.db import Tx
from shared.settings import StartupFault
from shared.web.session import token_hash


class WorkerEntry(BaseModel):
    """Somebody in the roster file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{1,40}$")
    name: str
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    languages: tuple[str, ...] = ()
    skills: tuple[Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")], ...] = Field(
        (), description="as the policy's section `skills` names them"
    )
    own_postcodes: tuple[Annotated[str, Field(pattern=r"^[1-9][0-9]{3}[A-Z]{2}$")], ...] = Field(
        (), description="where they live: they never get a case of neighbours"
    )
    load_min: FiniteFloat = Field(0, ge=0, description="lower end of the band that the team agreed")
    load_max: FiniteFloat = Field(
        30, ge=0, description="weight of the open cases that they can have"
    )
    absent_from: date | None = None
    absent_until: date | None = None
    left_on: date | None = None

    @model_validator(mode="after")
    def check_order(self) -> Self:
        """What begins does not end before it."""
        if self.load_min > self.load_max:
            raise ValueError("load_min is above load_max")
        if self.absent_from and self.absent_until and self.absent_until < self.absent_from:
            raise ValueError("absent_until lies before absent_from")
        return self


class TeamEntry(BaseModel):
    """A team in the roster file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{1,40}$")
    name: str
    municipality: str = Field(pattern=r"^GM[0-9]{4}$")
    districts: tuple[str, ...] = Field(min_length=1, description="four digits of the postcode")
    lead: WorkerEntry
    generalists: tuple[WorkerEntry, ...]

    def workers(self) -> Iterator[Worker]:
        """The lead and the generalists."""
        yield self._worker(self.lead, Role.LEAD)
        for entry in self.generalists:
            yield self._worker(entry, Role.GENERALIST)

    def _worker(self, entry: WorkerEntry, role: Role) -> Worker:
        return Worker(
            id=entry.id,
            team_id=self.id,
            name=entry.name,
            email=entry.email,
            role=role,
            languages=frozenset(entry.languages),
            skills=frozenset(entry.skills),
            own_postcodes=frozenset(entry.own_postcodes),
            load_tenths=0,
            load_min_tenths=round(entry.load_min * 10),
            load_max_tenths=round(entry.load_max * 10),
            absent_from=entry.absent_from,
            absent_until=entry.absent_until,
            left_on=entry.left_on,
        )

    def places(self, team_no: int) -> Iterator[tuple[str, str, str]]:
        """Who works where: the field that says so, their id, the municipality."""
        yield f"teams.{team_no}.lead", self.lead.id, self.municipality
        for no, entry in enumerate(self.generalists):
            yield f"teams.{team_no}.generalists.{no}", entry.id, self.municipality

    def team(self) -> Team:
        """The team."""
        return Team(
            id=self.id,
            municipality=self.municipality,
            name=self.name,
            districts=frozenset(self.districts),
            lead_id=self.lead.id,
        )


class RosterFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    teams: tuple[TeamEntry, ...] = Field(min_length=1)


async def save(tx: Tx, roster: RosterFile, tokens: dict[str, str]) -> None:
    """Insert or replace a roster; `tokens` has those on file and gets the new ones.

    Raises StartupFault where cases would be left with somebody who works in another municipality.
    """
    await roster_sql.lock_teams(tx)
    await _refuse_moves(tx, roster)
    for entry in roster.teams:
        await roster_sql.save_team(tx, entry.team())
        for worker in entry.workers():
            has_token = await roster_sql.has_token(tx, worker.id)
            if not has_token or worker.id not in tokens:
                tokens[worker.id] = secrets.token_urlsafe(24)
            await roster_sql.save_worker(tx, worker, token_hash(tokens[worker.id]))
    if unled := await roster_sql.list_unled(tx):
        raise StartupFault(f"no lead in its own municipality: team {', '.join(unled)}")


async def _refuse_moves(tx: Tx, roster: RosterFile) -> None:
    places = [place for team_no, team in enumerate(roster.teams) for place in team.places(team_no)]
    busy = await roster_sql.list_busy(tx, {worker_id for _, worker_id, _ in places})
    faults = []
    for field, worker_id, municipality in places:
        elsewhere, cases = busy.get(worker_id, (municipality, 0))
        if elsewhere != municipality:
            faults.append(f"{field}: has {cases} open cases in {elsewhere}; hand them over first")
    if faults:
        raise StartupFault("; ".join(faults))
