# SPDX-License-Identifier: Apache-2.0
"""A run over sockets, kept and re-gated offline: its own gate gives its own heralds, others the model's."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from scipy.stats import binomtest
from two_node_lab import Laboratory, bench_file, device_file

from heraldlink.agent.recorded_model import recorded_model
from heraldlink.record.regate import Regated, regate
from heraldlink.record.replay import replay
from heraldlink.record.run import write_run
from heraldlink.record.run_record import read_record

pytestmark = pytest.mark.timeout(240)

NOISY = {"midpoint.detectors.c.dark_rate_Hz": 25.0}
"""3 kHz at 18 uA, in all detectors: enough that a gate at the photons' tail sees mostly dark counts."""
HARDWARE_PS = (50_000, 350_000)
MIDDLE_PS, EARLY_PS, TAIL_PS = (120_000, 260_000), (50_000, 150_000), (290_000, 350_000)
OUTSIDE_PS = (0, 450_000)
LEAST_P = 1e-4
"""Each of the tests below fails so seldom if the model is right."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    """A run folder of 2,000 pairs."""
    path = tmp_path_factory.mktemp("regate")
    devices = device_file(path, "improved", NOISY)
    bench = bench_file(path, "two_nodes", devices=devices)
    changes = {name: {"devices": str(devices)} for name in ("midpoint", "alice", "bob")}
    options = ("--seed", str(pytestconfig.getoption("--seed")), "--pace", "fast")
    with Laboratory(path, *options, bench=str(bench), changes=changes) as lab:
        lab.net.prepare()
        request = lab.net["alice"].create(remote="bob", number=2_000, max_time=600, seed=1)
        return write_run(path / "runs", request.result, request.tags()).folder


def again(folder: Path, gate_ps: tuple[int, int]) -> Regated:
    return regate(folder, gate_ps, lambda describe, gate_ps: recorded_model(describe).predict(gate_ps))


def rate_p(found: Regated, predicted: float) -> float:
    """Of as many heralds, if each attempt gives one with the predicted probability: exact."""
    rate = found.results.rate
    return float(binomtest(rate.heralds, rate.attempts, predicted).pvalue)


def test_its_own_gate_gives_exactly_its_heralds(folder: Path) -> None:
    found, record = again(folder, HARDWARE_PS), read_record(folder / "run.json")
    assert found.identical
    stored = [(pair.slot, pair.attempt, pair.outcomes) for pair in record.heralds]
    assert [(item.slot, item.attempt, item.outcomes) for item in found.heralds] == sorted(stored)
    assert found.results.as_dict() == record.results == replay(folder)["results"]
    hub = record.tags["midpoint"]
    assert recorded_model(hub).predict(HARDWARE_PS) == record.prediction


@pytest.mark.parametrize("gate_ps", [MIDDLE_PS, EARLY_PS, TAIL_PS])
def test_a_gate_inside_gives_the_rate_and_fidelity_of_the_model(
    folder: Path, gate_ps: tuple[int, int]
) -> None:
    found, whole = again(folder, gate_ps), again(folder, HARDWARE_PS)
    assert found.unavailable == ""
    assert rate_p(found, found.results.rate.predicted) > LEAST_P
    assert rate_p(found, whole.results.rate.predicted) < 1e-9, "the gate matters"
    both = found.results.fidelity["both"]
    assert abs(both.standard_deviations) < 4
    assert all(item.outcomes[0] and item.outcomes[1] for item in found.heralds)


def test_the_tail_is_told_from_the_whole_gate_by_its_fidelity(folder: Path) -> None:
    tail, whole = (again(folder, gate).results.fidelity["both"] for gate in (TAIL_PS, HARDWARE_PS))
    apart = (whole.predicted - tail.predicted) / tail.corrected.sigma
    assert apart > 3, "the run is long enough to tell one prediction from the other"
    assert tail.corrected.deviation(whole.predicted) < 3 - apart


def test_a_gate_outside_gives_only_the_rate(folder: Path) -> None:
    found = again(folder, OUTSIDE_PS)
    assert rate_p(found, found.results.rate.predicted) > LEAST_P
    assert len(found.heralds) > found.stored
    assert "only attempts that the hardware heralded were read out" in found.unavailable
    assert found.as_dict()["results"]["fidelity"] is None
    assert found.results.fidelity["both"].pairs == 0


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    whole = [sys.executable, "-m", "heraldlink.cli", "replay", *arguments]
    return subprocess.run(whole, capture_output=True, text=True, check=False, timeout=120)


def test_the_command_line_regates_and_finds_the_gate_of_the_highest_fidelity(folder: Path) -> None:
    done = command(str(folder), "--gate", *map(str, OUTSIDE_PS), "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["gate_ps"], told["results"]["fidelity"]) == (0, list(OUTSIDE_PS), None)
    best = json.loads(command(str(folder), "--keep", "0.6", "--json").stdout)
    fidelity = best["results"]["fidelity"]["both"]["predicted"]
    assert fidelity > read_record(folder / "run.json").prediction.fidelity + 0.01
    assert 0.5 < best["heralds"] / best["stored_heralds"] < 1
    refused = command(str(folder), "--gate", "5", "5")
    assert refused.returncode != 0
    assert "gate 5 to 5 ps: it must begin at 0 or later" in refused.stderr
