# SPDX-License-Identifier: Apache-2.0
"""Numbers at two operating points with their exact difference.

A detector's click probability is the difference of two no-click probabilities near 1. Subtracting those loses
every digit once a click is rarer than 1e-16; carrying the difference through the arithmetic loses none.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """A quantity when few detectors stay dark (`few`), when more do (`more`), and ``gap = few - more``."""

    few: float
    more: float
    gap: float

    def __add__(self, other: Spread | float) -> Spread:
        if isinstance(other, Spread):
            return Spread(self.few + other.few, self.more + other.more, self.gap + other.gap)
        return Spread(self.few + other, self.more + other, self.gap)

    __radd__ = __add__

    def __neg__(self) -> Spread:
        return Spread(-self.few, -self.more, -self.gap)

    def __sub__(self, other: Spread | float) -> Spread:
        return self + (-other)

    def __rsub__(self, other: float) -> Spread:
        return -self + other

    def __mul__(self, other: Spread | float) -> Spread:
        if isinstance(other, Spread):
            gap = self.gap * other.few + self.more * other.gap
            return Spread(self.few * other.few, self.more * other.more, gap)
        return Spread(self.few * other, self.more * other, self.gap * other)

    __rmul__ = __mul__

    def inverse(self) -> Spread:
        """1 / self; the quantity must not be zero at either point."""
        return Spread(1 / self.few, 1 / self.more, -self.gap / (self.few * self.more))
