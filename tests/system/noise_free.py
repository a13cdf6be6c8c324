# SPDX-License-Identifier: Apache-2.0
"""Rate and fidelity of a bench without noise: the model at the true devices, as settings have them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from detunings import NODES, Changes
from forecast import same_probability
from two_node_lab import node_file

from heraldlink.agent.estimator import Estimator, read_devices
from heraldlink.agent.sequence import sequence_of
from heraldlink.config import EndNodeConfig, MidpointConfig, load_node
from heraldlink.errors import Unsupported
from heraldlink.messages.values import Demand, Drive
from heraldlink_physics import chain, readout
from heraldlink_physics.device import ArmDevice, Devices

LIGHT_m_per_s = 299_792_458.0
Confusions = tuple[np.ndarray, np.ndarray]
PERFECT: Confusions = (np.eye(2), np.eye(2))


def fidelity_as_read(
    link: chain.LinkModel, angles: tuple[float, float], confusions: Confusions = PERFECT
) -> float:
    """F averaged over heralds, with analysis pulses of `angles` times the wanted area; F_meas if perfect."""
    total = 0.0
    for port, sign in (("c", 1), ("d", -1)):
        herald = link.model.patterns[port]
        xx, yy, zz = (
            2 * same_probability(herald.state, basis, confusions, angles) - 1 for basis in ("XX", "YY", "ZZ")
        )
        total += herald.probability * (1 - zz + sign * (xx + yy)) / 4
    return total / link.model.probability


def confusion(device: ArmDevice, midpoint: MidpointConfig, end: EndNodeConfig, threshold: int) -> np.ndarray:
    """What a node reads with its settings at a threshold, float[2, 2]."""
    g, e = photons(device, midpoint, end)
    return readout.confusion(g, e, threshold)


def photons(device: ArmDevice, midpoint: MidpointConfig, end: EndNodeConfig) -> tuple[float, float]:
    """Mean photons of a readout gate from g and e."""
    point, pump = midpoint.operating_point, midpoint.operating_point.readout_pump
    reaching_W = pump.power_W * device.splitter * device.insertion
    return readout.mean_counts(
        device,
        pump_frequency_Hz=LIGHT_m_per_s / pump.wavelength_m,
        pump_power_W=reaching_W * 10 ** (-point.attenuator[device.name].readout_attenuation_dB / 10),
        gate_s=midpoint.sequence.readout_width_ps * 1e-12,
        bias_A=end.operating_point.detectors.bias_A[0],
    )


@dataclass(frozen=True)
class Delivered:
    """Heralds per attempt; F before readout errors, and as outcomes are read."""

    probability: float
    fidelity: float
    as_read: float


@dataclass(frozen=True)
class Nodes:
    """Node files of a link, the bench's true devices, and what the phase estimates leave."""

    midpoint: MidpointConfig
    ends: Mapping[str, EndNodeConfig]
    devices: Devices

    def delivered(self, target: float) -> Delivered:
        """What a request gets whose nodes take their files for the truth; nothing where they refuse it."""
        sequence = sequence_of(self.midpoint.sequence)
        believed = read_devices(self.midpoint.devices, self.midpoint.ends)
        demand = Demand(400, target, 1e6, 1, ("XX", "YY", "ZZ"), 3)
        drives = {name: drive_of(end) for name, end in self.ends.items()}
        try:
            chosen = Estimator(self.midpoint, sequence, believed).choose(demand, drives)
        except Unsupported:
            return Delivered(0.0, 0.0, 0.0)
        played = {
            name: Drive(chosen.envelope_peak_V[name], drive.bright_peak_V, drive.start_ps)
            for name, drive in drives.items()
        }
        link = Estimator(self.midpoint, sequence, self.devices).link(played, 0.0)
        turned = replace(link.midpoint, phase_offset_rad=self.axis_rad(sequence.kept_ps * 1e-12))
        link = replace(link, midpoint=turned, model=chain.pair_source(*link.arms, turned))
        arms = {arm.name: arm for arm in self.devices.arms}
        angles = [
            arms[name].qubit.rabi_rad_per_Vs / end.operating_point.qubit.rabi_rad_per_Vs
            for name, end in self.ends.items()
        ]
        confusions = [
            confusion(arms[name], self.midpoint, end, end.operating_point.readout.threshold_photons)
            for name, end in self.ends.items()
        ]
        both = (angles[0], angles[1])
        return Delivered(
            link.model.probability,
            fidelity_as_read(link, both),
            fidelity_as_read(link, both, (confusions[0], confusions[1])),
        )

    def axis_rad(self, kept_s: float) -> float:
        """Angle between the analysis axes: skew of the drives, and drives that run beside their qubits."""
        arms = {arm.name: arm for arm in self.devices.arms}
        points = {name: end.operating_point for name, end in self.ends.items()}
        a, b = (
            arms[name].qubit.frequency_Hz - point.qubit.frequency_Hz - point.qubit.offset_Hz
            for name, point in points.items()
        )
        first, second = (point.slot_trigger.delay_s for point in points.values())
        return 2 * math.pi * ((b - a) * kept_s + 5e9 * (second - first))


def drive_of(end: EndNodeConfig) -> Drive:
    """What an end node tells of itself."""
    point = end.operating_point
    return Drive(
        point.generator.envelope_peak_V,
        point.generator.bright_peak_V,
        round(point.slot_trigger.delay_s * 1e12),
    )


def nodes_of(folder: Path, changes: Changes, devices: Devices) -> Nodes:
    """Changed node files before any tune-up."""
    configs = {name: load_node(node_file(folder, name, changes[name])) for name in NODES}
    midpoint = configs["midpoint"]
    assert isinstance(midpoint, MidpointConfig)
    ends = {name: config for name in midpoint.ends if isinstance(config := configs[name], EndNodeConfig)}
    return Nodes(midpoint, ends, devices)
