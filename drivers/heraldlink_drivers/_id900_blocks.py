# SPDX-License-Identifier: Apache-2.0
"""Blocks of the ID900's signal graph as QCoDeS channels; commands from the vendor's manual.

A time on the wire is in picoseconds with the suffix TB (time base); parameters are in seconds, and the
integer picoseconds of the roles go beside them without rounding.
"""

from functools import partial
from typing import TYPE_CHECKING, Any, Self

from qcodes import validators as vals
from qcodes.instrument import Instrument, InstrumentBaseKWArgs, InstrumentChannel
from qcodes.parameters import Parameter

from heraldlink_drivers._readings import on_off

if TYPE_CHECKING:
    from typing_extensions import Unpack

SOURCES = (
    "NONE",
    "STAR",
    *(f"INPU{n}" for n in range(1, 5)),
    *(f"DELA{n}" for n in range(1, 9)),
    *(f"TSCO{n}" for n in range(1, 25)),
)
OPERATIONS = ("AND", "OR", "ONLYFIR", "ONLYSEC", "MUTE")


def volts(reply: str) -> float:
    """Read a voltage such as ``0.5000V``."""
    return float(reply.strip().upper().removesuffix("V"))


def picoseconds(reply: str) -> int:
    """Read a time such as ``1000TB``."""
    return int(reply.strip().upper().removesuffix("TB"))


def seconds(reply: str) -> float:
    """Read a time such as ``1000TB``, in s."""
    return picoseconds(reply) * 1e-12


def time_base(time_s: float) -> str:
    """Spell a time (s) in whole picoseconds."""
    return f"{round(time_s * 1e12)}TB"


def switch(on: bool) -> str:
    """Spell a switch."""
    return "ON" if on else "OFF"


class Block(InstrumentChannel[Instrument]):
    """One block; ``prefix`` is its short name on the wire (INPU1)."""

    def __init__(
        self, parent: Instrument, name: str, prefix: str, **kwargs: "Unpack[InstrumentBaseKWArgs]"
    ) -> None:
        super().__init__(parent, name, **kwargs)
        self.prefix = prefix

    def send(self, command: str) -> None:
        """Send a command of this block."""
        self.write(f"{self.prefix}:{command}")

    def switch_parameter(self, name: str, label: str, node: str) -> "Parameter[bool, Any]":
        """Add an on/off parameter."""
        return self.add_parameter(
            name,
            label=label,
            get_cmd=f"{self.prefix}:{node}?",
            set_cmd=f"{self.prefix}:{node} {{}}",
            get_parser=on_off,
            set_parser=switch,
            vals=vals.Bool(),
        )

    def word_parameter(
        self, name: str, label: str, node: str, words: tuple[str, ...]
    ) -> "Parameter[str, Any]":
        """Add a parameter with some words; replies in long form are read by their first four letters."""
        return self.add_parameter(
            name,
            label=label,
            get_cmd=f"{self.prefix}:{node}?",
            set_cmd=f"{self.prefix}:{node} {{}}",
            get_parser=partial(_word, words),
            vals=vals.Enum(*words),
        )

    def time_parameter(self, name: str, label: str, node: str, longest_s: float) -> "Parameter[float, Any]":
        """Add a time parameter (s, in steps of 1 ps)."""
        return self.add_parameter(
            name,
            label=label,
            unit="s",
            get_cmd=f"{self.prefix}:{node}?",
            set_cmd=f"{self.prefix}:{node} {{}}",
            get_parser=seconds,
            set_parser=time_base,
            vals=vals.Numbers(0, longest_s),
        )


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
        self.edge: Parameter[str, Self] = self.word_parameter("edge", "Edge", "EDGE", ("RISI", "FALL"))
        """Edge that makes an event."""
        self.coupling: Parameter[str, Self] = self.word_parameter(
            "coupling", "Coupling", "COUP", ("DC", "AC")
        )
        """Coupling of the input."""
        self.counter_mode: Parameter[str, Self] = self.word_parameter(
            "counter_mode", "Counter mode", "COUN:MODE", ("CYCL", "ACCU")
        )
        """CYCL counts per integration time, ACCU since the last reset."""
        self.count: Parameter[int, Self] = self.add_parameter(
            "count", label="Counter", get_cmd=f"{prefix}:COUN?", get_parser=int
        )
        """Counter of the input."""

    def reset_counter(self) -> None:
        """Set the counter to 0."""
        self.send("COUN:RESE")


