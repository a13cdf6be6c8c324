# SPDX-License-Identifier: Apache-2.0
"""Something vanishes in a running request: one clear sentence that names it, within five seconds."""

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest
from agent_lab import Lab, children_of

import heraldlink
from heraldlink.client import Network
from heraldlink.errors import HeraldlinkError, NodeLost
from heraldlink.requests import Request

LIMIT_S = 5.0


def running(net: Network) -> Request:
    """A request that goes on until it is ended, past its first slots."""
    net.prepare()
    request = net["alice"].create(remote="bob", number=10**6, max_time=10**6, seed=1)
    for count, _ in enumerate(request.follow()):
        if count > 5:
            break
    return request


def sentence_after(request: Request, breaking: Callable[[], None]) -> str:
    """How the request ends after something was broken, and that it does so in time."""
    moment: list[float] = []

    def break_it() -> None:
        moment.append(time.monotonic())
        breaking()

    timer = threading.Timer(0.1, break_it)
    timer.start()
    try:
        request.check()
        text = "it did not fail"
    except HeraldlinkError as error:
        text = str(error)
    timer.join()
    assert time.monotonic() - moment[0] < LIMIT_S
    assert "\n" not in text
    return text


def test_a_killed_peer_is_named(lab: Lab) -> None:
    with heraldlink.connect(lab.nodes) as net:
        text = sentence_after(running(net), lambda: lab.kill("bob"))
        assert "bob" in text
        assert "does not answer" in text
        assert not net["alice"].status().prepared
        assert not net["midpoint"].status().prepared


def test_a_killed_midpoint_is_named(lab: Lab) -> None:
    with heraldlink.connect(lab.nodes) as net:
        text = sentence_after(running(net), lambda: lab.kill("midpoint"))
        assert "midpoint" in text
        assert not net["alice"].status().prepared


def test_a_killed_node_is_named_to_its_own_client(lab: Lab) -> None:
    with heraldlink.connect(lab.nodes) as net:
        request = running(net)
        text = sentence_after(request, lambda: lab.kill("alice"))
        assert "node alice at tcp://" in text


def test_a_stopped_node_is_noticed(lab: Lab) -> None:
    process = lab.processes["bob"]
    with heraldlink.connect(lab.nodes) as net:
        text = sentence_after(running(net), lambda: process.send_signal(signal.SIGSTOP))
        process.send_signal(signal.SIGCONT)
        assert "bob" in text


def test_a_killed_worker_is_named_and_replaced(lab: Lab) -> None:
    (worker,) = children_of(lab.processes["bob"].pid)
    with heraldlink.connect(lab.nodes) as net:
        text = sentence_after(running(net), lambda: os.kill(worker, signal.SIGKILL))
        assert "bob" in text
        assert "worker" in text
        net.prepare()
        assert net["alice"].create(remote="bob", number=20, seed=1).result.state == "DELIVERED"


def test_a_killed_laboratory_names_an_instrument(lab: Lab) -> None:
    with heraldlink.connect(lab.nodes) as net:
        text = sentence_after(running(net), lambda: lab.kill("sim"))
        assert any(name in text for name in lab.instruments)


def test_a_node_that_is_not_there_is_named() -> None:
    with heraldlink.connect({"alice": "tcp://127.0.0.1:9"}) as net, pytest.raises(NodeLost, match="alice"):
        net["alice"].status()


def test_nodes_end_cleanly_and_leave_no_process(lab: Lab) -> None:
    workers = [worker for name in lab.nodes for worker in children_of(lab.processes[name].pid)]
    with heraldlink.connect(lab.nodes) as net:
        net.prepare()
    for name in ("alice", "bob", "midpoint"):
        lab.processes[name].send_signal(signal.SIGTERM)
        assert lab.processes[name].wait(8) == 0
    assert not [worker for worker in workers if os.path.exists(f"/proc/{worker}")]
