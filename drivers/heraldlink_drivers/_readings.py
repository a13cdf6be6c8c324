# SPDX-License-Identifier: Apache-2.0
"""Readings that several instruments spell alike: switches, powers, and the check that a setting was taken."""

from math import log10

from heraldlink_drivers.errors import DriverError


def on_off(reply: str) -> bool:
    """Read ``1``, ``+1``, ``ON``, ``0`` or ``OFF``; raises ValueError for anything else."""
    words = {"ON": True, "1": True, "OFF": False, "0": False}
    word = reply.strip().lstrip("+").upper()
    if word not in words:
        raise ValueError(f"neither on nor off: {reply!r}")
    return words[word]


def watts(power_dBm: float) -> float:
    """Power in W of a power in dBm."""
    return 1e-3 * 10 ** (power_dBm / 10)


def dBm(power_W: float) -> float:
    """Power in dBm of a power in W (> 0)."""
    return 10 * log10(power_W / 1e-3)


def switched(instrument: str, what: str, found: bool, wanted: bool) -> None:
    """Raise DriverError if a switch reads back other than it was set."""
    if found != wanted:
        raise DriverError(f"{instrument}: {what} is {'on' if found else 'off'} after being switched")


def reached(instrument: str, what: str, found: float, wanted: float, step: float) -> None:
    """Raise DriverError if a setting reads back more than a step of its resolution from what was set."""
    if not abs(found - wanted) <= step:
        raise DriverError(f"{instrument}: {what} is {found:.9g} after being set to {wanted:.9g}")
