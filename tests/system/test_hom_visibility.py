# SPDX-License-Identifier: Apache-2.0
"""HOM visibility of a whole bench whose photons overlap less than declared: told out of specification."""

from pathlib import Path

import pytest
from detunings import true_devices
from test_drift_mended import rack_point
from two_node_lab import Laboratory, bench_file

from heraldlink.agent.estimator import read_devices
from heraldlink.calibration.rack import Rack
from heraldlink.calibration.tuneup import TuneUp

pytestmark = pytest.mark.timeout(120)

NAME = "midpoint.hom"
MATCH = 0.7


def test_a_worse_mode_match_than_declared_is_out_of_specification(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    path, devices = true_devices(tmp_path, {"midpoint.mode_match": MATCH})
    bench = bench_file(tmp_path, "two_nodes", devices=path)
    point = rack_point()
    tune = TuneUp(point, read_devices(point.midpoint.devices, ("alice", "bob")), {}, lambda: "", "simulated")
    options = ("--seed", str(pytestconfig.option.seed), "--pace", "fast")
    with (
        Laboratory(tmp_path, *options, bench=str(bench), nodes=False) as lab,
        Rack(point, lab.addresses) as rack,
    ):
        result = tune.measured(rack, NAME)
        reason = tune.graph.specification(NAME, tune.results, tune.now(rack.slot()))
    visibility = result.values["visibility"]
    assert visibility.sigma < 0.04
    assert visibility.value == pytest.approx(devices.midpoint.mode_match, abs=4 * visibility.sigma)
    assert reason.startswith("out of limits: relative is 0.")
