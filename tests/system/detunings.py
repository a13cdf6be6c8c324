# SPDX-License-Identifier: Apache-2.0
"""What may be detuned on a bench, by how much, and five of it drawn at random.

Detuned are devices of the bench (the node files still declare the old ones) or settings of the node files.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML
from two_node_lab import device_file, node_file

from heraldlink_physics.device import Devices
from heraldlink_physics.device_file import from_mapping

ATTENUATION_dB = 22.0
BRIGHT_V = 0.1
"""So much pump would blind the detectors in full bright pulses."""

NODES = ("midpoint", "alice", "bob")
POINT = "operating_point"
Changes = dict[str, dict[str, object]]
Detuning = tuple[Changes, dict[str, object]]
Draw = Callable[[np.random.Generator], Detuning]


def uniform_sign(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.choice([-1, 1]) * rng.uniform(low, high))


def weak_pump(arm: str) -> Draw:
    """Less of the pump arrives at a transducer: 1 to 2.5 dB."""

    def draw(rng: np.random.Generator) -> Detuning:
        return {}, {f"arms.{arm}.insertion": 0.1 * 10 ** (-rng.uniform(0.1, 0.25))}

    return draw


def drive_strength(arm: str) -> Draw:
    """A cable to the qubit changed: 10 to 25 % more or less."""

    def draw(rng: np.random.Generator) -> Detuning:
        return {}, {f"arms.{arm}.qubit.rabi_rad_per_Vs": 1e9 * (1 + uniform_sign(rng, 0.1, 0.25))}

    return draw


def qubit_frequency(node: str) -> Draw:
    """The drive is off by four to nine cycles per attempt: less hardly turns the analysis axis."""

    def draw(rng: np.random.Generator) -> Detuning:
        off_Hz = float(rng.choice([-1, 1]) * rng.integers(4, 10)) * 2e5
        return {node: {f"{POINT}.qubit.frequency_Hz": 5e9 + off_Hz}}, {}

    return draw


def off_grid(arm: str) -> Draw:
    """The qubit itself is off, by less than half a cycle per attempt."""

    def draw(rng: np.random.Generator) -> Detuning:
        return {}, {f"arms.{arm}.qubit.frequency_Hz": 5e9 + uniform_sign(rng, 2e4, 9e4)}

    return draw


def readout_threshold(node: str) -> Draw:
    """The readout decides at too many photons."""

    def draw(rng: np.random.Generator) -> Detuning:
        return {node: {f"{POINT}.readout.threshold_photons": int(rng.integers(2, 6))}}, {}

    return draw


def trigger_delay(node: str) -> Draw:
    """A trigger comes 15 to 70 ns late, in steps of the delay generator."""

    def draw(rng: np.random.Generator) -> Detuning:
        delay_s = round(1e-6 + int(rng.integers(3_000, 14_000)) * 5e-12, 15)
        return {node: {f"{POINT}.slot_trigger.delay_s": delay_s}}, {}

    return draw


def loss(arm: str) -> Draw:
    """A dirty connector behind a transducer: 10 to 30 % of the light is lost."""

    def draw(rng: np.random.Generator) -> Detuning:
        return {}, {f"arms.{arm}.path_efficiency": 0.75 * rng.uniform(0.7, 0.9)}

    return draw


def fibre(rng: np.random.Generator) -> Detuning:
    """Bob's fibre is longer by 10 to 60 ns of light."""
    return {}, {"arms.bob.fibre_delay_ps": 100_000 + int(rng.integers(10_000, 60_000))}


def herald_gate(rng: np.random.Generator) -> Detuning:
    """The gate opens too late."""
    late_ps = int(rng.integers(60_000, 150_000))
    return {"midpoint": {f"{POINT}.gate": {"begin_ps": 50_000 + late_ps, "end_ps": 350_000 + late_ps}}}, {}


def detector_bias(rng: np.random.Generator) -> Detuning:
    """The bias is below the plateau."""
    bias_A = [round(float(rng.uniform(9e-6, 12e-6)), 8) for _ in "cd"]
    return {"midpoint": {f"{POINT}.detectors.bias_A": bias_A}}, {}


def detector_knee(rng: np.random.Generator) -> Detuning:
    """A warmer detector needs more bias than the one declared."""
    return {"midpoint": {f"{POINT}.detectors.bias_A": [13e-6, 13e-6]}}, {
        "midpoint.detectors.d.knee_A": 11e-6 + rng.uniform(0.5e-6, 2e-6)
    }


