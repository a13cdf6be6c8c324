# SPDX-License-Identifier: Apache-2.0
"""Stanford Research Systems DG645 digital delay generator.

Commands from the vendor's manual (DG645 User Manual, Remote Programming). Mnemonics are four letters; errors
are numbers taken from a buffer with ``LERR?``. Text port 5025 [?].
"""

from typing import TYPE_CHECKING, ClassVar, Self

from qcodes import validators as vals
from qcodes.instrument import ChannelList
from qcodes.parameters import Parameter

from heraldlink_drivers._dg645_channels import (
    EDGES,
    OUTPUTS,
    DG645Burst,
    DG645Edge,
    DG645Output,
    DG645Trigger,
    Output,
)
from heraldlink_drivers._readings import reached
from heraldlink_drivers._safety import take_all
from heraldlink_drivers._visa_session import ErrorEntry, VisaSession
from heraldlink_drivers.errors import DriverError

if TYPE_CHECKING:
    from qcodes.instrument import VisaInstrumentKWArgs
    from typing_extensions import Unpack

TRIGGER_SOURCES = {
    "internal": 0,
    "external rising": 1,
    "external falling": 2,
    "single external rising": 3,
    "single external falling": 4,
    "single": 5,
    "line": 6,
}
TRIGGER_WIDTH_s = 1e-7
_TRIGGERED_BIT = 1
_BUSY_BIT = 2
_STEP_s = 1e-11
_STEP_V = 0.01


