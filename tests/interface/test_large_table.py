"""A hundred thousand rows: each ends in a receipt or in faults, with bounded memory."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.builders import NOW
from tests.signals.test_uploads import send, table
from tests.town import Town

ROWS = 100_000
HOUSE_NUMBERS = 99_999
MEGABYTES_MAX = 300


@pytest.mark.timeout(600)
async def test_a_hundred_thousand_rows_are_answered(town: Town, tmp_path: Path) -> None:
    town.clock.move(NOW)
    await town.start("signals")
    path = table(tmp_path / "t.csv", ROWS, bad_every=1000)
    sender = await send(town, path)
    pid = town.processes["signals"].pid
    peak = 0
    while sender.returncode is None:
        peak = max(peak, megabytes(pid))
        try:
            async with asyncio.timeout(2):
                await sender.wait()
        except TimeoutError:
            pass
    # The last row's house number has six digits, and is refused for it.
    wrong = ROWS // 1000 + (ROWS - HOUSE_NUMBERS if ROWS % 1000 else 0)
    receipts = refusals = 0
    with (tmp_path / "t.csv.answers.jsonl").open() as answers:
        for line in answers:
            told = json.loads(line)  # the first names the table
            receipts += "ontvangstbewijs" in told
            refusals += bool(told.get("fouten"))
    assert (receipts, refusals) == (ROWS - wrong, wrong)
    assert (await town.fetch("signals", "select count(*) from event"))[0][0] == receipts
    print(f"{ROWS} rows; at most {peak} MB in signals")
    assert peak < MEGABYTES_MAX


def megabytes(pid: int) -> int:
    """What a process holds of memory now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS"))
