# SPDX-License-Identifier: Apache-2.0
"""The synchronous client: ask nodes for pairs and iterate over them as they come.

::

    with heraldlink.connect("configs/networks/two_nodes.yaml") as net:
        net.prepare()
        for pair in net["alice"].create(remote="bob", number=200, minimum_fidelity=0.6, max_time=30):
            print(pair.bell_state, pair.basis, pair.outcomes)
"""

import json
import os
import random
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType

import zmq

from heraldlink.comparison import compare
from heraldlink.connections import check_process
from heraldlink.errors import Leased, NodeLost, RequestError, RunFailed
from heraldlink.journal.reconcile import Difference
from heraldlink.messages.values import Basis
from heraldlink.remote import Node
from heraldlink.requests import Request
from heraldlink.security.keyring import Keyring

ALL_BASES: tuple[Basis, ...] = ("XX", "YY", "ZZ")


def connect(
    network: str | Path | Mapping[str, str], keys: str | Path | None = None, name: str | None = None
) -> "Network":
    """A network by its file, by a ports file (JSON), or by its content: {node: command address}.

    ``NODE.CHANNEL`` in a ports file is the address of one of the node's other channels. ``keys``: the folder
    of the caller's keys, in place of the network file's; ``name``: whose pair to use if it holds several.

    Nothing is sent before the first question. Raises ConfigurationError if the file is wrong.
    """
    return Network(
        addresses_of(network), Keyring(folder_of_keys(network) if keys is None else Path(keys), name)
    )


def folder_of_keys(network: str | Path | Mapping[str, str]) -> Path | None:
    """The folder of keys that a network file names."""
    if isinstance(network, Mapping) or Path(network).suffix == ".json":
        return None
    from heraldlink.config import load_network

    return load_network(network).keys


def addresses_of(network: str | Path | Mapping[str, str]) -> dict[str, str]:
    """Addresses as in a ports file."""
    if isinstance(network, Mapping):
        return dict(network)
    if Path(network).suffix == ".json":
        ports: dict[str, str] = json.loads(Path(network).read_text())
        return ports
    from heraldlink.config import load_network

    return load_network(network).addresses


class Network:
    """The nodes of one network, by name."""

    def __init__(self, addresses: Mapping[str, str], keyring: Keyring) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._process = os.getpid()
        self.addresses, self.keyring = dict(addresses), keyring
        self._nodes = {
            name: Node(self, name, address) for name, address in addresses.items() if "." not in name
        }

    def __getitem__(self, name: str) -> "Node":
        if name not in self._nodes:
            raise RequestError(f"there is no node {name!r}; the network has {', '.join(self._nodes)}")
        return self._nodes[name]

    def __iter__(self) -> Iterator["Node"]:
        return iter(self._nodes.values())

    def __enter__(self) -> "Network":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def context(self) -> "zmq.Context[zmq.Socket[bytes]]":
        """The ZeroMQ context of all connections. Raises ForkError in a child of the process that made it."""
        check_process(self._process)
        return self._context

    @contextmanager
    def lease(self, *, note: str, ttl: float = 5.0, wait: float = 0.0) -> Generator[None]:
        """Command all nodes for the length of a ``with`` block: the leases of all of them, or of none.

        They are taken in the order of the nodes' names, so that two who want them never wait for each other.
        Arguments and errors as in `Node.lease`.
        """
        end = time.monotonic() + wait
        while True:
            with ExitStack() as held:
                refusal = self._take(held, note, ttl)
                if refusal is None:
                    yield
                    return
            if time.monotonic() > end:
                raise refusal
            time.sleep(random.uniform(0.05, 0.3))  # those who want the same do not come in step

    def _take(self, held: ExitStack, note: str, ttl: float) -> Leased | None:
        try:
            for name in sorted(self._nodes):
                held.enter_context(self._nodes[name].lease(note=note, ttl=ttl))
        except Leased as refusal:
            return refusal
        return None

    def compare(self, request: Request) -> list[Difference]:
        """What the nodes' journals say differently of an ended request; raises as `record_reader`."""
        midpoint = next(node.name for node in self if node.status().role == "midpoint")
        readers = {node.name: node.record_reader("compare", patience_s=5.0) for node in self}
        return compare(readers, midpoint, request.request_id, len(request.result.heralds))

    def prepare(self) -> None:
        """Apply and verify the operating point of every node."""
        for node in self:
            node.prepare()

    def park(self) -> None:
        """Bring every node that can be reached to its safe state; raises the first error at the end."""
        errors: list[Exception] = []
        for node in self:
            try:
                node.park()
            except (NodeLost, RunFailed, RequestError) as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def close(self) -> None:
        """Close all connections; in a forked child there is nothing to close."""
        if os.getpid() != self._process:
            return
        for node in self:
            node.close()
        self._context.destroy(linger=200)
