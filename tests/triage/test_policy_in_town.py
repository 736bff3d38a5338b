"""A policy that is activated holds in all three services from their next transaction on."""

import asyncio
import sys
from pathlib import Path

from deploy.local.month import Month
from services.triage.casework import NOTHING_COUNTS
from shared import policy
from tests.paths import REPOSITORY
from tests.town import MONDAY, Town
from tests.triage.policy_office import changed

# From this very day on: water may not signal, small debts do not count, the digest comes sooner.
CANDIDATE = changed(
    ("valid_from: 2026-01-01\n\nsignals", f"valid_from: {MONDAY.date()}\n\nsignals"),
    ("kinds: [Energie, Water, Zorg]", "kinds: [Energie, Zorg]"),
    ("floor_cents: {value: 7500", "floor_cents: {value: 15000"),
    ('digest_at: "08:00"', 'digest_at: "07:30"'),
)


async def activate(town: Town, file: Path) -> None:
    """As an operator does, beside a running triage."""
    arguments = ["activate", str(file), "--by", "Noor de Wit", "--yes"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.triage", "policy", *arguments, cwd=REPOSITORY,
        env=town.environment["triage"], stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, said.decode()


async def test_all_services_go_by_a_policy_that_was_activated(town: Town, tmp_path: Path) -> None:
    await town.start()
    month = Month(seed=1, signals=4)

    async def send(partner: str, euros: str, expected: str = "accepted") -> None:
        data = month.signal(month.new_household(), partner, MONDAY) | {"bedrag": euros}
        month.send(partner, "achterstand-gemeld", MONDAY, data, expected=expected)
        await town.send(month.out)
        month.out.clear()
        await town.quiet()

    await send("helderwater", "80.00")
    (first,) = await town.fetch("triage", "select * from household_case")
    assert first["is_open"]
    file = tmp_path / "candidate.yaml"
    file.write_text(CANDIDATE)
    await activate(town, file)
    for service in ("signals", "triage", "notify"):
        query = "select sha256 from policy where activated_by = 'Noor de Wit'"
        await town.until(service, query.replace("sha256", "count(*)"), 1)
    await town.until("triage", "select count(*) from policy_job where finished_at is null", 0)
    await town.quiet()

    # signals: a kind of partner that may no longer signal is refused.
    await send("helderwater", "80.00", expected="signal_ground")
    # triage: what does not count any more is closed, and what comes now is not taken up.
    (case,) = await town.fetch("triage", "select * from household_case")
    assert (case["is_open"], case["closed_reason"]) == (False, NOTHING_COUNTS)
    await send("woonstad", "80.00")
    assert len(await town.fetch("triage", "select from household_case")) == 1
    # notify: the digest of the next working day comes half an hour sooner.
    await send("woonstad", "1800.00")
    (alert,) = await town.fetch("notify", "select * from alert where state = 'scheduled'")
    assert (alert["due_at"].hour, alert["due_at"].minute) == (6, 30), "7:30 in Amsterdam"
    sha256 = policy.parse(CANDIDATE, "x.yaml").sha256
    assert alert["policy_sha256"] == sha256
    decided = await town.fetch("triage", "select policy_sha256 from decision order by decided_at")
    assert decided[-1]["policy_sha256"] == sha256
    assert (await town.reconcile()).is_clean
