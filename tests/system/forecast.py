# SPDX-License-Identifier: Apache-2.0
"""What the model expects of the bench as its instruments say they are set, read back over their sockets."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML

from heraldlink.config import find_config
from heraldlink_drivers.station import load_station
from heraldlink_physics import chain, readout
from heraldlink_physics.device import ArmDevice, Devices
from heraldlink_physics.device_file import from_mapping
from heraldlink_physics.settings import ArmSettings, DetectorSettings, GateSettings, MidpointSettings

LIGHT_m_per_s = 299_792_458.0
CHANNELS = {"alice": (1, 3), "bob": (2, 4)}
PAULI = {"X": np.array([[0, 1], [1, 0]]), "Y": np.array([[0, -1j], [1j, 0]]), "Z": np.diag([1, -1])}
TICK_s = 0.1
PHASE_AGE_s = 2 * TICK_s
"""Between the slot that estimates a phase and the one that is turned by it."""


def devices(name: str = "improved") -> Devices:
    """A shipped device file."""
    return from_mapping(YAML(typ="safe").load(find_config(f"devices/{name}.yaml").read_text()))


@dataclass(frozen=True)
class ReadBack:
    """Settings of the whole rack as read back, and each node's readout confusion."""

    arms: tuple[ArmSettings, ArmSettings]
    midpoint: MidpointSettings
    confusions: tuple[np.ndarray, np.ndarray]
    coherent: bool
    qubit_phase_rad: float
    """Phase between the nodes' analysis axes from the skew of their generators."""
    amplitudes_Vpp: tuple[tuple[float, ...], tuple[float, ...]]
    """Of both channels of both generators."""
    photons: tuple[tuple[float, float], tuple[float, float]]
    """Of each node's readout gate, from g and from e: what the confusions follow from, at one photon."""

    def link(self, model: Devices, phase_variance_rad2: float) -> chain.LinkModel:
        """The model's link at these settings."""
        return chain.link(
            *model.arms,
            model.midpoint,
            *self.arms,
            self.midpoint,
            phase_variance_rad2=phase_variance_rad2,
            coherent=self.coherent,
            phase_offset_rad=self.qubit_phase_rad,
        )


def read_back(
    addresses: Mapping[str, str], model: Devices, *, playing: tuple[bool, bool] = (True, True)
) -> ReadBack:
    """Read what the physics depends on over the instruments' own sockets, with the real drivers."""
    loaded = [
        load_station(find_config(f"stations/{name}.station.yaml"), addresses)
        for name in ("hub", "alice", "bob")
    ]
    try:
        roles = {name: role for station in loaded for name, role in station.roles.items()}
        arms = tuple(_arm(roles, name, plays) for name, plays in zip(("alice", "bob"), playing, strict=True))
        bias = roles["hub_eos"].bias_A()
        on = roles["hub_eos"].enabled()
        gate = GateSettings(*roles["hub_tc"].gate_ps())
        references = [
            roles[f"{name}_{kind}"].reference_external()
            for name in ("alice", "bob")
            for kind in ("mw", "awg")
        ]
        photons = tuple(
            _photons(roles, name, device) for name, device in zip(("alice", "bob"), model.arms, strict=True)
        )
        skew_s = (arms[1].start_ps - arms[0].start_ps) * 1e-12
        return ReadBack(
            arms=arms,
            midpoint=MidpointSettings((DetectorSettings(bias[0], on), DetectorSettings(bias[1], on)), gate),
            confusions=tuple(readout.confusion(g, e, 1) for g, e in photons),
            photons=photons,
            coherent=all(references),
            amplitudes_Vpp=(roles["alice_awg"].amplitudes_Vpp(), roles["bob_awg"].amplitudes_Vpp()),
            qubit_phase_rad=2 * math.pi * model.arms[0].qubit.frequency_Hz * skew_s,
        )
    finally:
        for station in loaded:
            station.close()


def _emitted_W(laser) -> float:
    return laser.power_W() if laser.emission() and laser.shutter_open() else 0.0


