# SPDX-License-Identifier: Apache-2.0
"""Modulation, sweep, burst and triggers of a Keysight 33512B.

One of them at a time: switching one on switches the others off; what a function does not allow is refused
(-221), and goes off when the function changes. Bursts that a trigger starts take their time on the
instrument's clock, and ``*OPC?`` awaits them. Source: Agilent 33500 Series Operating and Service Guide.
"""

from typing import ClassVar

from heraldlink_sim.faces.keysight_33512b_functions import FunctionCommands33500
from heraldlink_sim.faces.keysight_33512b_kinds import INFINITE, clipped, exact
from heraldlink_sim.faces.keysight_33512b_levels import OUTPUT, SOURCE
from heraldlink_sim.scpi import Boolean, Choice, Number, Rest, ScpiError, Setting, command, query

_SHAPES = ("SINusoid", "SQUare", "RAMP", "NRAMp", "TRIangle", "NOISe", "PRBS", "ARBitrary")
_SOURCES = ("INTernal", "EXTernal", "CH1", "CH2")
TRIGGER = "TRIGger<1..2>"
MODES = ("AM", "FM", "PM", "PWM", "FSKey", "BPSK", "SUM", "SWEep", "BURSt")
_LONGEST_LIST = 128

# functions that a mode does not go with
_REFUSED: dict[str, tuple[str, ...]] = {
    "AM": ("DC",), "FM": ("NOIS", "PRBS", "DC"), "PM": ("NOIS", "PRBS", "DC", "PULS"),
    "PWM": ("SIN", "SQU", "RAMP", "TRI", "NOIS", "PRBS", "ARB", "DC"), "FSKey": ("NOIS", "PRBS", "DC"),
    "BPSK": ("NOIS", "PRBS", "DC"), "SUM": ("DC",), "SWEep": ("NOIS", "PRBS", "DC", "ARB"), "BURSt": ("DC",),
}  # fmt: skip


def _exclusive(state: Setting[bool], mode: str) -> None:
    """Let a state refuse what the function does not allow, and switch the others off before it goes on."""

    @state.guard
    def check(device: "ModulationCommands33500", on: bool, channel: int) -> None:
        if on:
            device.alone(mode, channel)


