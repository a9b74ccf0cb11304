"""A section of the connections file."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Typed, and without names that nobody knows."""

    model_config = ConfigDict(extra="forbid", frozen=True)
