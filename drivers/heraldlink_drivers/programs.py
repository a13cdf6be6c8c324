# SPDX-License-Identifier: Apache-2.0
"""Programs that generators and time taggers take, in SI units, and the tags that come back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

TriggerInput = Literal["A", "B"]

MARKER_1 = 1 << 6
MARKER_2 = 1 << 7


@dataclass(frozen=True, eq=False)
class Waveform:
    """One waveform of all channels of a generator, n samples each.

    ``channels``: float32[n] in -1..1 of half the channel's peak-to-peak amplitude; index 0 is channel 1.
    ``markers``: uint8[n] per channel, bit 6 (``MARKER_1``) and bit 7 (``MARKER_2``).
    """

    channels: tuple[NDArray[np.float32], ...]
    markers: tuple[NDArray[np.uint8], ...]

    @property
    def length(self) -> int:
        """Number of samples."""
        return int(self.channels[0].size)


@dataclass(frozen=True)
class Step:
    """One step of a sequence; step numbers count from 1.

    ``wait``: trigger input that starts the step (None: at once). ``repeat``: 1 or more. ``event``: trigger
    input that leaves the step at the end of the running waveform, for step ``jump_to`` (None: the next).
    ``goto``: step after the last repeat (None: the next).
    """

    waveform: str
    repeat: int = 1
    wait: TriggerInput | None = None
    event: TriggerInput | None = None
    jump_to: int | None = None
    goto: int | None = None


@dataclass(frozen=True, eq=False)
class GeneratorProgram:
    """Everything that a generator plays: waveforms by name, and the steps that use them.

    ``amplitude_Vpp``: peak-to-peak voltage into 50 ohm per channel.
    """

    name: str
    sample_rate_Hz: float
    amplitude_Vpp: tuple[float, ...]
    waveforms: Mapping[str, Waveform]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Combiner:
    """Hardware coincidence block ``number``: ``first`` OR ``second`` inside a window.

    The window is begin_ps <= t < end_ps after each event of the tagger program's ``reference``.
    """

    number: int
    first: str
    second: str
    begin_ps: int
    end_ps: int


@dataclass(frozen=True)
class TaggerProgram:
    """Settings of a time tagger. Signals are named as ID Quantique names blocks: STAR, INPU1, TSCO5.

    ``reference``: input whose events number the tags (STAR). ``raw``: source of each RAW channel, by
    number. ``combiner``: hardware herald, if there is one. ``outputs``: source of each output, by number.
    ``threshold_V``: trigger level of each input that is used; other inputs are switched off.
    ``delays_ps``: delay put behind an input, by input name (0 or absent: none). ``tick_input``: input of
    the slot tick, which starts the record. ``accumulate``: inputs whose counters run on without a gate.
    ``reference_external``: whether its clock follows the external 10 MHz.
    """

    reference: str
    raw: Mapping[int, str]
    combiner: Combiner | None = None
    outputs: Mapping[int, str] = field(default_factory=dict[int, str])
    delays_ps: Mapping[str, int] = field(default_factory=dict[str, int])
    threshold_V: Mapping[str, float] = field(default_factory=dict[str, float])
    tick_input: str = "INPU4"
    accumulate: tuple[str, ...] = ("STAR", "INPU3", "INPU4")
    reference_external: bool = True


Tags = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Tags of one RAW channel: (time in ps since the reference event, reference index), int64[n] each."""
