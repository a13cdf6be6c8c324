# SPDX-License-Identifier: Apache-2.0
"""The fidelity estimator with the published device set: 0.6 cannot be had, and the answer says what can."""

import re
from dataclasses import replace

import pytest

from heraldlink.agent.estimator import Estimator, read_devices
from heraldlink.agent.midpoint_crew import sequence_of
from heraldlink.config import MidpointConfig, find_config, load_node
from heraldlink.errors import Unsupported
from heraldlink.messages.values import Demand, Drive
from heraldlink_physics.operating_point import strongest_pump

DRIVE = Drive(envelope_peak_V=0.25, bright_peak_V=0.25, start_ps=1_000_000)


def estimator() -> Estimator:
    config = load_node(find_config("nodes/midpoint.yaml"))
    assert isinstance(config, MidpointConfig)
    published = read_devices(find_config("devices/meesala_2024.yaml"), config.ends)
    return Estimator(config, sequence_of(config.sequence), published)


def demand(fidelity: float) -> Demand:
    return Demand(200, fidelity, 1e6, 1, ("XX", "YY", "ZZ"), 3)


def test_a_fidelity_beyond_the_published_set_is_unsupported_and_says_what_could_be_had() -> None:
    drives = dict.fromkeys(("alice", "bob"), DRIVE)
    with pytest.raises(Unsupported, match="cannot be reached with the devices of Meesala 2024") as refused:
        estimator().choose(demand(0.6), drives)
    best = re.search(r"at best (0\.\d+), with (\S+) heralds per attempt", str(refused.value))
    assert best is not None
    fidelity, probability = map(float, best.groups())
    assert 0.4 < fidelity < 0.5  # .4276 at the published pump
    assert 1e-5 < probability < 1e-4
    offered = estimator().choose(demand(fidelity - 1e-4), drives)
    assert offered.prediction.fidelity == pytest.approx(fidelity, abs=1e-4)
    assert offered.prediction.probability == pytest.approx(probability, rel=1e-2)


def test_a_pump_that_would_make_the_transducers_oscillate_is_unsupported() -> None:
    weak = estimator()
    arms = [
        replace(arm, piezo=replace(arm.piezo, mechanical_loss_Hz=1.0, piezo_coupling_Hz=1.0))
        for arm in weak.devices.arms
        if arm.piezo is not None
    ]
    lossless = replace(weak, devices=replace(weak.devices, arms=(arms[0], arms[1])))
    with pytest.raises(
        Unsupported, match=r"alice: a pump of .* W in the fibre is impossible.*allowed are 0 to"
    ):
        lossless.choose(demand(0.3), dict.fromkeys(("alice", "bob"), DRIVE))


def test_where_an_arm_loses_light_the_other_one_is_pumped_less() -> None:
    """More heralds at the same fidelity than equal pumps give; arms that are alike are pumped alike."""
    published = estimator()
    improved = read_devices(find_config("devices/improved.yaml"), published.config.ends)
    bright = [replace(arm, insertion=1.0) for arm in improved.arms]
    alike = replace(published, devices=replace(improved, arms=(bright[0], bright[1])))
    drives = dict.fromkeys(("alice", "bob"), DRIVE)
    alice, bob = alike.devices.arms
    lossy = replace(alice, path_efficiency=0.7 * alice.path_efficiency)
    unequal = replace(alike, devices=replace(alike.devices, arms=(lossy, bob)))
    assert alike.balanced(drives) == drives
    chosen = unequal.choose(demand(0.82), drives)
    equal = strongest_pump(0.82, lambda pump_dB: unequal.link(drives, pump_dB).model, -40.0, 0.0)
    assert chosen.envelope_peak_V["alice"] > 1.1 * chosen.envelope_peak_V["bob"]
    assert chosen.prediction.fidelity >= 0.82
    assert chosen.prediction.probability > equal.probability
