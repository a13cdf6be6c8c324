# SPDX-License-Identifier: Apache-2.0
"""One node in one slot: what its generator plays, seen as pulses, syncs, gates and qubit drives."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.device import ArmDevice
from heraldlink_sim.world.qubits import Real, waiting
from heraldlink_sim.world.rack import GeneratorState, ProgramStep, RackState, Waveform
from heraldlink_sim.world.sequencer import Timeline, periods_ps
from heraldlink_sim.world.shapes import ShapeBook
from heraldlink_sim.world.wiring import NodeWiring

TRIGGER_LEVEL_V = 1.0
"""What a pulse at a generator's trigger input must reach."""

DARK_s = 10e-9
"""So long a dark time separates two pump pulses."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """A carved pump pulse: channel 1's waveform and all that decides what it does to the light.

    ``first``, ``last``: its samples, first <= k < last. ``others``: those of the waveform's other pulses.
    """

    waveform: Waveform
    amplitude_Vpp: float
    sample_rate_Hz: float
    period_ps: int
    first: int
    last: int
    others: tuple[tuple[int, int], ...] = ()

    @property
    def begin_ps(self) -> float:
        """Return when its light begins, after the waveform's start."""
        return self.first * 1e12 / self.sample_rate_Hz

    @property
    def end_ps(self) -> float:
        """Return when its light ends."""
        return self.last * 1e12 / self.sample_rate_Hz


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of the program as the rest of the node sees it; times are ps after the waveform's start.

    ``pulse``: all light of channel 1, None without any; ``pulses``: the same, one for each pump pulse.
    ``syncs_ps``: int64[k] rising edges of channel 1's marker 1.
    ``quadrature``: channel 1's marker 2, the carver's 90 degree switch. ``gates_ps``: int64[k, 2] readout
    gates, channel 2's marker 1, and ``gates`` the same in samples. ``bright``: channel 2's marker 2, so that
    light bypasses the transducer. ``loads``: samples at which each pulse in the transducer loads a qubit.
    ``drive``: channel 2, and ``drive_Vpp`` its amplitude. ``turns``: of a qubit that emits, what it goes
    through before each pulse, float[4, 4]; then ``loads`` is the last pulse alone.
    """

    pulse: Pulse | None
    pulses: tuple[Pulse, ...]
    syncs_ps: NDArray[np.int64]
    quadrature: bool
    gates_ps: NDArray[np.int64]
    gates: NDArray[np.int64]
    bright: bool
    loads: tuple[int, ...]
    drive: Waveform | None
    drive_Vpp: float
    turns: tuple[Real, ...] = ()

    @property
    def sync_ps(self) -> int | None:
        """Return the first sync, if any."""
        return int(self.syncs_ps[0]) if len(self.syncs_ps) else None


Histories = dict[tuple[int, int, int, int], Real]


@dataclass(frozen=True, slots=True)
class Program:
    """What follows from a generator's state and the devices behind it; ``histories`` fills as it is used."""

    generator: GeneratorState
    device: ArmDevice
    periods_ps: tuple[int, ...]
    views: tuple[StepView, ...]
    histories: Histories


class ProgramBook:
    """Programs as they were in the last slot, by generator: most slots play what the slot before did."""

    def __init__(self) -> None:
        self.shapes = ShapeBook()
        self._last: dict[str, Program] = {}

    def program(self, name: str, generator: GeneratorState, device: ArmDevice) -> Program:
        """Return what a generator would play."""
        last = self._last.get(name)
        if last is None or last.generator != generator or last.device != device:
            last = self._last[name] = self._derived(generator, device, last)
        return last

    def _derived(self, generator: GeneratorState, device: ArmDevice, last: Program | None) -> Program:
        """Derive a program; steps that stayed as they were keep what is known of them."""
        lengths_ps = periods_ps(generator)
        known: dict[int, StepView] = {}
        if (
            last is not None
            and last.device == device
            and last.generator
            == replace(generator, steps=last.generator.steps, running=last.generator.running)
        ):
            steps = zip(generator.steps, last.generator.steps, last.views, strict=False)
            known = {k: view for k, (now, before, view) in enumerate(steps) if now == before}
        views = tuple(
            known.get(k) or _view(step, period_ps, generator, device, self.shapes)
            for k, (step, period_ps) in enumerate(zip(generator.steps, lengths_ps, strict=True))
        )
        kept = {key: found for key, found in last.histories.items() if key[0] in known} if last else {}
        return Program(generator, device, lengths_ps, views, kept)


