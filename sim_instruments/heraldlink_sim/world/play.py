# SPDX-License-Identifier: Apache-2.0
"""One slot of the laboratory: settings frozen at the tick in, events of every tagger out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.clock import Clock
from heraldlink_physics.device import Devices
from heraldlink_sim.world.block import PORTS, Block, herald_logic
from heraldlink_sim.world.drifts import Drifts
from heraldlink_sim.world.fibre import FibrePhase
from heraldlink_sim.world.latching import with_latched
from heraldlink_sim.world.node import NodePlay, ProgramBook
from heraldlink_sim.world.optics import Optics, optics_of
from heraldlink_sim.world.outcomes import excited
from heraldlink_sim.world.photons import readout_clicks, readout_light
from heraldlink_sim.world.pumped import mean_transmission
from heraldlink_sim.world.rack import IN1, IN3, IN4, START, RackState, TaggerState
from heraldlink_sim.world.readouts import Readouts, readouts_of, since_waveform
from heraldlink_sim.world.rounds import AttemptBook
from heraldlink_sim.world.strays import dark_counts, outside_all_gates, registered, stray_photons
from heraldlink_sim.world.streams import stream
from heraldlink_sim.world.tables import AttemptTable, Meeting, TableBook
from heraldlink_sim.world.wiring import Wiring

Times = NDArray[np.int64]
Events = Mapping[str, Times]

LONGEST_PROGRAM_TICKS = 4
"""A program that runs on for longer is cut there."""


@dataclass(frozen=True, slots=True)
class SlotEvents:
    """What one slot gives: per tagger and input sorted int64[n] ps after the tick, and mean count rates.

    ``rates_Hz``: per detector box, over the tick period. ``ends_ps``: per generator, end of its program after
    the tick (0 if it did not play); until then it takes no trigger. ``carvers``: mean transmission of each
    node's carver over the tick period.
    """

    taggers: Mapping[str, Events]
    rates_Hz: Mapping[str, tuple[float, ...]]
    ends_ps: Mapping[str, int]
    carvers: Mapping[str, float]


class World:
    """The laboratory's physics under one seed.

    It remembers what it derived from settings and waveforms, which saves time and changes no result: `play`
    depends on its arguments alone.
    """

    def __init__(self, devices: Devices, wiring: Wiring, seed: int) -> None:
        self.devices, self.wiring, self.seed = devices, wiring, seed
        self._programs, self._tables = ProgramBook(), TableBook(devices)
        self._attempts = AttemptBook(devices, self._tables)
        diffusion, tick_period_s = devices.midpoint.phase_diffusion_rad2_per_s, wiring.tick_period_ps * 1e-12
        self.fibre = FibrePhase(seed, diffusion, tick_period_s)
        self.drifts = Drifts(devices, seed, tick_period_s)

    def play(self, rack: RackState, slot: int, playing: frozenset[str] = frozenset()) -> SlotEvents:
        """Play the slot that begins at tick ``slot``; generators in ``playing`` miss it."""
        drift = self.drifts.at(slot)
        optics = optics_of(rack, self.wiring, drift)
        nodes = self._nodes(drift.applied(self.devices), rack, playing)
        optics = with_latched(optics, nodes, self._tables, self.devices.midpoint)
        block = self._block(nodes, optics, rack, slot)
        readouts, phase_rad = (readouts_of(nodes[0]), readouts_of(nodes[1])), self.fibre.at(slot)
        if self.devices.emitters:
            first, second = (since_waveform(*item) for item in zip(nodes, readouts, strict=True))
            readouts, phase_rad = (first, second), 0.0
        baseline = self._tables.attempt(optics, Meeting(None, None))
        layers = [*block.layers, block.strays]
        streams = self._stream(slot, "outcomes"), self._stream(slot, "round phases")
        outcomes = excited(readouts, block.heralds, layers, self.devices, phase_rad, *streams)
        hub = self.wiring.hub.tagger
        syncs_ps = [node.sync_times_ps(self.wiring.tick_period_ps) for node in nodes]
        events = self._hub_events(syncs_ps, block, baseline, slot)
        taggers = {hub: self._tagged(events, self.devices.midpoint.clock, rack.taggers[hub])}
        for node, item, excitation, sync_ps in zip(nodes, readouts, outcomes, syncs_ps, strict=True):
            events = self._node_events(rack, node, item, excitation, slot)
            events[START] = sync_ps + node.wiring.local_delay_ps
            name = node.wiring.tagger
            taggers[name] = self._tagged(events, node.device.clock, rack.taggers[name])
        ends_ps = {node.wiring.generator: node.timeline.end_ps for node in nodes}
        carvers = {node.wiring.name: mean_transmission(node, self.wiring.tick_period_ps) for node in nodes}
        return SlotEvents(taggers, self._rates_Hz(rack, taggers), ends_ps, carvers)

    def _stream(self, slot: int, name: str) -> np.random.Generator:
        return stream(self.seed, slot, name)

    def _nodes(self, devices: Devices, rack: RackState, playing: frozenset[str]) -> tuple[NodePlay, NodePlay]:
        horizon_ps = LONGEST_PROGRAM_TICKS * self.wiring.tick_period_ps
        a, b = (
            NodePlay(node, device, rack, self._programs, horizon_ps, node.generator in playing)
            for node, device in zip(self.wiring.nodes, devices.arms, strict=True)
        )
        return a, b

    def _block(self, nodes: tuple[NodePlay, NodePlay], optics: Optics, rack: RackState, slot: int) -> Block:
        hub, sigma_rad = self.wiring.hub, self.devices.midpoint.fast_phase_sigma_rad
        logic = herald_logic(rack.taggers[hub.tagger], hub.herald_combiner, nodes)
        phase_rad = self.fibre.at(slot)
        block = Block(nodes, optics, self._tables, self._attempts, logic, phase_rad, sigma_rad)
        streams = self._stream(slot, "attempts"), self._stream(slot, "bright pulses")
        block.walk(*streams, self.wiring.tick_period_ps)
        return block

    def _hub_events(
        self, syncs_ps: Sequence[Times], block: Block, baseline: AttemptTable, slot: int
    ) -> Events:
        delay_ps = self.devices.midpoint.sync_delay_ps
        events = {
            START: syncs_ps[0] + delay_ps,
            IN3: syncs_ps[1] + delay_ps,
            IN4: np.zeros(1, np.int64),
        }
        for port, name in enumerate(PORTS):
            strays = stray_photons(
                [*chain.from_iterable(block.layers), *block.strays],
                port,
                self._stream(slot, f"stray photons {name}"),
            )
            darks = dark_counts(
                baseline.dark_rates_Hz[port],
                self.wiring.tick_period_ps,
                self._stream(slot, f"dark counts {name}"),
            )
            gated = block.clicks_ps(port)
            outside = partial(outside_all_gates, layers=block.layers)
            others = np.concatenate([strays, outside(darks)])
            detector, rng = self.devices.midpoint.detectors[port], self._stream(slot, f"afterpulses {name}")
            events[name] = registered(gated, others, detector, outside, rng)
        return events

    def _node_events(
        self, rack: RackState, node: NodePlay, readouts: Readouts, excitation: NDArray[np.bool_], slot: int
    ) -> dict[str, Times]:
        wiring = node.wiring
        light = readout_light(rack, self.wiring.hub, wiring, node.device)
        rng = self._stream(slot, f"readout photons {wiring.name}")
        clicks = readout_clicks(readouts, excitation, light, node.device.qubit, wiring.readout_delay_ps, rng)
        dark_rng = self._stream(slot, f"dark counts {wiring.detectors}")
        darks = dark_counts(light.dark_rate_Hz, self.wiring.tick_period_ps, dark_rng)
        return {
            IN1: np.sort(np.concatenate([clicks, darks])),
            IN3: readouts.begin_ps + wiring.local_delay_ps,
            IN4: np.zeros(1, np.int64),
        }

    def _tagged(self, events: Events, clock: Clock, tagger: TaggerState) -> Events:
        """Time sorted events by the tagger's clock, which the tick starts, and drop those of other slots."""
        found: dict[str, Times] = {}
        for name, times in events.items():
            tags = times if name == IN4 else clock.tagged(times, tagger.reference_external)
            first, last = np.searchsorted(tags, (0, self.wiring.tick_period_ps)).tolist()
            found[name] = tags[first:last]
        return found

    def _rates_Hz(self, rack: RackState, taggers: Mapping[str, Events]) -> Mapping[str, tuple[float, ...]]:
        """Return mean count rates; detectors without a cable to a tagger count nothing."""
        period_s = self.wiring.tick_period_ps * 1e-12
        cables = {self.wiring.hub.detectors: [taggers[self.wiring.hub.tagger][name] for name in PORTS]}
        for node in self.wiring.nodes:
            cables[node.detectors] = [taggers[node.tagger][IN1]]
        return {
            box: tuple(
                len(cables[box][n]) / period_s if n < len(cables[box]) else 0.0
                for n in range(len(state.bias_A))
            )
            for box, state in rack.detectors.items()
            if box in cables
        }
