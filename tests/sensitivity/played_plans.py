# SPDX-License-Identifier: Apache-2.0
"""Plans on the simulated rack: compiled waveform bytes, settings of the bench, tags that come back."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

from two_node_wiring import TONE, WIRING

from heraldlink.sensitivity.bench import ENDS, Bench
from heraldlink.sensitivity.observation import Observation, Take
from heraldlink.sensitivity.tags import EndTags, SlotTags
from heraldlink.sequences import SlotPlan, generator_program_of
from heraldlink.sequences.drive import NodeDrive
from heraldlink_physics.device import Devices
from heraldlink_sim.world import rack
from heraldlink_sim.world.play import World


@lru_cache(maxsize=64)
def generator_of(digest: str, plan: Hashed, name: str, drive: NodeDrive) -> rack.GeneratorState:
    program = generator_program_of(plan.plan, name, drive)
    waveforms = {
        key: tuple(
            rack.Waveform(samples, marks) for samples, marks in zip(w.channels, w.markers, strict=True)
        )
        for key, w in program.waveforms.items()
    }
    steps = tuple(
        rack.ProgramStep(waveforms[s.waveform], s.repeat, s.wait, s.event, s.jump_to, s.goto)
        for s in program.steps
    )
    channels = tuple(rack.GeneratorChannel(True, full) for full in program.amplitude_Vpp)
    return rack.GeneratorState(True, program.sample_rate_Hz, True, channels, steps)


class Hashed:
    """A plan under its digest, so that equal plans compile once."""

    def __init__(self, plan: SlotPlan) -> None:
        self.plan, self.digest = plan, plan.digest()

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hashed) and other.digest == self.digest


def _tagger(plan: SlotPlan, hub: bool) -> rack.TaggerState:
    inputs = {name: rack.TaggerInput(True, 0.5) for name in rack.TAGGER_INPUTS}
    outputs = {n: rack.TaggerOutput(False, None) for n in (1, 2)}
    combiners = {5: rack.Combiner(rack.IN1, rack.IN2, *plan.gate_ps)} if hub and any(plan.gate_ps) else {}
    return rack.TaggerState(inputs, combiners, {}, outputs, rack.RecordState(True, plan.record_ps))


def rack_of(bench: Bench, plan: SlotPlan) -> rack.RackState:
    """What the instruments would read back with the bench set and the plan armed."""
    hashed = Hashed(plan)
    attenuators = [
        rack.AttenuatorChannel(0.0 if math.isinf(loss_dB) else loss_dB, not math.isinf(loss_dB))
        for loss_dB in bench.attenuation_dB
    ]
    attenuators += [rack.AttenuatorChannel(0.0, True)] * 2
    ends = rack.BiasState(True, (bench.readout_bias_A, 0.0), (0.1, 0.1))
    return rack.RackState(
        lasers={
            "hub_pump": rack.LaserState(True, True, bench.laser_power_W, bench.laser_frequency_Hz),
            "hub_readout_pump": rack.LaserState(
                True, True, bench.readout_power_W, bench.readout_frequency_Hz
            ),
        },
        attenuators={"hub_voa": rack.AttenuatorState(tuple(attenuators))},
        generators={f"{n}_awg": generator_of(hashed.digest, hashed, n, bench.drive) for n in ENDS},
        delays={f"{n}_dg": rack.DelayState(True, {"AB": rack.DelayOutput(1e-6, 2.5)}) for n in ENDS},
        microwaves={
            f"{n}_mw": rack.MicrowaveState(True, TONE.frequency_Hz, TONE.power_dBm, 0.0, True) for n in ENDS
        },
        taggers={
            "hub_tc": _tagger(plan, True),
            **{f"{n}_tc": replace(_tagger(plan, False)) for n in ENDS},
        },
        detectors={
            "hub_eos": rack.BiasState(True, bench.bias_A, (0.1, 0.1)),
            **{f"{n}_eos": ends for n in ENDS},
        },
    )


def tags_of(world: World, state: rack.RackState, slot: int) -> SlotTags:
    """Play one slot."""
    events = world.play(state, slot).taggers
    hub = events["hub_tc"]
    ends = [
        EndTags(item[rack.START], item[rack.IN1], item[rack.IN3])
        for item in (events[f"{name}_tc"] for name in ENDS)
    ]
    return SlotTags(hub[rack.START], hub[rack.IN1], hub[rack.IN2], (ends[0], ends[1]))


APART = 977
"""Slots between two plays: the fibres' phase diffuses by a radian and more."""


class Laboratory:
    """A simulated laboratory with some devices, in which observations are repeated."""

    def __init__(self, devices: Devices, seed: int) -> None:
        self.world, self._slot = World(devices, WIRING, seed), 0

    def play(self, observation: Observation) -> list[list[list]]:
        """Counts of one repetition by take, slot and watch."""
        return [[self._counts(take) for _ in range(observation.slots)] for take in observation.takes]

    def _counts(self, take: Take) -> list:
        self._slot += APART
        return take.counts(tags_of(self.world, rack_of(take.bench, take.plan), self._slot))
