"""Where things are in the repository."""

from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
DEMO = REPOSITORY / "deploy/local/demo"
POLICIES = DEMO / "policies"
