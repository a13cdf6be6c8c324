# SPDX-License-Identifier: Apache-2.0
"""A rack in its nominal state, in the words of the world: what a prepared bench would read back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML
from two_node_wiring import TONE

from heraldlink_physics.device import Devices
from heraldlink_physics.device_file import from_mapping
from heraldlink_physics.settings import ArmSettings, DetectorSettings, GateSettings, MidpointSettings
from heraldlink_sim.world import rack

DEVICES = Path(__file__).parents[2] / "configs" / "devices"
RATE_Hz = 12.5e9
PERIOD_PS = 5_000_000
SAMPLES = 62_500
LASER_Hz = 192.02e12 + 5.0e9
ATTENUATION_dB = 29.0
GATE_PS = (0, 400_000)
RECORD_PS = 70_000_000_000
M1, M2 = int(rack.MARKER_1), int(rack.MARKER_2)


def devices(name: str = "improved") -> Devices:
    return from_mapping(YAML(typ="safe").load(DEVICES / f"{name}.yaml"))


def gaussian(peak: float, centre_s: float, sigma_s: float) -> np.ndarray:
    time_s = np.arange(SAMPLES) / RATE_Hz
    return peak * np.exp(-((time_s - centre_s) ** 2) / (2 * sigma_s**2))


def arm_settings(envelope_V: np.ndarray, power_W: float = 1e-3, **changes: object) -> ArmSettings:
    """Of both nodes of the nominal rack, written down here and not read from it."""
    settings = ArmSettings(
        laser_frequency_Hz=LASER_Hz,
        laser_power_W=power_W,
        attenuation_dB=ATTENUATION_dB,
        envelope_V=envelope_V,
        sample_rate_Hz=RATE_Hz,
        attempt_period_ps=PERIOD_PS,
        start_ps=1_000_000,
        sync_ps=200_000,
    )
    return replace(settings, **changes)


def station(gate_ps: tuple[int, int] = GATE_PS) -> MidpointSettings:
    """The hub of the nominal rack with a herald window."""
    detector = DetectorSettings(18e-6)
    return MidpointSettings((detector, detector), GateSettings(*gate_ps))


@dataclass
class Program:
    """Waveforms of one node's slot program; analog values in volts, converted at 0.5 Vpp."""

    name: str
    bright: int = 200
    calibrations: int = 100
    attempts: int = 5000
    pulse_V: float = 0.2
    turn_rad: float = 0.0
    axis_rad: float = 0.0
    sync_s: float = 200e-9
    rabi_rad_per_Vs: float = 1.0e9
    frequency_Hz: float = 5.0e9
    steps: tuple[rack.ProgramStep, ...] = field(init=False)

    def __post_init__(self) -> None:
        pulse = gaussian(self.pulse_V, 400e-9, 48e-9)
        dark = np.zeros(SAMPLES)
        phase_switch = M2 if self.name == "bob" else 0
        pi = self.drive(np.pi, 0.0)
        turn = self.drive(self.turn_rad, self.axis_rad)
        self.steps = (
            self.step(pulse, dark, sync=True, ch2=M2, repeat=self.bright // 2, wait="A"),
            self.step(pulse, dark, sync=True, ch1=phase_switch, ch2=M2, repeat=self.bright // 2),
            self.step(dark, dark, sync=True, gate=True, repeat=self.calibrations),
            self.step(dark, pi, sync=True, gate=True, repeat=self.calibrations),
            self.step(pulse, dark, sync=True, repeat=self.attempts, event="B", jump=6, goto=1),
            self.step(dark, turn, gate=True, repeat=1, goto=5),
        )

    def drive(self, angle_rad: float, axis_rad: float) -> np.ndarray:
        envelope = gaussian(1.0, 400e-9, 10e-9)
        peak_V = angle_rad / (self.rabi_rad_per_Vs * envelope.sum() / RATE_Hz)
        return (
            peak_V
            * envelope
            * np.cos(2 * np.pi * self.frequency_Hz * np.arange(SAMPLES) / RATE_Hz + axis_rad)
        )

    def step(
        self,
        first,
        second,
        *,
        sync=False,
        gate=False,
        ch1=0,
        ch2=0,
        repeat=1,
        wait=None,
        event=None,
        jump=None,
        goto=None,
    ) -> rack.ProgramStep:
        markers_1, markers_2 = np.full(SAMPLES, ch1, np.uint8), np.full(SAMPLES, ch2, np.uint8)
        if sync:
            begin = round(self.sync_s * RATE_Hz)
            markers_1[begin : begin + 250] |= M1
        if gate:
            markers_2[12_500:37_500] |= M1
        waveforms = (
            rack.Waveform((first / 0.25).astype(np.float32), markers_1),
            rack.Waveform((second / 0.25).astype(np.float32), markers_2),
        )
        return rack.ProgramStep(waveforms, repeat, wait, event, jump, goto)


def generator(program: Program, **changes) -> rack.GeneratorState:
    channels = (rack.GeneratorChannel(True, 0.5), rack.GeneratorChannel(True, 0.5))
    return replace(rack.GeneratorState(True, RATE_Hz, True, channels, program.steps), **changes)


def tagger(hub: bool) -> rack.TaggerState:
    inputs = {name: rack.TaggerInput(True, 0.5) for name in rack.TAGGER_INPUTS}
    outputs = {n: rack.TaggerOutput(hub, "TSCO5") for n in (1, 2)}
    combiners = {5: rack.Combiner(rack.IN1, rack.IN2, *GATE_PS)} if hub else {}
    return rack.TaggerState(inputs, combiners, {}, outputs, rack.RecordState(True, RECORD_PS))


def nominal(alice: Program | None = None, bob: Program | None = None) -> rack.RackState:
    names = ("alice", "bob")
    programs = {"alice": alice or Program("alice"), "bob": bob or Program("bob")}
    channel = rack.AttenuatorChannel(ATTENUATION_dB, True)
    bias = rack.BiasState(True, (18e-6, 18e-6), (0.1, 0.1))
    return rack.RackState(
        lasers={
            "hub_pump": rack.LaserState(True, True, 1e-3, LASER_Hz),
            "hub_readout_pump": rack.LaserState(True, True, 20e-6, LASER_Hz - 1e10),
        },
        attenuators={
            "hub_voa": rack.AttenuatorState(
                (channel, channel, rack.AttenuatorChannel(0.0, True), rack.AttenuatorChannel(0.0, True))
            )
        },
        generators={f"{n}_awg": generator(programs[n]) for n in names},
        delays={f"{n}_dg": rack.DelayState(True, {"AB": rack.DelayOutput(1e-6, 2.5)}) for n in names},
        microwaves={
            f"{n}_mw": rack.MicrowaveState(True, TONE.frequency_Hz, TONE.power_dBm, 0.0, True) for n in names
        },
        taggers={"hub_tc": tagger(True), "alice_tc": tagger(False), "bob_tc": tagger(False)},
        detectors={"hub_eos": bias, "alice_eos": bias, "bob_eos": bias},
    )


def changed(state: rack.RackState, kind: str, name: str, **changes) -> rack.RackState:
    """The rack with one instrument set differently."""
    book = dict(getattr(state, kind))
    book[name] = replace(book[name], **changes)
    return replace(state, **{kind: book})


def without_heralds(state: rack.RackState) -> rack.RackState:
    """The rack with the hub's outputs off, so that every slot has the same number of attempts."""
    off = {n: rack.TaggerOutput(False, None) for n in (1, 2)}
    return changed(state, "taggers", "hub_tc", outputs=off)


def tags(events: rack.Mapping, source: str, reference: str = rack.START) -> tuple[np.ndarray, np.ndarray]:
    """Time since the last reference event and its index, for all events after the first reference."""
    index = np.searchsorted(events[reference], events[source], side="right") - 1
    kept = index >= 0
    return (events[source] - events[reference][index.clip(min=0)])[kept], index[kept]


def clicks(events: rack.Mapping, gate_ps: tuple[int, int], attempts: int) -> np.ndarray:
    """Which ports, c and d, clicked in the gate of which attempt: bool[2, attempts]."""
    found = np.zeros((2, attempts), bool)
    for row, port in enumerate((rack.IN1, rack.IN2)):
        after_ps, index = tags(events, port)
        found[row, index[(after_ps >= gate_ps[0]) & (after_ps < gate_ps[1])]] = True
    return found


def gated(events: rack.Mapping, gate_ps=GATE_PS, first: int = 0) -> tuple[set[int], set[int]]:
    """Attempts (reference index from ``first`` on) with a click in the gate, at ports c and d."""
    c, d = (set(np.flatnonzero(row).tolist()) for row in clicks(events, gate_ps, len(events[rack.START])))
    early = set(range(first))
    return c - early, d - early


def readouts(events: rack.Mapping, gate_s: float = 2e-6) -> tuple[np.ndarray, np.ndarray]:
    """Reference index and photon count of every readout gate of a node."""
    begins = events[rack.IN3]
    _, index = tags(events, rack.IN3)
    first = np.searchsorted(events[rack.IN1], begins)
    last = np.searchsorted(events[rack.IN1], begins + round(gate_s * 1e12))
    return index, last - first
