# SPDX-License-Identifier: Apache-2.0
"""Plain settings of an AWG5014: channels, markers, clock, trigger and event inputs, DC outputs.

Ranges after QCoDeS' AWG5014 driver and tm_devices' constraints; commands after the AWG5000 programmer manual
as tm_devices lists them; power-on values after QCoDeS' simulation file of the AWG5014C [?].
"""

from typing import ClassVar

from heraldlink_sim.faces.tektronix_awg5014_waveforms import ListCommands5014
from heraldlink_sim.faces.tektronix_awg70000_kinds import LIMIT, Level
from heraldlink_sim.faces.tektronix_awg70000_levels import Limits, within
from heraldlink_sim.faces.tektronix_awg70000_trigger import Impedance
from heraldlink_sim.faces.tektronix_disk import NORMALIZE
from heraldlink_sim.scpi import (
    Boolean,
    Choice,
    Integer,
    Number,
    ScpiError,
    Setting,
    Text,
    command,
    nr3,
    query,
)
from heraldlink_sim.scpi.lexer import Argument

_SOURCE = "[SOURce<1..4>]"
_LEVEL = f"{_SOURCE}:VOLTage[:LEVel][:IMMediate]"
_MARKER = f"{_SOURCE}:MARKer<1..2>"
_MARKER_LEVEL = f"{_MARKER}:VOLTage[:LEVel][:IMMediate]"
_DIGITAL = f"{_SOURCE}:DIGital:VOLTage[:LEVel][:IMMediate]"
_IMPORT = "MMEMory:IMPort:PARameter"
_INFINITE = 9.9e37


class Cutoff:
    """A cut-off frequency, or INFinity."""

    default = _INFINITE
    _number = Number(0, _INFINITE, unit="HZ")

    def parse(self, argument: Argument) -> float:
        """Hz; raises ScpiError."""
        if argument.kind == "word" and argument.text.upper() in ("INF", "INFINITY"):
            return _INFINITE
        return self._number.parse(argument)

    def format(self, value: float) -> str:
        """Hz."""
        return f"{value:.10E}"


class Half(Impedance):
    """As the trigger's, 50 ohm when the instrument wakes up."""

    default = 50.0


class Feed(Text):
    """``"ESIGnal"``, which is answered in short, or nothing."""

    def parse(self, argument: Argument) -> str:
        """The source; raises ScpiError -104 or -224."""
        text = super().parse(argument).upper()
        if text not in ("", "ESIG", "ESIGNAL"):
            raise ScpiError(-224, text)
        return text[:4]


def _volts(low: float, high: float, default: float) -> Number:
    return Number(low, high, default=default, unit="V", form=nr3)


