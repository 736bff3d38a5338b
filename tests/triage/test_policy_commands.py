"""`policy simulate`, `activate` and `replay`, as an operator runs them."""

import asyncio
import json
import os
import pty
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
from typer.testing import CliRunner

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.triage.__main__ import app
from shared import policy
from shared.contracts import signals
from tests.builders import MUNICIPALITY, NOW, POLICY, POLICY_FILE, TODAY, arrears_reported, fact
from tests.paths import POLICIES, REPOSITORY
from tests.triage.policy_office import (
    TEXT,
    VALID_FROM,
    PolicyOffice,
    changed,
    everything,
    open_policy_office,
    triage_database,
)

LOWER = ("arrears_cents >= 150000", "arrears_cents >= 100000")
FUTURE = ("valid_from: 2026-01-01\n\nsignals", "valid_from: 2026-07-01\n\nsignals")


@dataclass
class Desk:
    """An operator's, with a database in which something was reported."""

    url: str
    folder: Path
    office: PolicyOffice

    def file(self, *changes: tuple[str, str]) -> str:
        """A policy document."""
        path = self.folder / "candidate.yaml"
        path.write_text(changed(*changes))
        return str(path)

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "DATABASE_URL": self.url,
            "POLICY_FOLDER": str(POLICIES),
            "ENVIRONMENT": "test",
            "CLOCK_FILE": str(self.folder / "clock"),
            **more,
        }

    async def run(self, *arguments: str, **more: str) -> tuple[int, str, str]:
        """A command; its exit code and what it said."""
        return await run(arguments, self.environment(**more))


async def run(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str, str]:
    """A command, with nobody at its input, on a loop of its own."""
    names = ("DATABASE_URL", "POLICY_FOLDER", "CLOCK_FILE", "ENVIRONMENT")
    env = {**dict.fromkeys(names), **environment}
    told = await asyncio.to_thread(CliRunner().invoke, app, ["policy", *arguments], env=env)
    assert isinstance(told.exception, SystemExit | None), told.exception
    return told.exit_code, told.stdout, told.stderr


@pytest.fixture
async def desk(servers: Servers, tmp_path: Path, stepped_clock: Clock) -> AsyncIterator[Desk]:
    async with triage_database(servers) as url, open_policy_office(url) as office:
        small = {"arrears_since": TODAY - timedelta(days=40)}
        await office.take_in(
            [
                *(arrears_reported(no, arrears_cents=80_000 + no * 10_000, **small)
                  for no in range(1, 9)),
                fact(signals.HearingScheduled, 20),
                arrears_reported(21, arrears_cents=7_400, **small),
                arrears_reported(22, arrears_cents=120_000, arrears_since=date(2025, 9, 1),
                                 reported_on=date(2025, 11, 1)),
            ]
        )  # fmt: skip
        yield Desk(url, tmp_path, office)


async def test_a_trial_over_history_says_who_moves_and_why(desk: Desk) -> None:
    before = await everything(desk.url)
    code, out, _ = await desk.run("simulate", desk.file(LOWER, FUTURE), "--json")
    assert code == 0
    told = json.loads(out)
    # 100,000 to 140,000 cents; 120,000 of November is old rent, and on a visit under both.
    assert told["moves"]["kinds"] == [{"from": "letter", "to": "visit", "households": 5}]
    assert told["tracks"]["visit"] == [3, 8]
    assert told["tracks"]["legal"] == [1, 1]
    assert told["tracks"]["no case"] == [1, 1]
    assert told["over"]["households"] == 11
    example = told["moves"]["examples"][0]
    assert example["name"].startswith("Z-")
    assert "high_amount fires now" in example["because"]
    assert any("high_amount (visit, 4): The arrears are" in one for one in example["after"])
    assert {one["team"] for one in told["load"]} == {"Wijkteam Noord", "Wijkteam Zuid"}
    assert told["load"][0]["band"] == [0.0, 95.0]
    assert await everything(desk.url) == before


