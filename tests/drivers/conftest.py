# SPDX-License-Identifier: Apache-2.0
"""Simulated instruments on real sockets, and drivers that are closed again."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from driver_rig import REPOSITORY, wait_for
from qcodes.instrument import Instrument

from heraldlink_sim.transport import EventLoopThread


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
        with suppress(ValueError):  # a server that its test closed has nothing left to close
            loop.run(server.close())


@pytest.fixture(autouse=True)
def closed_instruments() -> Iterator[None]:
    yield
    Instrument.close_all()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The two-node bench in fast pace, in a process of its own; its addresses by name."""
    ports = tmp_path_factory.mktemp("bench") / "ports.json"
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
