# SPDX-License-Identifier: Apache-2.0
"""A measured value with its standard deviation and unit."""

from dataclasses import dataclass
from math import hypot, inf, isfinite


@dataclass(frozen=True, slots=True)
class Measured:
    """``value`` ± ``sigma`` (one standard deviation, >= 0), both in ``unit`` ("" for a plain number)."""

    value: float
    sigma: float
    unit: str = ""

    def __post_init__(self) -> None:
        if not isfinite(self.value) or not self.sigma >= 0:
            raise ValueError(f"{self.value} ± {self.sigma} {self.unit} is no measured value")

    def distance(self, other: "Measured") -> float:
        """How far apart two values are, in standard deviations of their difference (inf without any)."""
        apart = abs(self.value - other.value)
        together = hypot(self.sigma, other.sigma)
        if together > 0:
            return apart / together
        return inf if apart else 0.0

    def __str__(self) -> str:
        """For people: value ± sigma and the unit."""
        return f"{self.value:.9g} ± {self.sigma:.2g} {self.unit}".rstrip()
