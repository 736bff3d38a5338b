"""What every section of a policy is made of."""

from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field


class PolicyFault(Exception):
    """A policy document is wrong; the text names file, line, field and fault."""


class Fault(NamedTuple):
    """What is wrong with a document, and where; lines and columns count from 1."""

    line: int
    column: int
    text: str


class Part(BaseModel):
    """Base of every part of a policy: an unknown field is a fault, not a comment."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Source = Annotated[str, Field(min_length=3, description="where the number comes from")]


class Number(Part):
    """A number and where it comes from."""

    value: int = Field(ge=0)
    source: Source


class Texts(Part):
    """A sentence in Dutch and in English."""

    nl: str = Field(min_length=3)
    en: str = Field(min_length=3)
