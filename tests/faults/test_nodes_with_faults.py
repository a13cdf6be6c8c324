# SPDX-License-Identifier: Apache-2.0
"""Nodes whose instruments fail inside a request: it ends with the instrument's name, no pair is made up."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_lab import fault

sys.path.insert(0, str(Path(__file__).parents[1] / "agent"))
from agent_lab import Lab

import heraldlink
from heraldlink_sim.control import CONTROL, ask


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    laboratory = Lab(tmp_path_factory.mktemp("lab"))
    try:
        laboratory.start_sim("two_nodes.yaml", "--seed", "11")
        laboratory.start_nodes()
        yield laboratory
    finally:
        laboratory.stop()


@pytest.fixture(autouse=True)
def healed(lab: Lab) -> Iterator[None]:
    yield
    control(lab, {"do": "heal"})


def control(lab: Lab, request: dict[str, object]) -> dict[str, object]:
    ports = json.loads((lab.folder / "sim.json").read_text())
    return dict(ask(ports[CONTROL], request))


def inject(lab: Lab, instrument: str, kind: str, **options: object) -> None:
    control(lab, {"do": "fault", "instrument": instrument, "fault": {"kind": kind, **options}})


def ask_for_pairs(lab: Lab, number: int = 20, fail=lambda: None):
    """Prepare, let something fail, ask for pairs; the result."""
    with heraldlink.connect(lab.nodes) as net:
        net.prepare()
        fail()
        return net["alice"].create(remote="bob", number=number, seed=1, max_time=20).result


def test_pairs_are_made_without_faults_and_say_that_they_are_simulated(lab: Lab) -> None:
    result = ask_for_pairs(lab)
    assert result.state == "DELIVERED"
    assert {pair.origin for pair in result.heralds} == {"simulated"}


@pytest.mark.parametrize(
    ("instrument", "kind", "options"),
    [
        ("bob_tc", "hang", {}),
        ("alice_dg", "refuse", {}),
        ("hub_voa", "drop", {"match": "*ATT?"}),
        ("bob_mw", "stuck", {"match": "*FREQ*?", "text": "1.0E+09"}),
        ("alice_awg", "garbage", {"match": "AWGC*?"}),
        ("bob_awg", "reset", {"match": "AWGC*?", "count": 1}),
        ("hub_pump", "reset", {}),
    ],
)
@fault(57, 58, 68)
def test_a_failing_instrument_ends_the_request_and_is_named(lab: Lab, instrument, kind, options) -> None:
    """An instrument that hangs, refuses, closes, is stuck, answers garbage or loses power ends the request
    with its name; its values are never used, and after it is healed and prepared pairs come again."""
    result = ask_for_pairs(lab, fail=lambda: inject(lab, instrument, kind, **options))
    strikes = control(lab, {"do": "faults"})["strikes"]
    assert any(strike["instrument"] == instrument and strike["kind"] == kind for strike in strikes)
    told = " ".join([result.reason, result.device, *(item.device for item in result.deviations)])
    assert result.state in ("FAILED", "REJECTED", "EXPIRED")
    assert instrument.split("_")[1] in told or instrument in told, told
    assert len(result.pairs) < 20
    control(lab, {"do": "heal"})
    assert ask_for_pairs(lab).state == "DELIVERED"


@fault(63)
def test_latched_detectors_give_no_pairs(lab: Lab) -> None:
    """Latched detectors give no pair."""
    result = ask_for_pairs(lab, fail=lambda: inject(lab, "hub_eos", "latch"))
    assert result.state != "DELIVERED"
    assert not result.pairs
    strikes = control(lab, {"do": "faults"})["strikes"]
    assert any(strike["kind"] == "latch" for strike in strikes)
