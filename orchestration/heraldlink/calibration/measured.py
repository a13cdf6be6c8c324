# SPDX-License-Identifier: Apache-2.0
"""A measured value with its standard deviation and unit."""

from dataclasses import dataclass
from math import floor, hypot, inf, isfinite, log10


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
        """For people: value ± sigma and the unit, the value in as many digits as the sigma allows."""
        digits = 6
        if self.sigma > 0 and self.value:
            digits = floor(log10(abs(self.value))) - floor(log10(self.sigma)) + 2
        return f"{self.value:.{min(15, max(1, digits))}g} ± {self.sigma:.2g} {self.unit}".rstrip()
