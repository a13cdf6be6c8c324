# SPDX-License-Identifier: Apache-2.0
"""Numbers of the Santec TSL family in its two command sets, SCPI (SI units) and Legacy (nm and THz)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from heraldlink_sim.scpi import Integer, Number, ScpiError, Text
from heraldlink_sim.scpi.lexer import Argument

SPEED_OF_LIGHT = 299_792_458.0  # m/s, exact

_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:\s*[eE]\s*[+-]?\d+)?)\s*([A-Za-z]*)")
_BASES = {"H": 16, "Q": 8, "B": 2}
_LIMITS = {"MIN": "MIN", "MINIMUM": "MIN", "MAX": "MAX", "MAXIMUM": "MAX"}

LENGTHS: Mapping[str, float] = {"PM": 1e-12, "NM": 1e-9, "UM": 1e-6, "MM": 1e-3, "M": 1.0}
FREQUENCIES: Mapping[str, float] = {"HZ": 1.0, "KHZ": 1e3, "MHZ": 1e6, "GHZ": 1e9, "THZ": 1e12}

Reading = tuple[float, str]
"""A number and its unit in capitals; (nan, ``MIN`` or ``MAX``) for a limit."""


class RawNumber:
    """A number and its unit, left to the device to judge: what it means depends on the command set."""

    def parse(self, argument: Argument) -> Reading:
        """Return (number, unit); raises ScpiError -104 for strings and blocks, -148 for other words."""
        if argument.kind != "word":
            raise ScpiError(-104)
        text = argument.text.strip()
        if word := _LIMITS.get(text.upper()):
            return math.nan, word
        if text[:1] == "#":
            return _whole(text), ""
        match = _NUMBER.fullmatch(text)
        if match is None:
            raise ScpiError(-148)
        return float(re.sub(r"\s", "", match[1])), match[2].upper()

    @staticmethod
    def word() -> Text:
        """Return the parameter type of a bare word behind a query: a unit, MIN or MAX."""
        return Text(bare=True)


class Switch(Integer):
    """0 or 1, also written OFF and ON [?]; answered as a whole number."""

    def __init__(self, default: int = 0) -> None:
        super().__init__(0, 1, default=default)

    def parse(self, argument: Argument) -> int:
        """Return 0 or 1; raises as a whole number does."""
        word = argument.text.strip().upper() if argument.kind == "word" else ""
        return ("OFF", "ON").index(word) if word in ("OFF", "ON") else super().parse(argument)


class Seconds(Number):
    """A time from 0 to 999.9 s in steps of 0.1 s."""

    def __init__(self) -> None:
        super().__init__(0.0, 999.9, default=0.0, unit="S")

    def parse(self, argument: Argument) -> float:
        """Return the time, s, rounded to a step; raises as a number does."""
        return round(super().parse(argument), 1)


def _whole(text: str) -> float:
    try:
        return float(int(text[2:], _BASES[text[1].upper()]))
    except (KeyError, ValueError, IndexError):
        raise ScpiError(-148) from None


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

    def read(self, number: Reading, *, scpi: bool) -> float:
        """Return the value in SI units; a plain number is SI in SCPI, and nm or THz in Legacy."""
        value, unit = number
        if unit and not scpi:
            raise ScpiError(-148)
        if math.isnan(value):
            return self.low if unit == "MIN" else self.high
        if unit and unit not in self.units:
            raise ScpiError(-103)
        scale = self.units[unit] if unit else (1.0 if scpi else self.legacy_unit)
        return self.bounded(value * scale)

    def limit(self, word: str) -> float | None:
        """Return the limit that a word behind a query asks for, None for a unit or none; raises -148."""
        limit = _LIMITS.get(word.upper())
        if limit is None and word and word.upper() not in self.units:
            raise ScpiError(-148)
        return None if limit is None else self.low if limit == "MIN" else self.high

    def answer(self, value: float, *, scpi: bool) -> str:
        """Format for a reply."""
        return exponent(value) if scpi else f"{value / self.legacy_unit:.{self.legacy_digits}f}"


def wavelengths(low_m: float, high_m: float) -> Quantity:
    """Wavelengths of a model, in steps of 0.1 pm."""
    return Quantity(low_m, high_m, 1e-13, LENGTHS, legacy_unit=1e-9, legacy_digits=4)


def frequencies(low_Hz: float, high_Hz: float) -> Quantity:
    """Optical frequencies of a model, in steps of 10 MHz."""
    return Quantity(low_Hz, high_Hz, 1e7, FREQUENCIES, legacy_unit=1e12, legacy_digits=5)


POWER_DBM = Quantity(-15.0, 13.0, 0.01, {"DBM": 1.0, "MW": 1.0}, legacy_unit=1.0, legacy_digits=2)
POWER_mW: Mapping[str, float] = {"PW": 1e-9, "NW": 1e-6, "UW": 1e-3, "MW": 1.0, "W": 1e3, "WATT": 1e3}


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
