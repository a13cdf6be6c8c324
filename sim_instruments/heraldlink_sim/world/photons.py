# SPDX-License-Identifier: Apache-2.0
"""Readout photons: the red pump turns the answer of a qubit into clicks at the node's detector."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.device import ArmDevice
from heraldlink_physics.readout import mean_counts
from heraldlink_sim.world.optics import attenuation_dB, emitted_W
from heraldlink_sim.world.rack import MicrowaveState, RackState
from heraldlink_sim.world.readouts import Readouts
from heraldlink_sim.world.wiring import HubWiring, NodeWiring, ReadoutTone

Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ReadoutLight:
    """Mean clicks per second of gate from a qubit in g and in e, and those of them that are dark counts."""

    rate_g_Hz: float
    rate_e_Hz: float
    dark_rate_Hz: float


def readout_light(rack: RackState, hub: HubWiring, node: NodeWiring, device: ArmDevice) -> ReadoutLight:
    """Read red pump, attenuator channel, microwave tone and detector bias, and ask the readout's model."""
    bias = rack.detectors[node.detectors]
    laser = rack.lasers[hub.readout_pump]
    channel = rack.attenuators[hub.attenuator].channels[node.readout_channel - 1]
    arriving_W = emitted_W(laser) * device.splitter * device.insertion
    rate_g_Hz, rate_e_Hz = mean_counts(
        device,
        pump_frequency_Hz=laser.frequency_Hz,
        pump_power_W=arriving_W * 10 ** (-attenuation_dB(channel) / 10),
        gate_s=1.0,
        bias_A=bias.bias_A[0],
        enabled=bias.enabled,
        tone=tone_share(rack.microwaves[node.microwave], node.readout_tone),
    )
    dark_rate_Hz = device.readout.detector.dark_rate(bias.bias_A[0], bias.enabled)
    return ReadoutLight(rate_g_Hz, rate_e_Hz, dark_rate_Hz)


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
    """Return the photons of all gates at the node's tagger, int64[n] ps after the tick, unsorted.

    Dark counts are left to whoever draws them at all times.
    """
    lengths_ps = readouts.end_ps - readouts.begin_ps
    rates_Hz = np.where(excited, light.rate_e_Hz, light.rate_g_Hz) - light.dark_rate_Hz
    means = rates_Hz.clip(min=0.0) * lengths_ps * 1e-12
    gate = np.repeat(np.arange(len(means)), rng.poisson(means))
    within_ps = np.floor(rng.random(len(gate)) * lengths_ps[gate]).astype(np.int64)
    return np.asarray(readouts.begin_ps[gate] + delay_ps + within_ps)