async def test_a_trial_needs_no_right_to_write(desk: Desk, servers: Servers) -> None:
    admin = await asyncpg.connect(f"{servers.postgres_url.rpartition('/')[0]}/"
                                  f"{desk.url.rpartition('/')[2]}")  # fmt: skip
    role = f"reader_{desk.url[-8:]}"
    try:
        await admin.execute(f"create role {role} login password 'reads'")
        await admin.execute(f"grant connect on database {desk.url.rpartition('/')[2]} to {role}")
        await admin.execute(f"grant select on all tables in schema public to {role}")
        place = desk.url.partition("@")[2]
        url = f"postgresql://{role}:reads@{place}"
        code, out, err = await desk.run("simulate", desk.file(LOWER, FUTURE), DATABASE_URL=url)
        assert code == 0, err
        assert "5 households move to another track" in out
        assert (await desk.run("replay", DATABASE_URL=url))[0] == 0
        code, _, _ = await desk.run("activate", desk.file(LOWER, FUTURE), "--by", "Noor", "--yes",
                                    DATABASE_URL=url)  # fmt: skip
        assert code == 2
    finally:
        await admin.execute(f"drop owned by {role}")
        await admin.execute(f"drop role {role}")
        await admin.close()


async def test_activating_stores_announces_and_notes_a_job_at_once(desk: Desk) -> None:
    code, out, err = await desk.run(
        "activate", desk.file(LOWER, FUTURE), "--by", "Noor de Wit", "--yes"
    )
    assert code == 0, err
    assert "5 households move to another track" in out
    assert "holds from 2026-07-01 on" in out
    (kept,) = await desk.office.fetch("select * from policy")
    assert (kept["activated_by"], kept["valid_from"]) == ("Noor de Wit", date(2026, 7, 1))
    assert kept["document"] == changed(LOWER, FUTURE)
    (row,) = await desk.office.fetch(
        "select *, lease_until <= now() as is_due from outbox where routing_key like '%policy%'"
    )
    assert row["is_due"]
    announced = orjson.loads(row["body"])
    assert announced["source"].startswith("urn:nld:oin:")
    assert announced["data"]["sha256"] == kept["sha256"]
    (job,) = await desk.office.fetch("select * from policy_job")
    assert (job["municipality"], job["due_at"] > NOW) == ("GM9901", True)
    assert await desk.office.fetch("select from policy_text where sha256 = $1", kept["sha256"])
    code, _, err = await desk.run("activate", desk.file(LOWER, FUTURE), "--by", "Noor", "--yes")
    assert (code, "holds from 2026-07-01 on already" in err) == (2, True)


async def test_what_may_not_be_activated_changes_nothing(desk: Desk) -> None:
    before = await everything(desk.url)
    past, faulty = (LOWER, VALID_FROM), ((LOWER[0], "surname == 'x'"), FUTURE)
    other = (("GM9901", "GM9902"), FUTURE)

    async def refused(*arguments: str) -> tuple[int, str]:
        code, _, err = await desk.run("activate", *arguments)
        assert await everything(desk.url) == before
        return code, err

    code, err = await refused(desk.file(*past), "--by", "Noor", "--yes")
    assert (code, "valid_from 2026-02-01 is past" in err) == (2, True)
    code, err = await refused(desk.file(*faulty), "--by", "Noor", "--yes")
    assert (code, "may not ask for surname" in err) == (1, True)
    code, err = await refused(desk.file(*other), "--by", "Noor", "--yes")
    assert (code, "GM9902 has no policy yet" in err) == (2, True)
    code, err = await refused(desk.file(LOWER, FUTURE), "--by", "Noor")
    assert (code, "nobody is there to ask" in err) == (2, True)
    code, err = await refused(desk.file(LOWER, FUTURE), "--by", " ", "--yes")
    assert (code, "who decides this?" in err) == (2, True)


async def test_a_day_that_is_past_takes_a_reason_which_is_kept(desk: Desk) -> None:
    file, why = desk.file(LOWER, VALID_FROM), "De grens was verkeerd overgenomen"
    code, _, err = await desk.run("activate", file, "--by", "Noor", "--yes", "--from-the-past", why)
    assert code == 0, err
    (job,) = await desk.office.fetch("select reason, due_at from policy_job")
    assert tuple(job) == (why, NOW)


async def test_an_operator_is_asked_and_may_say_no(desk: Desk) -> None:
    arguments = ["activate", desk.file(LOWER, FUTURE), "--by", "Noor"]
    for answer, wanted in (("n", 0), ("y", 1)):
        code = await asked(arguments, desk.environment(PATH="", TERM="dumb"), answer)
        assert code == (0 if wanted else 2)
        assert len(await desk.office.fetch("select from policy")) == wanted


async def asked(arguments: Sequence[str], environment: Mapping[str, str], answer: str) -> int:
    """Run a command in a terminal and answer its question."""
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.triage", "policy", *arguments, cwd=REPOSITORY,
        env=dict(environment), stdin=theirs, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    os.write(ours, f"{answer}\n".encode())
    code = await asyncio.wait_for(process.wait(), 60)
    os.close(ours)
    os.close(theirs)
    return code


