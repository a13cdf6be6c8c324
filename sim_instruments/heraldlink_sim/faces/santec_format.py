# SPDX-License-Identifier: Apache-2.0
"""Numbers of the Santec TSL family in its two command sets, SCPI (SI units) and Legacy (nm and THz)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from heraldlink_sim.scpi import ScpiError, Text
from heraldlink_sim.scpi.lexer import Argument

SPEED_OF_LIGHT = 299_792_458.0  # m/s, exact

_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-z]*)")


class RawNumber:
    """A number and its unit in capitals, left to the device to judge."""

    def parse(self, argument: Argument) -> tuple[float, str]:
        """Return (number, unit); raises ScpiError -148 for text."""
        match = _NUMBER.fullmatch(argument.text.strip())
        if match is None:
            raise ScpiError(-148)
        return float(match[1]), match[2].upper()

    @staticmethod
    def word() -> Text:
        """Return the parameter type of a bare word, MIN or MAX."""
        return Text(bare=True)


@dataclass(frozen=True, slots=True)
class Quantity:
    """Range and formats of one quantity in SI units; ``legacy_unit`` is what Legacy counts in."""

    low: float
    high: float
    step: float
    units: Mapping[str, float]
    legacy_unit: float
    legacy_digits: int

    def bounded(self, value: float) -> float:
        """Round to the instrument's step; raises ScpiError -222 outside the range."""
        if not math.isfinite(value):
            raise ScpiError(-222)
        rounded = round(value / self.step) * self.step
        if not self.low - self.step / 2 < rounded < self.high + self.step / 2:
            raise ScpiError(-222)
        return rounded

    def read(self, number: tuple[float, str], *, scpi: bool) -> float:
        """Return the value in SI units; a plain number is SI in SCPI, and nm or THz in Legacy."""
        value, unit = number
        if unit and unit not in self.units:
            raise ScpiError(-103)
        scale = self.units[unit] if unit else (1.0 if scpi else self.legacy_unit)
        return self.bounded(value * scale)

    def answer(self, value: float, *, scpi: bool) -> str:
        """Format for a reply."""
        return exponent(value) if scpi else f"{value / self.legacy_unit:.{self.legacy_digits}f}"


WAVELENGTH = Quantity(
    1480e-9,
    1640e-9,
    1e-13,
    {"PM": 1e-12, "NM": 1e-9, "UM": 1e-6, "M": 1.0},
    legacy_unit=1e-9,
    legacy_digits=4,
)
FREQUENCY = Quantity(
    SPEED_OF_LIGHT / 1640e-9,
    SPEED_OF_LIGHT / 1480e-9,
    1e7,
    {"HZ": 1.0, "MHZ": 1e6, "GHZ": 1e9, "THZ": 1e12},
    legacy_unit=1e12,
    legacy_digits=5,
)
POWER_DBM = Quantity(-15.0, 13.0, 0.01, {"DBM": 1.0}, legacy_unit=1.0, legacy_digits=2)


def exponent(value: float) -> str:
    """Format as ``+1.55000000E-006``, the SCPI set's float."""
    mantissa, power = f"{value:+.8E}".split("E")
    return f"{mantissa}E{int(power):+04d}"


def signed(value: int) -> str:
    """Format as ``+1``, the SCPI set's whole number."""
    return f"{value:+d}"


def dBm_to_mW(value_dBm: float) -> float:
    """Convert."""
    return 10 ** (value_dBm / 10)


def mW_to_dBm(value_mW: float) -> float:
    """Convert; ``value_mW`` > 0."""
    return 10 * math.log10(value_mW)
