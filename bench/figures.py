"""What a measurement comes to."""

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """One thing measured, with a value for each round."""

    topic: str
    what: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The value to quote."""
        return median(self.values)

    @property
    def lowest(self) -> float:
        """The least of the rounds."""
        return min(self.values)

    @property
    def highest(self) -> float:
        """The greatest of the rounds."""
        return max(self.values)
