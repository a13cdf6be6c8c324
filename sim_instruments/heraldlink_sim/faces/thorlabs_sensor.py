# SPDX-License-Identifier: Apache-2.0
"""A photodiode head and the amplifier of a Thorlabs console: light in, current out, in ranges; pure."""

from __future__ import annotations

from dataclasses import dataclass

RANGES_A = (5e-8, 5e-7, 5e-6, 5e-5, 5e-4, 5e-3)
"""Full scales of the console's current amplifier (PM100D's)."""

_IS_POWER, _RESPONSE_SETTABLE, _WAVELENGTH_SETTABLE = 1, 16, 32
_PHOTODIODE = 1


@dataclass(frozen=True, slots=True)
class Sensor:
    """A head. ``peak_A_W`` at ``peak_nm``, falling to half at the far end of its range [?]."""

    name: str = "S154C"
    serial: str = "SIM-head"
    low_nm: float = 800.0
    high_nm: float = 1700.0
    peak_nm: float = 1550.0
    peak_A_W: float = 1.0

    def response_A_W(self, wavelength_nm: float) -> float:
        """Response, A/W; nothing outside the range."""
        if not self.low_nm <= wavelength_nm <= self.high_nm:
            return 0.0
        widest_nm = max(self.peak_nm - self.low_nm, self.high_nm - self.peak_nm)
        return self.peak_A_W * (1 - 0.5 * ((wavelength_nm - self.peak_nm) / widest_nm) ** 2)

    def identity(self) -> str:
        """Name, serial number, calibration, type, subtype and flags, as the console tells them."""
        flags = _IS_POWER | _RESPONSE_SETTABLE | _WAVELENGTH_SETTABLE
        return f"{self.name},{self.serial},01-JAN-2026,{_PHOTODIODE},18,{flags}"


def range_for(current_A: float) -> float:
    """Full scale of the most sensitive range that takes a current, the largest one if none does."""
    return next((scale for scale in RANGES_A if abs(current_A) <= scale * (1 + 1e-9)), RANGES_A[-1])
