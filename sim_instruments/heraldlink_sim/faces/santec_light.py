# SPDX-License-Identifier: Apache-2.0
"""Wavelength, power and shutter of a Santec TSL.

The laser tunes at 400 nm/s after 10 ms [?]; meanwhile ``*OPC?`` waits, and the light moves along. With
``:POW:ATT:AUT`` 0 the output is the maximum power less ``:POW:ATT``. Below 1500 and above 1620 nm the
maximum falls by 0.1 dB per nm [?]. Fine tuning, coherence control and modulation are kept and change
nothing in the light.
"""

from __future__ import annotations

import math

from heraldlink_sim.clock import Clock
from heraldlink_sim.faces.santec_format import (
    LENGTHS,
    POWER_DBM,
    SPEED_OF_LIGHT,
    POWER_mW,
    Quantity,
    RawNumber,
    Reading,
    Switch,
    dBm_to_mW,
    frequencies,
    mW_to_dBm,
    wavelengths,
)
from heraldlink_sim.faces.santec_scan import TUNING_m_s
from heraldlink_sim.faces.santec_sets import SantecSets
from heraldlink_sim.scpi import Choice, Number, Optional, ScpiError, Setting, command, query

DARK_DBM = -100.0
_FIRST_m = 1550e-9
_SETTLING_s = 0.01
_FLAT_m, _SLOPE_dB_per_m = (1500e-9, 1620e-9), 0.1e9
_FREQ = "[WAVelength]:FREQuency"
OFFSET = Quantity(-0.1e-9, 0.1e-9, 1e-13, LENGTHS, legacy_unit=1e-9, legacy_digits=4)


