# SPDX-License-Identifier: Apache-2.0
"""Supervised nodes that get no more memory, descriptors, time or lease, or whose file became wrong."""

import os
import re
import resource
import signal
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_lab import Laboratory, fault, wait_for
from supervised import BACK_S, dark, mended, settled, status

from heraldlink.config import find_config
from heraldlink.errors import HeraldlinkError, NodeLost
from heraldlink.messages.command import Prepare
from heraldlink.messages.lease import AcquireLease, LeaseStatus

STALLS = 'heraldlink_faults_total{device="main loop"}'
ROOM_BYTES = 1 << 20
UNIT = Path(__file__).parents[2] / "docs" / "how-to" / "systemd" / "heraldlink@.service"


@pytest.fixture(scope="module")
def standing_rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """One laboratory for this module, each node under its supervisor; alice serves metrics."""
    folder = tmp_path_factory.mktemp("up")
    station = folder / "bob.station.yaml"
    station.write_text(find_config("stations/bob.station.yaml").read_text())
    changes = {"alice": {"metrics": "tcp://127.0.0.1:0"}, "bob": {"station": str(station)}}
    with Laboratory(folder, command="up", changes=changes) as laboratory:
        yield laboratory


@pytest.fixture
def up(standing_rack: Laboratory) -> Iterator[Laboratory]:
    """Mended before and after; its history is checked."""
    yield from mended(standing_rack)


@fault(10)
def test_no_more_descriptors(up: Laboratory) -> None:
    """A new client is told that it gets no connection, the node's log says why, the running request goes on,
    and the supervisor answers."""
    with up.client() as client:
        client.prepare()
        asked = client.start()
        asked.slots(2)
        agent = status(up, "alice").agent
        before = resource.prlimit(agent, resource.RLIMIT_NOFILE)
        most = len(os.listdir(f"/proc/{agent}/fd"))
        resource.prlimit(agent, resource.RLIMIT_NOFILE, (most, before[1]))
        try:
            with pytest.raises(OSError), open(f"/proc/{agent}/fd/{most + 1}"):  # noqa: PT011
                pass
            with up.client("late") as late, pytest.raises(NodeLost, match="node alice cannot be reached"):
                late.network["alice"].status()
            asked.slots(3)
            assert status(up, "alice").state == "RUNNING"
            log = up.data / "log-alice.jsonl"
            wait_for(lambda: "new clients get no connection" in log.read_text(), 5, "the alarm")
        finally:
            resource.prlimit(agent, resource.RLIMIT_NOFILE, before)
        asked.slots(2)
        asked.request.cancel()
        assert asked.end().pairs


@fault(11, 12)
def test_an_agent_that_gets_hardly_any_time(up: Laboratory) -> None:
    """Stalls of up to a second are no reason to kill: the lease is kept, the agent lives, and the longest one
    is counted as such."""
    agent = status(up, "alice").agent
    before = stalls(up)
    with up.client() as client, client.network["alice"].lease(note="stalled"):
        epoch = client.network["alice"].lease_status().epoch
        for stall_s in (0.3, 0.3, 1.0):
            os.kill(agent, signal.SIGSTOP)
            began = time.monotonic()
            wait_for(lambda end=began + stall_s: time.monotonic() > end, 3.0, "the stall to end")
            os.kill(agent, signal.SIGCONT)
            wait_for(lambda: status(up, "alice").age_s < 0.3, 2.0, "a sign of life")
        assert client.network["alice"].lease_status().epoch == epoch
    assert status(up, "alice").agent == agent
    assert stalls(up) == before + 1


def stalls(rack: Laboratory) -> float:
    """How often alice's agent stood still, by its metrics."""
    with urllib.request.urlopen(rack.addresses["alice.metrics"]) as answer:  # noqa: S310 - loopback
        lines = answer.read().decode().splitlines()
    counts = [line.split()[-1] for line in lines if line.startswith(STALLS)]
    return float(counts[0]) if counts else 0.0


