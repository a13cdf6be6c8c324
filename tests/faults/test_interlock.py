# SPDX-License-Identifier: Apache-2.0
"""A laser's interlock opens while a record runs, on a bench whose time does not wait for anybody."""

import time
from collections.abc import Iterator
from itertools import pairwise
from statistics import median

import pytest
from fault_lab import Laboratory, Rule, fault, wait_for
from supervised import HUB, dark, mended, safe_moments, status

from heraldlink import safety

NOTICED_S = 0.1
RECORD_S = 0.9
"""A record is longer than this."""


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
    """While a record runs the interlock is looked at more often than each 100 ms. Opened once both ends are
    armed, it is found open before the record is over: light is blocked, nothing of the burst is counted, and
    the node is in FAULT until somebody clears it."""
    armed: list[float] = []
    moments: list[float] = []

    def open_it() -> None:
        armed.append(time.monotonic())
        if len(armed) == 2:
            up.fault("hub_pump", "interlock")
            moments.append(time.monotonic())

    with up.client() as client:
        client.prepare()
        up.watch(*HUB)
        for relay in up.link.values():
            relay.add(Rule("call", kind="link.gen", way="up", skip=4, count=1, called=open_it))
        ending = client.measure(10**6)
    assert len(armed) == 2
    assert up.strikes("hub_pump", "interlock")
    asked = [at for at, _, message in up.wire_log() if "LOCK?" in message]
    found = next(at for at in asked if at > moments[0])
    assert median(after - before for before, after in pairwise(asked)) < NOTICED_S
    assert found - moments[0] < RECORD_S
    assert safe_moments(up, moments[0])[0] > found
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
