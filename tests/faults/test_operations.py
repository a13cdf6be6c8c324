# SPDX-License-Identifier: Apache-2.0
"""What a node tells of itself while it works: events, log, metrics, ``heraldlink status`` and ``logs``."""

import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from fault_lab import Laboratory, fault, wait_for
from fault_lab.files import node_file

from heraldlink.client import Network
from heraldlink.events import Listener, Missed
from heraldlink.messages.event import FAULT, PAIR, SLOT, Event, Snapshot

FORKED = """
import json, os, sys
import heraldlink
from heraldlink.errors import ForkError

addresses = json.loads(sys.argv[1])
with heraldlink.connect(addresses) as mine:
    mine["alice"].status()
    child = os.fork()
    if not child:
        try:
            mine["alice"].park()
        except ForkError as error:
            print(error)
        with heraldlink.connect(addresses) as own:
            print(own["alice"].status().node, os.getpid())
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(child, 0)
    print(mine["alice"].status().node, os.getpid())
"""


@pytest.fixture(scope="module")
def standing_rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """One whose nodes serve metrics."""
    metrics = {"metrics": "tcp://127.0.0.1:0"}
    changes = dict.fromkeys(("alice", "bob", "midpoint"), metrics)
    with Laboratory(tmp_path_factory.mktemp("rack"), changes=changes) as laboratory:
        yield laboratory


def collected(listener: Listener, enough: Callable[[list[object]], bool]) -> list[object]:
    news: list[object] = []
    deadline = time.monotonic() + 20
    while not enough(news):
        assert time.monotonic() < deadline, f"only {news}"
        news += listener.news(0.1)
    return news


def metric(network: Network, name: str) -> float:
    with urllib.request.urlopen(network.addresses["alice.metrics"]) as answer:  # noqa: S310 - loopback
        lines = answer.read().decode().splitlines()
    return float(next((line.split()[-1] for line in lines if line.startswith(name)), "0"))


def command(rack: Laboratory, *arguments: str) -> subprocess.CompletedProcess[str]:
    ports = rack.folder / "all.ports.json"
    ports.write_text(json.dumps(rack.addresses))
    line = [sys.executable, "-m", "heraldlink.cli", *arguments]
    return subprocess.run(
        [word if word != "PORTS" else str(ports) for word in line], capture_output=True, text=True, timeout=30
    )


@fault(29)
def test_a_late_listener_gets_the_state_and_then_all_of_a_request(rack: Laboratory) -> None:
    """A listener gets the present state and every event after it, without a hole."""
    with rack.client() as client, client.network["alice"].listen() as listener:
        assert isinstance(collected(listener, bool)[0], Snapshot)
        before = metric(client.network, 'heraldlink_pairs_total{status="CONFIRMED"}')
        client.prepare()
        ending = client.measure(number=5, minimum_fidelity=0.6)
        news = collected(listener, lambda news: "DELIVERED" in states(news))
        events = [each for each in news if isinstance(each, Event)]
        pairs = [event for event in events if event.topic == PAIR and event.facts["status"] == "CONFIRMED"]
        told = [event.facts["sequence_number"] for event in pairs]
        assert told == [pair.sequence_number for pair in ending.pairs]
        assert any(event.topic == SLOT for event in events)
        assert not [each for each in news if isinstance(each, Missed)]
        counted = metric(client.network, 'heraldlink_pairs_total{status="CONFIRMED"}') - before
        assert counted == len(pairs)
    log = rack.data / "log-alice.jsonl"
    wait_for(lambda: "DELIVERED" in log.read_text(), 10, "the log's line")
    line = next(line for line in map(json.loads, log.open()) if line.get("state") == "DELIVERED")
    assert line["request"] == pairs[0].facts["request"]


@fault(15)
def test_a_client_is_not_used_in_a_forked_child(rack: Laboratory) -> None:
    """The child's order raises ForkError naming both processes, and the node never hears of it; a client of
    the child's own works, and so does the parent's."""
    with rack.client(relayed=True) as client:
        addresses = json.dumps(client.network.addresses)
        done = subprocess.run(
            [sys.executable, "-c", FORKED, addresses], capture_output=True, text=True, timeout=30
        )
    assert done.returncode == 0, done.stderr
    error, child, parent = done.stdout.splitlines()
    (child_name, child_pid), (parent_name, parent_pid) = child.split(), parent.split()
    assert child_pid != parent_pid
    assert f"was made in process {parent_pid} and cannot be used in its child {child_pid}" in error
    assert (child_name, parent_name) == ("alice", "alice")
    assert len(rack.command["alice"].seen("get_status", "up")) == 3
    assert not rack.command["alice"].seen("park", "up")


@fault(85)
def test_a_file_that_became_wrong_is_refused_and_the_old_one_stays(rack: Laboratory) -> None:
    """At SIGHUP the node says what is wrong in which line of its file, to listeners and in its log, and goes
    on under the old one; of a right file it says what its next start will change."""
    metrics: dict[str, object] = {"metrics": "tcp://127.0.0.1:0"}
    file, log = rack.folder / "alice.node.yaml", rack.data / "log-alice.jsonl"
    with rack.client() as client, client.network["alice"].listen() as listener:
        collected(listener, bool)
        client.prepare()
        asked = client.start()
        asked.slots(2)
        try:
            node_file(rack.folder, "alice", metrics | {"limits.bias_A": 25.0})
            rack.processes["alice"].send_signal(signal.SIGHUP)
            told = collected(listener, lambda news: "configuration" in devices(news))
            asked.slots(2)
            node_file(rack.folder, "alice", metrics | {"limits.bias_A": 20e-6})
            rack.processes["alice"].send_signal(signal.SIGHUP)
            wait_for(lambda: "in force after its next start: limits" in log.read_text(), 10, "the log's line")
        finally:
            node_file(rack.folder, "alice", metrics)
        asked.request.cancel()
        assert asked.end().pairs
    reason = next(str(one.facts["reason"]) for one in faults(told) if one.facts["device"] == "configuration")
    assert reason.startswith("refused, the old one stays in force: ")
    assert f"{file.name}:" in reason
    assert "limits.bias_A" in reason
    assert reason in log.read_text().replace("\\", "")


def faults(news: list[object]) -> list[Event]:
    return [each for each in news if isinstance(each, Event) and each.topic == FAULT]


def devices(news: list[object]) -> list[object]:
    return [event.facts["device"] for event in faults(news)]


def states(news: list[object]) -> list[object]:
    return [each.facts.get("state") for each in news if isinstance(each, Event)]


def test_status_shows_every_node_and_ends_with_1_if_one_is_gone(rack: Laboratory) -> None:
    found = json.loads(command(rack, "status", "--network", "PORTS", "--json").stdout)
    assert {node["node"] for node in found} == {"alice", "bob", "midpoint"}
    assert found[0]["lease"]["held"] is False
    rack.kill("bob")
    gone = command(rack, "status", "--network", "PORTS")
    assert gone.returncode == 1
    assert "bob: node bob cannot be reached" in gone.stdout


def test_logs_are_shown_by_request_and_level(rack: Laboratory) -> None:
    with rack.client() as client:
        client.prepare()
        asked = client.start(3, minimum_fidelity=0.6)
        asked.end()
    log = rack.data / "log-alice.jsonl"
    wait_for(lambda: f'"request": {asked.id}' in log.read_text(), 10, "the log's line")
    shown = command(rack, "logs", str(rack.data), "--request", str(asked.id), "--json").stdout.splitlines()
    assert {json.loads(line)["request"] for line in shown} == {asked.id}
    assert command(rack, "logs", str(rack.data), "--level", "critical").stdout == ""
