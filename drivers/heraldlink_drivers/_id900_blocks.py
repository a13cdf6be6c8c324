# SPDX-License-Identifier: Apache-2.0
"""Blocks of the ID900 that pass events on: inputs, delays, combiners, outputs."""

from typing import TYPE_CHECKING, Self

from qcodes import validators as vals
from qcodes.instrument import Instrument, InstrumentBaseKWArgs
from qcodes.parameters import Parameter

from heraldlink_drivers._id900_block import (
    DELAYS,
    EVENTS,
    GENERATORS,
    INPUTS,
    OPERATIONS,
    Block,
    volts,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack

EDGES = ("RISI", "FALL")
COMBINED = ("NONE", *INPUTS, *DELAYS, *GENERATORS, *(name for name in EVENTS if name.startswith("TSCO")))


class ID900Input(Block):
    """STARt or one of INPUt1 to 4."""

    def __init__(
        self, parent: Instrument, name: str, prefix: str, **kwargs: "Unpack[InstrumentBaseKWArgs]"
    ) -> None:
        super().__init__(parent, name, prefix, **kwargs)
        self.enabled: Parameter[bool, Self] = self.switch_parameter("enabled", "Enabled", "ENAB")
        """Whether the input takes events."""
        self.threshold: Parameter[float, Self] = self.add_parameter(
            "threshold",
            label="Threshold",
            unit="V",
            get_cmd=f"{prefix}:THRE?",
            set_cmd=f"{prefix}:THRE {{:.4f}}V",
            get_parser=volts,
            vals=vals.Numbers(-3, 3),
        )
        """Threshold (V)."""
        self.edge: Parameter[str, Self] = self.word_parameter("edge", "Edge", "EDGE", EDGES)
        """Edge that makes an event."""
        self.coupling: Parameter[str, Self] = self.word_parameter(
            "coupling", "Coupling", "COUP", ("DC", "AC")
        )
        """Coupling of the input."""
        self.selected: Parameter[str, Self] = self.word_parameter(
            "selected", "What the input listens to", "SELE", ("UNSH", "SHAP", "OUTP", "LOOP")
        )
        """UNSH and SHAP listen to the socket, OUTP to the device's own output of the same number."""
        self.resync: Parameter[str, Self] = self.word_parameter(
            "resync", "Resynchronisation", "RESY", ("AUTO", "MANU")
        )
        """Policy of resynchronisation."""
        self.hires_error: Parameter[int, Self] = self.add_parameter(
            "hires_error", label="High-resolution error", get_cmd=f"{prefix}:HIRE:ERRO?", get_parser=int
        )
        """0: none; 1: recalibrate; 2: more than 25 MHz; 3, 4: dead time; 5: disabled; 1001 to 1003: rate."""
        self.add_counter()

    def clear_hires_error(self) -> None:
        """Forget the high-resolution error."""
        self.send("HIRE:ERRO:CLEA")


class ID900Combiner(Block):
    """One coincidence block TSCOmbiner with its window and counter.

    It takes blocks of the two levels before it (inputs; delays and generators; TSCO1 to 8; 9 to 16): the
    device refuses others with "No connection".
    """

    def __init__(
        self, parent: Instrument, name: str, prefix: str, **kwargs: "Unpack[InstrumentBaseKWArgs]"
    ) -> None:
        super().__init__(parent, name, prefix, **kwargs)
        word = self.word_parameter
        self.first: Parameter[str, Self] = word("first", "First source", "FIR:LINK", COMBINED)
        """First source."""
        self.second: Parameter[str, Self] = word("second", "Second source", "SEC:LINK", COMBINED)
        """Second source."""
        self.windowed: Parameter[bool, Self] = self.switch_parameter("windowed", "Windowed", "WIND:ENAB")
        """Whether the window divides inside from outside; without it the operation outside holds."""
        self.window_begin: Parameter[float, Self] = self.time_parameter(
            "window_begin", "Begin of the window", "WIND:BEGI:DELA"
        )
        """Begin of the window (s) after its source."""
        self.window_begin_source: Parameter[str, Self] = word(
            "window_begin_source", "What opens the window", "WIND:BEGI:LINK", COMBINED
        )
        """What opens the window."""
        self.window_begin_edge: Parameter[str, Self] = word(
            "window_begin_edge", "Edge that opens the window", "WIND:BEGI:EDGE", EDGES
        )
        """Edge that opens the window."""
        self.window_end: Parameter[float, Self] = self.time_parameter(
            "window_end", "End of the window", "WIND:END:DELA"
        )
        """End of the window (s) after its source."""
        self.window_end_source: Parameter[str, Self] = word(
            "window_end_source", "What closes the window", "WIND:END:LINK", COMBINED
        )
        """What closes the window."""
        self.window_end_edge: Parameter[str, Self] = word(
            "window_end_edge", "Edge that closes the window", "WIND:END:EDGE", EDGES
        )
        """Edge that closes the window."""
        self.inside: Parameter[str, Self] = word("inside", "Operation inside", "OPIN", OPERATIONS)
        """What passes inside the window."""
        self.outside: Parameter[str, Self] = word("outside", "Operation outside", "OPOU", OPERATIONS)
        """What passes outside the window."""
        self.add_counter()


class ID900Output(Block):
    """One of OUTPut1 to 4."""

    def __init__(
        self, parent: Instrument, name: str, prefix: str, **kwargs: "Unpack[InstrumentBaseKWArgs]"
    ) -> None:
        super().__init__(parent, name, prefix, **kwargs)
        self.enabled: Parameter[bool, Self] = self.switch_parameter("enabled", "Enabled", "ENAB")
        """Whether the output is driven."""
        self.source: Parameter[str, Self] = self.word_parameter("source", "Source", "LINK", EVENTS)
        """Source of the output."""
        self.mode: Parameter[str, Self] = self.word_parameter("mode", "Levels", "MODE", ("NIM", "TTL"))
        """Logic levels."""
        self.pulsed: Parameter[bool, Self] = self.switch_parameter("pulsed", "Pulsed", "PULS")
        """Whether each event makes a pulse of ``pulse_width``."""
        self.pulse_width: Parameter[float, Self] = self.time_parameter(
            "pulse_width", "Pulse width", "PULS:WIDT", 1e-6, 1e-9
        )
        """Width of the pulses (s)."""
        self.delay: Parameter[float, Self] = self.time_parameter("delay", "Delay", "DELA", 1e-3)
        """Delay of the output (s)."""


class ID900Delay(Block):
    """One of DELAy1 to 8."""

    def __init__(
        self, parent: Instrument, name: str, prefix: str, **kwargs: "Unpack[InstrumentBaseKWArgs]"
    ) -> None:
        super().__init__(parent, name, prefix, **kwargs)
        self.source: Parameter[str, Self] = self.word_parameter("source", "Source", "LINK", ("NONE", *INPUTS))
        """What is delayed."""
        self.value: Parameter[float, Self] = self.time_parameter("value", "Delay", "VALU")
        """Delay (s), up to 1 s; beyond 4 us the device does not guarantee all events."""
