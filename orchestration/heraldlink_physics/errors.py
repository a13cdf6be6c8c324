# SPDX-License-Identifier: Apache-2.0
"""Errors of the physics package, ordered by whose fault they are.

::

    PhysicsError (ValueError)      the caller asks for something that cannot exist: value and allowed range
    ├── CutOffError                a photon-number cut-off is too small: names tail and remedy
    └── DeviceError                a device file is impossible or incomplete: names the key
"""

from __future__ import annotations

import math
from numbers import Real


class PhysicsError(ValueError):
    """A parameter lies outside the range in which the physics is defined."""


class DeviceError(PhysicsError):
    """A device description is incomplete, or has an unknown key or an impossible value."""


class CutOffError(PhysicsError):
    """Too much of a state lies beyond its photon-number cut-off for the accuracy asked for."""

    def __init__(self, name: str, cut_off: int, tail: float, needed: int, tolerance: float) -> None:
        super().__init__(
            f"{name} = {cut_off} levels leave a tail of {tail:.2g}, more than the tolerated {tolerance:.2g}: "
            f"raise it to {needed}"
        )
        self.cut_off, self.tail, self.needed = cut_off, tail, needed


def within(name: str, value: object, low: float, high: float = math.inf) -> None:
    """Raise `PhysicsError` unless `value` is a finite number with ``low <= value <= high``."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise PhysicsError(f"{name} must be a number, not {value!r}")
    number = float(value)
    if not math.isfinite(number) or not low <= number <= high:
        raise PhysicsError(f"{name} = {number:g} is impossible: {_range(low, high)}")


def within_or_infinite(name: str, value: float, low: float) -> None:
    """Raise `PhysicsError` unless `value` is infinite, or a finite number >= `low`."""
    if value != math.inf:
        within(name, value, low)


def _range(low: float, high: float) -> str:
    if math.isinf(low):
        return "allowed are finite values"
    if math.isinf(high):
        return f"allowed are finite values >= {low:g}"
    return f"allowed are {low:g} to {high:g}"