@fault(13)
def test_a_file_that_became_wrong_is_not_tried_again_and_again(up: Laboratory) -> None:
    """The agent that is to follow a killed one finds its file wrong: the supervisor has made the rack safe,
    says what is wrong and ends with exit code 2, after which systemd does not start it again."""
    with up.client() as client:
        client.prepare()
    file, said = up.folder / "bob.node.yaml", len(up.log("bob"))
    good = file.read_text()
    file.write_text(good.replace("kind: end", "kind: hub"))
    try:
        os.kill(status(up, "bob").agent, signal.SIGKILL)
        assert up.processes["bob"].wait(BACK_S) == 2
    finally:
        file.write_text(good)
    assert "kind: must be end or midpoint (got 'hub')" in up.log("bob")[said:]
    assert up.log("bob")[said:].count("safe state, raw") == 1
    assert int(up.panel("bob_mw", "OUTP:STAT?")) == 0
    assert "RestartPreventExitStatus=2" in UNIT.read_text()
    up.restart("bob")
    with up.client() as client:
        client.prepare()
        assert client.measure(10).state == "DELIVERED"


@fault(13, 84)
def test_a_wrong_type_in_the_station_file_is_not_tried_again(up: Laboratory) -> None:
    """Another model answers at an instrument's address than its Station file names: the supervisor makes the
    rack safe, says file, key, what answers and the remedy, once, and ends with exit code 2."""
    assert up.stop_node("bob") == 0
    said, station = len(up.log("bob")), up.folder / "bob.station.yaml"
    good = station.read_text()
    wrong = re.sub(r"(bob_dg:\n    type: )\S+", r"\1heraldlink_drivers.SantecTSL570", good)
    station.write_text(wrong.replace("output: AB", "timeout: 0.3"))
    try:
        up.start_node("bob")
        assert up.processes["bob"].wait(2 * BACK_S) == 2
    finally:
        station.write_text(good)
    log = up.log("bob")[said:]
    (sentence,) = [line for line in log.splitlines() if "answers at" in line]
    assert f"{station}: instruments.bob_dg.type: Stanford Research Systems,DG645," in sentence
    assert sentence.endswith("name its own type")
    assert log.count("the agent ended with exit code 2") == 1
    assert not (up.data / "fault-bob.txt").exists()
    up.restart("bob")
    with up.client() as client:
        client.prepare()
        assert client.measure(10).state == "DELIVERED"


@fault(9)
def test_an_agent_without_memory(up: Laboratory) -> None:
    """An agent that reaches its memory limit in a request ends with a sentence; the supervisor makes the rack
    safe and starts another, the request FAILED naming the node."""
    before = status(up, "bob")
    with up.client() as client:
        client.prepare()
        asked = client.start()
        asked.slots(30)
        at_most(before.agent, resource.RLIMIT_AS, memory_of(before.agent) + ROOM_BYTES)
        with pytest.raises(HeraldlinkError, match="bob"):
            client.network["bob"].tags(asked.id)
        ending = asked.end()
    assert "no memory is left" in up.log("bob")
    assert ending.state == "FAILED", ending
    assert "bob" in ending.sentence
    after = settled(up, "bob")
    assert (after.restarts, after.state) == (before.restarts + 1, "SAFE")
    assert int(up.panel("bob_mw", "OUTP:STAT?")) == 0
    with up.client() as client:
        client.prepare()
        assert client.measure(10).state == "DELIVERED"


def memory_of(process: int) -> int:
    """Bytes of its address space (Linux)."""
    with open(f"/proc/{process}/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def at_most(process: int, limit: int, wanted: int) -> None:
    """Set a limit of a process, and see that it holds."""
    _, hard = resource.prlimit(process, limit)
    resource.prlimit(process, limit, (wanted, hard))
    assert resource.prlimit(process, limit)[0] == wanted


@fault(49)
def test_a_lease_that_ends_while_a_prepare_hangs(up: Laboratory) -> None:
    """An instrument that hangs in a prepare does not put off the safe state beyond the expiry + 1 s."""
    ttl_s = 3.0
    with up.client() as client:
        client.prepare()
        mine = client.network["midpoint"].connection
        given = mine.ask(AcquireLease("never renewed", ttl_s)).body
        taken = time.monotonic()
        assert isinstance(given, LeaseStatus)
        wait_for(lambda: time.monotonic() - taken > 0.6 * ttl_s, ttl_s, "most of the lease to pass")
        assert not dark(up)
        up.watch("hub_tc")
        up.fault("hub_tc", "hang")
        asked = threading.Thread(target=mine.ask, args=(Prepare(), given.epoch), daemon=True)
        asked.start()
        wait_for(lambda: dark(up), ttl_s + 4, "the hub to be dark")
        assert ttl_s - 0.1 < time.monotonic() - taken < ttl_s + 1.0
        asked.join(10)
        assert up.wire_log(), "the prepare was to reach the instrument that hangs"
