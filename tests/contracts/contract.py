# SPDX-License-Identifier: Apache-2.0
"""The contract of a role: a list of checks that any driver of the role must pass, on any instrument.

A check knows the role alone: neither the driver, nor the model, nor whether the instrument is simulated,
replayed or real. ``switching`` marks those that switch outputs, move shutters or set biases: on hardware
they run only when told to. Values are taken from the instrument and put back; none leaves the
limits that the rig is given.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from heraldlink_drivers import roles


@dataclass(frozen=True)
class Rig:
    """One instrument under test: its ``role``, the QCoDeS ``driver`` behind it, and what it may be set to.

    ``limits``: (lowest, highest) by quantity, such as ``power_W``, in SI units.
    """

    role: roles.Device
    driver: object
    limits: dict[str, tuple[float, float]] = field(default_factory=dict)

    def between(self, quantity: str, share: float) -> float:
        """A value of the allowed range: 0 is its lowest, 1 its highest."""
        low, high = self.limits[quantity]
        return low + share * (high - low)


@dataclass(frozen=True)
class Check:
    """One check, and what it may do to the instrument."""

    role: str
    name: str
    run: Callable[[Rig], None]
    switches: bool


CHECKS: list[Check] = []


def check(role: type[object]) -> Callable[[Callable[[Rig], None]], Callable[[Rig], None]]:
    """Enter a function into the contract of a role."""

    def enter(function: Callable[[Rig], None]) -> Callable[[Rig], None]:
        switches = getattr(function, "switches", False)
        CHECKS.append(Check(role.__name__, function.__name__, function, switches))
        return function

    return enter


def switching(function: Callable[[Rig], None]) -> Callable[[Rig], None]:
    """Mark a check that switches, moves or biases something."""
    function.switches = True  # type: ignore[attr-defined]
    return function


def checks_for(played: tuple[str, ...]) -> list[Check]:
    """All checks for an instrument that plays these roles."""
    return [item for item in CHECKS if item.role in ("Device", *played)]
