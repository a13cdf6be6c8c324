# SPDX-License-Identifier: Apache-2.0
"""Parameter types of the Keysight 33500 series, and numbers that are clipped instead of refused.

Source: Agilent 33500 Series Operating and Service Guide (level settings are clipped with "Data out of range"
or "Settings conflict"), public drivers that expect "value clipped to upper limit".
"""

from collections.abc import Callable
from math import isnan

from heraldlink_sim.scpi import Choice, Number, Optional, ScpiDevice, ScpiError, Setting
from heraldlink_sim.scpi.lexer import Argument

INFINITE = 9.9e37
LIMIT = Optional(Choice("MINimum", "MAXimum", "DEFault"), "")
"""The argument of a query for a limit; empty where the value itself is asked for."""
Limits = tuple[float, float, float]  # least, most, after *RST


def exact(value: float) -> str:
    """Numbers are answered with sixteen digits, ``+1.000000000000000E+03``."""
    return f"{value:+.15E}"


class Clipped(Number):
    """A number that is not refused when it is out of range: the device clips it."""

    def parse(self, argument: Argument) -> float:
        """The number as the client wrote it; raises as a Number does, but -222 only for what is none."""
        value = self.keyword(argument)
        value = self._measure(argument) if value is None else value
        if isnan(value):
            raise ScpiError(-222, argument.text)
        return value


class Level:
    """A number in ``unit`` (or one of ``units``, which is kept), or one of the words MIN, MAX and DEF."""

    def __init__(self, unit: str, *units: str) -> None:
        self._kinds = {unit.upper(): Clipped(unit=unit), **{one.upper(): Clipped(unit=one) for one in units}}

    def parse(self, argument: Argument) -> tuple[float, str] | str:
        """Value with its unit (empty: none was written), or the word; raises ScpiError."""
        text = argument.text.upper()
        words = {
            "MIN": "MIN",
            "MINIMUM": "MIN",
            "MAX": "MAX",
            "MAXIMUM": "MAX",
            "DEF": "DEF",
            "DEFAULT": "DEF",
        }
        if argument.kind == "word" and text in words:
            return words[text]
        written = next(
            (unit for unit in sorted(self._kinds, key=len, reverse=True) if text.endswith(unit)), ""
        )
        kind = self._kinds[written] if written else next(iter(self._kinds.values()))
        return kind.parse(argument), written


class OrInfinite(Clipped):
    """A number, or INFinity."""

    def parse(self, argument: Argument) -> float:
        """The number, 9.9E37 for INFinity; raises ScpiError."""
        if argument.kind == "word" and argument.text.upper() in ("INF", "INFINITY"):
            return INFINITE
        return super().parse(argument)

    def format(self, value: float) -> str:
        """The number with sixteen digits."""
        return "9.9E+37" if value >= INFINITE else exact(value)


def clip(device: ScpiDevice, value: float, low: float, high: float) -> float:
    """The value within its limits; what had to be clipped is reported as -222."""
    if value > high + 1e-9 * abs(high):
        device.report(ScpiError(-222, "value clipped to upper limit"))
    elif value < low - 1e-9 * abs(low):
        device.report(ScpiError(-222, "value clipped to lower limit"))
    return min(max(value, low), high)


def clipped(
    pattern: str, low: float, high: float, default: float, unit: str = "", *, infinite: bool = False
) -> Setting[float]:
    """A setting whose value is clipped to its range; ``infinite`` also takes INFinity."""
    kind = OrInfinite if infinite else Clipped
    setting = Setting(pattern, kind(low, high, default=default, unit=unit, form=exact))
    setting.changed(_clip_into(setting, low, high, infinite))
    return setting


def _clip_into(setting: Setting[float], low: float, high: float, infinite: bool) -> Callable[..., None]:
    def after(device: ScpiDevice, value: float, *suffixes: int) -> None:
        if not (infinite and value >= INFINITE):
            setting.__get__(device, type(device)).set(clip(device, value, low, high), *suffixes)

    return after
