# SPDX-License-Identifier: Apache-2.0
"""Readout photons: the red pump turns the answer of a qubit into clicks at the node's detector."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.device import ArmDevice, Qubit
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
        trigger_V=bias.trigger_level_V[0],
    )
    detector = device.readout.detector
    dark_rate_Hz = detector.dark_rate(bias.bias_A[0], bias.enabled, bias.trigger_level_V[0])
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
    qubit: Qubit,
    delay_ps: int,
    rng: np.random.Generator,
) -> Times:
    """Return the photons of all gates at the node's tagger, int64[n] ps after the tick, unsorted.

    ``excited``: as the gate begins; a qubit with a T1 may jump while it is read (its gate is drawn at the
    highest rate and thinned). Dark counts are left to whoever draws them at all times.
    """
    lengths_ps = readouts.end_ps - readouts.begin_ps
    jumps_ps = jump_times_ps(excited, lengths_ps, qubit, rng)
    jumped = jumps_ps[:, 0] < lengths_ps
    rates_Hz = np.array([light.rate_g_Hz, light.rate_e_Hz]).clip(min=light.dark_rate_Hz) - light.dark_rate_Hz
    highest_Hz = rates_Hz.max()
    means = np.where(jumped, highest_Hz, rates_Hz[excited.astype(np.int64)]) * lengths_ps * 1e-12
    gate = np.repeat(np.arange(len(means)), rng.poisson(means))
    within_ps = np.floor(rng.random(len(gate)) * lengths_ps[gate]).astype(np.int64)
    inside = jumped[gate]
    later = (jumps_ps[gate[inside]] <= within_ps[inside, None]).sum(axis=1) % 2 == 1
    rate_Hz = rates_Hz[(excited[gate[inside]] ^ later).astype(np.int64)]
    kept = np.ones(len(gate), dtype=np.bool_)
    kept[inside] = rng.random(len(rate_Hz)) * highest_Hz < rate_Hz
    return np.asarray((readouts.begin_ps[gate] + delay_ps + within_ps)[kept])


def jump_times_ps(
    excited: NDArray[np.bool_], lengths_ps: Times, qubit: Qubit, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return when each qubit jumps between e and g, float[n, m] ps into its gate; beyond the gate: never."""
    rates_Hz = np.array([qubit.thermal_population, 1 - qubit.thermal_population]) / qubit.t1_s
    now_ps, state, jumps = np.zeros(len(excited)), excited.copy(), list[NDArray[np.float64]]()
    while rates_Hz.any() and np.any(now_ps < lengths_ps):
        rate_Hz = rates_Hz[state.astype(np.int64)]
        never = np.full(len(state), np.inf)
        now_ps += 1e12 * np.divide(rng.exponential(size=len(state)), rate_Hz, out=never, where=rate_Hz > 0)
        state = ~state
        jumps.append(now_ps.copy())
    return np.stack([*jumps, np.full(len(excited), np.inf)], axis=1)
