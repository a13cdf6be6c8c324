# SPDX-License-Identifier: Apache-2.0
"""Face of the Tektronix AWG5208: eight channels of 16 bits at 2.5 GS/s with sequencer and four markers each.

It speaks the AWG70000's commands but for output paths, ranges and a few of its own. Options 25 (2.5 GS/s), DC
(1.5 V amplitude in the DC high bandwidth path) and SEQ. Source: AWG5200 programmer manual as tm_devices lists
its commands, tm_devices' constraints per path, QCoDeS' AWG70000A driver for model 5208 (marker levels, words
of the paths: the DC high voltage path is a function generator's path too; it also sets external clocks of up
to 12.5 GHz [?]).
"""

from collections.abc import Mapping
from typing import ClassVar

from heraldlink_sim.clock import Clock
from heraldlink_sim.faces.tektronix_awg70000_checks import CheckCommands
from heraldlink_sim.faces.tektronix_awg70000_fgen import FUNCTION
from heraldlink_sim.faces.tektronix_awg70000_levels import LEVEL, Limits, dbm_to_vpp
from heraldlink_sim.faces.tektronix_awg70000_outputs import OUTPUT, SOURCE
from heraldlink_sim.faces.tektronix_awg70000_waveforms import LONGEST
from heraldlink_sim.faces.tektronix_awg70002a import BLOCK_ENDS_MESSAGE
from heraldlink_sim.model import InstrumentConfig, Model, Place, scpi_server
from heraldlink_sim.quirks import Quirk
from heraldlink_sim.scpi import Boolean, Choice, Integer, Number, Optional, Setting, command, nr3, query

_FASTEST_Hz = 2.5e9
_AC_Vpp = (dbm_to_vpp(-17), dbm_to_vpp(-5), dbm_to_vpp(-5))
_AC_AMPLIFIED_Vpp = (dbm_to_vpp(-85), dbm_to_vpp(10), dbm_to_vpp(-5))


class TektronixAWG5208(CheckCommands):
    """One instrument; see the module's text."""

    channels = 8
    markers_per_channel = 4
    options: ClassVar[str] = "25,DC,SEQ"
    quirks: ClassVar[tuple[Quirk, ...]] = (BLOCK_ENDS_MESSAGE,)
    samples_folder = r"\Program Files\Tektronix\AWG5200\Samples"
    rate_limits_Hz = (1.49e3, _FASTEST_Hz, _FASTEST_Hz)
    times_external = 1
    marker_limits_V = (-0.5, 1.75)
    fastest_sine_Hz = _FASTEST_Hz / 2
    largest_function_Vpp = 1.5
    largest_function_offset_V = 2
    amplitude_limits: ClassVar[Mapping[str, Limits]] = {
        "DCHB": (0.025, 1.5, 0.5),
        "DCHV": (0.01, 5.0, 0.5),
        "ACD": _AC_Vpp,
        "ACAM": _AC_AMPLIFIED_Vpp,
    }

    path = Setting(f"{OUTPUT}:PATH", Choice("DCHB", "DCHV", "ACDirect", "ACAMplified"))
    fgen_path = Setting(f"{FUNCTION}:PATH", Choice("DCHB", "DCHV", "ACDirect", "ACAMplified"))
    resolution_bits = Setting(f"{SOURCE}:DAC:RESolution", Integer(12, 16, default=16))
    sample_rate_Hz = Setting(
        "CLOCk:SRATe", Number(1.49e3, _FASTEST_Hz, default=_FASTEST_Hz, unit="HZ", form=nr3)
    )
    external_clock_Hz = Setting(
        "CLOCk:ECLock:FREQuency", Number(2.5e9, 12.5e9, default=6.25e9, unit="HZ", form=nr3)
    )
    coupled_sources = Setting("INSTrument:COUPle:SOURce", Choice("NONE", "ALL", "PAIR"))
    interpolation = Setting("[SOURce<1..1>]:IQIMode", Choice("I2X", "I4X"))
    carrier_Hz = Setting(f"{SOURCE}:CFRequency", Number(0, 10e9, default=1e9, unit="HZ", form=nr3))
    double_rate = Setting(f"{SOURCE}:DDR", Boolean())
    dac_mode = Setting(f"{SOURCE}:DMODe", Choice("NRZ", "MIX", "RZ"))
    bias_V = Setting(f"{LEVEL}:BIAS", Number(-5, 5, default=0, unit="V", form=nr3))
    bias_on = Setting(f"{LEVEL}:BIAS:ENABle", Boolean())
    synchronize_as = Setting("SYNChronize:TYPE", Choice("MASTer", "SLAVe"))

    def __init__(self, serial: str = "SIM-0001", clock: Clock | None = None) -> None:
        super().__init__(LONGEST, clock)
        self._identity = f"TEKTRONIX,AWG5208,{serial},FV:6.0.0242.0"

    @query("*IDN")
    def _identify_serial(self) -> str:
        return self._identity

    @path.changed
    def _path_changed(self, path: str, channel: int) -> None:
        self._fit_amplitude(path, channel)

    @sample_rate_Hz.guard
    def _rate_guard(self, value: float) -> None:
        self._check_rate(value)

    @command("ABORt", Optional(Choice("ATRigger", "BTRigger"), "ATR"))
    def _abort_output(self, trigger: str) -> None:
        """Back to waiting, in gated and triggered mode."""
        self._restart()


def _make(place: Place, config: InstrumentConfig) -> TektronixAWG5208:
    return TektronixAWG5208(place.serial, place.clock)


MODEL = Model("Tektronix AWG5208", "generator", _make, scpi_server(block_ends_message=True))
