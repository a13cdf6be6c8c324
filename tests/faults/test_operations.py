# SPDX-License-Identifier: Apache-2.0
"""What a node tells of itself while it works: events, log, metrics, ``heraldlink status`` and ``logs``."""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from fault_lab import Laboratory, fault, wait_for

from heraldlink.client import Network
from heraldlink.events import Listener, Missed
from heraldlink.messages.event import PAIR, SLOT, Event, Snapshot


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