class SettingCommands5014(ListCommands5014):
    """Everything that is a value and no more, and the four views of amplitude and offset."""

    direct_limits: ClassVar[Limits] = (0.02, 0.6, 0.5)
    amplitude_limits: ClassVar[Limits] = (0.02, 4.5, 0.5)

    output = Setting("OUTPut<1..4>[:STATe]", Boolean())
    cutoff_Hz = Setting("OUTPut<1..4>:FILTer[:LPASs]:FREQuency", Cutoff())
    direct = Setting("AWGControl:DOUTput<1..4>[:STATe]", Boolean())
    offset_V = Setting(f"{_LEVEL}:OFFSet", _volts(-2.25, 2.25, 0))
    combined = Setting(f"{_SOURCE}:COMBine:FEED", Feed())
    resolution_bits = Setting(f"{_SOURCE}:DAC:RESolution", Integer(14, 14, default=14))
    delay_s = Setting(f"{_SOURCE}:DELay[:ADJust]", Number(-1, 1, default=0, unit="S", form=nr3))
    delay_points = Setting(f"{_SOURCE}:DELay:POINts", Number(-1e7, 1e7, default=0, form=nr3))
    delay_hold = Setting(f"{_SOURCE}:PDELay:HOLD", Choice("PHASe", "DELay", "POINt"))
    phase_deg = Setting(f"{_SOURCE}:PHASe[:ADJust]", Number(-180, 180, default=0, unit="DEG", form=nr3))
    skew_s = Setting(f"{_SOURCE}:SKEW", Number(-5e-9, 5e-9, default=0, unit="S", form=nr3))
    marker_delay_s = Setting(f"{_MARKER}:DELay", Number(0, 1e-9, default=0, unit="S", form=nr3))
    marker_high_V = Setting(f"{_MARKER_LEVEL}:HIGH", _volts(-0.9, 2.7, 1))
    marker_low_V = Setting(f"{_MARKER_LEVEL}:LOW", _volts(-1.0, 2.6, 0))
    digital_high_V = Setting(f"{_DIGITAL}:HIGH", _volts(-1, 2.7, 1))
    digital_low_V = Setting(f"{_DIGITAL}:LOW", _volts(-1, 2.7, 0))
    digital_Vpp = Setting(f"{_DIGITAL}[:AMPLitude]", _volts(0.1, 3.7, 1))
    digital_offset_V = Setting(f"{_DIGITAL}:OFFSet", _volts(-0.95, 2.65, 0.5))

    _dc_on = False
    dc_level_V = Setting("AWGControl:DC<1..4>:VOLTage[:LEVel][:IMMediate]:OFFSet", _volts(-3, 5, 0))
    clock_source = Setting("AWGControl:CLOCk:SOURce", Choice("INTernal", "EXTernal"))
    rate_divider = Setting("AWGControl:CLOCk:DRATe", Integer(1, 256, default=1))
    clock_phase = Setting("AWGControl:CLOCk:PHASe[:ADJust]", Number(-180, 180, default=0, form=nr3))
    repetition_Hz = Setting("AWGControl:RRATe", Number(1e-3, 1.2e9, default=1e5, unit="HZ", form=nr3))
    repetition_hold = Setting("AWGControl:RRATe:HOLD", Boolean())
    interleave_Vpp = Setting("AWGControl:INTerleave:ADJustment:AMPLitude", Number(-1, 1, default=0, form=nr3))
    interleave_deg = Setting("AWGControl:INTerleave:ADJustment:PHASe", Number(-180, 180, default=0, form=nr3))
    interleave = Setting("AWGControl:INTerleave[:STATe]", Boolean())
    zeroing = Setting("AWGControl:INTerleave:ZERoing", Boolean())
    reference_source = Setting(f"{_SOURCE}:ROSCillator:SOURce", Choice("INTernal", "EXTernal"))
    reference_type = Setting(f"{_SOURCE}:ROSCillator:TYPE", Choice("FIXed", "VARiable"))
    reference_Hz = Setting(
        f"{_SOURCE}:ROSCillator:FREQuency", Number(5e6, 800e6, default=10e6, unit="HZ", form=nr3)
    )
    multiplier = Setting(f"{_SOURCE}:ROSCillator:MULTiplier", Integer(1, 1000, default=100))
    coupling = Setting("INSTrument:COUPle:SOURce", Choice("NONE", "PAIR", "ALL"))

    trigger_impedance = Setting("TRIGger[:SEQuence]:IMPedance", Half())
    trigger_level_V = Setting("TRIGger[:SEQuence]:LEVel", _volts(-5, 5, 0))
    trigger_mode = Setting("TRIGger[:SEQuence]:MODE", Choice("ASYNchronous", "SYNChronous"))
    trigger_polarity = Setting("TRIGger[:SEQuence]:POLarity", Choice("POSitive", "NEGative"))
    trigger_slope = Setting("TRIGger[:SEQuence]:SLOPe", Choice("POSitive", "NEGative"))
    trigger_source = Setting("TRIGger[:SEQuence]:SOURce", Choice("INTernal", "EXTernal"))
    trigger_timer_s = Setting("TRIGger[:SEQuence]:TIMer", Number(1e-6, 10, default=0.1, unit="S", form=nr3))
    waiting_value = Setting("TRIGger[:SEQuence]:WVALue", Choice("FIRSt", "LAST"))
    event_impedance = Setting("EVENt:IMPedance", Half())
    event_level_V = Setting("EVENt:LEVel", _volts(-5, 5, 0))
    event_polarity = Setting("EVENt:POLarity", Choice("POSitive", "NEGative"))
    event_timing = Setting("EVENt:JTIMing", Choice("SYNChronous", "SYNC", "ASYNchronous", "ASYNC"))

    key_lock = Setting("SYSTem:KLOCk[:STATe]", Boolean())
    window_1 = Setting("DISPlay:WINDow1[:STATe]", Choice("NORMal", "MINimize"))
    window_2 = Setting("DISPlay:WINDow2[:STATe]", Choice("NORMal", "MINimize"))
    import_normalize = Setting(f"{_IMPORT}:NORMalize", NORMALIZE)
    import_rate = Setting(f"{_IMPORT}:FREQuency[:UPDate][:STATe]", Boolean())
    import_level = Setting(f"{_IMPORT}:LEVel[:UPDate][:STATe]", Boolean())
    import_channel = Setting(f"{_IMPORT}:LEVel[:UPDate]:CHANnel", Integer(1, 4, default=1))
    import_level_type = Setting(f"{_IMPORT}:LEVel[:UPDate]:TYPE", Choice("AOFFset", "HLOW"))
    import_resampling = Setting(f"{_IMPORT}:RESampling[:STATe]", Boolean())
    import_resampling_Hz = Setting(
        f"{_IMPORT}:RESampling:FREQuency", Number(1, 1e10, default=1e9, unit="HZ", form=nr3)
    )

    @command("AWGControl:DC<1..4>:STATe", Boolean())
    def _switch_dc(self, channel: int, on: bool) -> None:
        """One switch for all DC outputs."""
        self._dc_on = on

    @query("AWGControl:DC<1..4>:STATe")
    def _dc_switched(self, channel: int) -> int:
        return int(self._dc_on)

    sample_rate_limits: ClassVar[Limits] = (1e6, 1.2e9, 1e9)

    def sample_rate_Hz(self) -> float:
        """Samples per second, of all channels."""
        return self._rate_Hz

    _rate_Hz = 1e9

    def reset(self) -> None:
        """``*RST``: settings to default."""
        super().reset()
        self._rate_Hz = self.sample_rate_limits[2]
        self._dc_on = False
        self._amplitudes_Vpp.clear()

    @property
    def _amplitudes_Vpp(self) -> dict[int, float]:
        levels: dict[int, float] = vars(self).setdefault("_amplitude_store", {})
        return levels

    def amplitude_Vpp(self, channel: int) -> float:
        """Peak-to-peak voltage into 50 ohm."""
        low, high, default = self._amplitude_range(channel)
        return min(max(self._amplitudes_Vpp.get(channel, default), low), high)

    def _amplitude_range(self, channel: int) -> Limits:
        return self.direct_limits if self.direct.get(channel) else self.amplitude_limits

    @command(f"{_SOURCE}:FREQuency[:CW]", Level("HZ"))
    @command(f"{_SOURCE}:FREQuency:FIXed", Level("HZ"))
    def _set_rate(self, source: int, value: float | str) -> None:
        self._rate_Hz = within(value, self.sample_rate_limits)

    @query(f"{_SOURCE}:FREQuency[:CW]", LIMIT)
    @query(f"{_SOURCE}:FREQuency:FIXed", LIMIT)
    def _rate(self, source: int, limit: str) -> str:
        return nr3(within(limit, self.sample_rate_limits) if limit else self._rate_Hz)

    @command(f"{_LEVEL}[:AMPLitude]", Level("V"))
    def _set_amplitude(self, channel: int, value: float | str) -> None:
        self._amplitudes_Vpp[channel] = within(value, self._amplitude_range(channel))

    @query(f"{_LEVEL}[:AMPLitude]", LIMIT)
    def _amplitude(self, channel: int, limit: str) -> str:
        return nr3(within(limit, self._amplitude_range(channel)) if limit else self.amplitude_Vpp(channel))

    @command(f"{_LEVEL}:HIGH", Number(-4.5, 4.5, unit="V"))
    def _set_high(self, channel: int, value: float) -> None:
        self._set_extremes(channel, self._extreme(channel, -1), value)

    @query(f"{_LEVEL}:HIGH")
    def _high(self, channel: int) -> str:
        return nr3(self._extreme(channel, 1))

    @command(f"{_LEVEL}:LOW", Number(-4.5, 4.5, unit="V"))
    def _set_low(self, channel: int, value: float) -> None:
        self._set_extremes(channel, value, self._extreme(channel, 1))

    @query(f"{_LEVEL}:LOW")
    def _low(self, channel: int) -> str:
        return nr3(self._extreme(channel, -1))

    def _extreme(self, channel: int, side: int) -> float:
        return self.offset_V.get(channel) + side * self.amplitude_Vpp(channel) / 2

    def _set_extremes(self, channel: int, low: float, high: float) -> None:
        amplitude = within(high - low, self._amplitude_range(channel))
        self.offset_V.set(within((high + low) / 2, (-2.25, 2.25, 0)), channel)
        self._amplitudes_Vpp[channel] = amplitude

    @marker_high_V.changed
    def _push_low(self, value: float, channel: int, marker: int) -> None:
        """The two marker levels never cross: the other one follows."""
        self.marker_low_V.set(min(value, self.marker_low_V.get(channel, marker)), channel, marker)

    @marker_low_V.changed
    def _push_high(self, value: float, channel: int, marker: int) -> None:
        self.marker_high_V.set(max(value, self.marker_high_V.get(channel, marker)), channel, marker)

    @command(f"{_MARKER_LEVEL}[:AMPLitude]", Number(0, 3.7, unit="V"))
    def _set_marker_amplitude(self, channel: int, marker: int, value: float) -> None:
        low = self.marker_low_V.get(channel, marker)
        self.marker_high_V.set(within(low + value, (-0.9, 2.7, 1)), channel, marker)

    @query(f"{_MARKER_LEVEL}[:AMPLitude]")
    def _marker_amplitude(self, channel: int, marker: int) -> str:
        return nr3(self.marker_high_V.get(channel, marker) - self.marker_low_V.get(channel, marker))

    @command(f"{_MARKER_LEVEL}:OFFSet", Number(-1, 2.7, unit="V"))
    def _set_marker_offset(self, channel: int, marker: int, value: float) -> None:
        half = (self.marker_high_V.get(channel, marker) - self.marker_low_V.get(channel, marker)) / 2
        self.marker_low_V.set(within(value - half, (-1.0, 2.6, 0)), channel, marker)
        self.marker_high_V.set(within(value + half, (-0.9, 2.7, 1)), channel, marker)

    @query(f"{_MARKER_LEVEL}:OFFSet")
    def _marker_offset(self, channel: int, marker: int) -> str:
        return nr3((self.marker_high_V.get(channel, marker) + self.marker_low_V.get(channel, marker)) / 2)
