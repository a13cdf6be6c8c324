# SPDX-License-Identifier: Apache-2.0
"""Calibrated dark counts, relaxation and readout reach the prediction, and their doubts its sigma."""

from dataclasses import replace
from math import exp, expm1, hypot, pi, sqrt
from pathlib import Path

import numpy as np
import pytest

from heraldlink.agent.estimator import Estimator, read_devices
from heraldlink.agent.measured_link import joined, measured_devices, measured_link
from heraldlink.agent.midpoint_crew import sequence_of
from heraldlink.calibration.apply import Files, stored, tuned_devices, tuned_midpoint
from heraldlink.calibration.measured import Measured
from heraldlink.calibration.result import Result
from heraldlink.calibration.store import add_result, calibration_file
from heraldlink.config import MidpointConfig, load_node
from heraldlink.messages.values import Demand, Drive, Prediction
from heraldlink_physics.pair_source import pair_source

DRIVES = dict.fromkeys(("alice", "bob"), Drive(0.25, 0.25, 1_000_000))
DEMAND = Demand(200, 0.0, 1e6, 1, ("XX", "YY", "ZZ"), 3)
Stored = dict[str, dict[str, Measured]]
RATE_Hz = 2e4
READOUT = {
    "alice.readout": {"error_g": Measured(0.04, 0.003), "error_e": Measured(0.11, 0.004)},
    "bob.readout": {"error_g": Measured(0.02, 0.002), "error_e": Measured(0.07, 0.005)},
}


def midpoint(folder: Path) -> MidpointConfig:
    config = load_node("nodes/midpoint.yaml")
    assert isinstance(config, MidpointConfig)
    return config.model_copy(update={"data_directory": folder})


def estimator(folder: Path, values: Stored) -> Estimator:
    """As the midpoint's worker makes it, from a calibration file with these values."""
    config = midpoint(folder)
    devices = read_devices(config.devices, config.ends)
    files = Files(config, devices)
    for name, found in values.items():
        node = name.partition(".")[0]
        result = replace(
            Result(name, node, "measured", 5, 5, "", "simulated", "ab", found | missing(name)),
            declared=files.graph()[name].declared,
        )
        add_result(calibration_file(folder, "midpoint"), result)
    taken = stored(files, 6, "simulated").values
    assert set(taken) == set(values)
    tuned = tuned_midpoint(config, taken)
    known = tuned_devices(devices, config, taken)
    measured = measured_link(tuned, known, taken)
    return Estimator(tuned, sequence_of(config.sequence), measured_devices(tuned, known, taken), measured)


def missing(name: str) -> dict[str, Measured]:
    """What limits ask for beside the values in question."""
    return {"fidelity": Measured(0.95, 0.01)} if name.endswith(".readout") else {}


def predicted(model: Estimator) -> Prediction:
    return model.choose(DEMAND, DRIVES).prediction


def test_dark_counts(tmp_path: Path) -> None:
    """Counted 900 and 400 per second where the device file says 6.5: the herald probability and F follow."""
    darks = {"dark_c": Measured(900.0, 9.0, "1/s"), "dark_d": Measured(400.0, 6.0, "1/s")}
    before, after = (
        estimator(tmp_path / name, found)
        for name, found in (("declared", {}), ("counted", {"midpoint.dark_counts": darks}))
    )
    plain, link = before.link(DRIVES, 0.0), after.link(DRIVES, 0.0)
    gate_s = (before.config.operating_point.gate.end_ps - before.config.operating_point.gate.begin_ps) * 1e-12
    more_Hz = [
        found.value - detector.dark_rate(18e-6)
        for found, detector in zip(darks.values(), before.devices.midpoint.detectors, strict=True)
    ]
    c, d = (
        1 - (1 - dark) * exp(-extra * gate_s)
        for dark, extra in zip(plain.midpoint.dark_probability, more_Hz, strict=True)
    )
    expected = pair_source(*plain.arms, replace(plain.midpoint, dark_probability=(c, d)))
    assert c == pytest.approx(-expm1(-900.0 * gate_s), rel=0.05)
    assert link.model.probability == pytest.approx(expected.probability, rel=1e-12)
    assert link.model.fidelity_measured == pytest.approx(expected.fidelity_measured, rel=1e-12)
    assert link.model.fidelity_measured < plain.model.fidelity_measured
    assert predicted(after).probability == pytest.approx(expected.probability, rel=1e-12)


def test_relaxation(tmp_path: Path) -> None:
    """Both qubits relax at 2e4/s while they wait: each correlator by the Bloch equations."""
    rates = {f"{node}.relaxation": {"relaxation": Measured(RATE_Hz, 1.0, "1/s")} for node in DRIVES}
    plain, later = (estimator(tmp_path / "a", {}), estimator(tmp_path / "b", rates))
    left = exp(-RATE_Hz * plain.sequence.kept_ps * 1e-12)
    before, after = predicted(plain), predicted(later)
    for bell, port in (("psi+", "c"), ("psi-", "d")):
        state = plain.link(DRIVES, 0.0).model.patterns[port].state
        z = [float((np.diag(state).real * signs).sum()) for signs in ((1, 1, -1, -1), (1, -1, 1, -1))]
        zz = (1 - left) ** 2 + left * (1 - left) * sum(z) + left**2 * before.correlators[f"{bell} ZZ"]
        assert after.correlators[f"{bell} ZZ"] == pytest.approx(zz, abs=1e-12)
        for basis in ("XX", "YY"):
            expected = left * before.correlators[f"{bell} {basis}"]
            assert after.correlators[f"{bell} {basis}"] == pytest.approx(expected, abs=1e-12)
    found = after.correlators
    fidelity = (1 - found["psi+ ZZ"] + found["psi+ XX"] + found["psi+ YY"]) / 4
    assert after.fidelity_psi_plus == pytest.approx(fidelity, abs=1e-12)
    assert before.fidelity - 0.2 < after.fidelity < before.fidelity - 0.05


