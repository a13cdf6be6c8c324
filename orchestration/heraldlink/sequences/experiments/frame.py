# SPDX-License-Identifier: Apache-2.0
"""Settings that several kinds of sequence share, and the elements that they place.

Times are integer picoseconds from a waveform's first sample. Every kind's settings are a frozen dataclass
whose fields are the keys of configs/sequences/<kind>.yaml; the ranges are checked when a file is read, what
generator and time controller can do when a plan is compiled.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from heraldlink.sequences.elements import Element, PumpPulse, QubitDrive, ReadoutGate, Sync
from heraldlink.sequences.plan import Part, SlotPlan
from heraldlink.sequences.rotations import PauliBasis, analysis_rotation

Duration_ps = Annotated[int, Field(gt=0, le=10**12)]
Time_ps = Annotated[int, Field(ge=0, le=10**12)]
Shift_ps = Annotated[int, Field(ge=-(10**12), le=10**12)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Angle_rad = Annotated[float, Field(ge=0, le=100)]
Peak_V = Annotated[float, Field(ge=0, le=5)]
Detuning_Hz = Annotated[float, Field(ge=-25e9, le=25e9)]
Bases = Annotated[tuple[PauliBasis, ...], Field(min_length=1)]
Pumped = Literal["a", "b", "both"]
"""Which ends play pump pulses: node A (whose sync starts the attempts at the midpoint), B, or both."""

Ends = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A slot with one sync in every attempt.

    ``tick_rate_Hz``: of the slot tick. ``record_ps``: how long the midpoint records after the tick.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    sample_rate_Hz: Annotated[float, Field(ge=1.49e3, le=25e9)]
    tick_rate_Hz: Annotated[float, Field(gt=0, le=100)]
    attempt_period_ps: Duration_ps
    sync_begin_ps: Time_ps
    sync_width_ps: Duration_ps
    record_ps: Duration_ps

    @property
    def sync(self) -> Sync:
        """The attempt sync."""
        return Sync(self.sync_begin_ps, self.sync_width_ps)

    def plan(self, parts: Iterable[Part], gate_ps: tuple[int, int] = (0, 0)) -> SlotPlan:
        """These parts in this frame."""
        return SlotPlan(
            name=self.name,
            sample_rate_Hz=self.sample_rate_Hz,
            tick_rate_Hz=self.tick_rate_Hz,
            period_ps=self.attempt_period_ps,
            parts=tuple(parts),
            record_ps=self.record_ps,
            gate_ps=gate_ps,
        )


@dataclass(frozen=True, kw_only=True)
class Pulsed(Frame):
    """Pump pulses, and the window in which their photons reach the midpoint.

    ``pulse_sigma_ps``: standard deviation of the pump's power. ``gate_ps``: begin <= t < end after START.
    """

    pulse_centre_ps: Time_ps
    pulse_sigma_ps: Duration_ps
    gate_ps: tuple[Time_ps, Time_ps]

    def pulse(self, shift_ps: int = 0, peak_V: float | None = None) -> PumpPulse:
        """The pump pulse, ``shift_ps`` later; without a peak the node's calibrated one."""
        return PumpPulse(self.pulse_centre_ps + shift_ps, self.pulse_sigma_ps, peak_V)


@dataclass(frozen=True, kw_only=True)
class Read(Frame):
    """A readout gate at both ends."""

    readout_begin_ps: Time_ps
    readout_width_ps: Duration_ps

    @property
    def gate(self) -> ReadoutGate:
        """The readout gate."""
        return self.gate_at(0)

    def gate_at(self, shift_ps: int) -> ReadoutGate:
        """A readout gate ``shift_ps`` later."""
        return ReadoutGate(self.readout_begin_ps + shift_ps, self.readout_width_ps)


@dataclass(frozen=True, kw_only=True)
class Driven(Read):
    """A qubit drive that begins at ``rotation_begin_ps`` and lasts 8 ``rotation_sigma_ps``, then the gate."""

    rotation_begin_ps: Time_ps
    rotation_sigma_ps: Duration_ps

    def rotation(self, angle_rad: float, axis_rad: float = 0.0, shift_ps: int = 0) -> QubitDrive:
        """A resonant rotation, ``shift_ps`` later than declared."""
        return QubitDrive(self.rotation_begin_ps + shift_ps, self.rotation_sigma_ps, angle_rad, axis_rad)

    def analysis(self, basis: PauliBasis, shift_ps: int = 0) -> tuple[Element, ...]:
        """What turns ``basis`` into Z: nothing if it is Z."""
        turn = analysis_rotation(basis)
        return (self.rotation(turn.angle_rad, turn.axis_rad, shift_ps),) if turn.angle_rad else ()


def at_both(ends: Ends, name: str, count: int, *elements: Element) -> Part:
    """A part in which both ends play the same."""
    return Part(name, count, dict.fromkeys(ends, elements))


def pumped_ends(ends: Ends, pumped: Pumped) -> tuple[str, ...]:
    """Names of the ends that play pump pulses."""
    return {"a": (ends[0],), "b": (ends[1],), "both": ends}[pumped]
