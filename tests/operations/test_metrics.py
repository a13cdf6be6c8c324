# SPDX-License-Identifier: Apache-2.0
"""Counters for Prometheus: what they say, where they may be, and that nobody who reads them is needed."""

import socket
import urllib.request

import pytest
from fault_lab import fault

from heraldlink.agent.metrics import Metrics
from heraldlink.errors import ConfigurationError
from heraldlink.link.courier import Tally
from heraldlink.messages.event import FAULT, LEASE, PAIR, REQUEST, SLOT, STATE, Event, Facts


def event(topic: str, facts: Facts) -> Event:
    return Event(1, "alice", 7, topic, 1, 0, facts)


def test_what_is_counted() -> None:
    metrics = Metrics("tcp://127.0.0.1:0", lambda: {"midpoint": Tally(resent=3)})
    for status in ("CONFIRMED", "CONFIRMED", "WITHHELD"):
        metrics.count(event(PAIR, {"status": status}))
    metrics.count(event(REQUEST, {"state": "DELIVERED"}))
    metrics.count(event(FAULT, {"device": "alice_awg"}))
    metrics.count(event(SLOT, {"estimate": False, "attempts": 50_000}))
    metrics.count(event(SLOT, {"estimate": True, "attempts": 1000}))
    metrics.count(event(STATE, {"state": "FAULT (alice_awg: no answer)"}))
    metrics.count(event(LEASE, {"held": True}))
    metrics.measure()
    with urllib.request.urlopen(metrics.address) as answer:  # noqa: S310 - loopback
        lines = set(answer.read().decode().splitlines())
    assert {
        'heraldlink_pairs_total{status="CONFIRMED"} 2.0',
        'heraldlink_pairs_total{status="WITHHELD"} 1.0',
        'heraldlink_requests_total{state="DELIVERED"} 1.0',
        'heraldlink_faults_total{device="alice_awg"} 1.0',
        "heraldlink_slots_total 2.0",
        "heraldlink_attempts_total 50000.0",
        'heraldlink_state{heraldlink_state="FAULT"} 1.0',
        'heraldlink_state{heraldlink_state="IDLE"} 0.0',
        "heraldlink_lease_held 1.0",
        'heraldlink_link_messages{node="midpoint",what="resent"} 3.0',
    } <= lines


@fault(87)
def test_a_reader_that_hangs_holds_nobody_up() -> None:
    """Whoever fetches metrics and hangs, or never comes, is not waited for."""
    metrics = Metrics("tcp://127.0.0.1:0", dict)
    host, port = metrics.address.removeprefix("http://").removesuffix("/metrics").split(":")
    with socket.create_connection((host, int(port))) as hanging:
        hanging.sendall(b"GET /metr")
        for _ in range(1000):
            metrics.count(event(PAIR, {"status": "CONFIRMED"}))
        metrics.measure()
        with urllib.request.urlopen(metrics.address, timeout=5) as answer:  # noqa: S310 - loopback
            assert 'heraldlink_pairs_total{status="CONFIRMED"} 1000.0' in answer.read().decode()


def test_addresses_that_are_taken_or_not_on_loopback_are_refused() -> None:
    other = socket.create_server(("127.0.0.1", 0))
    with other, pytest.raises(ConfigurationError, match="cannot listen"):
        Metrics(f"tcp://127.0.0.1:{other.getsockname()[1]}", dict)
    with pytest.raises(ConfigurationError, match="not encrypted"):
        Metrics("tcp://0.0.0.0:0", dict)