def test_readout_errors(tmp_path: Path) -> None:
    """F_meas is that before readout errors and stays; outcomes as they are read shrink and shift."""
    before, after = predicted(estimator(tmp_path / "a", {})), predicted(estimator(tmp_path / "b", READOUT))
    assert after.fidelity == before.fidelity
    assert after.correlators == before.correlators
    (a, shift_a), (b, shift_b) = ((1 - 0.04 - 0.11, 0.11 - 0.04), (1 - 0.02 - 0.07, 0.07 - 0.02))
    for name, value in after.correlators.items():
        state = estimator(tmp_path / "a", {}).link(DRIVES, 0.0).model.patterns["c" if "+" in name else "d"]
        z = [float((np.diag(state.state).real * s).sum()) for s in ((1, 1, -1, -1), (1, -1, 1, -1))]
        alone = shift_b * a * z[0] + shift_a * b * z[1] if name.endswith("ZZ") else 0.0
        expected = shift_a * shift_b + alone + a * b * value
        assert after.read_correlators[name] == pytest.approx(expected, abs=1e-12)
    assert after.read_fidelity is not None
    assert before.read_fidelity is not None
    assert after.read_fidelity < before.read_fidelity < before.fidelity
    assert after.goodness_sigma == before.goodness_sigma
    assert after.read_sigma is not None
    assert after.read_sigma > a * b * after.goodness_sigma


def test_each_doubt_adds_its_change_in_quadrature(tmp_path: Path) -> None:
    """Of the qubits' frequencies, of the pump, of a cavity beside the laser, and of the relaxation."""
    plain = estimator(tmp_path / "a", {})
    link = plain.link(DRIVES, 0.0)
    base, best = predicted(plain).goodness_sigma, link.model.fidelity_measured
    frequency = {
        f"{node}.qubit_frequency": {
            "frequency": Measured(5e9, doubt_Hz, "Hz"),
            "drive": Measured(5e9, doubt_Hz, "Hz"),
            "decay": Measured(0.0, 1.0, "1/s"),
        }
        for node, doubt_Hz in (("alice", 6e3), ("bob", 8e3))
    }
    axis_rad = 2 * pi * 1e4 * plain.sequence.kept_ps * 1e-12
    coherent = sum(
        sign * link.model.patterns[port].probability * predicted(plain).correlators[f"{bell} {basis}"] / 4
        for bell, port, sign in (("psi+", "c", 1), ("psi-", "d", -1))
        for basis in ("XX", "YY")
    )
    lost = (3 - 4 * exp(-(axis_rad**2) / 2) + exp(-2 * axis_rad**2)) / 2  # <(1 - cos)²> of a normal angle
    turned = coherent / link.model.probability * sqrt(lost)
    found = predicted(estimator(tmp_path / "b", frequency)).goodness_sigma
    assert found == pytest.approx(hypot(base, turned), rel=0.02)
    assert turned > base / 10

    strong = [replace(arm, insertion=arm.insertion * 1.05) for arm in plain.devices.arms]
    a, b = plain.devices.arms
    stronger = [
        replace(plain, devices=replace(plain.devices, arms=arms)).link(DRIVES, 0.0).model.fidelity_measured
        for arms in ((strong[0], b), (a, strong[1]))
    ]
    measured = replace(plain.measured, pump_doubt={"alice": 0.05, "bob": 0.05})
    found = predicted(replace(plain, measured=measured)).goodness_sigma
    assert found == pytest.approx(hypot(base, *(one - best for one in stronger)), rel=1e-9)

    measured = replace(plain.measured, relaxation_doubt_Hz={"alice": RATE_Hz})
    slow = predicted(replace(plain, measured=measured)).goodness_sigma
    relaxed = {"alice.relaxation": {"relaxation": Measured(RATE_Hz, 0.0, "1/s")}}
    change = predicted(estimator(tmp_path / "c", relaxed)).fidelity - best
    assert slow == pytest.approx(hypot(base, change), rel=1e-9)


def test_a_few_dark_counts_tell_less_than_the_device_file_unless_they_contradict_it() -> None:
    declared = Measured(6.5, 0.65, "1/s")
    agreed = joined(declared, Measured(11.0, 5.2, "1/s"))
    assert 6.5 < agreed.value < 6.7
    assert agreed.sigma < 0.65
    assert joined(declared, Measured(60.0, 11.0, "1/s")) == Measured(60.0, 11.0, "1/s")
