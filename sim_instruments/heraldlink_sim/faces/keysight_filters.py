# SPDX-License-Identifier: Apache-2.0
"""Filters and gates of Keysight N776x attenuators; the commands are described in :mod:`.keysight_n776x`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import ClassVar

from heraldlink_sim.clock import Clock
from heraldlink_sim.faces.device_limits import ASKED, Bounded, within
from heraldlink_sim.faces.keysight_motion import Motion
from heraldlink_sim.faces.santec_format import exponent, signed
from heraldlink_sim.quirks import Quirk
from heraldlink_sim.scpi import Boolean, Choice, Number, ScpiDevice, ScpiError, Setting, command, query
from heraldlink_sim.scpi.lexer import Argument
from heraldlink_sim.world.rack import AttenuatorChannel, AttenuatorState

MAX_ATTENUATION_dB = 45.0
FIRMWARE = "1.18"
_IN, _OUT = "INPut<channel>[:CHANnel]", "OUTPut<channel>[:CHANnel]"

BLOCKS_BIG_ENDIAN = Quirk(
    "n776x-blocks-big-endian",
    "numbers in binary blocks have their most significant byte first; those of the 8164B have it last",
    "sindri.agilent.n77xx, a public driver",
)
SIGNED_ERRORS = Quirk(
    "n776x-errors-are-signed", 'an empty error queue answers +0,"No error"', "vendor's programming guide"
)


class _Unit(Choice):
    """DBM or W, also 0 or 1; answered as ``+0`` and ``+1``."""

    def __init__(self) -> None:
        super().__init__("0", "1", "DBM", "Watt", "W", "+0", "+1", default="0")

    def format(self, value: str) -> str:
        """Answer as a signed whole number."""
        return signed(int(in_watt(value)))


def in_watt(unit: str) -> bool:
    """Whether a unit is the watt."""
    return unit in ("1", "+1", "W")


def dBm(power_W: float) -> float:
    """Power in dBm; raises ScpiError -222 for none."""
    if power_W <= 0:
        raise ScpiError(-222)
    return 10 * math.log10(power_W * 1e3)


_WATTS: Mapping[str, Callable[[float], float]] = {
    "W": dBm,
    "MW": lambda value: dBm(value * 1e-3),
    "UW": lambda value: dBm(value * 1e-6),
    "NW": lambda value: dBm(value * 1e-9),
}


class _Power:
    """A power in dBm, and whether it came without a unit, so that the unit set holds for it."""

    def __init__(self) -> None:
        self._number = Number(-1000.0, 1000.0, unit="DBM", units=_WATTS)

    def parse(self, argument: Argument) -> tuple[float, bool]:
        """Return (number, plain); raises as a number does."""
        return self._number.parse(argument), not argument.text.strip()[-1:].isalpha()


def _dark(channel: int) -> float:
    """Stand in until the bench says what light arrives."""
    return 0.0


class KeysightFilters(ScpiDevice):
    """One box; ``input_power_W(channel)`` tells the light at an input whenever that matters."""

    error_capacity: ClassVar[int] = 30
    channels: ClassVar[int] = 1
    model_name: ClassVar[str] = "N776x"
    quirks: ClassVar[tuple[Quirk, ...]] = (BLOCKS_BIG_ENDIAN, SIGNED_ERRORS)

    offset_dB = Setting(f"{_IN}:OFFSet", Number(-100.0, 100.0, default=0.0, unit="DB", form=exponent))
    speed_dB_s = Setting(f"{_IN}:ATTenuation:SPEed", Number(0.1, 1000.0, default=1000.0, form=exponent))
    wavelength_m = Setting(
        f"{_IN}:WAVelength", Number(1260e-9, 1640e-9, default=1550e-9, unit="M", form=exponent)
    )
    is_open = Setting(f"{_OUT}[:STATe]", Boolean())
    open_at_power_on = Setting(f"{_OUT}[:STATe]:APOWeron", Boolean())
    power_offset_dB = Setting(
        f"{_OUT}:POWer:OFFSet", Number(-100.0, 100.0, default=0.0, unit="DB", form=exponent)
    )
    controls = Setting(f"{_OUT}:POWer:CONTrol", Boolean())
    set_unit = Setting(f"{_OUT}:POWer:UNIT", _Unit())
    monitor_unit = Setting("SENSe<channel>[:CHANnel]:POWer:UNIT", _Unit())
    averaging_s = Setting(f"{_OUT}:ATIMe", Number(2e-3, 1.0, default=2e-3, unit="S", form=exponent))

    def __init__(self, serial: str = "SIM-0001", clock: Clock | None = None) -> None:
        super().__init__(clock)
        self.serial = serial
        self.input_power_W: Callable[[int], float] = _dark
        self._first_values()

    @classmethod
    def spelled(cls, pattern: str) -> str:
        """Fill in the numbers of the channels."""
        return pattern.replace("<channel>", f"<1..{cls.channels}>")

    def _first_values(self) -> None:
        full = Motion(MAX_ATTENUATION_dB, MAX_ATTENUATION_dB)
        self._motions = dict.fromkeys(range(1, self.channels + 1), full)
        self._powers_dBm: dict[int, float] = {}

    def reset(self) -> None:
        """Return to power-on."""
        super().reset()
        self._first_values()

    def power_cycle(self) -> None:
        """Go off and on again; gates open that shall."""
        kept = [n for n in self._motions if self.open_at_power_on.get(n)]
        super().power_cycle()
        for channel in kept:
            self.open_at_power_on.set(True, channel)
            self.is_open.set(True, channel)

    def quiet_from_s(self) -> float:
        """When all filters are where they shall be."""
        return max(motion.ends_s for motion in self._motions.values())

    # --- the world

    def state(self) -> AttenuatorState:
        """Return what the filters and gates do now."""
        return AttenuatorState(
            tuple(
                AttenuatorChannel(self.filter_dB(channel), self.is_open.get(channel))
                for channel in self._motions
            )
        )

    def filter_dB(self, channel: int, at_s: float | None = None) -> float:
        """What a filter attenuates now, or at a time since its last movement began."""
        if self.controls.get(channel) and channel in self._powers_dBm and self.input_power_W(channel) > 0:
            needed_dB = dBm(self.input_power_W(channel)) - self._powers_dBm[channel]
            return min(max(needed_dB, 0.0), MAX_ATTENUATION_dB)
        return self._motions[channel].at_dB(self.clock.now_s() if at_s is None else at_s)

    def output_power_W(self, channel: int, at_s: float | None = None) -> float:
        """Light behind filter and gate of a channel."""
        if not self.is_open.get(channel):
            return 0.0
        return self.input_power_W(channel) * 10 ** (-self.filter_dB(channel, at_s) / 10)

    # --- the wire

    def format_error(self, error: ScpiError) -> str:
        """One entry of the error queue, with the sign that this family writes."""
        return f'{error.code:+d},"{error.message}"'

    @query("*IDN")
    def _identity(self) -> str:
        return f"Keysight Technologies,{self.model_name},{self.serial},{FIRMWARE}"

    def _move(self, channel: int, filter_dB: float) -> None:
        """Send a filter on its way; raises ScpiError -222 if it does not go so far."""
        if not -1e-9 <= filter_dB <= MAX_ATTENUATION_dB + 1e-9:
            raise ScpiError(-222)
        now_s = self.clock.now_s()
        from_dB = self.filter_dB(channel)
        self._motions[channel] = Motion(from_dB, filter_dB, now_s, self.speed_dB_s.get(channel))

    @command(f"{_IN}:ATTenuation", Bounded(unit="DB"))
    def _set_attenuation(self, channel: int, wanted_dB: float) -> None:
        self._move(channel, self._attenuation_limit(channel, wanted_dB) - self.offset_dB.get(channel))
        self._powers_dBm.pop(channel, None)
        self.controls.set(False, channel)

    @query(f"{_IN}:ATTenuation", ASKED)
    def _attenuation(self, channel: int, asked: float | None) -> str:
        if asked is not None:
            return exponent(self._attenuation_limit(channel, asked))
        set_dB = self._motions[channel].to_dB
        return exponent(
            (self.filter_dB(channel) if self.controls.get(channel) else set_dB) + self.offset_dB.get(channel)
        )

    def _attenuation_limit(self, channel: int, wanted_dB: float) -> float:
        offset_dB = self.offset_dB.get(channel)
        low_dB, high_dB = offset_dB, MAX_ATTENUATION_dB + offset_dB
        return within(wanted_dB, low_dB, high_dB, low_dB)

    @query(f"{_OUT}:APMode")
    def _absolute_power_mode(self, channel: int) -> int:
        return int(channel in self._powers_dBm)

    @command(f"{_OUT}:APMode", Boolean())
    def _set_absolute_power_mode(self, channel: int, on: bool) -> None:
        if not on:
            self._powers_dBm.pop(channel, None)
        elif channel not in self._powers_dBm:
            self._powers_dBm[channel] = self._present_dBm(channel)

    def _present_dBm(self, channel: int) -> float:
        """Power behind the filter as if the gate were open; raises ScpiError -221 in the dark."""
        arriving_W = self.input_power_W(channel)
        if arriving_W <= 0:
            raise ScpiError(-221)
        return dBm(arriving_W) - self._motions[channel].to_dB

    @controls.changed
    def _controls_changed(self, on: bool, channel: int) -> None:
        if on and channel not in self._powers_dBm and self.input_power_W(channel) > 0:
            self._powers_dBm[channel] = self._present_dBm(channel)
        elif not on:
            self._powers_dBm.pop(channel, None)

    @command(f"{_OUT}:POWer", _Power())
    def _set_power(self, channel: int, wanted: tuple[float, bool]) -> None:
        value, plain = wanted
        power_dBm = dBm(value) if plain and in_watt(self.set_unit.get(channel)) else value
        self.aim(channel, power_dBm - self.power_offset_dB.get(channel))

    def aim(self, channel: int, power_dBm: float) -> None:
        """Move the filter so that this power leaves it; raises ScpiError -221 in the dark, -222 too far."""
        needed_dB = self._present_dBm(channel) + self._motions[channel].to_dB - power_dBm
        self._move(channel, needed_dB)
        self._powers_dBm[channel] = power_dBm
