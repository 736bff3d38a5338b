"""Schemathesis against the running service: every operation keeps what its description says."""

import asyncio
import sys
from pathlib import Path

from tests.builders import NOW, arrears_reported
from tests.paths import REPOSITORY
from tests.town import Town, partner_keys
from tests.triage.staffed import open_office

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
CONFIG = REPOSITORY / "tests/interface/schemathesis.toml"
WORKERS_CONFIG = REPOSITORY / "tests/interface/schemathesis-triage.toml"
EXAMPLES = {"signals": "50", "triage": "20"}  # for each operation and phase


async def test_schemathesis_finds_no_failure(town: Town) -> None:
    town.clock.move(NOW)
    await town.start("signals")
    await town.fetch("signals", "update partner set requests_per_minute = 100000")
    await finds_no_failure(town, "signals", partner_keys("woonstad")[0], CONFIG)


async def test_it_finds_none_in_what_workers_and_leads_ask(town: Town) -> None:
    """With a case that is there, so that more is asked than whether it exists."""
    office = await open_office(town)
    await office.say(arrears_reported(1))
    (case,) = await office.cases()
    config = town.folder / "schemathesis.toml"
    config.write_text(WORKERS_CONFIG.read_text().replace("CASE", str(case["id"])))
    await finds_no_failure(town, "triage", town.tokens[case["lead_id"]], config)


async def finds_no_failure(town: Town, service: str, token: str, config: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        str(SCHEMATHESIS), "--config-file", str(config),
        "run", str(REPOSITORY / f"docs/openapi/{service}.json"),
        "--url", f"{town.urls[service]}/v1", "--max-examples", EXAMPLES[service], "--seed", "1",
        "-H", f"Authorization:Bearer {token}",
        cwd=town.folder,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await asyncio.wait_for(process.communicate(), 220)
    assert process.returncode == 0, out.decode()[-6000:]
    assert "request_failed" not in town.log(service)
