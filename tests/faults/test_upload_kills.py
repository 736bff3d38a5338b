"""A table on its way in, while the sender and the service are killed."""

import asyncio
import json
import signal
from pathlib import Path

from tests.builders import NOW
from tests.signals.test_uploads import answered, send, table
from tests.town import Town


async def test_killing_either_side_loses_and_doubles_no_row(town: Town, tmp_path: Path) -> None:
    town.clock.move(NOW)
    await town.start()
    path = table(tmp_path / "t.csv", 2500, bad_every=500)
    answers = tmp_path / "t.csv.answers.jsonl"
    sender = await send(town, path)
    await answered(answers, 300)
    sender.send_signal(signal.SIGKILL)  # the corporation's laptop
    await sender.wait()
    with answers.open("ab") as file:
        file.write(b'{"rij": 99, "resul')  # cut off in the middle of a line

    sender = await send(town, path)
    for count in (800, 1600):  # and the service, twice
        await answered(answers, count)
        town.processes["signals"].kill()
        await town.died("signals")
        await town.start("signals")
    out, err = await asyncio.wait_for(sender.communicate(), 120)
    assert sender.returncode == 1, err.decode()
    assert "2500 rows: 2495 were accepted, 5 refused" in " ".join(out.decode().split())

    rows = [json.loads(line) for line in answers.read_text().splitlines()[1:]]
    assert [row["rij"] for row in rows] == list(range(2, 2502))
    assert sum("ontvangstbewijs" in row for row in rows) == 2495
    await town.quiet()
    assert (await town.fetch("signals", "select count(*) from event"))[0][0] == 2495
    assert (await town.fetch("triage", "select count(*) from signal"))[0][0] == 2495