class StanfordDG645(VisaSession):
    """DG645: ``StanfordDG645("delays", "TCPIP::192.168.1.20::5025::SOCKET", visalib="@py")``.

    ``output`` is the one that triggers the generator ("AB": edges A and B). The role methods use the
    trigger source "single external rising": ``arm`` lets one tick through, ``disarm`` none. Connecting sends
    ``*IDN?`` and ``LERR?``, nothing else.
    """

    default_terminator = "\r\n"
    answers_as = "*,dg645,*"
    error_query = "LERR?"
    root: ClassVar[str] = ""
    error_texts: ClassVar[dict[int, str]] = {
        10: "illegal value",
        11: "illegal mode",
        12: "illegal delay",
        13: "illegal link",
        14: "recall failed",
        15: "not allowed",
        16: "failed self test",
        17: "failed auto calibration",
        30: "lost data",
        110: "illegal command",
        111: "undefined command",
        112: "illegal query",
        113: "illegal set",
        114: "null parameter",
        115: "extra parameters",
        116: "missing parameters",
        117: "parameter overflow",
        118: "invalid floating point number",
        120: "invalid integer",
        121: "integer overflow",
        122: "invalid hexadecimal",
        126: "syntax error",
        170: "communication error",
        254: "too many errors",
    }

    def __init__(
        self, name: str, address: str, output: Output = "AB", **kwargs: "Unpack[VisaInstrumentKWArgs]"
    ) -> None:
        super().__init__(name, address, **kwargs)
        if output not in OUTPUTS[1:]:
            raise ValueError(f"{name}: no output {output!r}, only {', '.join(OUTPUTS[1:])}")
        self._output: Output = output
        self._waiting = False
        self.trigger_source: Parameter[str, Self] = self.add_parameter(
            "trigger_source",
            label="Trigger source",
            get_cmd="TSRC?",
            set_cmd="TSRC {}",
            val_mapping={words: str(number) for words, number in TRIGGER_SOURCES.items()},
        )
        """What starts a delay cycle."""
        self.trigger_level: Parameter[float, Self] = self.add_parameter(
            "trigger_level",
            label="External trigger level",
            unit="V",
            get_cmd="TLVL?",
            set_cmd="TLVL {:.2f}",
            get_parser=float,
            vals=vals.Numbers(-3.5, 3.5),
        )
        """Threshold of the external trigger (V)."""
        self._add_channels()
        self.connect_message()

    def _add_channels(self) -> None:
        edges = ChannelList(self, "edges", DG645Edge)
        for edge in EDGES[2:]:
            channel = DG645Edge(self, edge, edge)
            edges.append(channel)
            self.add_submodule(edge, channel)
        self.edges = self.add_submodule("edges", edges.to_channel_tuple())
        """Edges A to H."""
        outputs = ChannelList(self, "outputs", DG645Output)
        for output in OUTPUTS:
            channel_out = DG645Output(self, output, output)
            outputs.append(channel_out)
            self.add_submodule(output, channel_out)
        self.outputs = self.add_submodule("outputs", outputs.to_channel_tuple())
        """Outputs T0, AB, CD, EF, GH."""
        self.trigger = self.add_submodule("trigger", DG645Trigger(self, "trigger"))
        """Internal rate, holdoff, inhibit, advanced triggering."""
        self.burst = self.add_submodule("burst", DG645Burst(self, "burst"))
        """Several cycles to a trigger."""

    def parse_error(self, reply: str) -> ErrorEntry:
        """Number of an error, and its words."""
        try:
            code = int(reply)
        except ValueError:
            raise DriverError(f"{self.name}: no error number in {reply!r}") from None
        return code, self.error_texts.get(code, "see the manual")

    def save(self, location: int) -> None:
        """Keep all settings in the instrument, location 1 to 9."""
        self._check_location(location, 1)
        self.write(f"*SAV {location}")

    def recall(self, location: int) -> None:
        """Take back settings that were kept; location 0 is the power-up state."""
        self._check_location(location, 0)
        self.write(f"*RCL {location}")

    def _check_location(self, location: int, lowest: int) -> None:
        if location not in range(lowest, 10):
            raise ValueError(f"{self.name}: no location {location}, only {lowest}..9")

    def busy(self) -> bool:
        """Whether a delay cycle or a burst is under way."""
        return bool(int(self.ask("*STB?")) & _BUSY_BIT)

    def identity(self) -> str:
        """Reply to ``*IDN?``, its serial number without the leading ``s/n``."""
        return super().identity().replace(",s/n", ",")

    def _edge(self, name: str) -> DG645Edge:
        return self.edges[EDGES.index(name) - 2]

    def _position_s(self, name: str, depth: int = 0) -> float:
        """Time (s) of an edge after the trigger, through its chain of references."""
        if name == "T0":
            return 0.0
        if depth > len(EDGES):
            raise DriverError(f"{self.name}: the edges are linked in a circle")
        reference, delay_s = self._edge(name).position()
        return delay_s + self._position_s(reference, depth + 1)

    # the role of a slot trigger

    def delay_s(self) -> float:
        """Time (s) from the trigger to the leading edge of the output."""
        with self.lock:
            return self._position_s(self._output[0])

    def set_delay_s(self, delay_s: float) -> None:
        """Set the leading edge (s, 0 to 2000) and keep the trailing edge behind it (100 ns if unlinked).

        Raises DriverError if it reads back other.
        """
        if not 0 <= delay_s <= 2000:
            raise ValueError(f"{self.name}: delay {delay_s} s is outside 0..2000 s")
        leading, trailing = self._output
        with self.lock:
            if self._edge(trailing).position()[0] != leading:
                self._edge(trailing).move(leading, TRIGGER_WIDTH_s)
            self._edge(leading).move("T0", delay_s)
            reached(self.name, "delay (s)", self.delay_s(), delay_s, _STEP_s)

    def amplitude_V(self) -> float:
        """Height of the trigger pulse, V."""
        return self.outputs[OUTPUTS.index(self._output)].amplitude.get()

    def set_amplitude_V(self, amplitude_V: float) -> None:
        """Set the height of the trigger pulse, V. Raises DriverError if it reads back other."""
        with self.lock:
            self.outputs[OUTPUTS.index(self._output)].amplitude.set(amplitude_V)
            reached(self.name, "amplitude (V)", self.amplitude_V(), amplitude_V, _STEP_V)

    def arm(self) -> None:
        """Let the next tick, and only it, through."""
        with self.lock:
            source, _ = self.ask("TSRC?;INSR?").split(";")  # INSR? forgets ticks of the past
            if int(source) != TRIGGER_SOURCES["single external rising"]:
                self._set_source("single external rising")
            self.write("*TRG")
            self._waiting = True

    def armed(self) -> bool:
        """Whether the next tick will be let through; known only to the session that armed."""
        with self.lock:
            if not self._waiting:
                return False
            came = bool(int(self.ask("INSR?")) & _TRIGGERED_BIT)
            self._waiting = not came and self.trigger_source.get() == "single external rising"
            return self._waiting

    def disarm(self) -> None:
        """Let no tick through."""
        with self.lock:
            self._waiting = False
            self._set_source("single")

    def safe_state(self) -> None:
        """Disarm; raises DriverError if the trigger source reads back other than "single"."""
        with self.lock:
            take_all(self.disarm)

    def _set_source(self, wanted: str) -> None:
        self.trigger_source.set(wanted)
        if (source := self.trigger_source.get()) != wanted:
            raise DriverError(f"{self.name}: trigger source is {source!r} after being set to {wanted!r}")
