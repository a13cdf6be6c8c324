# SPDX-License-Identifier: Apache-2.0
"""Simulated instruments on real sockets, and drivers that are closed again."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from driver_rig import REPOSITORY, wait_for
from heraldlink_sim.transport import EventLoopThread
from qcodes.instrument import Instrument

@pytest.fixture
def loop() -> Iterator[EventLoopThread]:
    with EventLoopThread() as running:
        yield running


@pytest.fixture
def serve(loop: EventLoopThread) -> Iterator[Callable]:
    """serve(serve_raw(face)) -> the listening server, closed at the end."""
    servers = []

    def start(coroutine):
        servers.append(loop.run(coroutine))
        return servers[-1]

    yield start
    for server in servers:
        loop.run(server.close())


@pytest.fixture(autouse=True)
def closed_instruments() -> Iterator[None]:
    yield
    Instrument.close_all()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The two-node bench in fast pace, in a process of its own; its addresses by name."""
    ports = tmp_path / "ports.json"
    command = [sys.executable, "-m", "heraldlink_sim", str(REPOSITORY / "configs/benches/two_nodes.yaml")]
    command += ["--pace", "fast", "--seed", "7", "--ports-file", str(ports)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: ports.exists() or process.poll() is not None, 30)
        assert ports.exists(), "the bench did not start"
        yield json.loads(ports.read_text())
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