class ModulationCommands33500(FunctionCommands33500):
    """Everything that is laid over a function."""

    am_state = Setting(f"{SOURCE}:AM:STATe", Boolean())
    am_depth = clipped(f"{SOURCE}:AM[:DEPTh]", 0, 120, 100, "PCT")
    am_suppressed = Setting(f"{SOURCE}:AM:DSSC", Boolean())
    am_shape = Setting(f"{SOURCE}:AM:INTernal:FUNCtion", Choice(*_SHAPES))
    am_rate_Hz = clipped(f"{SOURCE}:AM:INTernal:FREQuency", 1e-6, 20e6, 100, "HZ")
    am_source = Setting(f"{SOURCE}:AM:SOURce", Choice(*_SOURCES))
    fm_state = Setting(f"{SOURCE}:FM:STATe", Boolean())
    fm_deviation_Hz = clipped(f"{SOURCE}:FM[:DEViation]", 1e-6, 10e6, 100, "HZ")
    fm_shape = Setting(f"{SOURCE}:FM:INTernal:FUNCtion", Choice(*_SHAPES))
    fm_rate_Hz = clipped(f"{SOURCE}:FM:INTernal:FREQuency", 1e-6, 20e6, 10, "HZ")
    fm_source = Setting(f"{SOURCE}:FM:SOURce", Choice(*_SOURCES))
    pm_state = Setting(f"{SOURCE}:PM:STATe", Boolean())
    pm_deviation_deg = clipped(f"{SOURCE}:PM[:DEViation]", 0, 360, 180, "DEG")
    pm_shape = Setting(f"{SOURCE}:PM:INTernal:FUNCtion", Choice(*_SHAPES))
    pm_rate_Hz = clipped(f"{SOURCE}:PM:INTernal:FREQuency", 1e-6, 20e6, 10, "HZ")
    pm_source = Setting(f"{SOURCE}:PM:SOURce", Choice(*_SOURCES))
    pwm_state = Setting(f"{SOURCE}:PWM:STATe", Boolean())
    pwm_deviation_s = clipped(f"{SOURCE}:PWM[:DEViation]", 0, 1e6, 10e-6, "S")
    pwm_duty = clipped(f"{SOURCE}:PWM:DEViation:DCYCle", 0, 100, 1, "PCT")
    pwm_shape = Setting(f"{SOURCE}:PWM:INTernal:FUNCtion", Choice(*_SHAPES))
    pwm_rate_Hz = clipped(f"{SOURCE}:PWM:INTernal:FREQuency", 1e-6, 20e6, 10, "HZ")
    pwm_source = Setting(f"{SOURCE}:PWM:SOURce", Choice(*_SOURCES))
    fsk_state = Setting(f"{SOURCE}:FSKey:STATe", Boolean())
    fsk_hop_Hz = clipped(f"{SOURCE}:FSKey:FREQuency", 1e-6, 20e6, 100, "HZ")
    fsk_rate_Hz = clipped(f"{SOURCE}:FSKey:INTernal:RATE", 125e-6, 1e6, 10, "HZ")
    fsk_source = Setting(f"{SOURCE}:FSKey:SOURce", Choice("INTernal", "EXTernal"))
    bpsk_state = Setting(f"{SOURCE}:BPSK:STATe", Boolean())
    bpsk_phase_deg = clipped(f"{SOURCE}:BPSK[:PHASe]", 0, 360, 180, "DEG")
    bpsk_rate_Hz = clipped(f"{SOURCE}:BPSK:INTernal:RATE", 1e-3, 1e6, 10, "HZ")
    bpsk_source = Setting(f"{SOURCE}:BPSK:SOURce", Choice("INTernal", "EXTernal"))
    sum_state = Setting(f"{SOURCE}:SUM:STATe", Boolean())
    sum_percent = clipped(f"{SOURCE}:SUM:AMPLitude", 0, 100, 0.1, "PCT")
    sum_shape = Setting(f"{SOURCE}:SUM:INTernal:FUNCtion", Choice(*_SHAPES))
    sum_rate_Hz = clipped(f"{SOURCE}:SUM:INTernal:FREQuency", 1e-6, 20e6, 100, "HZ")
    sum_source = Setting(f"{SOURCE}:SUM:SOURce", Choice(*_SOURCES))
    sweep_state = Setting(f"{SOURCE}:SWEep:STATe", Boolean())
    sweep_spacing = Setting(f"{SOURCE}:SWEep:SPACing", Choice("LINear", "LOGarithmic"))
    sweep_s = clipped(f"{SOURCE}:SWEep:TIME", 1e-3, 250e3, 1, "S")
    sweep_hold_s = clipped(f"{SOURCE}:SWEep:HTIMe", 0, 3600, 0, "S")
    sweep_return_s = clipped(f"{SOURCE}:SWEep:RTIMe", 0, 3600, 0, "S")
    marker_Hz = clipped(f"{SOURCE}:MARKer:FREQuency", 1e-6, 20e6, 500, "HZ")
    marker_cycle = clipped(f"{SOURCE}:MARKer:CYCLe", 2, 1e8, 2)
    marker_point = clipped(f"{SOURCE}:MARKer:POINt", 1, 1e6, 1)
    burst_state = Setting(f"{SOURCE}:BURSt:STATe", Boolean())
    burst_mode = Setting(f"{SOURCE}:BURSt:MODE", Choice("TRIGgered", "GATed"))
    burst_cycles = clipped(f"{SOURCE}:BURSt:NCYCles", 1, 1e8, 1, infinite=True)
    burst_period_s = clipped(f"{SOURCE}:BURSt:INTernal:PERiod", 1e-6, 8000, 10e-3, "S")
    burst_phase_deg = clipped(f"{SOURCE}:BURSt:PHASe", -360, 360, 0, "DEG")
    gate_polarity = Setting(f"{SOURCE}:BURSt:GATE:POLarity", Choice("NORMal", "INVerted"))

    trigger_count = clipped(f"{TRIGGER}:COUNt", 1, 1_000_000, 1)
    trigger_delay_s = clipped(f"{TRIGGER}:DELay", 0, 1000, 0, "S")
    trigger_level_V = clipped(f"{TRIGGER}:LEVel", 0.9, 3.8, 1.65, "V")
    trigger_slope = Setting(f"{TRIGGER}:SLOPe", Choice("POSitive", "NEGative"))
    trigger_source = Setting(f"{TRIGGER}:SOURce", Choice("IMMediate", "EXTernal", "TIMer", "BUS"))
    trigger_timer_s = clipped(f"{TRIGGER}:TIMer", 1e-6, 8000, 1, "S")
    continuous = Setting("INITiate<1..2>:CONTinuous", Boolean(default=True))
    trigger_out = Setting("OUTPut:TRIGger[:STATe]", Boolean())
    trigger_out_slope = Setting("OUTPut:TRIGger:SLOPe", Choice("POSitive", "NEGative"))
    trigger_out_source = Setting("OUTPut:TRIGger:SOURce", Choice("CH1", "CH2"))
    sync = Setting("OUTPut:SYNC[:STATe]", Boolean())
    sync_mode = Setting(f"{OUTPUT}:SYNC:MODE", Choice("NORMal", "CARRier", "MARKer"))
    sync_polarity = Setting(f"{OUTPUT}:SYNC:POLarity", Choice("NORMal", "INVerted"))
    sync_source = Setting("OUTPut:SYNC:SOURce", Choice("CH1", "CH2"))

    _STATES: ClassVar[tuple[Setting[bool], ...]] = (
        am_state, fm_state, pm_state, pwm_state, fsk_state, bpsk_state, sum_state, sweep_state, burst_state,
    )  # fmt: skip

    for _state, _mode in zip(_STATES, MODES, strict=True):
        _exclusive(_state, _mode)

    def plain(self, channel: int) -> None:
        """Switch modulation, sweep and burst off."""
        for state in self._STATES:
            state.__get__(self, type(self)).set(False, channel)

    def shape_follows(self, channel: int) -> None:
        """What the new function does not allow goes off (-221)."""
        for mode, state in zip(MODES, self._STATES, strict=True):
            bound = state.__get__(self, type(self))
            if bound.get(channel) and self.shape.get(channel) in _REFUSED[mode]:
                bound.set(False, channel)
                self.report(ScpiError(-221, f"{mode.upper()} turned off by the function"))

    def alone(self, mode: str, channel: int) -> None:
        """One of them goes on, the others off; raises ScpiError -221 if the function does not allow it."""
        if self.shape.get(channel) in _REFUSED[mode]:
            raise ScpiError(-221, f"{mode.upper()} not allowed with the function")
        self.plain(channel)

    @command("*TRG")
    def _bus_trigger(self) -> None:
        """A trigger for all channels that wait for the bus; -211 if none does."""
        waiting = [n for n in range(1, self.channels + 1) if self.trigger_source.get(n) == "BUS"]
        if not waiting:
            raise ScpiError(-211, text="Trigger ignored")
        for channel in waiting:
            self._fire(channel)

    @command(f"{TRIGGER}[:IMMediate]")
    def _trigger(self, channel: int) -> None:
        self._fire(channel)

    @command("INITiate<1..2>[:IMMediate]")
    def _initiate(self, channel: int) -> None:
        if self.continuous.get(channel):
            raise ScpiError(-213)

    @command("ABORt")
    def _abort(self) -> None:
        self.abort_operations()

    @command(f"{SOURCE}:PHASe:REFerence")
    def _reference_phase(self, channel: int) -> None:
        self.phase_deg.set(0.0, channel)

    @command(f"{SOURCE}:PHASe:SYNChronize")
    @command(f"{SOURCE}:FUNCtion:ARBitrary:SYNChronize")
    def _synchronize(self, channel: int) -> None:
        """Both channels begin their cycle together."""

    def _fire(self, channel: int) -> None:
        """Play a burst or a sweep; an endless or gated one has no end to be awaited."""
        delay_s, count = self.trigger_delay_s.get(channel), self.trigger_count.get(channel)
        cycles = self.burst_cycles.get(channel)
        if self.sweep_state.get(channel):
            self.begin(delay_s + self.sweep_s.get(channel) + self.sweep_return_s.get(channel))
        elif self.burst_state.get(channel) and cycles < INFINITE and self.burst_mode.get(channel) == "TRIG":
            self.begin(delay_s + count * cycles / self.frequency_Hz(channel))

    list_dwell_s = clipped(f"{SOURCE}:LIST:DWELl", 1e-6, 1e6, 1, "S")

    @command(f"{SOURCE}:LIST:FREQuency", Rest(Number(1e-6, 20e6, unit="HZ")))
    def _set_list(self, channel: int, frequencies: list[float]) -> None:
        if len(frequencies) > _LONGEST_LIST:
            raise ScpiError(-223, str(len(frequencies)))
        self._lists[channel] = tuple(frequencies)

    @query(f"{SOURCE}:LIST:FREQuency")
    def _list(self, channel: int) -> str:
        return ",".join(exact(value) for value in self._lists.get(channel, (100.0,)))

    @query(f"{SOURCE}:LIST:FREQuency:POINts")
    def _list_points(self, channel: int) -> int:
        return len(self._lists.get(channel, (100.0,)))

    @property
    def _lists(self) -> dict[int, tuple[float, ...]]:
        lists: dict[int, tuple[float, ...]] = vars(self).setdefault("_list_store", {})
        return lists
