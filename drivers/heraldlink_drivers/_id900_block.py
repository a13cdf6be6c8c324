# SPDX-License-Identifier: Apache-2.0
"""What all blocks of an ID900 are made of, as QCoDeS channels; commands from the vendor's manual.

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

INPUTS = ("STAR", "INPU1", "INPU2", "INPU3", "INPU4")
DELAYS = tuple(f"DELA{n}" for n in range(1, 9))
GENERATORS = (*(f"GEN{n}" for n in range(1, 9)), "REC")
COMBINERS = tuple(f"TSCO{n}" for n in range(1, 25))
EVENTS = ("NONE", *INPUTS, *DELAYS, *COMBINERS)
"""Sources of events; generators reach other blocks through a combiner."""

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


def milliseconds(reply: str) -> float:
    """Read an integration time such as ``1000`` (ms), in s."""
    return float(reply.strip().upper().removesuffix("MS")) * 1e-3


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

    def time_parameter(
        self, name: str, label: str, node: str, longest_s: float = 1.0, shortest_s: float = 0.0
    ) -> "Parameter[float, Any]":
        """Add a time parameter (s, in steps of 1 ps)."""
        return self.add_parameter(
            name,
            label=label,
            unit="s",
            get_cmd=f"{self.prefix}:{node}?",
            set_cmd=f"{self.prefix}:{node} {{}}",
            get_parser=seconds,
            set_parser=time_base,
            vals=vals.Numbers(shortest_s, longest_s),
        )

    def add_counter(self) -> None:
        """Add the counter of an input or combiner."""
        self.counter_mode: Parameter[str, Self] = self.word_parameter(
            "counter_mode", "Counter mode", "COUN:MODE", ("CYCL", "ACCU")
        )
        """CYCL counts per integration time, ACCU since the last reset."""
        self.integration_time: Parameter[float, Self] = self.add_parameter(
            "integration_time",
            label="Integration time",
            unit="s",
            get_cmd=f"{self.prefix}:COUN:INTE?",
            set_cmd=f"{self.prefix}:COUN:INTE {{}}",
            get_parser=milliseconds,
            set_parser=_whole_milliseconds,
            vals=vals.Numbers(1e-3, 65.535),
        )
        """Integration time in mode CYCL (s, in steps of 1 ms)."""
        self.count: Parameter[int, Self] = self.add_parameter(
            "count", label="Counter", get_cmd=f"{self.prefix}:COUN?", get_parser=int
        )
        """Events since the reset (ACCU), or in the last whole integration (CYCL)."""

    def reset_counter(self) -> None:
        """Set the counter to 0."""
        self.send("COUN:RESE")


def _whole_milliseconds(time_s: float) -> int:
    return round(time_s * 1e3)


def _word(words: tuple[str, ...], reply: str) -> str:
    text = reply.strip().upper().replace("GENE", "GEN")
    for word in words:
        if text == word:
            return word
    for word in words:
        if text.startswith(word) and not text[len(word) :][:1].isdigit():
            return word
    raise ValueError(f"unexpected word {reply!r}")
