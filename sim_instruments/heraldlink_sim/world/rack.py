# SPDX-License-Identifier: Apache-2.0
"""What the world may know of an instrument: one frozen state per kind, and what it delivers back.

A face builds its state from what arrived over the wire, and from nothing else. The world reads all
states once at the slot tick (settings are frozen there) and delivers events to the taggers, count
rates to the detector boxes and monitor powers to laser and attenuator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Trigger = Literal["A", "B"]

START, IN1, IN2, IN3, IN4 = "START", "IN1", "IN2", "IN3", "IN4"
TAGGER_INPUTS = (START, IN1, IN2, IN3, IN4)
MARKER_1, MARKER_2 = np.uint8(1 << 6), np.uint8(1 << 7)


@dataclass(frozen=True, slots=True)
class LaserState:
    """Pump laser at its output fibre; ``power_W`` is the set point before the shutter."""

    emitting: bool
    shutter_open: bool
    power_W: float
    frequency_Hz: float


@dataclass(frozen=True, slots=True)
class AttenuatorChannel:
    """One attenuator channel; ``open`` is its output state."""

    attenuation_dB: float
    open: bool


@dataclass(frozen=True, slots=True)
class AttenuatorState:
    """Attenuator; ``channels[0]`` is channel 1."""

    channels: tuple[AttenuatorChannel, ...]


@dataclass(frozen=True, eq=False)
class Waveform:
    """One waveform of one generator channel, compared by identity.

    ``samples``: float32[n] in -1..1 of half the peak-to-peak amplitude. ``markers``: uint8[n], bit 6 is
    marker 1 and bit 7 marker 2. A face returns the *same object* until its bytes change, so that what
    is derived from a waveform is computed once.
    """

    samples: NDArray[np.float32]
    markers: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class ProgramStep:
    """One sequencer step, as the instrument would play it.

    ``waveforms``: per channel, None where a channel plays nothing. ``repeat``: None is infinite.
    ``wait_trigger``: trigger that starts the step. ``event``: input that jumps to ``jump_to`` (step
    number, 1-based; None = next) at the end of the running waveform when ``jump_at_end`` holds, else at
    once. ``goto``: step number after the last repeat, None = next (after the last step: stop).
    """

    waveforms: tuple[Waveform | None, ...]
    repeat: int | None = 1
    wait_trigger: Trigger | None = None
    event: Trigger | None = None
    jump_to: int | None = None
    goto: int | None = None
    jump_at_end: bool = True


@dataclass(frozen=True, slots=True)
class GeneratorChannel:
    """One analog channel: output relay and amplitude (V peak to peak into 50 ohm)."""

    output_on: bool
    amplitude_Vpp: float


@dataclass(frozen=True, slots=True)
class GeneratorState:
    """Waveform generator with sequencer; ``steps`` is the sequence assigned to the channels.

    ``running``: AWGC:RUN given, so that it waits for trigger A. A single waveform instead of a sequence is
    one step of infinite repeat.
    """

    running: bool
    sample_rate_Hz: float
    reference_external: bool
    channels: tuple[GeneratorChannel, ...]
    steps: tuple[ProgramStep, ...]


@dataclass(frozen=True, slots=True)
class DelayOutput:
    """One output of the delay generator: leading edge after the trigger (s) and its amplitude (V)."""

    edge_s: float
    amplitude_V: float


@dataclass(frozen=True, slots=True)
class DelayState:
    """Delay generator. ``armed``: the next external edge fires it (single shot, or every edge).

    ``outputs``: keys "T0", "AB", "CD", "EF", "GH".
    """

    armed: bool
    outputs: Mapping[str, DelayOutput]


@dataclass(frozen=True, slots=True)
class MicrowaveState:
    """Microwave source of the readout tone; ``phase_rad`` is its set phase."""

    output_on: bool
    frequency_Hz: float
    power_dBm: float
    phase_rad: float
    reference_external: bool


@dataclass(frozen=True, slots=True)
class TaggerInput:
    """One input of a tagger: enabled, threshold (V) and edge."""

    enabled: bool
    threshold_V: float
    rising: bool = True


@dataclass(frozen=True, slots=True)
class Combiner:
    """Coincidence block: ``first`` OR ``second`` while begin <= t - START < end (ps)."""

    first: str
    second: str
    begin_ps: int
    end_ps: int


@dataclass(frozen=True, slots=True)
class RawLink:
    """One RAW block: what is recorded and against which reference (None: since the record began)."""

    source: str
    reference: str | None


@dataclass(frozen=True, slots=True)
class TaggerOutput:
    """One output: enabled, source ("TSCO5", "IN1", None) and its delay (ps)."""

    enabled: bool
    source: str | None
    delay_ps: int = 0


@dataclass(frozen=True, slots=True)
class RecordState:
    """The record block: ``armed`` means that the next tick starts it and it lasts ``duration_ps``."""

    armed: bool
    duration_ps: int


@dataclass(frozen=True, slots=True)
class TaggerState:
    """Time tagger. Sources are named START, IN1..IN4 and TSCO1..; delays in ps by input name."""

    inputs: Mapping[str, TaggerInput]
    combiners: Mapping[int, Combiner]
    raw: Mapping[int, RawLink]
    outputs: Mapping[int, TaggerOutput]
    record: RecordState
    delays_ps: Mapping[str, int] = field(default_factory=dict[str, int])
    reference_external: bool = True


@dataclass(frozen=True, slots=True)
class BiasState:
    """Detector box: bias current (A) and trigger level (V) per detector."""

    enabled: bool
    bias_A: tuple[float, ...]
    trigger_level_V: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SwitchState:
    """Optical switch: output port by input port; an input that is not there ends in the dark."""

    connections: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class RackState:
    """All states at a tick, by station name (``alice_awg``, ``hub_tc``...)."""

    lasers: Mapping[str, LaserState]
    attenuators: Mapping[str, AttenuatorState]
    generators: Mapping[str, GeneratorState]
    delays: Mapping[str, DelayState]
    microwaves: Mapping[str, MicrowaveState]
    taggers: Mapping[str, TaggerState]
    detectors: Mapping[str, BiasState]
    switches: Mapping[str, SwitchState] = field(default_factory=dict[str, SwitchState])


class LaserFace(Protocol):
    """Pump laser."""

    def state(self) -> LaserState:
        """Return what arrived over the wire."""
        ...


class AttenuatorFace(Protocol):
    """Attenuator; ``input_power_W(channel)`` is asked when its power monitor is read."""

    input_power_W: Callable[[int], float]

    def state(self) -> AttenuatorState:
        """Return what arrived over the wire."""
        ...


class GeneratorFace(Protocol):
    """Waveform generator."""

    def state(self) -> GeneratorState:
        """Return what arrived over the wire."""
        ...

    @property
    def playing(self) -> bool:
        """Whether the program that trigger A started still plays, and was not stopped over the wire."""
        ...

    def set_playing(self, playing: bool) -> None:
        """Take note that trigger A started the program, or that it ended and waits again."""
        ...


class DelayFace(Protocol):
    """Delay generator."""

    def state(self) -> DelayState:
        """Return what arrived over the wire."""
        ...

    def fired(self) -> None:
        """Take note that a tick arrived while armed: single-shot modes disarm."""
        ...


class MicrowaveFace(Protocol):
    """Microwave source."""

    def state(self) -> MicrowaveState:
        """Return what arrived over the wire."""
        ...


class TaggerFace(Protocol):
    """Time tagger; ``on_record_armed`` is called after ``REC:PLAY`` armed a record."""

    on_record_armed: Callable[[], None]

    def state(self) -> TaggerState:
        """Return what arrived over the wire."""
        ...

    def begin_slot(self, slot: int) -> None:
        """Take note that the tick of a slot came, whose events will be delivered later."""
        ...

    def deliver(self, events: Mapping[str, NDArray[np.int64]], slot: int) -> None:
        """Take all events of one tick period: per input, sorted ps since the tick (IN4 has the tick at 0).

        Events at a disabled input, or below its threshold, are the face's to drop. A record that was armed
        begins at the first IN4 event and is complete when this returns.
        """
        ...


class DetectorFace(Protocol):
    """Detector box."""

    def state(self) -> BiasState:
        """Return what arrived over the wire."""
        ...

    def observe(self, rates_Hz: tuple[float, ...]) -> None:
        """Take the mean count rate of each detector, for the counts that it reports."""
        ...


class SwitchFace(Protocol):
    """Optical switch."""

    def state(self) -> SwitchState:
        """Return what arrived over the wire."""
        ...


class PowerMeterFace(Protocol):
    """Power meter; ``input_W()`` gives power (W) and wavelength (m) at its sensor when it measures."""

    input_W: Callable[[], tuple[float, float]]


class ThermometerFace(Protocol):
    """Thermometer; ``temperature_K(channel)`` is asked when a channel is read."""

    temperature_K: Callable[[int], float]
