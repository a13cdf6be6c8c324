# SPDX-License-Identifier: Apache-2.0
"""Blocks of the ID900 that make events and collect them: generators, record, histograms, RAW.

Commands from the vendor's manual of the Time Controller series (pages 67-69, 88) and its examples.
"""

import json
from math import inf
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from qcodes import validators as vals
from qcodes.instrument import Instrument, InstrumentBaseKWArgs
from qcodes.parameters import Parameter, ParameterWithSetpoints

from heraldlink_drivers._id900_block import DELAYS, EVENTS, GENERATORS, INPUTS, Block

if TYPE_CHECKING:
    from typing_extensions import Unpack

FILTERS = ("RISI", "FALL", "ALL")
MOST_BINS = 16_384
LONGEST_s = 1e6
_BUSY = ("ARM", "WAIT", "PLAY")


class ID900Generator(Block):
    """One of GENErator1 to 8: bursts of ``number`` pulses, at once or after a trigger."""

    def __init__(
        self, parent: Instrument, name: str, prefix: str, **kwargs: "Unpack[InstrumentBaseKWArgs]"
    ) -> None:
        super().__init__(parent, name, prefix, **kwargs)
        self.enabled: Parameter[bool, Self] = self.switch_parameter("enabled", "Enabled", "ENAB")
        """Whether it may play."""
        self.period: Parameter[float, Self] = self.time_parameter("period", "Period", "PPER", LONGEST_s)
        """Time from pulse to pulse (s); a record needs 40 ns more than its width."""
        self.width: Parameter[float, Self] = self.time_parameter("width", "Width", "PWID", LONGEST_s)
        """Width of a pulse (s); of the record: duration of an acquisition."""
        self.number: Parameter[float, Self] = self.add_parameter(
            "number",
            label="Number of pulses",
            get_cmd=f"{prefix}:PNUM?",
            set_cmd=f"{prefix}:PNUM {{}}",
            get_parser=_number,
            set_parser=_spelt,
            vals=vals.MultiType(vals.Ints(1, 10**9), vals.Enum(inf)),
        )
        """Pulses of a burst; inf plays until it is stopped."""
        self.trigger: Parameter[str, Self] = self.word_parameter(
            "trigger", "Trigger", "TRIG:LINK", ("NONE", *INPUTS, *DELAYS)
        )
        """What starts a burst; NONE: ``play`` does."""
        self.trigger_delay: Parameter[float, Self] = self.time_parameter(
            "trigger_delay", "Delay after the trigger", "TRIG:DELA"
        )
        """Time from the trigger to the first pulse (s)."""
        self.arm_mode: Parameter[str, Self] = self.word_parameter(
            "arm_mode", "Arming", "TRIG:ARM:MODE", ("MANU", "AUTO")
        )
        """AUTO: it arms itself again after each burst."""
        self.stage: Parameter[str, Self] = self.add_parameter(
            "stage", label="Stage", get_cmd=f"{prefix}:STAG?", get_parser=_upper
        )
        """STOPPED (some firmware: IDLE), ARMED, WAITING or PLAYING."""

    def play(self) -> None:
        """Start, or wait for the trigger if there is one."""
        self.send("PLAY")

    def stop(self) -> None:
        """Stop."""
        self.send("STOP")

    def arm(self) -> None:
        """Wait for the trigger."""
        self.send("TRIG:ARM")

    def disarm(self) -> None:
        """Do not wait for the trigger any more."""
        self.send("TRIG:DARM")

    def done(self) -> bool:
        """Whether it neither waits nor plays."""
        return is_idle(self.stage.get())


def is_idle(stage: str) -> bool:
    """Whether a stage is that of a block which neither waits nor plays."""
    return not stage.startswith(_BUSY)


