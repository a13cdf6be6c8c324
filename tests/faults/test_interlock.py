# SPDX-License-Identifier: Apache-2.0
"""A laser's interlock opens while a record runs, on a bench whose time does not wait for anybody."""

import time
from collections.abc import Iterator

import pytest
from fault_lab import Laboratory, Rule, fault, wait_for
from supervised import HUB, STARTED_S, dark, mended, safe_moments, status

from heraldlink import safety


@pytest.fixture(scope="module")
def standing_rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """Supervised nodes on a bench in real time."""
    folder = tmp_path_factory.mktemp("realtime")
    with Laboratory(folder, command="up", pace="realtime") as laboratory:
        yield laboratory


@pytest.fixture
def up(standing_rack: Laboratory) -> Iterator[Laboratory]:
    """Mended before and after; its history is checked."""
    yield from mended(standing_rack)


@fault(62)
def test_an_interlock_that_opens_in_a_burst_is_noticed_within_it(up: Laboratory) -> None:
    """Opened once both ends are armed, it is noticed before the record is over: the shutter is told to close
    within 100 ms, nothing of the burst is counted, and the node is in FAULT until somebody clears it."""
    moments: list[float] = []

    def open_it() -> None:
        up.fault("hub_pump", "interlock")
        moments.append(time.monotonic())

    with up.client() as client:
        client.prepare()
        up.watch(*HUB)
        rule = up.link["bob"].add(Rule("call", kind="link.gen", way="up", skip=4, count=1, called=open_it))
        ending = client.measure(10**6)
    assert len(rule.struck) == 1
    assert up.strikes("hub_pump", "interlock")
    assert safe_moments(up, moments[0])[0] - moments[0] < STARTED_S
    assert ending.state == "FAILED", ending
    assert "midpoint, hub_pump: " in ending.sentence
    assert "its interlock is open" in ending.sentence
    assert ending.result is not None
    assert ending.result.slots[-1].delivered == len(ending.pairs)
    wait_for(lambda: dark(up), 3.0, "the rack to be dark")
    up.heal()
    wait_for(lambda: status(up, "midpoint").state == "FAULT", 5.0, "FAULT")
    with up.client() as client:
        assert safety.clear(client.network, "midpoint", "the door is shut").state == "SAFE"
