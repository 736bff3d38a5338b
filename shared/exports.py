"""Files with what is kept of a person, for who asks for it (AVG art. 15)."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from shared.settings import StartupFault


def write_export(path: Path, told: Mapping[str, Any]) -> None:
    """Write a new file, for its owner only; raises StartupFault when there is one already."""
    try:
        path.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        raise StartupFault(f"{path.name} cannot be made: {error.strerror}") from None
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False, default=_written))


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def without_names(told: Any, ids: Mapping[str, str]) -> Any:
    """The same with workers' ids in the place of their names, wherever a text names them."""
    if isinstance(told, Mapping):
        return {name: without_names(value, ids) for name, value in told.items()}
    if isinstance(told, list):
        return [without_names(value, ids) for value in told]
    if isinstance(told, str):
        for name, worker_id in ids.items():
            told = told.replace(name, worker_id)
    return told
