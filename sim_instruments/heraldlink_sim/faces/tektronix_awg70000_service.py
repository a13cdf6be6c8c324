# SPDX-License-Identifier: Apache-2.0
"""System, timer, auxiliary outputs and other housekeeping of an AWG70000 or AWG5200.

Source: AWG70000 programmer manual as tm_devices lists its commands. What no source bounds has a wide
range [?].
"""

from heraldlink_sim.faces.tektronix_awg70000_kinds import NAME
from heraldlink_sim.faces.tektronix_awg70000_play import PlayCommands
from heraldlink_sim.faces.tektronix_calendar import CalendarCommands
from heraldlink_sim.scpi import Boolean, Choice, Integer, Number, Setting, Text, command, nr3, query


class ServiceCommands(PlayCommands, CalendarCommands):
    """``SYSTem``, ``AWGControl``, ``AUXoutput`` and switches of calibration and diagnostics."""

    active_mode = Setting("ACTive:MODE", Choice("NORMal", "CALibration", "DIAGnostic"))
    apply_hints = Setting("AWGControl:ARSettings", Boolean())
    dynamic_loading = Setting("AWGControl:DLOading[:ENABle]", Boolean())
    streaming = Setting("AWGControl:STReaming[:ENABle]", Boolean())
    streaming_event = Setting("AWGControl:STReaming:JEVent", Choice("ATRigger", "BTRigger", "T1"))
    direct = Setting("AWGControl:DOUTput<channel>[:STATe]", Boolean())
    interleave_amplitude = Setting(
        "AWGControl:INTerleave:ADJustment:AMPLitude", Number(-1, 1, default=0, form=nr3)
    )
    interleave_phase = Setting(
        "AWGControl:INTerleave:ADJustment:PHASe", Number(-180, 180, default=0, form=nr3)
    )
    timer_Hz = Setting("AWGControl:TIMer:INTerval:HZ", Number(0.1, 1e6, default=100, unit="HZ", form=nr3))
    timer_with_play = Setting("AWGControl:TIMer:SOPLay", Boolean())
    timer_running = Setting("AWGControl:TIMer:RSTate", Boolean(), writable=False)
    auxiliary = Setting("AUXoutput<1..8>:SOURce", Choice("AFLag", "BFLag", "CFLag", "DFLag", "TIMer"))
    auxiliary_channel = Setting("AUXoutput<1..8>:SOURce:CMAPping", Integer(1, 8, default=1))
    plot = Setting("DISPlay[:PLOT][:STATe]", Boolean(default=True))
    error_dialog = Setting("SYSTem:ERRor:DIALog", Boolean(default=True))
    failures_only = Setting("DIAGnostic:LOG:FAILuresonly", Boolean())
    calibration_failures_only = Setting("CALibration:LOG:FAILuresonly", Boolean())
    test_type = Setting("DIAGnostic:TYPE", Choice("NORMal", "POST"))
    test_loops = Setting("DIAGnostic:CONTrol:LOOP", Choice("ONCE", "CONTinuous", "COUNt"))
    test_count = Setting("DIAGnostic:CONTrol:COUNt", Integer(1, 10_000, default=1))
    test_halts = Setting("DIAGnostic:CONTrol:HALT", Boolean())
    address = Setting("SYSTem:SID:IP", Text("192.168.0.2"))
    gateway = Setting("SYSTem:SID:GATeway", Text("192.168.0.1"))

    @query("AWGControl:CONFigure:CNUMber")
    def _channel_count(self) -> int:
        return self.channels

    @query("AWGControl:LSTate")
    def _load_state(self) -> int:
        """0: nothing is being loaded [?]."""
        self.look()
        return int(self.busy)

    @command("AWGControl:TIMer:RUN")
    def _start_timer(self) -> None:
        self.timer_running.set(True)

    @command("AWGControl:TIMer:STOP")
    def _stop_timer(self) -> None:
        self.timer_running.set(False)

    @command("AWGControl:TIMer:INTerval:SEConds", Number(1e-6, 10, unit="S"))
    def _set_timer_period(self, period_s: float) -> None:
        self.timer_Hz.set(1 / period_s)

    @query("AWGControl:TIMer:INTerval:SEConds")
    def _timer_period(self) -> str:
        return nr3(1 / self.timer_Hz.get())

    @query("SYSTem:SID:MAC")
    def _mac(self) -> str:
        return NAME.format("00-00-00-00-00-00")

    @query("SYSTem:ERRor:CODE:ALL")
    def _all_codes(self) -> str:
        return ",".join(str(error.code) for error in self.errors.drain()) or "0"
