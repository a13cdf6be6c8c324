# SPDX-License-Identifier: Apache-2.0
"""A node that cannot have its port, its interface or its midpoint's name says so and touches nothing."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import zmq
from fault_lab import fault, wait_for
from fault_lab.files import node_file

from heraldlink.errors import ConfigurationError, NodeLost
from heraldlink.sockets import owner_of_port
from heraldlink.transport import Dealer, Router

PLAIN = "I know that anybody on this network may switch my instruments"


def refused_start(folder: Path, changes: dict[str, object]) -> str:
    """What a node says that must not start: exit code 2, and no instrument worker was ever there."""
    file = node_file(folder, "alice", changes)
    ports = folder / "never.json"
    command = [sys.executable, "-m", "heraldlink.cli", "node", str(file), "--data", str(folder / "data")]
    command += ["--ports-file", str(ports)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 2, found.stderr
    assert not ports.exists()
    assert "worker" not in found.stderr
    return found.stderr


@fault(30)
def test_a_port_in_use_names_the_process_that_has_it(tmp_path: Path) -> None:
    """The node ends with exit code 2 naming the address and the process there; no worker was started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert owner_of_port(port) == os.getpid()
        sentence = refused_start(tmp_path, {"listen.command": f"tcp://127.0.0.1:{port}"})
    assert f"cannot listen on tcp://127.0.0.1:{port}" in sentence
    assert f"in use by process {os.getpid()}" in sentence
    assert owner_of_port(port) is None


@fault(31)
def test_a_missing_interface_is_named_and_nothing_else_is_taken(tmp_path: Path) -> None:
    """The node ends with exit code 2 naming the interface; it never listens on all of them instead."""
    changes: dict[str, object] = {"listen.command": "tcp://192.0.2.7:0", "security.plain": PLAIN}
    assert "this machine has no interface 192.0.2.7" in refused_start(tmp_path, changes)


@fault(31)
def test_an_ipv6_address_is_listened_on_when_asked_for() -> None:
    """An IPv6 address is used if the file names one, and only that family."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    try:
        router = Router(context, "tcp://[::1]:0", "command")
    except ConfigurationError as error:
        pytest.skip(f"no IPv6 here: {error}")
    dealer = Dealer(context, router.endpoint, "command", node="alice")
    assert dealer.send([b"hello"], 5.0)
    wait_for(lambda: router.receive() is not None, 5, "the message")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", int(router.endpoint.rpartition(":")[2])), 2)
    dealer.close()
    router.close()
    context.destroy(linger=0)


@fault(32)
def test_a_name_that_is_not_known_is_said_and_tried_again() -> None:
    """The sentence says that the name service does not know the host; the connection goes on trying."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    dealer = Dealer(context, "tcp://no-such-host.invalid:7301", "command", node="alice")
    events = zmq.EVENT_CONNECT_RETRIED
    dealer.socket.monitor("inproc://retries", events)
    retries = context.socket(zmq.PAIR)
    retries.connect("inproc://retries")
    with pytest.raises(NodeLost, match=r"name service does not know no-such-host\.invalid"):
        dealer.send_or_raise([b"question"], "alice", 0.2)
    for _ in range(2):
        assert retries.poll(5000)
        retries.recv_multipart()
    retries.close()
    dealer.close()
    context.destroy(linger=0)
