# SPDX-License-Identifier: Apache-2.0
"""Bench, three nodes, relays and proxies; what a fault test does to them, and what it sees of them."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import heraldlink
from fault_lab.client import Client
from fault_lab.files import node_file
from fault_lab.history import History
from fault_lab.history_control import Faulty, Loss, Passed, is_told
from fault_lab.processes import descendants, words_of
from fault_lab.proxy import Proxy
from fault_lab.relay import SILENT_S, Relay
from fault_lab.site import live
from heraldlink import safety
from heraldlink.config import find_config
from heraldlink.errors import HeraldlinkError
from heraldlink_sim.control import CONTROL, ask

ENDS = ("alice", "bob")
NODES = ("midpoint", *ENDS)
START_S = 60.0
HERE = Path(__file__).parent
Changes = Mapping[str, Mapping[str, object]]


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait for a condition with a deadline."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(0.01)


class Laboratory:
    """A bench and its three nodes, running. ``changes``: {node: {dotted key of its file: value}}.

    ``command``: what starts a node, "node" or "up". ``without``: {node: protection} of
    :mod:`fault_lab.without`; ``switchable``: those of :mod:`fault_lab.site.live` can be switched off and on
    (``off``). ``wired``: with a TCP proxy between each end and its relay.
    """

    def __init__(
        self,
        folder: Path,
        *,
        seed: int = 11,
        pace: str = "fast",
        bench: str = "benches/two_nodes.yaml",
        changes: Changes | None = None,
        without: Mapping[str, str] | None = None,
        command: str = "node",
        wired: bool = False,
        switchable: bool = False,
    ) -> None:
        self.folder, self.data = folder, folder / "data"
        self.history = History()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.addresses: dict[str, str] = {}
        self.link: dict[str, Relay] = {}
        self.command: dict[str, Relay] = {}
        self.wire: dict[str, Proxy] = {}
        self.usage: dict[str, tuple[int, int]] = {}
        self.seen: set[int] = set()
        self.losses: list[Loss] = []
        self.faulty: list[Faulty] = []
        self.gaps: list[float] = []
        self._settings: list[Passed] = []
        self._settings_s = 0.0
        self._changes, self._without = changes or {}, without or {}
        self._command, self._wired, self._switchable = command, wired, switchable
        folder.mkdir(exist_ok=True)
        options = ["--pace", pace, "--seed", str(seed)]
        self.instruments = self._start("sim", ["-m", "heraldlink_sim", str(find_config(bench)), *options])
        try:
            for name in NODES:
                self.start_node(name)
            for name in ENDS:
                self._await(name)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Laboratory":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- processes

    def start_node(self, name: str) -> None:
        """Start a node that does not run; its relays keep their addresses. The midpoint is awaited."""
        file = node_file(self.folder, name, self._changes.get(name, {}))
        options = ["--addresses", str(self._ports("sim")), "--free-ports", "--data", str(self.data)]
        if name in ENDS:
            options += ["--midpoint", self._way_to_midpoint(name)]
        self._spawn(name, ["-m", "heraldlink.cli", self._command, str(file), *options])
        if name not in ENDS:
            self._await(name)
            for relay in self.link.values():
                relay.retarget(self.addresses["midpoint.link"])

    def restart(self, name: str) -> None:
        """Start a node anew (after ``kill``) and wait until it listens."""
        assert self.processes[name].poll() is not None, f"{name} runs: kill it first"
        self.start_node(name)
        if name in ENDS:
            self._await(name)

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """End a process without warning."""
        self.losses.append(Loss(time.monotonic(), name, f"process {self.pid(name)} was killed"))
        self.processes[name].send_signal(number)
        self.processes[name].wait(15)

    def stop_node(self, name: str) -> int:
        """SIGTERM; the exit status."""
        self.processes[name].terminate()
        return self.processes[name].wait(15)

    def pause(self, name: str) -> None:
        """SIGSTOP to a node's agent."""
        self.processes[name].send_signal(signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """SIGCONT."""
        self.processes[name].send_signal(signal.SIGCONT)

    def pid(self, name: str) -> int:
        """Process id of a node, or of the bench ("sim")."""
        return self.processes[name].pid

    def workers(self, name: str) -> list[int]:
        """Process ids of a node's instrument workers (Linux)."""
        return [pid for pid in descendants(self.pid(name)) if "heraldlink.agent.worker" in words_of(pid)]

    def log(self, name: str) -> str:
        """What a process wrote on its standard error."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def running(self, name: str) -> bool:
        """Whether a process runs."""
        return name in self.processes and self.processes[name].poll() is None

    def mend(self) -> None:
        """Heal everything and start what was killed: the next test finds it as the first did."""
        self.heal()
        for relay in (*self.link.values(), *self.command.values()):
            relay.clear()
        for proxy in self.wire.values():
            proxy.heal()
        for name in NODES:
            if self.running(name):
                self.resume(name)
            else:
                self.restart(name)
        self.clear()

    def clear(self) -> None:
        """What an operator does whose causes are gone: clear nodes in FAULT.

        Only a supervisor clears; a node without one is brought up under one for that.
        """
        usual = self._command
        for name in NODES:
            if self.running(name) and self.state(name).startswith("FAULT"):
                self._under(name, "up")
                wait_for(lambda name=name: self.state(name).startswith("FAULT"), START_S, f"{name} in FAULT")
                with heraldlink.connect(self.addresses) as network:
                    safety.clear(network, name, "the cause is gone")
                self._under(name, usual)

    def _under(self, name: str, command: str) -> None:
        """Let a node run by this command."""
        if command != self._command:
            self._command = command
            self.stop_node(name)
            self.restart(name)

    def state(self, name: str) -> str:
        """A node's state as it tells it, empty if it does not answer."""
        with heraldlink.connect(self.addresses) as network, suppress(HeraldlinkError):
            return network[name].status().state
        return ""

    def close(self) -> None:
        """End everything, nodes before the bench."""
        for name, process in reversed(list(self.processes.items())):
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
            if name in ("midpoint", "sim"):
                for other in self.processes.values() if name == "sim" else ():
                    end(other)
        for thing in (*self.link.values(), *self.command.values(), *self.wire.values()):
            thing.close()

    # --- protections

    @contextmanager
    def off(self, protection: str, *names: str) -> Iterator[None]:
        """These nodes run without a protection of :mod:`fault_lab.site.live` in the block.

        Raises AssertionError if nobody has gone where the protection was.
        """
        assert self._switchable, "this laboratory's protections cannot be switched off"
        assert protection in live.protections(), f"there is no switch {protection!r}"
        switches = [self._switches(name) / protection for name in names]
        for switch in switches:
            live.reached_file(switch).unlink(missing_ok=True)
            switch.touch()
        try:
            yield
        finally:
            for switch in switches:
                switch.unlink()
        for switch in switches:
            assert live.reached_file(switch).exists(), f"{switch}: nobody went where the protection was"

    # --- clients

    @property
    def supervised(self) -> bool:
        """Whether each node runs under a supervisor."""
        return self._command == "up"

    def client(self, name: str = "client", *, relayed: bool = False) -> Client:
        """A client whose calls go into the history; ``relayed``: through ``rack.command``."""
        addresses = dict(self.addresses)
        if relayed:
            for node in NODES:
                relay = self.command.get(node)
                if relay is None:
                    relay = self.command[node] = Relay(addresses[node])
                relay.target = addresses[node]
                addresses[node] = relay.endpoint
        return Client(name, addresses, self.history)

    # --- instruments

    def fault(self, instrument: str, kind: str, **options: object) -> None:
        """Inject a fault into an instrument: docs/reference/faults.md."""
        self.faulty.append(Faulty(instrument, time.monotonic()))
        self._control({"do": "fault", "instrument": instrument, "fault": {"kind": kind, **options}})

    def heal(self, instrument: str | None = None) -> None:
        """End the faults of one instrument, or all."""
        self._control({"do": "heal", "instrument": instrument})
        now = time.monotonic()
        for place, fault in enumerate(self.faulty):
            if fault.end_s == math.inf and instrument in (None, fault.instrument):
                self.faulty[place] = replace(fault, end_s=now)

    def strikes(self, instrument: str, kind: str | None = None) -> list[Mapping[str, object]]:
        """The last faults that struck an instrument, by the bench's own log."""
        found = self._control({"do": "faults"})["strikes"]
        assert isinstance(found, list)
        return [item for item in found if item["instrument"] == instrument and kind in (None, item["kind"])]

    def panel(self, instrument: str, message: str) -> str:
        """What an instrument answers to somebody in front of it: past its connections and their faults."""
        return str(self._control({"do": "panel", "instrument": instrument, "message": message})["answer"])

    def watch(self, *instruments: str) -> float:
        """Log from now on what reaches these instruments; the monotonic clock now."""
        self._control({"do": "watch", "instruments": list(instruments)})
        return time.monotonic()

    def wire_log(self, after_s: float = 0.0) -> list[tuple[float, str, str]]:
        """(clock_s, instrument, message) of what reached watched instruments after a monotonic time."""
        found: list[tuple[float, str, str]] = []
        while True:
            answer = self._control({"do": "wire", "after_s": found[-1][0] if found else after_s})["wire"]
            assert isinstance(answer, list)
            if not answer:
                return found
            found += [(item["clock_s"], item["instrument"], item["message"]) for item in answer]

    def settings(self) -> list[Passed]:
        """What told an instrument to rouse or to rest, from the bench's start on but for the ``gaps``."""
        while True:
            answer = self._control({"do": "settings", "after_s": self._settings_s})
            items, since_s = answer["settings"], answer["since_s"]
            assert isinstance(items, list)
            assert isinstance(since_s, float)
            if since_s > self._settings_s:
                self.gaps.append(since_s)
            if not items:
                return self._settings
            self._settings_s = items[-1]["clock_s"]
            self._settings += filter(is_told, (Passed.of(**item) for item in items))

    # --- inside

    def _control(self, request: dict[str, object]) -> Mapping[str, object]:
        return ask(self.instruments[CONTROL], request)

    def _way_to_midpoint(self, name: str) -> str:
        if name not in self.link:
            self.link[name] = Relay(self.addresses["midpoint.link"], SILENT_S)
            if self._wired:
                self.wire[name] = Proxy(("127.0.0.1", self.link[name].port))
        return self.wire[name].endpoint if self._wired else self.link[name].endpoint

    def _ports(self, name: str) -> Path:
        return self.folder / f"{name}.ports.json"

    def _start(self, name: str, arguments: list[str]) -> dict[str, str]:
        self._spawn(name, arguments)
        return self._await(name)

    def _spawn(self, name: str, arguments: list[str]) -> None:
        self._ports(name).unlink(missing_ok=True)
        command = [sys.executable, *arguments, "--ports-file", str(self._ports(name))]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment(name)
            )

    def _environment(self, name: str) -> dict[str, str]:
        """A protection is switched off by a sitecustomize that this process and its children load."""
        asked = {"FAULT_LAB_WITHOUT": self._without[name]} if name in self._without else {}
        if self._switchable and name in NODES:
            asked["FAULT_LAB_SWITCHES"] = str(self._switches(name))
        if not asked:
            return dict(os.environ)
        paths = [str(HERE / "site"), str(HERE.parent), os.environ.get("PYTHONPATH", "")]
        return os.environ | asked | {"PYTHONPATH": os.pathsep.join(paths)}

    def _switches(self, name: str) -> Path:
        folder = self.folder / "switches" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _await(self, name: str) -> dict[str, str]:
        file, process = self._ports(name), self.processes[name]
        wait_for(lambda: file.exists() or process.poll() is not None, START_S, f"{name} to listen")
        assert process.poll() is None, f"{name} ended: {self.log(name)[-2000:]}"
        found: dict[str, str] = json.loads(file.read_text())
        if name != "sim":
            self.addresses |= found
        return found


def end(process: "subprocess.Popen[bytes]") -> None:
    """Wait for a process, and kill one that does not end."""
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
