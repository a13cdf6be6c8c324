# SPDX-License-Identifier: Apache-2.0
"""Qubits whose frequencies lie beside the drive's grid: analysis axes follow, and pairs are the model's."""

from pathlib import Path

import numpy as np
import pytest
from detunings import true_devices
from exact_statistics import holm
from forecast import PHASE_AGE_s, read_back, same_probability
from scipy.stats import binomtest
from two_node_lab import Laboratory, bench_file

from heraldlink.pairs import Result

pytestmark = pytest.mark.timeout(120)

OFFSETS_Hz = {"alice": -35e3, "bob": 60e3}
THREE_SIGMA = 0.0027


def request(folder: Path, declared_Hz: dict[str, float], seed: str) -> dict[str, float]:
    """Exact p-values of equal outcomes in X and Y, by Bell state, of pairs of a bench with `OFFSETS_Hz`."""
    true = {f"arms.{name}.qubit.frequency_Hz": 5e9 + off for name, off in OFFSETS_Hz.items()}
    path, devices = true_devices(folder, true)
    bench = bench_file(folder, "two_nodes", devices=path)
    changes = {name: {"operating_point.qubit.offset_Hz": off} for name, off in declared_Hz.items()}
    options = ("--seed", seed, "--pace", "fast")
    with Laboratory(folder, *options, bench=str(bench), changes=changes) as lab:
        lab.net.prepare()
        result = lab.net["alice"].create(remote="bob", number=900, max_time=60, seed=1).result
        rack = read_back(lab.addresses, devices)
    assert result.state == "DELIVERED"
    variance = float(np.mean([slot.phase.variance_rad2 for slot in result.slots if slot.phase]))
    link = rack.link(devices, variance + devices.midpoint.phase_diffusion_rad2_per_s * PHASE_AGE_s)
    return {
        f"{bell} {basis}": p_value(
            result, bell, basis, same_probability(link.model.patterns[port].state, basis, rack.confusions)
        )
        for bell, port in (("psi+", "c"), ("psi-", "d"))
        for basis in ("XX", "YY")
    }


def p_value(result: Result, bell: str, basis: str, same: float) -> float:
    """Of the number of equal outcomes, if they have the probability ``same``."""
    pairs = [p.outcomes for p in result.pairs if (p.bell_state, p.basis) == (bell, basis) and all(p.outcomes)]
    return float(binomtest(sum(a == b for a, b in pairs), len(pairs), same).pvalue)


def test_axes_follow_the_qubits(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    seed = str(pytestconfig.getoption("--seed"))
    assert holm(request(tmp_path, OFFSETS_Hz, seed), THREE_SIGMA) == {}


def test_without_it_x_and_y_are_of_another_state(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """95 kHz between them turn by half a turn in the 5 us until a qubit is analysed."""
    found = request(tmp_path, {}, str(pytestconfig.getoption("--seed")))
    assert max(found.values()) < 1e-6
