"""Files that ops commands read and write: YAML documents, and secrets kept on file."""

import json
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from shared.settings import StartupFault

M = TypeVar("M", bound=BaseModel)


def read_yaml(path: Path, model: type[M]) -> M:
    """A YAML document as a model; raises StartupFault naming every fault."""
    try:
        return model.model_validate(yaml.safe_load(path.read_text()))
    except OSError as error:
        raise StartupFault(f"{path.name} cannot be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise StartupFault(f"{path.name} is not YAML: {error}") from None
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}"
            for one in error.errors(include_url=False)
        ]
        raise StartupFault(f"{path.name}: " + "; ".join(faults)) from None


def read_secrets(path: Path | None) -> dict[str, str]:
    """The secrets on file, by name; none when there is no file."""
    if path is None or not path.exists():
        return {}
    known: dict[str, str] = json.loads(path.read_text())
    return known


def write_secrets(path: Path, known: dict[str, str]) -> None:
    """Keep secrets on file, for its owner only."""
    path.touch(mode=0o600, exist_ok=True)
    path.write_text(json.dumps(known, indent=1, sort_keys=True))
