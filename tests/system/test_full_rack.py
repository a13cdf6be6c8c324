# SPDX-License-Identifier: Apache-2.0
"""Other makers' instruments in the same places: the nodes make pairs, and those that look on see the pump."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from qcodes.instrument import Instrument
from two_node_lab import Laboratory

from heraldlink_drivers.station import load_station

pytestmark = pytest.mark.timeout(600)

STATIONS = Path(__file__).resolve().parents[2] / "configs" / "stations" / "full_rack"
CHANGES = {
    node: {"station": str(STATIONS / f"{station}.station.yaml")}
    for node, station in (("midpoint", "hub"), ("alice", "alice"), ("bob", "bob"))
}
LOOKERS_ON = {
    "hub": {"hub_switch"}, "alice": {"alice_tap", "alice_thermometer"}, "bob": {"bob_tap", "bob_fridge"},
}  # fmt: skip


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Laboratory]:
    folder = tmp_path_factory.mktemp("full_rack")
    seed = pytestconfig.getoption("--seed")
    with Laboratory(folder, "--seed", seed, bench="benches/full_rack.yaml", changes=CHANGES) as running:
        yield running


@pytest.fixture(scope="module")
def onlookers(lab: Laboratory) -> Iterator[dict[str, object]]:
    """Switch, power meters and thermometers, opened by a laboratory script beside the nodes."""
    stations = [
        load_station(STATIONS / f"{name}.station.yaml", lab.addresses, frozenset(wanted))
        for name, wanted in LOOKERS_ON.items()
    ]
    yield {name: role for station in stations for name, role in station.roles.items()}
    Instrument.close_all()


def pairs(lab: Laboratory, number: int, max_time: float):
    """Ask for pairs between alice and bob, and wait for the end."""
    return (
        lab.net["alice"].create(remote="bob", number=number, minimum_fidelity=0.5, max_time=max_time).result
    )


def test_pairs_come_when_the_switch_lets_the_pump_through(lab, onlookers):
    lab.net.prepare()
    assert onlookers["alice_tap"].measured_W() == pytest.approx(0, abs=1e-9)
    dark = pairs(lab, 5, 2.0)
    assert dark.pairs == ()
    onlookers["hub_switch"].connect(1, 9)
    onlookers["hub_switch"].connect(2, 10)
    lit = pairs(lab, 20, 30.0)
    assert len(lit.pairs) == 20
    assert {pair.origin for pair in lit.pairs} == {"simulated"}
    for node in ("alice", "bob"):
        assert onlookers[f"{node}_tap"].measured_W() > 0
    assert onlookers["alice_thermometer"].temperature_K(6) == pytest.approx(0.011, rel=0.05)
    assert onlookers["bob_fridge"].temperature_K(6) == pytest.approx(0.009, rel=0.05)
    lab.net.park()
