# SPDX-License-Identifier: Apache-2.0
"""The HOM dip of thermal pulses: its probabilities are the herald model's, and a wrong visibility is told."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink.calibration.graph import Now
from heraldlink.calibration.interference import dip_visibility, thermal_clicks
from heraldlink.calibration.measured import Measured
from heraldlink.calibration.result import Result
from heraldlink.calibration.specification import HOM, full_name, link_graph
from heraldlink.calibration.tuneup import kept_at, procedures
from heraldlink.cli.calibrate import rack_point
from heraldlink.errors import RunFailed
from heraldlink_physics.model import Arm, Midpoint
from heraldlink_physics.pair_source import pair_source

share = st.floats(0.01, 1.0)
NAME = full_name("midpoint", HOM)


@settings(max_examples=40)
@given(st.floats(0.001, 2.0), st.floats(0.001, 2.0), share, share, share, share, st.floats(0.0, 1.0))
def test_clicks_of_unheralded_pairs(
    a: float, b: float, eta_a: float, eta_b: float, c: float, d: float, visibility: float
) -> None:
    """Against the closed form of the heralded pairs, qubits traced out: arms, detectors and darks unequal."""
    darks = (0.01, 0.03)
    model = pair_source(Arm(a, eta_a), Arm(b, eta_b), Midpoint(visibility, 0.0, darks, (c, d)))
    expected = [model.patterns[key].probability for key in ("c", "d", "both")]
    mean = (c + d) / 2
    found = thermal_clicks(
        a * eta_a * mean, b * eta_b * mean, visibility, np.log(c / d), (1 - darks[0], 1 - darks[1])
    )
    assert found[1:] == pytest.approx(expected, abs=1e-12)
    assert found.sum() == pytest.approx(1.0, abs=1e-12)


def test_light_that_does_not_come_is_told() -> None:
    lit, none = np.array([900, 50, 45, 5]), np.array([1000, 0, 0, 0])
    with pytest.raises(RunFailed, match=r"the arms alone click in 0\.1 and 0 of the attempts"):
        dip_visibility(lit, lit, (lit, none), none)
    with pytest.raises(RunFailed, match="the arms alone click"):
        dip_visibility(lit, lit, (lit, lit), lit)


def test_it_is_a_calibration_with_limits_expiry_and_needs() -> None:
    point = rack_point("networks/two_nodes.yaml", None)
    graph = link_graph("midpoint", point.names)
    assert NAME in procedures(point)
    assert {"bob.slot_delay", "midpoint.efficiency_alice", "midpoint.efficiency_bob"} <= set(
        graph[NAME].needs
    )
    seen = {"visibility": Measured(0.96, 0.02), "relative": Measured(0.99, 0.02)}
    good = Result(NAME, "midpoint", "measured", 100, 100, "", "simulated", "ab", seen)
    low = replace(good, values=seen | {"relative": Measured(0.82, 0.02)})
    now = Now(200, point.tick_rate_Hz)
    assert graph.specification(NAME, {NAME: good}, now) == ""
    assert graph.specification(NAME, {NAME: low}, now).startswith("out of limits: relative is 0.82 ± 0.02")
    late = Now(100 + round(point.tick_rate_Hz * graph[NAME].expires_s) + 10, point.tick_rate_Hz)
    assert graph.specification(NAME, {NAME: good}, late).startswith("expired")


def test_the_midpoint_keeps_what_its_estimator_needs() -> None:
    point = rack_point("networks/two_nodes.yaml", None)
    graph = link_graph("midpoint", point.names)
    assert kept_at("alice.readout", graph, point) == ("alice", "midpoint")
    assert kept_at(NAME, graph, point) == ("midpoint",)
