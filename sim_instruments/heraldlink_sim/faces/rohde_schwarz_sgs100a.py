# SPDX-License-Identifier: Apache-2.0
"""Face of the Rohde & Schwarz SGS100A vector source, 1 MHz to 12.75 GHz (20 GHz with the SGU100A).

Commands after the R&S SGS100A user manual as QCoDeS' and QMI's drivers and R&S' own package for its sister
``RsSgt`` quote them; answers are in the short form, in capitals. ``SOUR:ROSC:SOUR EXT`` puts the source on
the common 10 MHz; without a lock to it the static error 50 stands in ``SYST:SERR?`` and bit 5 of the
questionable status is set. After ``*RST`` it runs on its own. Options decide what it can do: ``SGS-B106``
6 GHz, ``SGS-B112`` 12.75 GHz, ``SGU-B120`` 20 GHz, a ``V`` behind an SGS one the I/Q modulator, ``SGS-K22``
pulses.

[?]: how long it settles (0.5 ms, 0.2 s for a reference, 60 s for all adjustments), that a level above
``POW:LIM`` is refused.
"""

import math
from typing import Annotated, ClassVar

from pydantic import Field

from heraldlink_sim.clock import Clock
from heraldlink_sim.faces.sgs100a_modulation import Modulation
from heraldlink_sim.faces.sgs100a_system import System
from heraldlink_sim.model import InstrumentConfig, Model, Place, scpi_server
from heraldlink_sim.quirks import Quirk
from heraldlink_sim.scpi import Boolean, Choice, Number, ScpiError, Setting, command, query
from heraldlink_sim.world.rack import MicrowaveState

OPTIONS = ("SGS-B1", "SGS-B106V", "SGS-B112V", "SGS-B26", "SGS-K22", "SGS-K90", "SGU-B120")
SETTLING_s, REFERENCE_s = 0.5e-3, 0.2
NO_REFERENCE = 50
NO_REFERENCE_TEXT = "Extern reference out of range or disconnected"
FREQUENCY_BIT = 1 << 5

_HIGHEST_Hz = {"SGS-B106": 6e9, "SGS-B112": 12.75e9, "SGU-B120": 20e9}
_REFERENCE = ("10MHz", "100MHz", "1000MHz")
_SPELLING = {"10MH": "10MHz", "100MH": "100MHz", "1000MH": "1000MHz"}
_LEVEL = "[SOURce]:POWer[:LEVel][:IMMediate]"