class ID900Combiner(Block):
    """One two-fold coincidence block TSCOmbiner with its window."""

    def __init__(
        self, parent: Instrument, name: str, prefix: str, **kwargs: "Unpack[InstrumentBaseKWArgs]"
    ) -> None:
        super().__init__(parent, name, prefix, **kwargs)
        self.first: Parameter[str, Self] = self.word_parameter("first", "First source", "FIR:LINK", SOURCES)
        """First source."""
        self.second: Parameter[str, Self] = self.word_parameter(
            "second", "Second source", "SEC:LINK", SOURCES
        )
        """Second source."""
        self.windowed: Parameter[bool, Self] = self.switch_parameter("windowed", "Windowed", "WIND:ENAB")
        """Whether the window divides inside from outside."""
        self.window_begin: Parameter[float, Self] = self.time_parameter(
            "window_begin", "Begin of the window", "WIND:BEGI:DELA", 1.0
        )
        """Begin of the window (s) after its reference."""
        self.window_end: Parameter[float, Self] = self.time_parameter(
            "window_end", "End of the window", "WIND:END:DELA", 1.0
        )
        """End of the window (s) after its reference."""
        self.inside: Parameter[str, Self] = self.word_parameter(
            "inside", "Operation inside", "OPIN", OPERATIONS
        )
        """What passes inside the window."""
        self.outside: Parameter[str, Self] = self.word_parameter(
            "outside", "Operation outside", "OPOU", OPERATIONS
        )
        """What passes outside the window."""


class ID900Raw(Block):
    """One RAW block: what is time-stamped, and against which reference."""

    def __init__(
        self, parent: Instrument, name: str, prefix: str, **kwargs: "Unpack[InstrumentBaseKWArgs]"
    ) -> None:
        super().__init__(parent, name, prefix, **kwargs)
        self.reference: Parameter[str, Self] = self.word_parameter(
            "reference", "Reference", "REF:LINK", SOURCES
        )
        """Source whose events time stamps count from and are numbered by."""
        self.source: Parameter[str, Self] = self.word_parameter("source", "Source", "STOP:LINK", SOURCES)
        """Source that is time-stamped."""
        self.sending: Parameter[bool, Self] = self.switch_parameter("sending", "Sending", "SEND")
        """Whether time stamps are sent."""


class ID900Output(Block):
    """One of OUTPut1 to 4."""

    def __init__(
        self, parent: Instrument, name: str, prefix: str, **kwargs: "Unpack[InstrumentBaseKWArgs]"
    ) -> None:
        super().__init__(parent, name, prefix, **kwargs)
        self.enabled: Parameter[bool, Self] = self.switch_parameter("enabled", "Enabled", "ENAB")
        """Whether the output is driven."""
        self.source: Parameter[str, Self] = self.word_parameter("source", "Source", "LINK", SOURCES)
        """Source of the output."""
        self.mode: Parameter[str, Self] = self.word_parameter("mode", "Levels", "MODE", ("NIM", "TTL"))
        """Logic levels."""
        self.delay: Parameter[float, Self] = self.time_parameter("delay", "Delay", "DELA", 1e-3)
        """Delay of the output (s)."""


class ID900Delay(Block):
    """One of DELAy1 to 8."""

    def __init__(
        self, parent: Instrument, name: str, prefix: str, **kwargs: "Unpack[InstrumentBaseKWArgs]"
    ) -> None:
        super().__init__(parent, name, prefix, **kwargs)
        self.source: Parameter[str, Self] = self.word_parameter("source", "Source", "LINK", SOURCES)
        """What is delayed."""
        self.value: Parameter[float, Self] = self.time_parameter("value", "Delay", "VALU", 1.0)
        """Delay (s), up to 1 s; beyond 4 us the device does not guarantee all events."""


def _word(words: tuple[str, ...], reply: str) -> str:
    text = reply.strip().upper()
    for word in words:
        if text == word:
            return word
    for word in words:
        if text.startswith(word) and not text[len(word) :][:1].isdigit():
            return word
    raise ValueError(f"unexpected word {reply!r}")
