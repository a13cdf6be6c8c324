# SPDX-License-Identifier: Apache-2.0
"""Santec TSL-570 tunable laser, model 480640 (1480..1640 nm), on raw TCP with CR as terminator.

Both command sets, chosen by ``:SYST:COMM:COD`` 0 (Legacy) or 1 (SCPI): the mnemonics are the same, the
numbers are not. SCPI answers ``+1.55000000E-006`` (m), Hz and ``+1``, and takes SI; Legacy answers
``1550.0000`` (nm), ``193.41449`` (THz) and ``1``, and takes nm and THz. Limits: ``:WAV? MIN`` in SCPI,
``:WAV:MIN?`` in Legacy. ``:POW:SHUT`` is 1 for closed. ``:POW:ACT?`` reads the monitor before the shutter.
With ``:POW:ATT:AUT`` 0 the output is the maximum power less ``:POW:ATT``. Powers up with the laser off and
the shutter closed. Fine tuning, coherence control and modulation are kept and have no optical effect.

Source: the vendor's command reference of the TSL family.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from heraldlink_sim.faces.santec_format import (
    FREQUENCY,
    POWER_DBM,
    SPEED_OF_LIGHT,
    WAVELENGTH,
    Quantity,
    RawNumber,
    dBm_to_mW,
    exponent,
    mW_to_dBm,
    signed,
)
from heraldlink_sim.model import InstrumentConfig, Model, Place, scpi_server
from heraldlink_sim.scpi import (
    Integer,
    Number,
    Optional,
    ScpiDevice,
    ScpiError,
    Setting,
    command,
    query,
)
from heraldlink_sim.scpi.lexer import Argument
from heraldlink_sim.world.rack import LaserState

_WAV = "[SOURce]:WAVelength"
_FREQ = "[SOURce]:[WAVelength]:FREQuency"
_POW = "[SOURce]:POWer"
_KNOWN_ERRORS: Mapping[int, int] = {-104: -148, -121: -148, -131: -103, -138: -103, -224: -222, -350: -200}
_DARK_DBM = -100.0


class SantecTSL570(ScpiDevice):
    """One laser; ``interlock_open`` keeps it from emitting."""

    error_capacity: ClassVar[int] = 10

    output = Setting(f"{_POW}:STATe", Integer(0, 1, default=0))
    shutter_closed = Setting(f"{_POW}:SHUTter", Integer(0, 1, default=1))
    power_unit = Setting(f"{_POW}:UNIT", Integer(0, 1, default=0))
    attenuation_dB = Setting(f"{_POW}:ATTenuation", Number(0.0, 30.0, default=0.0))
    automatic = Setting(f"{_POW}:ATTenuation:AUTo", Integer(0, 1, default=1))
    wavelength_unit = Setting(f"{_WAV}:UNIT", Integer(0, 1, default=0))
    fine = Setting(f"{_WAV}:FINe", Number(-100.0, 100.0, default=0.0))
    coherence = Setting("[SOURce]:COHCtrl", Integer(0, 1, default=0))
    modulation = Setting("[SOURce]:AM:STATe", Integer(0, 1, default=0))
    modulation_source = Setting("[SOURce]:AM:SOURce", Integer(0, 4, default=0))
    scpi_set = Setting("SYSTem:COMMunicate:CODe", Integer(0, 1, default=1))

    def __init__(self, serial: str = "SIM-0001", *, scpi: bool = True) -> None:
        super().__init__()
        self.serial = serial
        self.interlock_open = False
        self.wavelength_m = 1550e-9
        self.power_dBm = POWER_DBM.low
        self.scpi_set.set(int(scpi))

    # --- the world

    def state(self) -> LaserState:
        """Return what arrived over the wire."""
        return LaserState(
            emitting=self._emits(),
            shutter_open=not self.shutter_closed.get(),
            power_W=dBm_to_mW(self._output_dBm()) * 1e-3,
            frequency_Hz=SPEED_OF_LIGHT / self.wavelength_m,
        )

    def _emits(self) -> bool:
        return bool(self.output.get()) and not self.interlock_open

    def _output_dBm(self) -> float:
        return self.power_dBm if self.automatic.get() else POWER_DBM.high - self.attenuation_dB.get()

    # --- the wire

    def reset(self) -> None:
        """Return to power-on; the command set stays."""
        scpi = self.scpi_set.get()
        super().reset()
        self.scpi_set.set(scpi)
        self.wavelength_m, self.power_dBm = 1550e-9, POWER_DBM.low

    def report(self, error: ScpiError) -> None:
        """Keep an error under one of the numbers that this laser knows."""
        super().report(ScpiError(_KNOWN_ERRORS.get(error.code, error.code)))

    def _ask(
        self, setting: Setting[object], arguments: tuple[Argument, ...], suffixes: tuple[int, ...]
    ) -> str:
        value = float(super()._ask(setting, arguments, suffixes))
        if isinstance(setting.kind, Integer):
            return self._whole(int(value))
        return exponent(value) if self.scpi_set.get() else f"{value:.2f}"

    def _answer(self, quantity: Quantity, value: float) -> str:
        return quantity.answer(value, scpi=bool(self.scpi_set.get()))

    def _limit(self, quantity: Quantity, word: str) -> float | None:
        """Return the limit that ``MIN`` or ``MAX`` behind a query asks for; Legacy has none."""
        if not word:
            return None
        limits = {"MIN": quantity.low, "MAX": quantity.high}
        if not self.scpi_set.get() or word.upper()[:3] not in limits:
            raise ScpiError(-108)
        return limits[word.upper()[:3]]

    def _legacy(self) -> None:
        """Refuse a header that only the Legacy set has."""
        if self.scpi_set.get():
            raise ScpiError(-113)

    @query("*IDN")
    def _identity(self) -> str:
        return f"SANTEC,TSL-570,{self.serial},0026.0026.0011"

    @command(_WAV, RawNumber())
    def _set_wavelength(self, number: tuple[float, str]) -> None:
        self.wavelength_m = WAVELENGTH.read(number, scpi=bool(self.scpi_set.get()))

    @query(_WAV, Optional(RawNumber.word(), ""))
    def _wavelength(self, word: str) -> str:
        limit = self._limit(WAVELENGTH, word)
        return self._answer(WAVELENGTH, self.wavelength_m if limit is None else limit)

    @query(f"{_WAV}:MINimum")
    def _wavelength_low(self) -> str:
        self._legacy()
        return self._answer(WAVELENGTH, WAVELENGTH.low)

    @query(f"{_WAV}:MAXimum")
    def _wavelength_high(self) -> str:
        self._legacy()
        return self._answer(WAVELENGTH, WAVELENGTH.high)

    @command(_FREQ, RawNumber())
    def _set_frequency(self, number: tuple[float, str]) -> None:
        self.wavelength_m = SPEED_OF_LIGHT / FREQUENCY.read(number, scpi=bool(self.scpi_set.get()))

    @query(_FREQ, Optional(RawNumber.word(), ""))
    def _frequency(self, word: str) -> str:
        limit = self._limit(FREQUENCY, word)
        return self._answer(FREQUENCY, SPEED_OF_LIGHT / self.wavelength_m if limit is None else limit)

    @query(f"{_FREQ}:MINimum")
    def _frequency_low(self) -> str:
        self._legacy()
        return self._answer(FREQUENCY, FREQUENCY.low)

    @query(f"{_FREQ}:MAXimum")
    def _frequency_high(self) -> str:
        self._legacy()
        return self._answer(FREQUENCY, FREQUENCY.high)

    @command(_POW, RawNumber())
    def _set_power(self, number: tuple[float, str]) -> None:
        self.power_dBm = self._read_power(*number)

    def _read_power(self, value: float, unit: str) -> float:
        in_mW = unit == "MW" or (unit == "" and self.power_unit.get() == 1)
        if unit not in ("", "MW", "DBM"):
            raise ScpiError(-103)
        if in_mW and value <= 0:
            raise ScpiError(-222)
        return POWER_DBM.bounded(mW_to_dBm(value) if in_mW else value)

    def _power_answer(self, dBm: float) -> str:
        value = dBm_to_mW(dBm) if self.power_unit.get() else dBm
        return self._answer(POWER_DBM, value)

    @query(_POW, Optional(RawNumber.word(), ""))
    def _power(self, word: str) -> str:
        limit = self._limit(POWER_DBM, word)
        return self._power_answer(self.power_dBm if limit is None else limit)

    @query(f"{_POW}:MINimum")
    def _power_low(self) -> str:
        self._legacy()
        return self._power_answer(POWER_DBM.low)

    @query(f"{_POW}:MAXimum")
    def _power_high(self) -> str:
        self._legacy()
        return self._power_answer(POWER_DBM.high)

    @query(f"{_POW}:ACTual")
    def _actual_power(self) -> str:
        return self._power_answer(self._output_dBm() if self._emits() else _DARK_DBM)

    @query(f"{_WAV}:SWEep[:STATe]")
    def _sweep_state(self) -> str:
        return self._whole(0)

    @query("SYSTem:LOCK")
    def _interlock(self) -> str:
        return self._whole(int(self.interlock_open))

    @query("SYSTem:ALERt")
    def _alerts(self) -> str:
        return "No07." if self.interlock_open else "No alerts."

    def _whole(self, value: int) -> str:
        return signed(value) if self.scpi_set.get() else str(value)


def _make(place: Place, config: InstrumentConfig) -> SantecTSL570:
    return SantecTSL570(place.serial)


MODEL = Model("Santec TSL-570", "laser", _make, scpi_server("raw", b"\r"))