def pump_wavelength(rng: np.random.Generator) -> Detuning:
    """The laser is 5 to 15 pm off."""
    wavelength_m = round(1.5612158e-6 + uniform_sign(rng, 5e-12, 15e-12), 13)
    return {"midpoint": {f"{POINT}.pump.wavelength_m": wavelength_m}}, {}


def cavities(rng: np.random.Generator) -> Detuning:
    """Both transducers' cavities have moved by 0.5 to 1.5 GHz."""
    frequency_Hz = 192.02e12 + uniform_sign(rng, 0.5e9, 1.5e9)
    return {}, {f"arms.{arm}.transducer.optical_frequency_Hz": frequency_Hz for arm in ("alice", "bob")}


DETUNINGS: dict[str, Draw] = {
    "pump at alice": weak_pump("alice"),
    "pump at bob": weak_pump("bob"),
    "loss behind alice": loss("alice"),
    "loss behind bob": loss("bob"),
    "drive at alice": drive_strength("alice"),
    "drive at bob": drive_strength("bob"),
    "frequency at alice": qubit_frequency("alice"),
    "frequency at bob": qubit_frequency("bob"),
    "qubit of alice": off_grid("alice"),
    "qubit of bob": off_grid("bob"),
    "threshold at alice": readout_threshold("alice"),
    "threshold at bob": readout_threshold("bob"),
    "delay at alice": trigger_delay("alice"),
    "delay at bob": trigger_delay("bob"),
    "fibre of bob": fibre,
    "herald gate": herald_gate,
    "detector bias": detector_bias,
    "detector knee": detector_knee,
    "pump wavelength": pump_wavelength,
    "cavities": cavities,
}
EXCLUDING = (
    {"detector bias", "detector knee"},
    {"delay at bob", "fibre of bob", "delay at alice"},
    {"pump wavelength", "cavities"},
)
"""Of each of these one is drawn at most, since they concern the same value."""


@dataclass(frozen=True)
class Detuned:
    """What was detuned, by name; node file changes; device file changes; of each alone."""

    names: tuple[str, ...]
    nodes: Changes
    devices: dict[str, object]
    drawn: dict[str, Detuning]


def draw_five(rng: np.random.Generator) -> Detuned:
    """Five parameters and how far they are off."""
    names: list[str] = []
    for name in rng.permutation(sorted(DETUNINGS)).tolist():
        if len(names) < 5 and not any(name in group and group & set(names) for group in EXCLUDING):
            names.append(name)
    return together({name: DETUNINGS[name](rng) for name in names})


def together(drawn: dict[str, Detuning]) -> Detuned:
    """Detunings by name, all at once."""
    attenuation = {
        f"{POINT}.attenuator.{arm}.pump_attenuation_dB": ATTENUATION_dB for arm in ("alice", "bob")
    }
    nodes: Changes = {name: {"listen.command": "tcp://127.0.0.1:0"} for name in NODES}
    nodes["midpoint"] |= attenuation
    for arm in ("alice", "bob"):
        nodes[arm][f"{POINT}.generator.bright_peak_V"] = BRIGHT_V
    devices: dict[str, object] = {}
    for changed, true in drawn.values():
        devices |= true
        for node, values in changed.items():
            nodes[node] |= values
    return Detuned(tuple(drawn), nodes, devices, drawn)


def true_devices(folder: Path, changes: dict[str, object]) -> tuple[Path, Devices]:
    """The bench's device file, every anchor written out so that a change concerns one arm alone."""
    shipped = YAML(typ="safe").load(device_file(folder, "improved", {}).read_text())
    content = json.loads(json.dumps(shipped))
    for dotted, value in changes.items():
        *parents, last = dotted.split(".")
        place = content
        for parent in parents:
            place = place[parent]
        place[last] = value
    path = folder / "true.device.yaml"
    with path.open("w") as stream:
        YAML().dump(content, stream)
    return path, from_mapping(content)


def network_file(folder: Path, changes: Changes) -> Path:
    """A network file that names changed node files."""
    files = {name: str(node_file(folder, name, changes[name])) for name in NODES}
    content = {"nodes": {name: {"command": "tcp://127.0.0.1:1", "file": files[name]} for name in NODES}}
    path = folder / "network.yaml"
    with path.open("w") as stream:
        YAML().dump(content, stream)
    return path
