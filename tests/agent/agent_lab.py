# SPDX-License-Identifier: Apache-2.0
"""A simulated laboratory and its three nodes, each a process of its own, for the tests of this folder."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "configs"


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait for a condition with a deadline."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(0.01)


@dataclass
class Lab:
    """Processes by name, and the addresses they wrote."""

    folder: Path
    processes: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    instruments: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, str] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    link: str = ""

    def start(self, name: str, *arguments: str) -> dict[str, str]:
        """Start a process and return the addresses it writes."""
        ports = self.folder / f"{name}.json"
        ports.unlink(missing_ok=True)
        log = (self.folder / f"{name}.log").open("w")
        command = [sys.executable, "-m", *arguments, "--ports-file", str(ports)]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, text=True)
        self.processes[name] = process
        wait_for(lambda: ports.exists() or process.poll() is not None, 30, f"{name} to listen")
        assert process.poll() is None, (self.folder / f"{name}.log").read_text()
        found: dict[str, str] = json.loads(ports.read_text())
        return found

    def start_sim(self, bench: str, *options: str) -> None:
        """Start the simulated laboratory."""
        bench_file = str(CONFIGS / "benches" / bench)
        self.instruments = self.start("sim", "heraldlink_sim", bench_file, "--pace", "fast", *options)

    def start_node(self, name: str, *options: str) -> None:
        """Start a node on free ports."""
        file = str(CONFIGS / "nodes" / f"{name}.yaml")
        where = ["--addresses", str(self.folder / "sim.json"), "--free-ports", "--data", str(self.folder)]
        found = self.start(name, "heraldlink.cli", "node", file, *where, *options)
        self.link = found.pop(f"{name}.link", self.link)
        self.nodes |= {node: address for node, address in found.items() if "." not in node}
        self.channels |= found

    def start_nodes(self) -> None:
        """Start the midpoint, then the ends."""
        self.start_node("midpoint")
        for name in ("alice", "bob"):
            self.start_node(name, "--midpoint", self.link)

    def kill(self, name: str) -> None:
        """End a process without warning."""
        self.processes[name].kill()
        self.processes[name].wait(5)

    def stop(self) -> None:
        """End all processes, nodes before the laboratory."""
        for process in reversed(list(self.processes.values())):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def children_of(process: int) -> list[int]:
    """Process ids of the children of a process (Linux)."""
    text = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(item) for item in text.split()]
