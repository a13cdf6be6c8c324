# SPDX-License-Identifier: Apache-2.0
"""The two-node bench and its three node processes, each a process of its own, talking over sockets.

Nodes run where ``heraldlink_sim`` cannot be imported, and know nothing but addresses.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import zmq
from ruamel.yaml import YAML

import heraldlink
from heraldlink.client import Network
from heraldlink.config import find_config

START_S = 60.0
BLOCKER = """
import importlib.abc, sys
class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "heraldlink_sim":
            raise ModuleNotFoundError("heraldlink_sim is not importable here", name=name)
        return None
sys.meta_path.insert(0, Blocker())
"""
Changes = Mapping[str, Mapping[str, object]]
"""Node name -> {dotted key of its file: value}."""


class Process:
    """A heraldlink command with its ports file."""

    def __init__(self, folder: Path, name: str, arguments: Sequence[str], environment: Mapping[str, str]):
        self.name = name
        self.ports_file, self.log = folder / f"{name}.ports.json", folder / f"{name}.log"
        self.ports_file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "heraldlink.cli", *arguments, "--ports-file", str(self.ports_file)]
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **environment})

    def addresses(self) -> dict[str, str]:
        """Addresses, once it listens."""
        deadline = time.monotonic() + START_S
        while not self.ports_file.exists():
            assert self.popen.poll() is None, f"{self.name} ended: {self.log.read_text()}"
            assert time.monotonic() < deadline, f"{self.name} does not listen: {self.log.read_text()}"
            time.sleep(0.01)
        return json.loads(self.ports_file.read_text())

    def stop(self) -> int:
        """SIGTERM; the exit status. Killed if that takes more than 15 s."""
        if self.popen.poll() is None:
            self.popen.terminate()
        try:
            return self.popen.wait(15)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
            raise


class Laboratory:
    """One bench; its nodes can be started anew with other node files."""

    def __init__(
        self,
        folder: Path,
        *options: str,
        bench: str = "benches/two_nodes.yaml",
        changes: Changes | None = None,
        nodes: bool = True,
    ) -> None:
        self.folder = folder
        blocker = folder / "blocker"
        blocker.mkdir(exist_ok=True)
        (blocker / "sitecustomize.py").write_text(BLOCKER)
        before = os.environ.get("PYTHONPATH")
        self._environment = {"PYTHONPATH": os.pathsep.join([str(blocker), *([before] if before else [])])}
        self.sim = Process(folder, "sim", ["sim", bench, *options], {})
        self.addresses = self.sim.addresses()
        self.nodes: dict[str, Process] = {}
        self.net: Network | None = None
        if nodes:
            self.start_nodes(changes or {})

    def __enter__(self) -> "Laboratory":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_nodes()
        self.sim.stop()

    def start_nodes(self, changes: Changes) -> Network:
        """Stop the nodes if they run, and start them with changed node files."""
        self.stop_nodes()
        midpoint = self._node("midpoint", changes)
        commands = midpoint.addresses()
        link = commands.pop("midpoint.link")
        for node in [self._node(name, changes, "--midpoint", link) for name in ("alice", "bob")]:
            commands |= node.addresses()
        self.net = heraldlink.connect(commands)
        return self.net

    def _node(self, name: str, changes: Changes, *options: str) -> Process:
        file = node_file(self.folder, name, changes.get(name, {}))
        addresses = [
            "--addresses",
            str(self.sim.ports_file),
            "--free-ports",
            "--data",
            str(self.folder / "data"),
        ]
        process = Process(self.folder, name, ["node", str(file), *addresses, *options], self._environment)
        self.nodes[name] = process
        return process

    def assert_nodes_cannot_import_the_simulator(self) -> None:
        """Try the import as the nodes would."""
        tried = subprocess.run(
            [sys.executable, "-c", "import heraldlink_sim"],
            env={**os.environ, **self._environment}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert tried.returncode == 1
        assert "heraldlink_sim is not importable here" in tried.stderr

    def stop_nodes(self) -> None:
        """Stop the nodes and close the client."""
        if self.net is not None:
            self.net.close()
            self.net = None
        for node in self.nodes.values():
            node.stop()
        self.nodes.clear()

    def send(self, instrument: str, *commands: str) -> list[str]:
        """Send commands straight to an instrument over its own socket; answers of those that end in '?'."""
        return send(self.addresses[instrument], commands)

    def send_json(self, instrument: str, message: Mapping[str, object]) -> None:
        """Send one JSON command to a detector box and wait until it tells all its clients."""
        host, port = self.addresses[instrument].removeprefix("tcp://").split(":")
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(json.dumps(message).encode())
            answer = b""
            while not answer.endswith(b"\x17"):
                answer += connection.recv(4096)
        told = json.loads(answer.split(b"\x17")[0])
        assert told["label"] == message["label"], told


def node_file(folder: Path, name: str, changes: Mapping[str, object]) -> Path:
    """A copy of a shipped node file with absolute paths and some keys changed."""
    shipped = find_config(f"nodes/{name}.yaml")
    paths = ("station", "sequence", "devices")
    return _changed(shipped, folder / f"{name}.node.yaml", paths, changes)


def bench_file(folder: Path, name: str, **changes: object) -> Path:
    """A copy of a shipped bench file with absolute paths and some keys changed."""
    return _changed(
        find_config(f"benches/{name}.yaml"),
        folder / f"{name}.bench.yaml",
        ("devices",),
        {key: str(value) if isinstance(value, Path) else value for key, value in changes.items()},
    )


def device_file(folder: Path, name: str, changes: Mapping[str, object]) -> Path:
    """A copy of a shipped device file with some keys changed."""
    return _changed(find_config(f"devices/{name}.yaml"), folder / f"{name}.device.yaml", (), changes)


def _changed(shipped: Path, copy: Path, paths: Sequence[str], changes: Mapping[str, object]) -> Path:
    yaml = YAML()
    content = yaml.load(shipped)
    for key in paths:
        content[key] = str((shipped.parent / content[key]).resolve())
    for dotted, value in changes.items():
        *parents, last = dotted.split(".")
        place = content
        for parent in parents:
            place = place[parent]
        place[last] = value
    with copy.open("w") as stream:
        yaml.dump(content, stream)
    return copy


def send(address: str, commands: Sequence[str]) -> list[str]:
    """Commands over a raw socket of their own; no driver in between."""
    if address.startswith("tcp://"):
        return _send_zeromq(address, commands)
    if address.endswith("::SOCKET"):
        return _send_raw(address, commands)
    return _send_visa(address, commands)


def _send_zeromq(address: str, commands: Sequence[str]) -> list[str]:
    with zmq.Context() as context, context.socket(zmq.REQ) as requester:
        requester.setsockopt(zmq.LINGER, 0)
        requester.setsockopt(zmq.RCVTIMEO, 5000)
        requester.connect(address)
        answers = []
        for command in commands:
            requester.send_string(command)
            answers.append(requester.recv_string())
        return answers


def _send_raw(address: str, commands: Sequence[str]) -> list[str]:
    host, port = address.split("::")[1:3]
    answers = []
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = connection.makefile("rb")
        for command in (*commands, "*IDN?"):  # the last answer proves that all before it were taken
            connection.sendall(command.encode() + b"\r\n")
            if command.endswith("?"):
                answer = bytearray()
                while not answer.endswith((b"\r", b"\n")) or not answer.strip():
                    answer += stream.read(1)
                answers.append(answer.decode().strip())
    return answers[:-1]


def _send_visa(address: str, commands: Sequence[str]) -> list[str]:
    import pyvisa

    resource = pyvisa.ResourceManager("@py").open_resource(address)
    try:
        resource.timeout = 5000
        answers = []
        for command in (*commands, "*OPC?"):
            if "?" in command:
                answers.append(resource.query(command).strip())
            else:
                resource.write(command)
        return answers[:-1]
    finally:
        resource.close()
