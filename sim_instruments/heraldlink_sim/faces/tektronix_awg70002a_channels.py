# SPDX-License-Identifier: Apache-2.0
"""Channel, clock and function generator settings of an AWG70002A (after the qcodes AWG70000A driver)."""

from heraldlink_sim.faces.tektronix_awg70002a_storage import StorageCommands
from heraldlink_sim.scpi import Boolean, Choice, Integer, Number, ScpiError, Setting, nr3, query

CHANNELS = (1, 2)
_SOURCE = "SOURce<1..2>"
_LEVEL = f"{_SOURCE}:VOLTage[:LEVel][:IMMediate]"
_FUNCTION = "FGEN:CHANnel<1..2>"
_FASTEST_HZ = {"SINE": 12.5e9, "SQU": 12.5e9}  # other shapes: half of it


class ChannelCommands(StorageCommands):
    """Everything that is a plain setting."""

    output = Setting("OUTPut<1..2>[:STATe]", Boolean())
    all_off = Setting("OUTPut:OFF", Boolean())
    amplitude_Vpp = Setting(f"{_LEVEL}[:AMPLitude]", Number(0.25, 0.5, default=0.5, unit="V", form=nr3))
    offset_V = Setting(f"{_LEVEL}:OFFSet", Number(-2, 2, default=0, unit="V", form=nr3))
    resolution_bits = Setting(f"{_SOURCE}:DAC:RESolution", Integer(8, 10, default=10))
    marker_high_V = Setting(
        f"{_SOURCE}:MARKer<1..2>:VOLTage[:LEVel][:IMMediate]:HIGH",
        Number(-1.4, 1.4, default=1, unit="V", form=nr3),
    )
    marker_low_V = Setting(
        f"{_SOURCE}:MARKer<1..2>:VOLTage[:LEVel][:IMMediate]:LOW",
        Number(-1.4, 1.4, default=0, unit="V", form=nr3),
    )
    hold = Setting("OUTPut<1..2>:WVALue[:ANALog][:STATe]", Choice("ZERO", "FIRST"))
    marker_waiting = Setting("OUTPut<1..2>:WVALue:MARKer<1..2>", Choice("LOW", "FIRST", "HIGH"))
    stopped = Setting("OUTPut<1..2>:SVALue[:ANALog][:STATe]", Choice("OFF", "ZERO"))
    marker_stopped = Setting("OUTPut<1..2>:SVALue:MARKer<1..2>", Choice("OFF", "LOW"))
    path = Setting("OUTPut<1..2>:PATH", Choice("DIRect", "DCAMplified", "AC"))
    run_mode = Setting(f"{_SOURCE}:RMODe", Choice("CONTinuous", "TRIGgered", "TCONtinuous"))
    trigger_input = Setting(f"{_SOURCE}:TINPut", Choice("ATRigger", "BTRigger", "ITRigger"))

    mode = Setting("INSTrument:MODE", Choice("AWG", "FGEN"))
    sample_rate_Hz = Setting("CLOCk:SRATe", Number(1.49e3, 25e9, default=25e9, unit="HZ", form=nr3))
    clock_source = Setting("CLOCk:SOURce", Choice("INTernal", "EFIXed", "EVARiable", "EXTernal"))
    external_clock_Hz = Setting(
        "CLOCk:ECLock:FREQuency", Number(6.25e9, 12.5e9, default=6.25e9, unit="HZ", form=nr3)
    )
    reference_Hz = Setting(
        "CLOCk:EREFerence:FREQuency", Number(35e6, 250e6, default=35e6, unit="HZ", form=nr3)
    )
    clock_output = Setting("CLOCk:OUTPut[:STATe]", Boolean())
    trigger_level_V = Setting("TRIGger:LEVel<1..2>", Number(-5, 5, default=1.4, unit="V", form=nr3))

    fgen_amplitude_Vpp = Setting(f"{_FUNCTION}:AMPLitude", Number(0, 0.5, default=0.5, unit="V", form=nr3))
    fgen_offset_V = Setting(f"{_FUNCTION}:OFFSet", Number(-0.25, 0.25, default=0, unit="V", form=nr3))
    fgen_frequency_Hz = Setting(
        f"{_FUNCTION}:FREQuency", Number(1, 12.5e9, default=1.2e6, unit="HZ", form=nr3)
    )
    fgen_level_V = Setting(f"{_FUNCTION}:DCLevel", Number(-0.25, 0.25, default=0, unit="V", form=nr3))
    fgen_path = Setting(f"{_FUNCTION}:PATH", Choice("DIRect", "DCAMplified", "AC"))
    fgen_phase_deg = Setting(f"{_FUNCTION}:PHASe", Number(-180, 180, default=0, unit="DEG", form=nr3))
    fgen_symmetry = Setting(f"{_FUNCTION}:SYMMetry", Number(0, 100, default=100, unit="PCT", form=nr3))
    fgen_type = Setting(
        f"{_FUNCTION}:TYPE",
        Choice(
            "SINE",
            "SQUare",
            "TRIangle",
            "NOISe",
            "DC",
            "GAUSSian",
            "EXPRise",
            "EXPDecay",
            "NONE",
            default="SINE",
        ),
    )

    @query(f"{_FUNCTION}:PERiod")
    def _period(self, channel: int) -> str:
        return nr3(1 / self.fgen_frequency_Hz.get(channel))

    @fgen_frequency_Hz.guard
    def _check_frequency(self, value: float, channel: int) -> None:
        if value > _FASTEST_HZ.get(self.fgen_type.get(channel), 6.25e9):
            raise ScpiError(-222, f"{value:g} Hz")

    @marker_high_V.changed
    def _push_low(self, value: float, channel: int, marker: int) -> None:
        """The two marker levels never cross: the other one follows."""
        self.marker_low_V.set(min(value, self.marker_low_V.get(channel, marker)), channel, marker)

    @marker_low_V.changed
    def _push_high(self, value: float, channel: int, marker: int) -> None:
        self.marker_high_V.set(max(value, self.marker_high_V.get(channel, marker)), channel, marker)

    @sample_rate_Hz.guard
    def _check_rate(self, value: float) -> None:
        """An external clock is at most doubled (qcodes SRValidator)."""
        if self.clock_source.get() == "EXT" and value > 2 * self.external_clock_Hz.get():
            raise ScpiError(-222, f"{value:g} Hz")
