# SPDX-License-Identifier: Apache-2.0
"""Pump light on its way to a node, as power meters at the taps and the cryostats feel it."""

from __future__ import annotations

from collections import Counter

from heraldlink_physics.device import ArmDevice, Carver
from heraldlink_sim.world.node import NodePlay
from heraldlink_sim.world.optics import emitted_W, pump_attenuation_dB
from heraldlink_sim.world.rack import RackState
from heraldlink_sim.world.wiring import NodeWiring, Wiring


def incident_W(rack: RackState, wiring: Wiring, node: NodeWiring, device: ArmDevice) -> float:
    """Return the pump power in front of a node's carver, W."""
    laser_W = emitted_W(rack.lasers[wiring.hub.pump]) * device.splitter * device.insertion
    return laser_W * 10 ** (-pump_attenuation_dB(rack, wiring.hub, node) / 10)


def closed_transmission(carver: Carver) -> float:
    """Return what a carver without drive lets through, 0..1."""
    return 10 ** (-carver.extinction_dB / 10)


def mean_transmission(node: NodePlay, tick_period_ps: int) -> float:
    """Return the carver's mean transmission over the tick period in which a node plays, 0..1."""
    played = Counter[int]()
    for run in node.timeline.runs:
        played[run.step] += run.begun_by(tick_period_ps)
    open_s = 0.0
    for step, count in played.items():
        pulse = node.views[step].pulse
        if pulse is not None:
            open_s += count * node.shapes.open_s(
                pulse.waveform, node.device.carver, pulse.amplitude_Vpp, pulse.sample_rate_Hz
            )
    return closed_transmission(node.device.carver) + open_s / (tick_period_ps * 1e-12)
