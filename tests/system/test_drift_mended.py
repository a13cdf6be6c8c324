# SPDX-License-Identifier: Apache-2.0
"""A device drifts: an expired calibration finds it out of limits, suspects what it needs, and mends it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML
from two_node_lab import Laboratory, bench_file, device_file

from heraldlink.agent.estimator import read_devices
from heraldlink.calibration.plans import light_plan
from heraldlink.calibration.point import RackPoint
from heraldlink.calibration.rack import Rack
from heraldlink.calibration.tuneup import Step, TuneUp
from heraldlink.config import MidpointConfig, load_node
from heraldlink_physics.device import Devices
from heraldlink_physics.transducer import pair_rate_Hz
from heraldlink_sim.world.drifts import Drifts

pytestmark = pytest.mark.timeout(240)

LIGHT_m_per_s = 299_792_458.0
JUMP_Hz = 1.6e9
EARLY, LATER = range(1, 221), range(50_000, 50_421)
"""Slots of the first tune-up, and of one 5,000 s of bench time later."""

WANTED = ("midpoint.efficiency_alice",)


def jumpy_devices(folder: Path) -> Path:
    """The improved devices, but alice's cavity jumps now and then, and bob's does not."""
    content = json.loads(json.dumps(YAML(typ="safe").load(device_file(folder, "improved", {}).read_text())))
    content["arms"]["alice"]["transducer"] |= {"frequency_jump_Hz": JUMP_Hz, "frequency_jump_rate_Hz": 2e-4}
    path = folder / "jumpy.device.yaml"
    with path.open("w") as stream:
        YAML().dump(content, stream)
    return path


def seed_with_jump(devices: Devices, seed: int) -> int:
    """The first seed from here on whose cavity stays through the early slots and is away in the later."""
    for candidate in range(seed, seed + 1_000):
        drifts = Drifts(devices, candidate, 0.1)
        early, later = ({drifts.at(slot).cavity_shift_Hz[0] for slot in slots} for slots in (EARLY, LATER))
        if early == {0.0} and later == {JUMP_Hz}:
            return candidate
    raise AssertionError("no such seed")


def rack_point() -> RackPoint:
    """The shipped node files, listening nowhere that others could use."""
    configs = {name: load_node(f"nodes/{name}.yaml") for name in ("midpoint", "alice", "bob")}
    for name, config in configs.items():
        listen = config.listen.model_copy(update={"command": "tcp://127.0.0.1:0"})
        configs[name] = config.model_copy(update={"listen": listen})
    assert isinstance(configs["midpoint"], MidpointConfig)
    return RackPoint(configs["midpoint"], {name: configs[name] for name in ("alice", "bob")})


def run(tune: TuneUp, rack: Rack) -> list[Step]:
    """One tune-up for what is wanted."""
    tune.runs.clear()
    return list(tune.run(rack, WANTED))


def test_a_cavity_that_jumped_is_noticed_and_mended(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """The count of pairs expires, finds half of them, and has the wavelength measured again."""
    path = jumpy_devices(tmp_path)
    seed = seed_with_jump(read_devices(path, ("alice", "bob")), int(pytestconfig.option.seed))
    bench = bench_file(tmp_path, "two_nodes", devices=path)
    slots = ",".join(map(str, (*EARLY, *LATER)))
    point = rack_point()
    tune = TuneUp(point, read_devices(point.midpoint.devices, ("alice", "bob")), {}, lambda: "", "simulated")
    options = ("--seed", str(seed), "--pace", "fast", "--slots", slots)
    with (
        Laboratory(tmp_path, *options, bench=str(bench), nodes=False) as lab,
        Rack(point, lab.addresses) as rack,
    ):
        first = run(tune, rack)
        scale_then = tune.results["midpoint.pairs"].values["scale_alice"]
        assert all(step.result and step.result.outcome == "measured" for step in first)
        assert not tune.due(rack.slot(), WANTED)
        let_time_pass(rack, point)
        steps = [step for step in run(tune, rack) if step.result]
        left = tune.due(rack.slot(), WANTED)
        after = tune.bench(rack, rack.slot()).point
    names = [step.due.name for step in steps]
    reasons = {step.due.name: step.due.reason for step in steps[::-1]}
    assert not left
    assert scale_then.value == pytest.approx(1.0, abs=4 * scale_then.sigma)
    pairs, wavelength = "midpoint.pairs", "midpoint.pump_wavelength"
    assert reasons[pairs].startswith("expired")
    assert reasons[wavelength].startswith(f"suspect: {pairs} out of limits: scale_alice")
    assert names.index(pairs) < names.index(wavelength) < len(names) - 1 - names[::-1].index(pairs)
    assert names[-1] == WANTED[0]
    before = read_devices(path, ("alice", "bob"))
    scale = tune.results["midpoint.pairs"].values["scale_alice"]
    ratio = pairs_per_pulse(with_jump(before), after) / max(
        pairs_per_pulse(before, point.hub(pump__wavelength_m=float(wavelength_m)))
        for wavelength_m in 1.56121e-6 + np.arange(0, 10e-12, 0.05e-12)
    )
    assert ratio == pytest.approx(1.0, abs=4 * scale.sigma / scale.value)


def with_jump(devices: Devices) -> Devices:
    """The devices with alice's cavity where it is later."""
    alice, bob = devices.arms
    moved_Hz = alice.transducer.optical_frequency_Hz + JUMP_Hz
    moved = replace(alice, transducer=replace(alice.transducer, optical_frequency_Hz=moved_Hz))
    return replace(devices, arms=(moved, bob))


def pairs_per_pulse(devices: Devices, point: RackPoint) -> float:
    """Of alice's pulses at equal envelopes, in units of its own."""
    hub = point.midpoint.operating_point
    rate = pair_rate_Hz(devices.arms[0].transducer, LIGHT_m_per_s / hub.pump.wavelength_m, 1.0)
    return rate * 10 ** (-hub.attenuator["alice"].pump_attenuation_dB / 10)


def let_time_pass(rack: Rack, point: RackPoint) -> None:
    """Play dark slots until the later ones have come."""
    while rack.slot() < LATER[0]:
        rack.play(light_plan(point, [0.0], 1_000), point)
