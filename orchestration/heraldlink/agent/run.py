# SPDX-License-Identifier: Apache-2.0
"""Start one node's process and serve until a signal ends it."""

import faulthandler
import json
import logging
import os
import signal
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import zmq

from heraldlink.agent.beside import Keeper
from heraldlink.agent.catching_up import Asker, Teller
from heraldlink.agent.command_port import CommandPort
from heraldlink.agent.cutting import Cutter
from heraldlink.agent.desk import Desk, Limits
from heraldlink.agent.former_lives import FormerLives
from heraldlink.agent.link_ports import EndLink, LinkPort, MidpointLink
from heraldlink.agent.log_file import LogFile, log_path
from heraldlink.agent.machines import EndMachine, Machine, MidpointMachine
from heraldlink.agent.node import Node
from heraldlink.agent.oversight import Oversight
from heraldlink.agent.reloading import Reloading
from heraldlink.agent.retention import rules_of
from heraldlink.agent.side_ports import open_side_ports
from heraldlink.agent.workers import SpawnedWorker, Worker
from heraldlink.calibration.declared import point_parts
from heraldlink.config import EndNodeConfig, MidpointConfig
from heraldlink.journal import Entry, Journal, journal_file
from heraldlink.link.facts import BOOT, BootFact
from heraldlink.messages.link import Hello
from heraldlink.messages.oversight import Farewell
from heraldlink.messages.values import Drive
from heraldlink.messages.worker import Start
from heraldlink.security.door import Door
from heraldlink.security.keyring import Keyring
from heraldlink.transport import Dealer, Router

PARK_S = 4.0
NodeFile = EndNodeConfig | MidpointConfig


def run_node(
    config: NodeFile,
    *,
    addresses: Mapping[str, str] | None = None,
    ports_file: Path | None = None,
    spawn: Callable[[], Worker] = SpawnedWorker,
    supervised: int | None = None,
    reread: Callable[[], NodeFile] | None = None,
) -> int:
    """Serve a node until SIGINT or SIGTERM, then park its instruments; the exit code.

    The first signal lets what runs come to its end (at most 10 s), a second one does not. ``supervised``: the
    descriptor of the pipe to the supervisor that has started this process. ``reread`` reads the node's file
    once more, at SIGHUP.

    ``addresses`` replace the Station file's VISA addresses by instrument name. ``ports_file`` is written
    once the node listens: {node: command address} and, for a midpoint, {"node.link": link address}.
    Raises HeraldlinkError (configuration, journal) with one clear sentence.
    """
    return serve(config, dict(addresses or {}), ports_file, spawn, Stop(), Oversight(supervised), reread)


class Stop:
    """Counts SIGINT and SIGTERM; SIGHUP sets ``reload``; SIGUSR1 writes all stacks to standard error."""

    def __init__(self) -> None:
        self.signals, self.reload = 0, False
        faulthandler.register(signal.SIGUSR1, all_threads=True)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._set)
        signal.signal(signal.SIGHUP, self._reload)

    def _set(self, *_: object) -> None:
        self.signals += 1

    def _reload(self, *_: object) -> None:
        self.reload = True


