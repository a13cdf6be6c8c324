# SPDX-License-Identifier: Apache-2.0
"""Readout photons: the red pump turns the answer of a qubit into clicks at the node's detector."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.device import ArmDevice
from heraldlink_sim.world.optics import attenuation_dB, emitted_W
from heraldlink_sim.world.rack import MicrowaveState, RackState
from heraldlink_sim.world.readouts import Readouts
from heraldlink_sim.world.wiring import HubWiring, NodeWiring, ReadoutTone

Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ReadoutLight:
    """Mean detected photons per second of gate from a qubit in g and in e, and dark counts per second."""

    rate_g_Hz: float
    rate_e_Hz: float
    dark_rate_Hz: float


def readout_light(rack: RackState, hub: HubWiring, node: NodeWiring, device: ArmDevice) -> ReadoutLight:
    """Read red pump, attenuator channel, microwave tone and detector bias.

    Photons grow linearly with pump power and with the detector's efficiency relative to its plateau. Without
    the tone e looks like g.
    """
    bias, snspd = rack.detectors[node.detectors], device.readout.detector
    channel = rack.attenuators[hub.attenuator].channels[node.readout_channel - 1]
    arriving_W = emitted_W(rack.lasers[hub.readout_pump]) * device.splitter * device.insertion
    arriving_W *= 10 ** (-attenuation_dB(channel) / 10)
    seen = snspd.efficiency(bias.bias_A[0], bias.enabled) / snspd.max_efficiency
    scale = arriving_W / device.readout.pump_power_W * seen / device.readout.gate_s
    signal = (device.readout.photons_e - device.readout.photons_g) * tone_share(
        rack.microwaves[node.microwave], node.readout_tone
    )
    return ReadoutLight(
        rate_g_Hz=device.readout.photons_g * scale,
        rate_e_Hz=(device.readout.photons_g + signal) * scale,
        dark_rate_Hz=snspd.dark_rate(bias.bias_A[0], bias.enabled),
    )


def tone_share(source: MicrowaveState, tone: ReadoutTone) -> float:
    """Return the readout signal relative to the nominal tone: linear in power, Lorentzian in frequency."""
    if not source.output_on:
        return 0.0
    detuning = 2 * (source.frequency_Hz - tone.frequency_Hz) / tone.linewidth_Hz
    return math.pow(10, (source.power_dBm - tone.power_dBm) / 10) / (1 + detuning**2)


def readout_clicks(
    readouts: Readouts,
    excited: NDArray[np.bool_],
    light: ReadoutLight,
    delay_ps: int,
    rng: np.random.Generator,
) -> Times:
    """Return the photons of all gates at the node's tagger, int64[n] ps after the tick, unsorted."""
    lengths_ps = readouts.end_ps - readouts.begin_ps
    means = np.where(excited, light.rate_e_Hz, light.rate_g_Hz) * lengths_ps * 1e-12
    gate = np.repeat(np.arange(len(means)), rng.poisson(means))
    within_ps = np.floor(rng.random(len(gate)) * lengths_ps[gate]).astype(np.int64)
    return np.asarray(readouts.begin_ps[gate] + delay_ps + within_ps)
