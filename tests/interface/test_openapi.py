"""Schemathesis against the running service: every operation keeps what its description says."""

import asyncio
import base64
import sys
from pathlib import Path

from shared.contracts import triage
from tests.builders import MUNICIPALITY, NOW, arrears_reported, case_event
from tests.notify.test_freshness import say
from tests.notify.test_recipients import TOLD
from tests.paths import REPOSITORY
from tests.town import CALLBACK_TOKEN, Town, partner_keys
from tests.triage.staffed import open_office

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
CONFIG = REPOSITORY / "tests/interface/schemathesis.toml"
WORKERS_CONFIG = REPOSITORY / "tests/interface/schemathesis-triage.toml"
OPERATORS_CONFIG = REPOSITORY / "tests/interface/schemathesis-notify.toml"
EXAMPLES = {"signals": "50", "triage": "20", "notify": "20"}  # for each operation and phase


async def test_schemathesis_finds_no_failure(town: Town) -> None:
    town.clock.move(NOW)
    await town.start("signals")
    await town.fetch("signals", "update partner set requests_per_minute = 100000")
    await finds_no_failure(town, "signals", f"Bearer {partner_keys('woonstad')[0]}", CONFIG)


async def test_it_finds_none_in_what_workers_and_leads_ask(town: Town) -> None:
    """With a case that is there, so that more is asked than whether it exists."""
    office = await open_office(town)
    await office.say(arrears_reported(1))
    (case,) = await office.cases()
    config = town.folder / "schemathesis.toml"
    config.write_text(WORKERS_CONFIG.read_text().replace("CASE", str(case["id"])))
    await finds_no_failure(town, "triage", f"Bearer {town.tokens[case['lead_id']]}", config)


async def test_it_finds_none_in_what_operators_and_notifynl_say(town: Town) -> None:
    """Of a household that is there."""
    town.clock.move(NOW)
    await town.start("notify")
    event = case_event(triage.ContactDetailsKnown, is_confirmed=True, resident=TOLD)
    await say(town, event)
    config = town.folder / "schemathesis.toml"
    told = OPERATORS_CONFIG.read_text().replace("MUNICIPALITY", MUNICIPALITY)
    told = told.replace("HOUSEHOLD", str(event.household_id))
    config.write_text(told.replace("TOKEN", CALLBACK_TOKEN))
    password = base64.b64encode(f"ops:{town.ops_password}".encode()).decode()
    await finds_no_failure(town, "notify", f"Basic {password}", config)


async def finds_no_failure(town: Town, service: str, authorization: str, config: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        str(SCHEMATHESIS), "--config-file", str(config),
        "run", str(REPOSITORY / f"docs/openapi/{service}.json"),
        "--url", f"{town.urls[service]}/v1", "--max-examples", EXAMPLES[service], "--seed", "1",
        "-H", f"Authorization:{authorization}",
        cwd=town.folder,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await asyncio.wait_for(process.communicate(), 220)
    assert process.returncode == 0, out.decode()[-6000:]
    assert "request_failed" not in town.log(service)