def serve(
    config: NodeFile,
    addresses: dict[str, str],
    ports_file: Path | None,
    spawn: Callable[[], Worker],
    stop: Stop,
    oversight: Oversight,
    reread: Callable[[], NodeFile] | None = None,
) -> int:
    """Open journal, sockets and worker, serve, and close them again in the safe order."""
    path = journal_file(config.data_directory, config.node)
    former = FormerLives(path, config.ends)
    journal = Journal(path, former.read)
    boot = former.next_boot(time.time_ns())
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    desk: Desk | None = None
    door: Door | None = None
    cutter: Cutter | None = None
    try:
        journal.append([Entry(BOOT, BootFact(config.node, boot, journal.notes))])
        for note in journal.notes:
            logging.getLogger("heraldlink.journal").warning("%s", note)
        security = config.security
        door = Door(context, config.node, security.keys, plain=security.plain is not None)
        command = CommandPort(Router(context, config.listen.command, "command", door), config.node, boot)
        link, machine, extra = join(config, context, door, boot)
        isolated = frozenset(config.worker.isolate)
        node = Node(
            config.node,
            boot,
            machine,
            command,
            link,
            journal,
            oversight,
            isolated,
            config.permits,
            former.index,
        )
        node.feed(former.recovered())
        start = Start(config.model_dump_json(), addresses)
        limits = Limits(config.worker.start_timeout_s, config.worker.call_timeout_s)
        desk = Desk(spawn, start, limits, node)
        node.employ(desk)
        peers = keeper(config, machine, node)
        node.keep_up(peers)
        cutter = cutter_of(config, journal, node, peers)
        extra |= open_side_ports(node, config, context, door)
        if ports_file:
            write_ports(ports_file, {config.node: command.endpoint} | extra)
        again = Reloading(config, door, reread, node.notices.broken, node.reloaded)
        with LogFile(log_path(config.data_directory, config.node), config.node):
            node.run(partial(attend, stop, again, cutter))
        oversight.say(Farewell(node.ending.ok, node.ending.outcomes))
    finally:
        if cutter:
            cutter.close()
        if desk:
            desk.close(PARK_S)
        if door:
            door.close()
        context.destroy(linger=100)
        journal.close()
    return 0 if node.ending.ok else 1


def attend(stop: Stop, again: Reloading, cutter: Cutter) -> int:
    """Do what signals asked for, and keep the journal short; how often the node was asked to end."""
    cutter.tick(time.monotonic())
    if stop.reload:
        stop.reload = False
        again.reload()
    return stop.signals


def join(
    config: NodeFile, context: zmq.Context[zmq.Socket[bytes]], door: Door, boot: int
) -> tuple[LinkPort, Machine, dict[str, str]]:
    """The node's place in the star, its state machine, and the addresses it adds to the ports file."""
    if isinstance(config, EndNodeConfig):
        midpoint = config.midpoint
        credentials = Keyring(config.security.keys, config.node).to(midpoint.node)
        dealer = Dealer(context, midpoint.link, "link", credentials, midpoint.node)
        peer = config.ends[1] if config.node == config.ends[0] else config.ends[0]
        link = EndLink(dealer, config.node, config.midpoint.node, peer, Hello(boot, drive_of(config)))
        return link, EndMachine(config, boot), {}
    router = Router(context, config.listen.link, "link", door)
    machine = MidpointMachine(config)
    return (
        MidpointLink(router, config.node, config.ends, boot),
        machine,
        {f"{config.node}.link": router.endpoint},
    )


def keeper(config: NodeFile, machine: Machine, node: Node) -> Keeper:
    """What brings missed decisions to the end nodes: they ask, the midpoint tells."""
    if isinstance(machine, MidpointMachine):
        return Teller(config.ends, node.archive, node.post, machine.raise_numbers)
    return Asker(machine.others[0], node.archive, node.outbox, node.post)


def cutter_of(config: NodeFile, journal: Journal, node: Node, peers: Keeper) -> Cutter:
    """What keeps the journal short, by the node's file."""
    return Cutter(
        node.archive,
        journal,
        node.outbox,
        rules_of(config.journal),
        config.archive_folder,
        peers,
        lambda: (node.boot, node.tenancy.epoch),
        node.notices.broken,
    )


def drive_of(config: EndNodeConfig) -> Drive:
    """What the midpoint's estimator needs of an end node."""
    point = config.operating_point
    return Drive(
        envelope_peak_V=point.generator.envelope_peak_V,
        bright_peak_V=point.generator.bright_peak_V,
        start_ps=round(point.slot_trigger.delay_s * 1e12),
        declared=point_parts(config),
    )


def write_ports(path: Path, ports: dict[str, str]) -> None:
    """Write the addresses as JSON, all at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(descriptor, "w") as file:
        json.dump(ports, file, indent=2)
    Path(name).replace(path)
