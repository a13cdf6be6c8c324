# SPDX-License-Identifier: Apache-2.0
"""Set a supervisor up for the node that a file describes, and run it."""

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import zmq

from heraldlink.config import EndNodeConfig, MidpointConfig
from heraldlink.errors import ConfigurationError
from heraldlink.messages.header import new_id
from heraldlink.security.door import Door
from heraldlink.supervisor.fault_file import FaultFile
from heraldlink.supervisor.guard import Guard
from heraldlink.supervisor.locks import hold
from heraldlink.supervisor.notify import Notifier
from heraldlink.supervisor.raw_list import Item, raw_list, secure_all
from heraldlink.supervisor.run import Supervisor
from heraldlink.supervisor.safe_list import SafeList
from heraldlink.supervisor.safety_port import SafetyPort
from heraldlink.transport import Router

NodeFile = EndNodeConfig | MidpointConfig
LIGHT = ("pump", "readout_pump", "attenuator")
"""Roles that can let light out."""


def supervise(
    config: NodeFile,
    safe: SafeList,
    command: Sequence[str],
    agents_ports: Path,
    ports_file: Path | None,
    say: Callable[[str], None],
) -> int:
    """Run a node's agent by ``command`` until asked to end; the exit code.

    ``ports_file`` gets what the agent writes to ``agents_ports``, and {"NODE.safety": address}. Raises
    ConfigurationError, or InUse if another supervisor of this node runs; nothing is touched then.
    """
    if config.listen.safety is None:
        raise ConfigurationError(
            f"node {config.node}: listen.safety: missing: the supervisor listens there (tcp://127.0.0.1:PORT)"
        )
    config.data_directory.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        lock = hold(lock_file(config))
        stack.callback(os.close, lock)
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        stack.callback(context.destroy, linger=100)
        boot = new_id()
        door = Door(context, config.node, config.security.keys, plain=config.security.plain is not None)
        stack.callback(door.close)
        port = SafetyPort(Router(context, config.listen.safety, "safety", door), config.node, boot)
        publish = Publishing(config.node, port.endpoint, agents_ports, ports_file)
        fault_file = FaultFile(config.data_directory / f"fault-{config.node}.txt")
        guard = Guard(config.node, boot, fault_file.read())
        if guard.fault:
            publish.safety_only()
        supervisor = Supervisor(guard, port, safe, command, Notifier(os.environ), fault_file, say)
        return supervisor.run(publish.look, door.reload)


def lock_file(config: NodeFile) -> Path:
    """The file whose lock says that a supervisor of this node runs."""
    return config.data_directory / f"supervisor-{config.node}.lock"


def safe_list(config: NodeFile, addresses: Mapping[str, str]) -> list[Item]:
    """The raw safe list of a node, its roles' instruments first.

    Raises ConfigurationError for an instrument that could not be made safe without its driver.
    """
    items = raw_list(config.station, addresses, list(dict.fromkeys(config.instruments.values())))
    held = {item.device: item.where for item in items if item.connect is None}
    mistakes = [
        f"node {config.node}: roles.{role}: {name} lets light out, but {held[name]} is left as it is when "
        f"the node fails: is its type right in {config.station}?"
        for role, name in config.instruments.items()
        if role in LIGHT and name in held
    ]
    if mistakes:
        raise ConfigurationError(*mistakes)
    return items


def make_safe(config: NodeFile, addresses: Mapping[str, str], say: Callable[[str], None]) -> bool:
    """Run the raw safe list once, without any other process; whether all was read back as safe.

    Raises InUse if a supervisor of the node runs: two must not hold its instruments.
    """
    items = safe_list(config, addresses)
    config.data_directory.mkdir(parents=True, exist_ok=True)
    lock = hold(lock_file(config))
    try:
        outcomes = secure_all(items)
    finally:
        os.close(lock)
    for outcome in outcomes:
        say(f"{outcome.device}: {outcome.note}")
    return all(outcome.ok for outcome in outcomes)


class Publishing:
    """Writes the node's addresses for others once the agent listens."""

    def __init__(self, node: str, safety: str, agents: Path, everybody: Path | None) -> None:
        self._safety, self._agents, self._everybody = {f"{node}.safety": safety}, agents, everybody
        self._done = everybody is None

    def look(self) -> None:
        """Called now and then. Raises OSError, after which it is to be called again."""
        if self._done or self._everybody is None or not self._agents.exists():
            return
        ports: dict[str, str] = json.loads(self._agents.read_text(encoding="utf-8"))
        write(self._everybody, ports | self._safety)
        self._done = True

    def safety_only(self) -> None:
        """No agent is started before somebody clears a fault, which takes this address."""
        if self._everybody is not None:
            write(self._everybody, self._safety)


def write(path: Path, ports: Mapping[str, str]) -> None:
    """All at once."""
    part = path.with_name(f"{path.name}.{time.monotonic_ns()}")
    part.write_text(json.dumps(ports, indent=2), encoding="utf-8")
    part.replace(path)
