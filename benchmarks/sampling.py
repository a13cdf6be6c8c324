# SPDX-License-Identifier: Apache-2.0
"""Attempts per second that the world samples on one core, from waveform bytes to every tagger's events.

    python benchmarks/sampling.py --rounds 5

The link of fast_link.py: each herald reaches both generators and is followed by a readout at both nodes. The
figure is attempts by processor time of this process, so that a busy machine tells little in it; the figures
at a tenth and at ten times the pump show how the cost follows the clicks. Clicks are compared with the model.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from time import process_time

import numpy as np
from fast_link import GATE_PS, SEQUENCE, drive, rack_state
from measure import Row, arguments, at_least, demand, interleaved, medians, report, run

from heraldlink_physics.chain import link
from heraldlink_physics.settings import ArmSettings, GateSettings, MidpointSettings
from heraldlink_physics.statistics import binomial_p_value
from heraldlink_sim.bench_config import load_bench
from heraldlink_sim.transport.memory import keep_freed_memory
from heraldlink_sim.world import rack as words
from heraldlink_sim.world.optics import optics_of
from heraldlink_sim.world.play import World
from heraldlink_sim.world.rack import IN1, IN2, START

BENCH = Path(__file__).parents[1] / "configs" / "benches" / "two_nodes.yaml"
TARGET_PER_s, SLOTS, LEVEL = 1e7, 10, 1e-6


@dataclass
class Played:
    """Attempts, and those with a click in the gate."""

    attempts: int = 0
    clicked: int = 0


class Link:
    """One pump power; every call plays slots that were never played."""

    def __init__(self, world: World, rack: words.RackState, factor: float) -> None:
        lasers = {
            name: replace(laser, power_W=laser.power_W * (factor if name == world.wiring.hub.pump else 1.0))
            for name, laser in rack.lasers.items()
        }
        self._world, self._rack, self._slots = world, replace(rack, lasers=lasers), count(1)
        self.played = Played()
        world.play(self._rack, 0)

    def attempts_per_s(self) -> float:
        """Play ten slots; return attempts per second of processor time."""
        slots = [next(self._slots) for _ in range(SLOTS)]
        begun_s, before = process_time(), self.played.attempts
        played = [self._world.play(self._rack, slot).taggers[self._world.wiring.hub.tagger] for slot in slots]
        spent_s = process_time() - begun_s
        for events in played:
            self._count(events)
        return (self.played.attempts - before) / spent_s

    def _count(self, events: Mapping[str, np.ndarray]) -> None:
        first = SEQUENCE.segments.first_attempt
        clicked: set[int] = set()
        for port in (IN1, IN2):
            index = np.searchsorted(events[START], events[port], side="right") - 1
            after_ps = events[port] - events[START][index.clip(min=0)]
            inside = (index >= first) & (after_ps >= GATE_PS[0]) & (after_ps < GATE_PS[1])
            clicked |= set(index[inside].tolist())
        self.played.attempts += len(events[START]) - first
        self.played.clicked += len(clicked)

    def model(self) -> float:
        """Return the probability of a click, from settings read from the rack and from the model alone."""
        optics = optics_of(self._rack, self._world.wiring)
        arms = [
            ArmSettings(
                optics.laser_frequency_Hz,
                optics.laser_power_W,
                attenuation_dB,
                drive(arm.name).envelope_peak_V * _envelope(),
                SEQUENCE.sample_rate_Hz,
                SEQUENCE.attempt_period_ps,
                0,
                SEQUENCE.sync_begin_ps,
            )
            for arm, attenuation_dB in zip(self._world.devices.arms, optics.attenuation_dB, strict=True)
        ]
        station = MidpointSettings(optics.detectors, GateSettings(*GATE_PS))
        found = link(*self._world.devices.arms, self._world.devices.midpoint, arms[0], arms[1], station)
        return sum(pattern.probability for pattern in found.model.patterns.values())

    def agrees(self) -> bool:
        """Whether the clicks that were counted are those of the model."""
        return binomial_p_value(self.played.clicked, self.played.attempts, self.model()) > LEVEL


def _envelope() -> np.ndarray:
    """Voltage of the pump pulse, peak 1, written down here: its power is Gaussian, cut at 4 sigma."""
    samples = SEQUENCE.attempt_period_ps * int(SEQUENCE.sample_rate_Hz) // 10**12
    after_ps = np.arange(samples) * 1e12 / SEQUENCE.sample_rate_Hz - SEQUENCE.pulse_centre_ps
    inside = abs(after_ps) <= 4 * SEQUENCE.pulse_sigma_ps
    return np.where(inside, np.exp(-(after_ps**2) / (4 * SEQUENCE.pulse_sigma_ps**2)), 0.0)


def benchmark() -> None:
    """Measure and report."""
    options = arguments(__doc__.splitlines()[0], rounds=5).parse_args()
    keep_freed_memory()  # as in the process that serves a bench
    config, devices = load_bench(BENCH)
    world = World(devices, config.wiring.world_wiring(round(1e12 / SEQUENCE.tick_rate_Hz)), config.seed)
    rack = rack_state(world.wiring, replace(SEQUENCE, attempts=100_000))  # until the next tick
    links = {
        name: Link(world, rack, factor) for name, factor in (("1e-4", 0.1), ("1e-3", 1.0), ("1e-2", 10.0))
    }
    subjects: dict[str, Callable[[], float]] = {name: one.attempts_per_s for name, one in links.items()}
    figures = medians(interleaved(subjects, options.rounds))
    rows = [at_least("attempts/s at a herald in 1,000", figures["1e-3"], "1/s", TARGET_PER_s)]
    rows += [Row(f"attempts/s at {name}", figures[name], "1/s") for name in ("1e-4", "1e-2")]
    for name, played in links.items():
        demand(played.agrees(), True)
        rows.append(Row(f"clicks per attempt at {name}", played.played.clicked / played.played.attempts, ""))
    report(rows, options.json)


if __name__ == "__main__":
    run(benchmark)
