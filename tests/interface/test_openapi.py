"""Schemathesis against the running service: every operation keeps what its description says."""

import asyncio
import sys
from pathlib import Path

from tests.builders import NOW
from tests.paths import REPOSITORY
from tests.town import Town, partner_keys

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
CONFIG = REPOSITORY / "tests/interface/schemathesis.toml"
EXAMPLES = "50"  # for each operation and phase


async def test_schemathesis_finds_no_failure(town: Town) -> None:
    town.clock.move(NOW)
    await town.start("signals")
    await town.fetch("signals", "update partner set requests_per_minute = 100000")
    process = await asyncio.create_subprocess_exec(
        str(SCHEMATHESIS), "--config-file", str(CONFIG),
        "run", str(REPOSITORY / "docs/openapi/signals.json"),
        "--url", f"{town.urls['signals']}/v1", "--max-examples", EXAMPLES, "--seed", "1",
        "-H", f"Authorization:Bearer {partner_keys('woonstad')[0]}",
        cwd=town.folder,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await asyncio.wait_for(process.communicate(), 220)
    assert process.returncode == 0, out.decode()[-6000:]
    assert "request_failed" not in town.log("signals")
