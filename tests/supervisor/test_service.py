# SPDX-License-Identifier: Apache-2.0
"""What systemd sees of a supervised node, the unit file, and what the supervisor loads."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from heraldlink.config import find_config

UNIT = Path(__file__).parents[2] / "docs" / "how-to" / "systemd" / "heraldlink@.service"


def test_the_supervisor_loads_neither_numpy_nor_qcodes_nor_an_agent() -> None:
    code = "import heraldlink.supervisor.node, heraldlink.cli.up, sys; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert not {"numpy", "qcodes", "pyvisa", "heraldlink.agent", "heraldlink_drivers", "sqlite3"} & loaded


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_unit_is_verified(tmp_path: Path) -> None:
    unit = tmp_path / "heraldlink@alice.service"
    unit.write_text(UNIT.read_text().replace("/opt/heraldlink/bin/heraldlink", shutil.which("true") or ""))
    run = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stderr) == (0, "")


def assignments(listener: socket.socket, until: str, seconds: float) -> list[str]:
    """What is told on the notify socket, up to the line that begins with ``until``."""
    found: list[str] = []
    end = time.monotonic() + seconds
    while not any(line.startswith(until) for line in found):
        listener.settimeout(max(0.01, end - time.monotonic()))
        found += listener.recv(4096).decode().split("\n")
    return found


@pytest.mark.timeout(120)
def test_systemd_is_told(tmp_path: Path) -> None:
    """Ready only once every instrument was read back; then alive every second; the state in words."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(tmp_path / "notify"))
    environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "5000000"}
    bench = str(find_config("benches/two_nodes.yaml"))
    sim_ports, ports = tmp_path / "sim.json", tmp_path / "node.json"
    sim = [sys.executable, "-m", "heraldlink_sim", bench, "--pace", "fast", "--ports-file", str(sim_ports)]
    up = [sys.executable, "-m", "heraldlink.cli", "up", "nodes/midpoint.yaml", "--free-ports"]
    up += ["--addresses", str(sim_ports), "--data", str(tmp_path), "--ports-file", str(ports)]
    with subprocess.Popen(sim, stdin=subprocess.DEVNULL) as bench_process:
        try:
            end = time.monotonic() + 30
            while not sim_ports.exists():
                assert time.monotonic() < end
                time.sleep(0.01)
            node = subprocess.Popen(up, env=os.environ | environment)
            told = assignments(listener, "READY=1", 60)
            assert any(line.startswith("STATUS=RECOVER") for line in told)
            assert any(line.startswith("STATUS=SAFE") for line in told)
            first = time.monotonic()
            assignments(listener, "WATCHDOG=1", 5)
            assignments(listener, "WATCHDOG=1", 5)
            assert time.monotonic() - first < 4
            node.send_signal(signal.SIGTERM)
            assignments(listener, "STATUS=DRAIN", 5)
            assert node.wait(20) == 0
            (tmp_path / "fault-midpoint.txt").write_text("emergency stop: smoke")
            faulty = subprocess.Popen(up, env=os.environ | environment)
            told = assignments(listener, "READY=1", 20)
            assert "STATUS=FAULT emergency stop: smoke" in told, (
                "one in FAULT is kept, so that it can be cleared"
            )
            faulty.send_signal(signal.SIGTERM)
            assert faulty.wait(20) == 1
        finally:
            bench_process.terminate()
