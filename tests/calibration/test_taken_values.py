# SPDX-License-Identifier: Apache-2.0
"""Stored values are taken by the instruments that they were measured on, and by no others."""

import pytest

from heraldlink.calibration.apply import taken
from heraldlink.calibration.graph import Calibration, Graph, Now
from heraldlink.calibration.measured import Measured
from heraldlink.calibration.result import Result
from heraldlink.messages.values import Origin

GRAPH = Graph([Calibration("alice.rabi", "alice")])


@pytest.mark.parametrize(
    ("measured", "instruments", "fits"),
    [
        ("simulated", "simulated", True),
        ("real", "real", True),
        ("mixed", "real", True),  # another node of the rack was simulated
        ("mixed", "simulated", True),
        ("simulated", "replayed", True),
        ("real", "replayed", True),
        ("simulated", "real", False),
        ("simulated", "mixed", False),
        ("real", "simulated", False),
        ("real", "mixed", False),
        ("real", "unknown", False),
    ],
)
def test_simulated_values_never_reach_real_instruments(
    measured: Origin, instruments: Origin, fits: bool
) -> None:
    values = {"rabi": Measured(1.1e9, 1e6, "rad/Vs")}
    result = Result("alice.rabi", "alice", "measured", 5, 5, "", measured, "ab", values)
    found = taken(GRAPH, {"alice.rabi": result}, Now(6, 10.0), instruments)
    assert set(found.values) == ({"alice.rabi"} if fits else set())
    if not fits:
        told = f"declared values stand: it was measured on {measured} instruments, these are {instruments}"
        assert found.told["alice.rabi"] == told