class SantecLight(SantecSets):
    """What leaves the laser while it does not sweep; ``interlock_open`` keeps it from emitting."""

    output = Setting("POWer:STATe", Switch())
    shutter_closed = Setting("POWer:SHUTter", Switch(1))
    power_unit = Setting("POWer:UNIT", Switch())
    attenuation_dB = Setting("POWer:ATTenuation", Number(0.0, 30.0, default=0.0, unit="DB"))
    automatic = Setting("POWer:ATTenuation:AUTo", Switch(1))
    wavelength_unit = Setting("WAVelength:UNIT", Switch())
    fine = Setting("WAVelength:FINe", Number(-100.0, 100.0, default=0.0))
    coherence = Setting("COHCtrl", Switch())
    modulation = Setting("AM:STATe", Switch())

    def __init__(
        self, clock: Clock | None = None, *, range_m: tuple[float, float] = (1480e-9, 1640e-9)
    ) -> None:
        super().__init__(clock)
        low_m, high_m = range_m
        self.wavelengths = wavelengths(low_m, high_m)
        self.frequencies = frequencies(SPEED_OF_LIGHT / high_m, SPEED_OF_LIGHT / low_m)
        self.interlock_open = False
        self._rest(min(max(_FIRST_m, low_m), high_m))
        self._first_values()

    def _first_values(self) -> None:
        self.power_dBm = POWER_DBM.low
        self.offset_m = 0.0
        self.modulation_source = 0
        self._rest(self.wavelengths.bounded(min(max(_FIRST_m, self.wavelengths.low), self.wavelengths.high)))

    def reset(self) -> None:
        """Return to power-on; the command set stays."""
        kept = self.command_set.get()
        super().reset()
        self.command_set.set(kept)
        self._first_values()

    # --- the light

    def _rest(self, wavelength_m: float) -> None:
        """Stand at a wavelength."""
        self.wavelength_m = self._from_m = wavelength_m
        self._left_s = -math.inf

    def _tune(self, wavelength_m: float) -> None:
        """Begin to go to a wavelength."""
        self._from_m, self._left_s = self.present_m(), self.clock.now_s()
        self.wavelength_m = wavelength_m

    def quiet_from_s(self) -> float:
        """When the wavelength is, or was, reached."""
        return self._left_s + _SETTLING_s + abs(self.wavelength_m - self._from_m) / TUNING_m_s

    def present_m(self) -> float:
        """Where the laser is, m, without the offset; while it tunes that is on the way."""
        gone_m = max(0.0, self.clock.now_s() - self._left_s - _SETTLING_s) * TUNING_m_s
        left_m = self.wavelength_m - self._from_m
        return self.wavelength_m if gone_m >= abs(left_m) else self._from_m + math.copysign(gone_m, left_m)

    def emits(self) -> bool:
        """Whether the diode is on, and nothing keeps it from emitting."""
        return bool(self.output.get()) and not self.interlock_open

    def output_dBm(self, wavelength_m: float) -> float:
        """Power before the shutter when it emits, as far as it reaches at that wavelength."""
        set_dBm = self.power_dBm if self.automatic.get() else POWER_DBM.high - self.attenuation_dB.get()
        return min(set_dBm, peak_dBm(wavelength_m))

    # --- the wire

    def tunable(self) -> bool:
        """Whether a wavelength can be taken now; one that cannot is ignored silently."""
        return True

    @command("WAVelength", RawNumber())
    def _set_wavelength(self, number: Reading) -> None:
        wavelength_m = self.read(self.wavelengths, number)
        if self.tunable():
            self._tune(wavelength_m)

    @query("WAVelength", Optional(RawNumber.word(), ""))
    def _wavelength(self, word: str) -> str:
        return self.answer(self.wavelengths, self.wavelength_m, word)

    @query("WAVelength:MINimum")
    def _wavelength_low(self) -> str:
        self.legacy()
        return self.answer(self.wavelengths, self.wavelengths.low)

    @query("WAVelength:MAXimum")
    def _wavelength_high(self) -> str:
        self.legacy()
        return self.answer(self.wavelengths, self.wavelengths.high)

    @command("WAVelength:FINetuning:DISable")
    def _end_fine_tuning(self) -> None:
        self.fine.set(0.0)

    @command("WAVelength:OFFSet", RawNumber())
    def _set_offset(self, number: Reading) -> None:
        self.offset_m = self.read(OFFSET, number)

    @query("WAVelength:OFFSet", Optional(RawNumber.word(), ""))
    def _offset(self, word: str) -> str:
        return self.answer(OFFSET, self.offset_m, word)

    @command(_FREQ, RawNumber())
    def _set_frequency(self, number: Reading) -> None:
        frequency_Hz = self.read(self.frequencies, number)
        if self.tunable():
            self._tune(SPEED_OF_LIGHT / frequency_Hz)

    @query(_FREQ, Optional(RawNumber.word(), ""))
    def _frequency(self, word: str) -> str:
        return self.answer(self.frequencies, SPEED_OF_LIGHT / self.wavelength_m, word)

    @query(f"{_FREQ}:MINimum")
    def _frequency_low(self) -> str:
        self.legacy()
        return self.answer(self.frequencies, self.frequencies.low)

    @query(f"{_FREQ}:MAXimum")
    def _frequency_high(self) -> str:
        self.legacy()
        return self.answer(self.frequencies, self.frequencies.high)

    @command("POWer[:LEVel]", RawNumber())
    def _set_power(self, number: Reading) -> None:
        self.power_dBm = self._read_power(number)

    def _read_power(self, number: Reading) -> float:
        value, unit = number
        if unit and not self.scpi:
            raise ScpiError(-148)
        if math.isnan(value):
            return self.read(POWER_DBM, number)
        scale = POWER_mW.get(unit, 1.0 if unit == "" and self.power_unit.get() else None)
        if scale is None and unit not in ("", "DBM"):
            raise ScpiError(-103)
        if scale is None:
            return POWER_DBM.bounded(value)
        if value <= 0:
            raise ScpiError(-222)
        return POWER_DBM.bounded(mW_to_dBm(value * scale))

    def _power_answer(self, dBm: float) -> str:
        return self.plain(dBm_to_mW(dBm) if self.power_unit.get() else dBm)

    @query("POWer[:LEVel]", Optional(RawNumber.word(), ""))
    def _power(self, word: str) -> str:
        if word and not self.scpi:
            raise ScpiError(-108)
        limit = POWER_DBM.limit(word)
        return self._power_answer(self.power_dBm if limit is None else limit)

    @query("POWer[:LEVel]:MINimum")
    def _power_low(self) -> str:
        self.legacy()
        return self._power_answer(POWER_DBM.low)

    @query("POWer[:LEVel]:MAXimum")
    def _power_high(self) -> str:
        self.legacy()
        return self._power_answer(POWER_DBM.high)

    @query("POWer:ACTual[:LEVel]")
    def _actual_power(self) -> str:
        return self._power_answer(self.output_dBm(self.present_m()) if self.emits() else DARK_DBM)

    @command("AM:SOURce", Choice("0", "1", "3"))
    def _set_modulation_source(self, source: str) -> None:
        self.modulation_source = int(source)

    @query("AM:SOURce")
    def _modulation_source(self) -> str:
        return self.whole(self.modulation_source)


def peak_dBm(wavelength_m: float) -> float:
    """Most power that the laser has at a wavelength, dBm."""
    low_m, high_m = _FLAT_m
    return POWER_DBM.high - max(0.0, low_m - wavelength_m, wavelength_m - high_m) * _SLOPE_dB_per_m