def _attenuation_dB(attenuator, channel: int) -> float:
    return attenuator.attenuation_dB(channel) if attenuator.is_open(channel) else math.inf


def _arm(roles, name: str, plays: bool) -> ArmSettings:
    generator = roles[f"{name}_awg"]
    attempt = generator.waveform("attempt")
    sync = np.flatnonzero(np.diff((attempt.markers[0] >> 6 & 1).astype(np.int8)) == 1)[0] + 1
    rate_Hz = generator.sample_rate_Hz()
    volts = attempt.channels[0].astype(np.float64) * generator.amplitudes_Vpp()[0] / 2
    return ArmSettings(
        laser_frequency_Hz=LIGHT_m_per_s / roles["hub_pump"].wavelength_m(),
        laser_power_W=_emitted_W(roles["hub_pump"]) if plays else 0.0,
        attenuation_dB=_attenuation_dB(roles["hub_voa"], CHANNELS[name][0]),
        envelope_V=volts,
        sample_rate_Hz=rate_Hz,
        attempt_period_ps=round(volts.size * 1e12 / rate_Hz),
        start_ps=round(roles[f"{name}_dg"].delay_s() * 1e12),
        sync_ps=round(sync * 1e12 / rate_Hz),
    )


def _photons(roles, name: str, device: ArmDevice) -> tuple[float, float]:
    gate = roles[f"{name}_awg"].waveform("readout").markers[1] >> 6 & 1
    gate_s = float(gate.sum()) / roles[f"{name}_awg"].sample_rate_Hz()
    attenuation_dB = _attenuation_dB(roles["hub_voa"], CHANNELS[name][1])
    reaching_W = _emitted_W(roles["hub_readout_pump"]) * device.splitter * device.insertion
    return readout.mean_counts(
        device,
        pump_frequency_Hz=LIGHT_m_per_s / roles["hub_readout_pump"].wavelength_m(),
        pump_power_W=reaching_W * 10 ** (-attenuation_dB / 10),
        gate_s=gate_s,
        bias_A=roles[f"{name}_eos"].bias_A()[0],
        enabled=roles[f"{name}_eos"].enabled(),
    )


def same_probability(
    state: np.ndarray,
    basis: str,
    confusions: tuple[np.ndarray, np.ndarray],
    scale: tuple[float, float] = (1, 1),
) -> float:
    """Probability of equal outcomes in a basis, readout errors included.

    `scale` multiplies both qubits' analysis angles: 1 where the waveforms are whole.
    """
    rho = state / np.trace(state)
    turned = np.kron(*(_analysis(basis[0], factor) for factor in scale))
    populations = np.diag(turned @ rho @ turned.conj().T).real
    reads = np.kron(confusions[0].T, confusions[1].T) @ populations
    return float(reads[0] + reads[3])


def _analysis(pauli: str, factor: float) -> np.ndarray:
    """Rotation that brings the +1 eigenstate of X or Y to |g>, for a pulse of `factor` times the area."""
    if pauli == "Z":
        return np.eye(2)
    eigenvalues, vectors = np.linalg.eigh(PAULI[pauli])
    plus = vectors[:, np.argmax(eigenvalues)]
    # half a right angle about the axis in the equator that is perpendicular to the measured one
    other = {"X": -PAULI["Y"], "Y": PAULI["X"]}[pauli]
    angle = math.pi / 2 * factor
    rotation = np.cos(angle / 2) * np.eye(2) - 1j * np.sin(angle / 2) * other
    assert factor != 1 or abs(abs((rotation @ plus)[0]) - 1) < 1e-12
    return rotation


def with_efficiency(model: Devices, factor: float) -> Devices:
    """The same devices with all arms' efficiency changed."""
    arms = tuple(replace(arm, path_efficiency=arm.path_efficiency * factor) for arm in model.arms)
    return replace(model, arms=arms)


def folder_of(tmp: Path, name: str) -> Path:
    """A folder below `tmp`."""
    path = tmp / name
    path.mkdir()
    return path