async def test_two_who_activate_do_not_cross(desk: Desk) -> None:
    first = changed(LOWER, FUTURE)
    await desk.office.activate(first)
    seen: Any = (0, None)
    with pytest.raises(Exception, match="another policy was activated meanwhile"):
        await desk.office.activate(first + "# mine\n", seen=seen)
    await desk.office.activate(first + "# mine\n")
    rows = await desk.office.fetch("select activated_at from policy order by 1")
    assert len({row["activated_at"] for row in rows}) == 2, "the clock stands still, they do not"


async def test_a_decision_is_replayed_with_the_policy_it_was_made_by(desk: Desk) -> None:
    await desk.office.activate(changed(LOWER, VALID_FROM))
    await desk.office.redecide()
    code, out, _ = await desk.run("replay")
    assert (code, out) == (0, "15 decisions identical, 0 not\n")
    (case,) = await desk.office.fetch(
        "select reference, id from household_case where track = 'legal'"
    )
    code, out, _ = await desk.run("replay", "--case", case["reference"])
    assert (code, "legal, priority 2, by hearing_or_judgment of" in out) == (0, True)
    await desk.office.fetch(
        "update decision set facts = jsonb_set(facts, '{legal_stage}', '\"eviction\"')"
        " where case_id = $1", case["id"])  # fmt: skip
    code, out, _ = await desk.run("replay")
    assert (code, "priority: 2 is stored, 1 follows" in out) == (1, True)
    assert "fired: ['hearing_or_judgment'] is stored, ['eviction_announced'] follows" in out
    await desk.office.fetch("delete from policy_text where sha256 = $1", POLICY.sha256)
    code, out, _ = await desk.run("replay")
    assert (code, "its policy is not kept" in out) == (1, True)
    code, _, err = await desk.run("replay", "--case", "Z-00000000")
    assert (code, "no case Z-00000000" in err) == (2, True)


async def test_open_cases_are_decided_anew_on_demand(desk: Desk) -> None:
    code, out, _ = await desk.run("redecide", "GM9901", "--by", "Noor")
    assert (code, "noted" in out) == (0, True)
    (job,) = await desk.office.fetch("select sha256, noted_by from policy_job")
    assert tuple(job) == (POLICY.sha256, "Noor")
    assert (await desk.run("redecide", "GM0000", "--by", "Noor"))[0] == 2


async def test_a_made_up_month_is_compared_with_what_is_in_force(desk: Desk) -> None:
    file = desk.file(LOWER, FUTURE)
    code, out, err = await desk.run("simulate", file, "--generated", "200", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert told["against"]["sha256"] == POLICY.sha256
    assert {kind["to"] for kind in told["moves"]["kinds"]} == {"visit"}


@pytest.mark.parametrize("broken", ["name: x", changed(FUTURE, ("when: is_crisis", "when: is_x"))])
async def test_a_policy_that_no_longer_loads_is_left_out_and_logged(
    desk: Desk, capsys: pytest.CaptureFixture[str], broken: str
) -> None:
    await desk.office.activate(changed(LOWER, FUTURE))
    await desk.office.fetch(
        "insert into policy select municipality, valid_from, $1, $2, activated_by,"
        " activated_at + interval '1 hour' from policy",
        "0" * 64, broken,
    )  # fmt: skip
    await desk.office.shelf.check(desk.office.pool)
    async with desk.office.pool.acquire() as tx:
        books = await desk.office.shelf.current(tx)
    held = books[MUNICIPALITY].on(date(2027, 1, 1)).policy
    assert held == policy.parse(changed(LOWER, FUTURE), "x.yaml"), "the one before it"
    said = capsys.readouterr()
    assert "policy_left_out" in said.out + said.err


async def test_a_made_up_month_needs_no_database(tmp_path: Path) -> None:
    candidate = tmp_path / "candidate.yaml"
    candidate.write_text(TEXT.replace(*LOWER))
    arguments = ["simulate", str(candidate), "--against", str(POLICY_FILE), "--generated", "300"]
    first, again, other = [
        json.loads((await run([*arguments, "--seed", seed, "--json"], {}))[1])
        for seed in ("1", "1", "2")
    ]
    assert first == again
    assert first["moves"] != other["moves"]
    assert first["over"] == {**first["over"], "kind": "generated", "seed": 1}
    code, _, err = await run(["simulate", str(candidate)], {})
    assert (code, "DATABASE_URL" in err) == (2, True)
