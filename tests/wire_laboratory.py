# SPDX-License-Identifier: Apache-2.0
"""The real drivers on a served bench: prepares the rack and plays slots, as nodes would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any, Self

import numpy as np

from heraldlink.sequences import NodeDrive, PairSourceSequence, end_tagger, generator_program, midpoint_tagger
from heraldlink_drivers.station import load_station
from heraldlink_sim.bench import Bench
from heraldlink_sim.transport import EventLoopThread

CONFIGS = Path(__file__).parents[1] / "configs"
BENCH = CONFIGS / "benches" / "two_nodes.yaml"
SEQUENCE = PairSourceSequence(
    name="short",
    sample_rate_Hz=12.5e9,
    tick_rate_Hz=10,
    attempt_period_ps=5_000_000,
    bright_pulses=100,
    calibration_shots=20,
    attempts=1000,
    pulse_centre_ps=400_000,
    pulse_sigma_ps=48_000,
    bright_sigma_ps=48_000,
    sync_begin_ps=200_000,
    sync_width_ps=20_000,
    rotation_begin_ps=400_000,
    rotation_sigma_ps=10_000,
    readout_begin_ps=1_000_000,
    readout_width_ps=2_000_000,
    record_ps=20_000_000_000,
)
GATE_PS = (50_000, 350_000)
HUB_THRESHOLDS_V = {"STAR": 0.5, "INPU1": 0.1, "INPU2": 0.1, "INPU3": 0.5, "INPU4": 0.5}
END_THRESHOLDS_V = {"STAR": 0.5, "INPU1": 0.1, "INPU3": 0.5, "INPU4": 0.5}
Tags = Mapping[tuple[str, int], tuple[np.ndarray, np.ndarray]]


class Rack:
    """All instruments in their roles, by station name; they play one sequence."""

    def __init__(self, roles: Mapping[str, Any], sequence: PairSourceSequence = SEQUENCE) -> None:
        self.roles, self.sequence = roles, sequence

    @classmethod
    @contextmanager
    def connected(
        cls, addresses: Mapping[str, str], sequence: PairSourceSequence = SEQUENCE
    ) -> Iterator[Self]:
        """All drivers of the shipped Station files, connected to these addresses, the rack prepared."""
        stations = []
        try:
            for name in ("hub", "alice", "bob"):
                stations.append(load_station(CONFIGS / "stations" / f"{name}.station.yaml", addresses))
            rack = cls({name: role for station in stations for name, role in station.roles.items()}, sequence)
            rack.prepare()
            yield rack
        finally:
            for station in stations:
                station.close()

    def __getitem__(self, name: str) -> Any:
        return self.roles[name]

    def prepare(self) -> None:
        for name, wavelength_m in (("hub_pump", 1.5612158e-6), ("hub_readout_pump", 1.5612971e-6)):
            self[name].set_wavelength_m(wavelength_m)
            self[name].set_power_W(1e-3)
            self[name].set_shutter_open(True)
            self[name].set_emission(True)
        for channel, attenuation_dB in ((1, 30.0), (2, 30.0), (3, 17.0), (4, 17.0)):
            self["hub_voa"].set_attenuation_dB(channel, attenuation_dB)
            self["hub_voa"].set_open(channel, True)
        for name in ("hub_eos", "alice_eos", "bob_eos"):
            self[name].set_bias_A((18e-6, 18e-6))
            self[name].set_trigger_level_V((0.1, 0.1))
            self[name].set_enabled(True)
        self["hub_tc"].configure(midpoint_tagger(self.sequence, GATE_PS, HUB_THRESHOLDS_V))
        for node in ("alice", "bob"):
            self._prepare_node(node)
        for name in ("hub_tc", "alice_tc", "bob_tc"):
            self[name].open_streams()

    def _prepare_node(self, node: str) -> None:
        self._upload(node, self.sequence)
        self[f"{node}_awg"].set_reference_external(True)
        self[f"{node}_dg"].set_delay_s(1e-6)
        self[f"{node}_dg"].set_amplitude_V(2.5)
        microwave = self[f"{node}_mw"]
        microwave.set_reference_external(True)
        microwave.set_frequency_Hz(7.0e9)
        microwave.set_power_dBm(-30.0)
        microwave.set_output(True)
        self[f"{node}_tc"].configure(end_tagger(END_THRESHOLDS_V))

    def upload(self, **changes: int) -> None:
        """Upload the program with some of its fields changed, and arm the generators."""
        for node in ("alice", "bob"):
            self._upload(node, replace(self.sequence, **changes))

    def _upload(self, node: str, sequence: PairSourceSequence) -> None:
        drive = NodeDrive((0.5, 0.5), 0.25, 0.25, 5.0e9, 1.0e9, phase_switch=node == "bob")
        self[f"{node}_awg"].upload(generator_program(sequence, drive, "X"))
        self[f"{node}_awg"].arm()

    def arm(self) -> int:
        """Arm everything for the next tick, the hub's record last; return the tick count before."""
        before = self["hub_tc"].tick_count()
        for node in ("alice", "bob"):
            self[f"{node}_dg"].arm()
            self[f"{node}_tc"].arm_record(self.sequence.record_ps)
        self["hub_tc"].arm_record(self.sequence.record_ps)
        return before

    def read(self, timeout_s: float = 20.0) -> Tags:
        """Wait for all records and return the tags of every RAW channel, by tagger and number."""
        until_s = monotonic() + timeout_s
        found = {}
        for name in ("hub_tc", "alice_tc", "bob_tc"):
            while not self[name].record_done():
                assert monotonic() < until_s, f"{name} never finished its record"
            found |= {(name, number): tags for number, tags in self[name].read_record().items()}
        return found

    def waiting(self) -> bool:
        return all(self[f"{node}_awg"].armed() for node in ("alice", "bob"))


@contextmanager
def served(**overrides: object) -> Iterator[tuple[Bench, Rack]]:
    """A bench on free ports, with all drivers connected and the rack prepared."""
    with EventLoopThread() as loop:

        async def start() -> Bench:
            return await Bench.from_file(BENCH, dict(overrides)).__aenter__()

        bench = loop.run(start())
        try:
            with Rack.connected(bench.addresses) as rack:
                yield bench, rack
        finally:
            loop.run(bench.close())