class RohdeSchwarzSGS100A(Modulation, System):
    """One instrument; see the module's text."""

    identity: ClassVar[str] = "Rohde&Schwarz,SGS100A,1416.0505k02/SIM-0001,3.1.19.15-3.20.390.24"
    quirks: ClassVar[tuple[Quirk, ...]] = (
        Quirk(
            "sgs100a-answers-as-written",
            "SOUR:OPM? answers NORMal or BBBYpass, and frequencies of the reference 10MHz, not in capitals",
            "QCoDeS' tests/drivers/test_RS_SGS100A.py and its sims/RSSGS100A.yaml; no hardware at hand. "
            "QMI names 10MHZ, but takes any",
        ),
    )

    output = Setting("OUTPut[:STATe]", Boolean())
    power_on_state = Setting("OUTPut[:STATe]:PON", Choice("OFF", "UNCHanged"))
    attenuator_mode = Setting("OUTPut:AMODe", Choice("AUTO", "FIXed"))
    frequency_Hz = Setting("[SOURce]:FREQuency[:CW]", Number(1e6, 20e9, default=1e9, unit="HZ"))
    frequency_step_Hz = Setting(
        "[SOURce]:FREQuency:STEP[:INCRement]", Number(0, 20e9, default=1e6, unit="HZ")
    )
    recalls_frequency = Setting("[SOURce]:FREQuency:RCL", Choice("INCLude", "EXCLude"))
    phase_deg = Setting("[SOURce]:PHASe", Number(-36000, 36000, default=0, unit="DEG"))
    power_dBm = Setting(f"{_LEVEL}[:AMPLitude]", Number(-120, 25, default=-30, unit="DBM"))
    offset_dB = Setting(f"{_LEVEL}:OFFSet", Number(-100, 100, default=0, unit="DB"))
    recalls_power = Setting(f"{_LEVEL}:RCL", Choice("INCLude", "EXCLude"))
    limit_dBm = Setting("[SOURce]:POWer:LIMit[:AMPLitude]", Number(-120, 30, default=25, unit="DBM"))
    level_mode = Setting("[SOURce]:POWer:LMODe", Choice("NORMal", "LNOISe", "LDIStortion"))
    characteristic = Setting(
        "[SOURce]:POWer:SCHaracteristic", Choice("AUTO", "UNINterrupted", "CVSWr", "USER", "MONotone")
    )
    level_control = Setting("[SOURce]:POWer:ALC[:STATe]", Choice("AUTO", "ON", "OFFTable", "OFF", "ONTable"))
    operation_mode = Setting(
        "[SOURce]:OPMode",
        Choice("NORMal", "BBBYpass", answers={"NORM": "NORMal", "BBBY": "BBBYpass"}),
    )

    reference = Setting("[SOURce]:ROSCillator:SOURce", Choice("INTernal", "EXTernal"))
    reference_input = Setting(
        "[SOURce]:ROSCillator:EXTernal:FREQuency", Choice(*_REFERENCE, answers=_SPELLING)
    )
    reference_bandwidth = Setting(
        "[SOURce]:ROSCillator:EXTernal:SBANdwidth", Choice("NARRow", "WIDE", default="WIDE")
    )
    reference_output = Setting(
        "[SOURce]:ROSCillator:OUTPut:FREQuency", Choice(*_REFERENCE, answers=_SPELLING)
    )
    local_oscillator = Setting("[SOURce]:LOSCillator:SOURce", Choice("INTernal", "EXTernal"))
    reference_connector = Setting("CONNector:REFLo:OUTPut", Choice("REF", "LO", "OFF"))
    trigger_connector = Setting(
        "CONNector:TRIGger:OMODe", Choice("SVALid", "SNVALid", "PVOut", "PETrigger", "PEMSource")
    )

    def __init__(
        self, serial: str = "SIM-0001", clock: Clock | None = None, options: tuple[str, ...] = OPTIONS
    ) -> None:
        super().__init__(clock)
        self.serial = serial
        self._identity = self.identity.replace("SIM-0001", serial)
        self._installed = options
        self._locked = True

    # --- the world

    def state(self) -> MicrowaveState:
        """What arrived over the wire."""
        return MicrowaveState(
            output_on=self.output.get(),
            frequency_Hz=self.frequency_Hz.get(),
            power_dBm=self.power_dBm.get() - self.offset_dB.get(),
            phase_rad=math.radians(self.phase_deg.get()),
            reference_external=self.reference.get() == "EXT" and self._locked,
        )

    def set_locked(self, locked: bool) -> None:
        """Let the external reference come, or go away."""
        self._locked = locked
        self._check_reference()

    def _check_reference(self) -> None:
        lost = self.reference.get() == "EXT" and not self._locked
        if lost and not self.status.questionable.condition & FREQUENCY_BIT:
            self.report(ScpiError(NO_REFERENCE, text=NO_REFERENCE_TEXT))
        self.status.questionable.set_condition(FREQUENCY_BIT, lost)

    # --- options

    def has(self, option: str) -> bool:
        """Whether an option is installed, with or without the modulator's V."""
        return any(name.removesuffix("V") == option for name in self._installed)

    @property
    def has_modulator(self) -> bool:
        """Whether an RF option with I/Q modulator is installed."""
        return any(name.endswith("V") for name in self._installed)

    def installed_options(self) -> tuple[str, ...]:
        """Options, as ``*OPT?`` lists them."""
        return self._installed

    @property
    def highest_Hz(self) -> float:
        """Highest frequency that the RF options allow."""
        return max((Hz for option, Hz in _HIGHEST_Hz.items() if self.has(option)), default=6e9)

    # --- common commands and checks

    def reset(self) -> None:
        """``*RST``."""
        super().reset()
        self._check_reference()

    @query("*IDN")
    def _identify_serial(self) -> str:
        return self._identity

    @query("*OPT")
    def _options_installed(self) -> str:
        return ",".join(self._installed)

    @command("SYSTem:PRESet")
    def _preset(self) -> None:
        self.reset()

    @frequency_Hz.guard
    def _in_band(self, frequency_Hz: float) -> None:
        if frequency_Hz > self.highest_Hz:
            raise ScpiError(-222, f"{frequency_Hz:.0f}")

    @power_dBm.guard
    def _below_limit(self, power_dBm: float) -> None:
        if power_dBm > self.limit_dBm.get():
            raise ScpiError(-222, f"{power_dBm:g}")

    @frequency_Hz.changed
    @power_dBm.changed
    @phase_deg.changed
    @output.changed
    def _settle(self, _value: object) -> None:
        self.begin(SETTLING_s)

    @reference.changed
    @reference_input.changed
    def _lock_reference(self, _value: object) -> None:
        self._check_reference()
        self.begin(REFERENCE_s)

    # --- level and phase

    @command("FFASt", Number(1e6, 20e9, unit="HZ"))
    def _set_frequency_fast(self, frequency_Hz: float) -> None:
        self._in_band(frequency_Hz)
        self.frequency_Hz.set(frequency_Hz)

    @command("PFASt", Number(-120, 25, unit="DBM"))
    def _set_power_fast(self, power_dBm: float) -> None:
        self._below_limit(power_dBm)
        self.power_dBm.set(power_dBm)

    @query("[SOURce]:POWer:PEP")
    def _peak_power(self) -> str:
        return f"{self.power_dBm.get() + (self.iq_crest_dB.get() if self.iq_state.get() else 0):g}"

    @query("[SOURce]:POWer:RANGe:UPPer")
    def _highest_level(self) -> str:
        return f"{min(25.0, self.limit_dBm.get()):g}"

    @query("[SOURce]:POWer:RANGe:LOWer")
    def _lowest_level(self) -> str:
        return "-120"

    @command("[SOURce]:PHASe:REFerence")
    def _phase_reference(self) -> None:
        self.phase_deg.set(0.0)

    @command("[SOURce]:POWer:ALC:SONCe")
    def _search_once(self) -> None:
        self.begin(SETTLING_s)

    @query("SYSTem:SERRor")
    def _static_errors(self) -> str:
        lost = self.status.questionable.condition & FREQUENCY_BIT
        return f'{NO_REFERENCE},"{NO_REFERENCE_TEXT}"' if lost else '0,"No error"'


class SgsConfig(InstrumentConfig):
    """Options that are installed."""

    options: Annotated[tuple[str, ...], Field(min_length=1)] = OPTIONS


def _make(place: Place, config: SgsConfig) -> RohdeSchwarzSGS100A:
    return RohdeSchwarzSGS100A(place.serial, place.clock, config.options)


MODEL = Model("R&S SGS100A", "microwave", _make, scpi_server(), config=SgsConfig)
