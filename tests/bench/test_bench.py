"""The bench runs, and its last line has what it promises; whether it is fast is not asked here."""

import asyncio
import json
import sys

import pytest

from tests.paths import REPOSITORY

KEYS = ["chain_per_s", "plain_per_s", "bare_per_s", "chain_vs_plain", "chain_vs_bare",
        "urgent_p99_ms", "urgent_p99_vs_idle", "wire_duplicates"]  # fmt: skip
REDECIDE = ["redecide_per_s", "redecide_bare_per_s", "redecide_vs_bare", "redecide_changed"]

ALERTS = ["alerts_per_s", "alerts_bare_per_s", "alerts_vs_bare", "claim_growth"]
PAGES = ["page_ratio", "monitor_first_ms"]


# Seven measurements, each with its services; a watchdog, no measure.
@pytest.mark.timeout(430)
async def test_a_small_bench_tells_every_figure() -> None:
    small = ["--signals", "200", "--rounds", "1", "--urgent", "10", "--backlog", "5000",
             "--cases", "500", "--alerts", "2000", "--rows", "50000",
             "--stored", "500"]  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench", *small,
        cwd=REPOSITORY, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(), 410)
    assert process.returncode == 0
    figures = json.loads(said.decode().splitlines()[-1])
    assert list(figures)[: len(KEYS)] == KEYS
    assert all(figures[key] > 0 for key in KEYS[:-1])
    assert figures["wire_duplicates"] >= 0
    assert all(figures[key] > 0 for key in (*REDECIDE, *ALERTS, *PAGES))
