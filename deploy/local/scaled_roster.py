"""Writes a roster for a municipality of another size than the demo's usual one."""

from pathlib import Path
from typing import Any

import yaml

FTE_PER_1000 = 0.033  # Divosa: 0.33 fte per 10,000 inhabitants
GENERALISTS_A_TEAM = 8  # ours
LOAD_MAX = 30  # ours
DISTRICTS = [str(number) for number in range(9901, 9950)]


def write_roster(file: Path, thousands: float) -> Path:
    """Teams and generalists for so many thousand inhabitants; returns the file."""
    generalists = max(2, round(thousands * FTE_PER_1000))
    count = max(1, round(generalists / GENERALISTS_A_TEAM))
    teams = [_team(number, count, generalists // count) for number in range(count)]
    file.write_text(yaml.safe_dump({"teams": teams}, sort_keys=False))
    return file


def _team(number: int, count: int, size: int) -> dict[str, Any]:
    name = f"team-{number:03d}"
    return {
        "id": name,
        "name": f"Wijkteam {number}",
        "municipality": "GM9901",
        # More teams than districts: some share one.
        "districts": DISTRICTS[number % len(DISTRICTS) :: count] or [DISTRICTS[number % 49]],
        "lead": _worker(f"{name}-lead", 0),
        "generalists": [_worker(f"{name}-{one:02d}", LOAD_MAX) for one in range(size)],
    }


def _worker(name: str, load_max: int) -> dict[str, Any]:
    email = f"{name}@voorbeeldstad.example"
    return {"id": name, "name": name.replace("-", " ").title(), "email": email,
            "load_max": load_max}  # fmt: skip
