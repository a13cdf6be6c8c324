# SPDX-License-Identifier: Apache-2.0
"""Trigger inputs, run modes and the function generator's switch of an AWG70000 or AWG5200.

Source: AWG70000 programmer manual as tm_devices lists its commands.
"""

from collections.abc import Callable

from heraldlink_sim.faces.tektronix_awg70000_clock import ClockCommands
from heraldlink_sim.faces.tektronix_awg70000_outputs import SOURCE
from heraldlink_sim.scpi import Boolean, Choice, Number, Optional, Setting, command, nr1, nr3, query
from heraldlink_sim.scpi.declare import Kind
from heraldlink_sim.scpi.lexer import Argument

_INPUTS = Choice("ATRigger", "BTRigger")
_INPUT = Optional(_INPUTS, "ATR")


class Impedance:
    """50 ohm or 1 kohm."""

    default = 1000.0
    _number = Number(50, 1000, default=1000, unit="OHM")

    def parse(self, argument: Argument) -> float:
        """The nearer of the two; raises ScpiError."""
        return 50.0 if self._number.parse(argument) < 525 else 1000.0

    def format(self, value: float) -> str:
        """Ohms."""
        return nr1(value)


def _of_input(
    mnemonic: str, kind: "Kind[str] | Kind[float]"
) -> tuple[Callable[..., None], Callable[..., str]]:
    """Command and query of a setting of trigger input A or B, which is named behind the value."""
    header = f"TRIGger[:SEQuence]:{mnemonic}"

    @command(header, kind, _INPUT)
    def write(device: "TriggerCommands", value: object, which: str) -> None:
        device.values[(header, which)] = value

    @query(header, _INPUT)
    def read(device: "TriggerCommands", which: str) -> str:
        return kind.format(device.values.get((header, which), kind.default))  # type: ignore[arg-type]

    return write, read


class TriggerCommands(ClockCommands):
    """What the outputs wait for."""

    _set_level, _level = _of_input("LEVel", Number(-5, 5, default=1.4, unit="V", form=nr3))
    _set_slope, _slope = _of_input("SLOPe", Choice("POSitive", "NEGative"))
    _set_impedance, _impedance = _of_input("IMPedance", Impedance())
    _set_sampling, _sampling = _of_input("MODE", Choice("ASYNchronous", "SYNChronous"))

    trigger_source = Setting("TRIGger[:SEQuence]:SOURce", Choice("EXTernal", "INTernal"))
    trigger_interval_s = Setting(
        "TRIGger[:SEQuence]:INTerval", Number(1e-6, 10, default=10e-3, unit="S", form=nr3)
    )
    waiting_value = Setting("TRIGger[:SEQuence]:WVALue", Choice("FIRSt"))

    run_mode = Setting(f"{SOURCE}:RMODe", Choice("CONTinuous", "TRIGgered", "TCONtinuous", "GATed"))
    trigger_input = Setting(f"{SOURCE}:TINPut", Choice("ATRigger", "BTRigger", "ITRigger"))
    coupled_run = Setting("[SOURce<1..1>]:RCCouple", Boolean())
    coupled = Setting("INSTrument:COUPle:SOURce", Boolean())

    @command("AWGControl:RMODe", Choice("CONTinuous", "TRIGgered", "GATed", "TCONtinuous"))
    def _set_mode(self, mode: str) -> None:
        """The run mode of all channels."""
        for channel in range(1, self.channels + 1):
            self.run_mode.set(mode, channel)

    @query("AWGControl:RMODe")
    def _mode(self) -> str:
        return self.run_mode.get(1)
