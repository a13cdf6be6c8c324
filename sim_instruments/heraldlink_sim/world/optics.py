# SPDX-License-Identifier: Apache-2.0
"""Settings of light and detectors that all attempts of a slot share, read from the rack."""

from __future__ import annotations

import math
from dataclasses import dataclass

from heraldlink_physics.settings import DetectorSettings, GateSettings
from heraldlink_sim.world.drifts import STILL, Drift
from heraldlink_sim.world.rack import IN1, START, AttenuatorChannel, LaserState, RackState, TaggerState
from heraldlink_sim.world.wiring import HubWiring, NodeWiring, Wiring


@dataclass(frozen=True, slots=True)
class Optics:
    """What light and detectors are set to in a slot.

    ``laser_power_W``: 0 with emission off or shutter closed. ``attenuation_dB``: of arms A and B, infinite
    with the channel closed. ``gate``: window of the herald combiner after START, (0, 0) if there is none.
    ``coherent``: both nodes' generators and sources share the 10 MHz. ``drift``: where the devices are.
    """

    laser_frequency_Hz: float
    laser_power_W: float
    attenuation_dB: tuple[float, float]
    detectors: tuple[DetectorSettings, DetectorSettings]
    gate: GateSettings
    coherent: bool
    drift: Drift = STILL


def optics_of(rack: RackState, wiring: Wiring, drift: Drift = STILL) -> Optics:
    """Read the states of laser, attenuator, detector box, tagger and references."""
    hub, (a, b) = wiring.hub, wiring.nodes
    bias = rack.detectors[hub.detectors]
    return Optics(
        laser_frequency_Hz=rack.lasers[hub.pump].frequency_Hz,
        laser_power_W=emitted_W(rack.lasers[hub.pump]),
        attenuation_dB=(pump_attenuation_dB(rack, hub, a), pump_attenuation_dB(rack, hub, b)),
        detectors=(
            DetectorSettings(bias.bias_A[0], bias.enabled, bias.trigger_level_V[0]),
            DetectorSettings(bias.bias_A[1], bias.enabled, bias.trigger_level_V[1]),
        ),
        gate=_gate(rack.taggers[hub.tagger], hub.herald_combiner),
        coherent=locked(rack, a) and locked(rack, b),
        drift=drift,
    )


def _gate(tagger: TaggerState, combiner: int) -> GateSettings:
    """Return the combiner's window in time at the connectors: START and IN1 may be delayed inside."""
    block = tagger.combiners.get(combiner)
    if block is None:
        return GateSettings(0, 0)
    shift_ps = tagger.delays_ps.get(START, 0) - tagger.delays_ps.get(IN1, 0)
    return GateSettings(block.begin_ps + shift_ps, block.end_ps + shift_ps)


def emitted_W(laser: LaserState) -> float:
    """Return the power that leaves the laser."""
    return laser.power_W if laser.emitting and laser.shutter_open else 0.0


def attenuation_dB(channel: AttenuatorChannel) -> float:
    """Return the channel's attenuation, infinite when its output is closed."""
    return channel.attenuation_dB if channel.open else math.inf


def pump_attenuation_dB(rack: RackState, hub: HubWiring, node: NodeWiring) -> float:
    """Return what a node's pump loses on purpose: infinite with channel closed or switch elsewhere."""
    route = node.pump_route
    if route is not None and rack.switches[route.switch].connections.get(route.source) != route.target:
        return math.inf
    return attenuation_dB(rack.attenuators[hub.attenuator].channels[node.pump_channel - 1])


def locked(rack: RackState, node: NodeWiring) -> bool:
    """Whether the 10 MHz reaches the node's generator: it comes through its microwave source."""
    source = rack.microwaves[node.microwave]
    return source.reference_external and rack.generators[node.generator].reference_external
