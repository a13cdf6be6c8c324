# SPDX-License-Identifier: Apache-2.0
"""Shipped plans, compiled to waveforms, played by the world, as the tags that the drivers would hand over.

And what the models say of the same settings: read off the waveforms, written down for the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from laboratory import ATTENUATION_dB, LASER_Hz, changed, devices, nominal, tags
from two_node_wiring import WIRING

from heraldlink.analysis.attempts import Channels
from heraldlink.sequences import GeneratorLimits, NodeDrive, Part, SlotPlan, generator_program_of
from heraldlink.sequences.elements import PumpPulse
from heraldlink.sequences.tagger import CLICKS_C, CLICKS_D, READOUT_CLICKS, READOUT_MARKS
from heraldlink_drivers.roles import GeneratorProgram
from heraldlink_physics.carving import pump_pulse
from heraldlink_physics.chain import LinkModel, link
from heraldlink_physics.device import Devices
from heraldlink_physics.settings import (
    ArmSettings,
    DetectorSettings,
    GateSettings,
    MidpointSettings,
    OtherPulse,
)
from heraldlink_sim.world import rack as words
from heraldlink_sim.world.play import World

ENDS = ("alice", "bob")
DRIVES = {name: NodeDrive((0.5, 0.5), 0.2, 0.25, 5.0e9, 1.0e9, phase_switch=name == "bob") for name in ENDS}
BIASES_A = (18e-6, 13e-6)
"""Of detectors c and d: unequal, so that swapped ports do not look alike."""
POWER_W = 10e-3
DARK_RATE_Hz = 60.0
"""Per detector before it grows with the bias: thousands of uncorrelated clicks a second."""


@dataclass(frozen=True)
class Played:
    """Tags of one slot, by RAW channel."""

    hub: Channels
    ends: Mapping[str, Channels]


def noisy(**midpoint: float) -> Devices:
    """Hypothetical devices with dark counts and modes that do not match."""
    both = devices()
    c, d = (replace(item, dark_rate_Hz=DARK_RATE_Hz) for item in both.midpoint.detectors)
    found = replace(both.midpoint, detectors=(c, d), mode_match=0.5, phase_diffusion_rad2_per_s=0.0)
    return replace(both, midpoint=replace(found, **midpoint))


def programs(plan: SlotPlan) -> dict[str, GeneratorProgram]:
    """Waveforms and steps of both generators."""
    return {node: generator_program_of(plan, node, DRIVES[node], GeneratorLimits()) for node in ENDS}


def rack_of(plan: SlotPlan, attenuation_dB: float = ATTENUATION_dB) -> words.RackState:
    """The nominal rack with the plan's programs and gate; hardware heralds lead nowhere."""
    rack = nominal()
    for node, program in programs(plan).items():
        rack = changed(rack, "generators", f"{node}_awg", steps=_steps(program))
    combiners = {5: words.Combiner(words.IN1, words.IN2, *plan.gate_ps)} if plan.gate_ps[1] else {}
    off = {n: words.TaggerOutput(False, None) for n in (1, 2)}
    rack = changed(rack, "taggers", "hub_tc", combiners=combiners, outputs=off)
    rack = changed(rack, "detectors", "hub_eos", bias_A=BIASES_A)
    rack = changed(rack, "lasers", "hub_pump", power_W=POWER_W)
    pump, readout = words.AttenuatorChannel(attenuation_dB, True), words.AttenuatorChannel(0.0, True)
    return changed(rack, "attenuators", "hub_voa", channels=(pump, pump, readout, readout))


def _steps(program: GeneratorProgram) -> tuple[words.ProgramStep, ...]:
    waves = {
        name: tuple(words.Waveform(a, b) for a, b in zip(wave.channels, wave.markers, strict=True))
        for name, wave in program.waveforms.items()
    }
    return tuple(
        words.ProgramStep(waves[s.waveform], s.repeat, s.wait, s.event, s.jump_to, s.goto)
        for s in program.steps
    )


def laboratory(model: Devices, seed: int) -> World:
    """A world of its own."""
    return World(model, WIRING, seed)


def play(world: World, rack: words.RackState, slot: int) -> Played:
    """One slot, as RAW tags."""
    events = world.play(rack, slot).taggers
    hub = {CLICKS_C: tags(events["hub_tc"], words.IN1), CLICKS_D: tags(events["hub_tc"], words.IN2)}
    ends = {
        node: {
            READOUT_CLICKS: tags(events[f"{node}_tc"], words.IN1),
            READOUT_MARKS: tags(events[f"{node}_tc"], words.IN3),
        }
        for node in ENDS
    }
    return Played(hub, ends)


def modelled(
    model: Devices,
    plan: SlotPlan,
    part: str,
    attenuation_dB: float = ATTENUATION_dB,
    window_ps: tuple[int, int] | None = None,
    pulse: int = 0,
) -> LinkModel:
    """The model of a part, or of one of its pump pulses and the window around it."""
    arms = [_arm(model, plan, plan.part(part), node, attenuation_dB, pulse) for node in ENDS]
    detectors = tuple(DetectorSettings(bias_A) for bias_A in BIASES_A)
    gate = GateSettings(*(window_ps or plan.gate_ps))
    return link(*model.arms, model.midpoint, *arms, MidpointSettings(detectors, gate))


def _arm(
    model: Devices, plan: SlotPlan, part: Part, node: str, attenuation_dB: float, pulse: int
) -> ArmSettings:
    sync_ps = next(item.begin_ps for item in part.elements[node] if not isinstance(item, PumpPulse))
    volts = programs(plan)[node].waveforms[part.name].channels[0].astype(np.float64) * 0.25
    centres_ps = [item.centre_ps for item in part.elements[node] if isinstance(item, PumpPulse)]
    edges = [0, *((a + b) // 2 for a, b in pairwise(centres_ps)), plan.period_ps]
    per_ps = volts.size / plan.period_ps
    alone = []
    for begin, end in pairwise(edges):
        envelope_V = np.zeros(volts.size)
        inside = slice(round(begin * per_ps), round(end * per_ps))
        envelope_V[inside] = volts[inside]
        alone.append(
            ArmSettings(
                laser_frequency_Hz=LASER_Hz,
                laser_power_W=POWER_W,
                attenuation_dB=attenuation_dB,
                envelope_V=envelope_V,
                sample_rate_Hz=plan.sample_rate_Hz,
                attempt_period_ps=plan.period_ps,
                start_ps=1_000_000,
                sync_ps=sync_ps,
            )
        )
    device = model.arms[ENDS.index(node)]
    others = tuple(
        OtherPulse(
            pump_pulse(device, alone[k]).energy_J, (centres_ps[pulse] - centres_ps[k]) % plan.period_ps
        )
        for k in range(len(alone))
        if k != pulse
    )
    return replace(alone[pulse], others=others)
