# SPDX-License-Identifier: Apache-2.0
"""A bench and its three nodes as processes, with keys if wanted, for benchmarks that ask nodes.

Python's compiled modules are kept in a folder of their own, as an installation keeps them beside the sources:
what a start costs does not depend on whether somebody imported something before.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from time import monotonic, sleep

from measure import WrongAnswer
from ruamel.yaml import YAML

from heraldlink.client import Network, connect
from heraldlink.security.keys import new_pair
from heraldlink.security.roster import authorize, trust

CONFIGS = Path(__file__).parents[1] / "configs"
NODES, ENDS = ("midpoint", "alice", "bob"), ("alice", "bob")
CLIENT, LIMIT_s = "client", 60.0
Changes = Mapping[str, object]


class NodeRack:
    """Bench and nodes, started at once; use it as a context.

    ``bench``, ``sequence``: values by dotted key that replace those of the shipped files; ``nodes``: of every
    node's file. ``keys``: CURVE on every channel.
    """

    def __init__(
        self,
        folder: Path,
        *,
        pace: str = "fast",
        keys: bool = False,
        bench: Changes | None = None,
        sequence: Changes | None = None,
        nodes: Mapping[str, Changes] | None = None,
    ) -> None:
        self.folder, self._keys = folder, folder / "keys" if keys else None
        self._processes: list[subprocess.Popen[bytes]] = []
        self._bytecode = folder.parent / "bytecode"
        if self._keys:
            make_keys(self._keys)
        files = self._files(bench or {}, sequence or {}, nodes or {})
        sim, where = folder / "sim.json", ["--data", str(folder)]
        self._start("sim", ["sim", str(files["bench"]), "--pace", pace, "--seed", "7"])
        for node in NODES:
            options = ["--addresses", str(sim), "--wait", "30", *where]
            self._start(node, ["node", str(files[node]), *options])

    def __enter__(self) -> "NodeRack":
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            process.terminate()
            process.wait(15)

    def connect(self) -> Network:
        """A client of all nodes, once they listen."""
        addresses: dict[str, str] = {}
        for node in NODES:
            addresses |= self._await(node)
        return connect(addresses, keys=self._keys, name=CLIENT if self._keys else None)

    def _files(self, bench: Changes, sequence: Changes, nodes: Mapping[str, Changes]) -> dict[str, Path]:
        played = self._copy(CONFIGS / "sequences" / "pair_source.yaml", "sequence", sequence)
        files = {"bench": self._copy(CONFIGS / "benches" / "two_nodes.yaml", "bench", bench)}
        link = f"tcp://127.0.0.1:{free_port()}"
        security: Changes = {"security.keys": str(self._keys)} if self._keys else {}
        for node in NODES:
            listen = dict.fromkeys(("command", "safety", "event", "record"), "tcp://127.0.0.1:0")
            places = {"midpoint.link": link} if node in ENDS else {"listen.link": link}
            changes = {f"listen.{channel}": address for channel, address in listen.items()} | places
            changes |= {"sequence": str(played), **security, **nodes.get(node, {})}
            files[node] = self._copy(CONFIGS / "nodes" / f"{node}.yaml", node, changes)
        return files

    def _copy(self, shipped: Path, name: str, changes: Changes) -> Path:
        yaml = YAML()
        content = yaml.load(shipped)
        for key in ("station", "devices"):
            if key in content:
                content[key] = str((shipped.parent / content[key]).resolve())
        for dotted, value in changes.items():
            *parents, last = dotted.split(".")
            place = content
            for parent in parents:
                place = place.setdefault(parent, {})
            place[last] = value
        copy = self.folder / f"{name}.yaml"
        yaml.dump(content, copy)
        return copy

    def _start(self, name: str, arguments: list[str]) -> None:
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = str(self._bytecode)
        command = [sys.executable, "-m", "heraldlink.cli", *arguments, "--with-parent"]
        command += ["--ports-file", str(self.folder / f"{name}.json")]
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment
            )
        self._processes.append(process)

    def _await(self, name: str) -> dict[str, str]:
        ports, until_s = self.folder / f"{name}.json", monotonic() + LIMIT_s
        while not ports.exists():
            if any(process.poll() is not None for process in self._processes) or monotonic() > until_s:
                logs = [(self.folder / f"{node}.log").read_text()[-500:] for node in ("sim", *NODES)]
                raise WrongAnswer(f"{name} does not listen: {' '.join(' '.join(logs).split())}")
            sleep(0.002)
        found: dict[str, str] = json.loads(ports.read_text())
        return found


def make_keys(folder: Path) -> None:
    """Pairs of the nodes and of a client, who all know one another."""
    folder.mkdir(mode=0o700)
    for name in (*NODES, CLIENT):
        new_pair(folder, name)
        authorize(folder, folder / f"{name}.key", "agent" if name in NODES else "operator")
    for name in NODES:
        trust(folder, folder / f"{name}.key")


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
