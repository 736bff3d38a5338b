"""Bounds on what comes in by the workers' API, beside those of every API."""

from typing import Annotated

from fastapi import Path
from pydantic import Field

from shared.web.bounded import Filled

Source = Annotated[Filled, Field(min_length=3, max_length=200, description="who says so")]
WorkerId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,40}$")]  # as the roster file spells it
PathWorkerId = Annotated[WorkerId, Path(alias="workerId")]