class ID900Related(Block):
    """What HISTogram and RAW blocks have in common: stops, references, and when they count."""

    def __init__(
        self, parent: Instrument, name: str, prefix: str, **kwargs: "Unpack[InstrumentBaseKWArgs]"
    ) -> None:
        super().__init__(parent, name, prefix, **kwargs)
        word = self.word_parameter
        self.source: Parameter[str, Self] = word("source", "Source", "STOP:LINK", EVENTS)
        """Source that is time-stamped."""
        self.source_edge: Parameter[str, Self] = word("source_edge", "Edge", "STOP:FILT", FILTERS)
        """Edges of the source that count."""
        self.reference: Parameter[str, Self] = word("reference", "Reference", "REF:LINK", EVENTS)
        """Source whose events time stamps count from; NONE: the begin of the acquisition."""
        self.reference_edge: Parameter[str, Self] = word(
            "reference_edge", "Edge of the reference", "REF:FILT", FILTERS
        )
        """Edges of the reference that count."""
        self.gate: Parameter[str, Self] = word("gate", "Gate", "ENAB:LINK", ("NONE", *GENERATORS))
        """Generator whose pulse is the acquisition (REC)."""


class ID900Histogram(ID900Related):
    """One of HISTogram1 to 4: time differences counted on board."""

    def __init__(
        self, parent: Instrument, name: str, prefix: str, **kwargs: "Unpack[InstrumentBaseKWArgs]"
    ) -> None:
        super().__init__(parent, name, prefix, **kwargs)
        self.minimum: Parameter[float, Self] = self.time_parameter("minimum", "Begin of bin 0", "MIN")
        """Time difference at which bin 0 begins (s)."""
        self.bin_width: Parameter[float, Self] = self.time_parameter(
            "bin_width", "Bin width", "BWID", 1.0, 1e-12
        )
        """Width of a bin (s); a whole multiple of the device's ``resolution_bin``."""
        self.bin_count: Parameter[int, Self] = self.add_parameter(
            "bin_count",
            label="Number of bins",
            get_cmd=f"{prefix}:BCOU?",
            set_cmd=f"{prefix}:BCOU {{}}",
            get_parser=int,
            vals=vals.Ints(1, MOST_BINS),
        )
        """Number of bins; setting it empties the histogram."""
        self.time_axis: Parameter[NDArray[np.float64], Self] = self.add_parameter(
            "time_axis",
            label="Time difference",
            unit="s",
            get_cmd=self._axis,
            vals=vals.Arrays(shape=(self.bin_count.get_latest,)),
            snapshot_value=False,
            snapshot_get=False,
        )
        """Begin of each bin (s)."""
        self.data: ParameterWithSetpoints[NDArray[np.int64], Any] = self.add_parameter(
            "data",
            parameter_class=ParameterWithSetpoints,
            label="Counts",
            setpoints=(self.time_axis,),
            get_cmd=f"{prefix}:DATA?",
            get_parser=_counts,
            vals=vals.Arrays(shape=(self.bin_count.get_latest,), valid_types=(np.integer,)),
        )
        """Counts of each bin, int64[bin_count]."""

    def flush(self) -> None:
        """Empty the histogram."""
        self.send("FLUS")

    def _axis(self) -> NDArray[np.float64]:
        begin_s, width_s, bins = self.minimum.get(), self.bin_width.get(), self.bin_count.get()
        return begin_s + width_s * np.arange(bins, dtype=np.float64)


class ID900Raw(ID900Related):
    """One RAW block: what is time-stamped, and against which reference."""

    def __init__(
        self, parent: Instrument, name: str, prefix: str, **kwargs: "Unpack[InstrumentBaseKWArgs]"
    ) -> None:
        super().__init__(parent, name, prefix, **kwargs)
        self.sending: Parameter[bool, Self] = self.switch_parameter("sending", "Sending", "SEND")
        """Whether time stamps are sent."""
        self.lost: Parameter[int, Self] = self.add_parameter(
            "lost", label="Errors", get_cmd=f"{prefix}:ERRO?", get_parser=int
        )
        """Errors of its acquisitions; not 0 means that time stamps were lost."""

    def clear_errors(self) -> None:
        """Set the number of errors to 0."""
        self.send("ERRO:CLEA")


def _number(reply: str) -> float:
    return inf if reply.strip().upper().startswith("INF") else int(reply)


def _spelt(number: float) -> str:
    return "INF" if number == inf else str(int(number))


def _upper(reply: str) -> str:
    return reply.strip().upper()


def _counts(reply: str) -> NDArray[np.int64]:
    return np.array(json.loads(reply), dtype=np.int64)