class NodePlay:
    """A node's program in one slot. ``timeline`` has no runs if it does not play, as when ``busy``."""

    def __init__(
        self,
        wiring: NodeWiring,
        device: ArmDevice,
        rack: RackState,
        programs: ProgramBook,
        horizon_ps: int,
        busy: bool = False,
    ) -> None:
        self.wiring, self.device, self.shapes = wiring, device, programs.shapes
        generator = rack.generators[wiring.generator]
        steps = generator.steps if _plays(generator, rack, wiring) and not busy else ()
        program = programs.program(wiring.generator, generator, device) if steps else None
        self.steps = steps
        self.sample_rate_Hz = generator.sample_rate_Hz
        self.periods_ps = program.periods_ps if program else ()
        edge_s = rack.delays[wiring.delay].outputs["AB"].edge_s
        start_ps = round(edge_s * 1e12) + wiring.trigger_delay_ps
        self.timeline = Timeline(steps, self.periods_ps, start_ps, horizon_ps)
        self.views = program.views if program else ()
        self._histories: Histories = program.histories if program else {}

    def passage(self, step: int, begin: int, end: int) -> Real:
        """Return what samples ``begin`` to ``end`` of a step do to a qubit, in the frame of its start."""
        view = self.views[step]
        passing = (begin, end, self.sample_rate_Hz, view.drive_Vpp, self.device.qubit)
        return self.shapes.passage(view.drive, passing)

    def history(self, step: int, since: int, front: int, end: int) -> Real:
        """Return what happens to a qubit that waits from sample ``since`` and is driven from ``front`` on."""
        key = (step, since, front, end)
        if key not in self._histories:
            waited = waiting(self.device.qubit, (front - since) / self.sample_rate_Hz)
            self._histories[key] = self.passage(step, front, end) @ waited
        return self._histories[key]

    def time_ps(self, sample: int) -> int:
        """Return when a sample begins, after the waveform's start."""
        return round(sample * 1e12 / self.sample_rate_Hz)

    def length(self, step: int) -> int:
        """Return the samples of a step's waveforms."""
        return round(self.periods_ps[step] * self.sample_rate_Hz * 1e-12)

    def sync_times_ps(self, until_ps: int) -> NDArray[np.int64]:
        """Return the sync marker's rising edges in waveforms that begin before ``until_ps``, int64[n]."""
        runs = [run for run in self.timeline.runs if self.views[run.step].sync_ps is not None]
        rows = [(run.step, run.start_ps, run.begun_by(until_ps), run.period_ps) for run in runs]
        if not rows:
            return np.empty(0, np.int64)
        _, start_ps, count, period_ps = np.array(rows, dtype=np.int64).T
        same = int(period_ps[0])
        starts_ps = np.arange(0, same * int(count.sum()), same, dtype=np.int64)
        if (period_ps != same).any():
            starts_ps = starts_ps // same * np.repeat(period_ps, count)
        starts_ps += np.repeat(start_ps - period_ps * (np.cumsum(count) - count), count)
        syncs = [self.views[row[0]].syncs_ps for row in rows]
        if all(len(item) == 1 for item in syncs):
            starts_ps += np.repeat(np.concatenate(syncs), count)
            return starts_ps
        cuts = np.split(starts_ps, np.cumsum(count)[:-1])
        return np.concatenate([(cut[:, None] + item).ravel() for cut, item in zip(cuts, syncs, strict=True)])


def _plays(generator: GeneratorState, rack: RackState, wiring: NodeWiring) -> bool:
    """A generator plays when it runs and the delay generator's pulse reaches its trigger A."""
    delay = rack.delays[wiring.delay]
    return generator.running and delay.armed and delay.outputs["AB"].amplitude_V >= TRIGGER_LEVEL_V


def _view(
    step: ProgramStep, period_ps: int, generator: GeneratorState, device: ArmDevice, shapes: ShapeBook
) -> StepView:
    rate_Hz = generator.sample_rate_Hz
    first, second = (_connected(step, generator, channel) for channel in (0, 1))
    syncs_ps = _times_ps(shapes.shape(first).rises_1, rate_Hz) if first else np.empty(0, np.int64)
    gates = shapes.shape(second).windows_1 if second else np.empty((0, 2), np.int64)
    pulse = _light(first, generator, period_ps, shapes)
    pulses = _pulses(pulse, shapes) if pulse else ()
    bright = second is not None and len(shapes.shape(second).windows_2) > 0
    loads = () if bright else tuple(_load(item, device, shapes) for item in pulses)
    drive_Vpp = generator.channels[1].amplitude_Vpp if second else 0.0
    turns: tuple[Real, ...] = ()
    if device.emitter is not None:
        spans = zip((0, *loads[:-1]), loads, strict=True) if loads else ()
        turns = tuple(shapes.passage(second, (*span, rate_Hz, drive_Vpp, device.qubit)) for span in spans)
    return StepView(
        pulse=pulse,
        pulses=pulses,
        syncs_ps=syncs_ps,
        quadrature=first is not None and len(shapes.shape(first).windows_2) > 0,
        gates_ps=_times_ps(gates, rate_Hz),
        gates=gates,
        bright=bright,
        loads=loads[-1:] if turns else loads,
        drive=second,
        drive_Vpp=drive_Vpp,
        turns=turns,
    )


def _connected(step: ProgramStep, generator: GeneratorState, channel: int) -> Waveform | None:
    """Return the waveform that leaves the instrument: none with the channel's output off."""
    if channel >= len(step.waveforms) or not generator.channels[channel].output_on:
        return None
    return step.waveforms[channel]


def _light(
    first: Waveform | None, generator: GeneratorState, period_ps: int, shapes: ShapeBook
) -> Pulse | None:
    if first is None or shapes.shape(first).silent:
        return None
    amplitude_Vpp = generator.channels[0].amplitude_Vpp
    return Pulse(first, amplitude_Vpp, generator.sample_rate_Hz, period_ps, 0, len(first.samples))


def _pulses(light: Pulse, shapes: ShapeBook) -> tuple[Pulse, ...]:
    """Cut light where the carver stays dark for `DARK_s`: each piece is a pulse, and a mode, of its own."""
    found = shapes.segments(light.waveform, round(DARK_s * light.sample_rate_Hz))
    if len(found) == 1:
        return (light,)
    return tuple(
        replace(light, first=first, last=last, others=(*found[:k], *found[k + 1 :]))
        for k, (first, last) in enumerate(found)
    )


def _load(pulse: Pulse, device: ArmDevice, shapes: ShapeBook) -> int:
    """Return when a photon of the pulse is made on average, in samples."""
    centre = shapes.centre(pulse.waveform, pulse.first, pulse.last, device.carver, pulse.amplitude_Vpp)
    return round(centre)


def _times_ps(samples: NDArray[np.int64], sample_rate_Hz: float) -> NDArray[np.int64]:
    return np.asarray(np.rint(samples * (1e12 / sample_rate_Hz)), dtype=np.int64)
