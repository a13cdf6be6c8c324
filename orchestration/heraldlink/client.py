# SPDX-License-Identifier: Apache-2.0
"""The synchronous client: ask nodes for pairs and iterate over them as they come.

::

    with heraldlink.connect("configs/networks/two_nodes.yaml") as net:
        net.prepare()
        for pair in net["alice"].create(remote="bob", number=200, minimum_fidelity=0.6, max_time=30):
            print(pair.bell_state, pair.basis, pair.outcomes)
"""

import itertools
import json
import random
import secrets
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType

import zmq

from heraldlink.comparison import compare
from heraldlink.connection import Connection, failure
from heraldlink.connections import Connections
from heraldlink.errors import Leased, NodeLost, RequestError, RunFailed
from heraldlink.events import Listener, News
from heraldlink.holding import HeldLease
from heraldlink.journal.reconcile import Difference
from heraldlink.messages.command import (
    Create,
    Done,
    FetchTags,
    GetStatus,
    NodeStatus,
    Park,
    Prepare,
    Receive,
    StopReceive,
    Tags,
)
from heraldlink.messages.event import TOPICS, GetSnapshot, Snapshot
from heraldlink.messages.header import Body, Message
from heraldlink.messages.lease import (
    AcquireLease,
    GetLease,
    LeaseStatus,
    Reading,
    ReadParameter,
    ReleaseLease,
)
from heraldlink.messages.service import RequestType, Side
from heraldlink.messages.values import Basis, Status
from heraldlink.pairs import NodeTags
from heraldlink.record_reader import RecordReader, stored
from heraldlink.records import PairRecord, Sink
from heraldlink.requests import Request, unpack
from heraldlink.security.keyring import Keyring
from heraldlink.transport import Dealer

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
        """The ZeroMQ context of all connections."""
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
        """Close all connections."""
        for node in self:
            node.close()
        self._context.destroy(linger=200)


class Node:
    """One node as its client sees it."""

    def __init__(self, network: Network, name: str, address: str) -> None:
        self.name, self.address = name, address
        self._network = network
        self._connections = Connections(network.context, name, address, network.keyring)
        self._created = itertools.count(1)
        self._lease: HeldLease | None = None
        self._borrowed = 0

    @property
    def network(self) -> Network:
        """The network it belongs to."""
        return self._network

    @property
    def connection(self) -> Connection:
        """The connection of this thread, opened when first needed."""
        return self._connections.mine()

    def _ask(self, body: Body) -> Message:
        """Ask under the lease that is held, if one is. Raises LeaseLost if it may have ended."""
        return self.connection.ask(body, self.epoch)

    @property
    def epoch(self) -> int:
        """Number of the lease that is held here, 0 for none. Raises LeaseLost if it may have ended."""
        return self._lease.epoch if self._lease else self._borrowed

    @contextmanager
    def lease(
        self, *, note: str, ttl: float = 5.0, wait: float = 0.0, steal: str = ""
    ) -> Generator[HeldLease]:
        """Command this node alone for the length of a ``with`` block; ``note`` tells others what for.

        ``ttl`` (3 to 600 s) is how long the node waits for a sign of life before it goes to its safe state; a
        thread renews it meanwhile. ``wait`` seconds for it to be free. ``steal``: the reason to take it from
        whoever holds it, after 3 s of notice (engineers only). A block that is left by an exception parks the
        node. Raises Leased, Forbidden, NodeLost.
        """
        if self._lease:
            raise RequestError(f"the lease of node {self.name} is held here already ({self._lease.epoch})")
        held = HeldLease(self._connections.open, self.park, AcquireLease(note, float(ttl), steal), wait)
        try:
            with held:
                self._lease = held
                yield held
        finally:
            self._lease = None

    @property
    def token(self) -> str:
        """What another process of the same owner needs to act under the lease that is held here."""
        return f"{self.name}:{self.epoch}:{self._connections.session}"

    def borrow(self, token: str) -> None:
        """Act under a lease that another process of the same owner holds and renews; ``token`` is its."""
        name, _, numbers = token.partition(":")
        epoch, _, session = numbers.partition(":")
        if name != self.name or not (epoch.isdecimal() and session.isdecimal()):
            raise RequestError(f"{token!r} is no token of a lease of node {self.name}")
        self._connections.close()
        self._borrowed, self._connections.session = int(epoch), int(session)

    def lease_status(self) -> LeaseStatus:
        """Who commands the node. Needs no lease."""
        return self._lease_status(GetLease())

    def free(self, reason: str) -> LeaseStatus:
        """Emergency: end whoever's lease, and bring the node to its safe state (engineers only)."""
        return self._lease_status(ReleaseLease(reason))

    def _lease_status(self, body: GetLease | ReleaseLease) -> LeaseStatus:
        match self.connection.ask(body).body:
            case LeaseStatus() as status:
                return status
            case other:
                raise failure(other)

    def read(self, instrument: str, parameter: str) -> Reading:
        """One parameter of an instrument, as it is now, with its unit; needs no lease.

        The node answers between the calls of a request, so it may take a slot's length. Raises RequestError,
        with the names there are, for an instrument or a parameter that is not to be read.
        """
        match self.connection.ask(ReadParameter(instrument, parameter)).body:
            case Reading() as reading:
                return reading
            case other:
                raise failure(other)

    def snapshot(self) -> Snapshot:
        """The present state, and the events that it goes with. Raises NodeLost if it does not answer."""
        match self.connection.ask(GetSnapshot()).body:
            case Snapshot() as found:
                return found
            case other:
                raise failure(other)

    def listen(self, topics: Sequence[str] = TOPICS) -> Listener:
        """A subscription to what happens at this node, to be used in a ``with`` block.

        Raises RequestError for a topic that does not exist, or if the node has no event channel.
        """
        address = self._network.addresses.get(f"{self.name}.event")
        if address is None:
            raise RequestError(
                f"no event channel of node {self.name} is known: name listen.event in its file, "
                f"and {self.name}.event beside its address"
            )
        credentials = self._network.keyring.to(self.name)
        return Listener(self._network.context, self.name, address, credentials, self.snapshot, topics)

    def events(self, topics: Sequence[str] = TOPICS) -> Iterator[News]:
        """The present state, then everything that happens, without an end.

        Raises NodeLost when the node is not heard any more, and as `listen`.
        """
        with self.listen(topics) as listener:
            while True:
                yield from listener.news()

    def status(self) -> NodeStatus:
        """What the node is doing. Raises NodeLost if it does not answer."""
        match self.connection.ask(GetStatus()).body:
            case NodeStatus() as status:
                return status
            case other:
                raise failure(other)

    def prepare(self) -> dict[str, str]:
        """Apply the operating point of the node's file and verify it; notes by instrument."""
        return self._bring(Prepare())

    def park(self) -> dict[str, str]:
        """Safe state of all instruments, pump blocked first; notes by instrument."""
        return self._bring(Park())

    def _bring(self, body: Prepare | Park | Receive | StopReceive) -> dict[str, str]:
        match self._ask(body).body:
            case Done() as done:
                return done.notes
            case other:
                raise failure(other)

    def create(
        self,
        *,
        remote: str,
        number: int,
        minimum_fidelity: float = 0.0,
        max_time: float = 60.0,
        seed: int | None = None,
        bases: Sequence[Basis] = ALL_BASES,
        withhold_limit: int = 1000,
        purpose_id: int = 0,
        type: RequestType = "M",
        priority: int = 0,
        atomic: bool = False,
        consecutive: bool = False,
        sides: tuple[Side, Side] | None = None,
        test_share: float = 0.0,
        cutoff: float = 0.0,
        early: bool = False,
    ) -> "Request":
        """Ask for ``number`` pairs with ``remote``, measured directly unless ``type`` is K or R.

        ``minimum_fidelity`` in 0..1; ``max_time`` in seconds of bench time; ``seed`` draws the bases (None: a
        fresh one); after ``withhold_limit`` withheld heralds the request fails. ``sides``: how this node and
        the remote one measure, instead of ``bases`` in turn. ``test_share``: of the slots that only tell how
        good pairs are, 0..0.5. A larger ``priority`` (0..15) is served earlier. ``cutoff`` (seconds of bench
        time), ``atomic`` and ``early`` are for kept pairs (K). Returns once the nodes have taken it. Raises
        Unsupported (with what could be had), RequestError or NodeLost.
        """
        body = Create(
            create_id=next(self._created),
            remote=remote,
            number=number,
            minimum_fidelity=float(minimum_fidelity),
            max_time_s=float(max_time),
            seed=secrets.randbits(32) if seed is None else seed,
            bases=tuple(bases),
            withhold_limit=withhold_limit,
            purpose_id=purpose_id,
            type=type,
            priority=priority,
            atomic=atomic,
            consecutive=consecutive,
            sides=sides,
            test_share=float(test_share),
            cutoff_s=float(cutoff),
            early=early,
        )
        return Request(self, body)

    def receive(self, *, remote: str, purpose_id: int) -> None:
        """Take requests of ``remote`` for a purpose, until the node ends or `stop_receive`."""
        self._bring(Receive(remote, purpose_id))

    def stop_receive(self, *, remote: str, purpose_id: int) -> None:
        """Reject requests of ``remote`` for a purpose from now on; those under way go on."""
        self._bring(StopReceive(remote, purpose_id))

    def records(
        self,
        into: str | Path | Sink,
        *,
        consumer: str = "client",
        statuses: Sequence[Status] = ("CONFIRMED",),
        follow: bool = False,
        patience_s: float = 30.0,
    ) -> Iterator[PairRecord]:
        """Pairs of this node's journal that ``into`` does not hold yet, each one once, also after crashes.

        ``into``: an SQLite file, made if needed, or another :class:`~heraldlink.records.Sink`; a pair comes
        here after it is stored there together with the cursor. All decided heralds are stored, those of
        ``statuses`` are yielded. ``consumer`` is the name under which the node remembers how far this
        application is. ``follow``: wait for more, for ever. A node may be away for ``patience_s`` seconds.
        Raises NodeLost, DataError, or RequestError if the node has no record channel.
        """
        return stored(self.record_reader(consumer, patience_s), into, statuses, follow=follow)

    def record_reader(self, consumer: str, patience_s: float = 30.0) -> RecordReader:
        """A connection to the record channel; the caller closes it. Raises RequestError if there is none."""
        address = self._network.addresses.get(f"{self.name}.record")
        if address is None:
            raise RequestError(
                f"no record channel of node {self.name} is known: name listen.record in its file, "
                f"and {self.name}.record beside its address"
            )
        credentials = self._network.keyring.to(self.name)
        dealer = Dealer(self._network.context, address, "record", credentials, self.name)
        return RecordReader(dealer, self.name, consumer, patience_s)

    def tags(self, request: int) -> NodeTags:
        """What this node recorded during a request."""
        message = self.connection.ask(FetchTags(request))
        if not isinstance(message.body, Tags):
            raise failure(message.body)
        return unpack(message.body, message.arrays)

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()
