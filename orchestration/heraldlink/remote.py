# SPDX-License-Identifier: Apache-2.0
"""One node as its client sees it: ask it, command it, read what it holds and hear what happens."""

import itertools
import secrets
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from heraldlink.connection import Connection, failure
from heraldlink.connections import Connections
from heraldlink.errors import RequestError
from heraldlink.events import Listener, News
from heraldlink.holding import HeldLease
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
from heraldlink.transport import Dealer

ALL_BASES: tuple[Basis, ...] = ("XX", "YY", "ZZ")

if TYPE_CHECKING:
    from heraldlink.client import Network


class Node:
    """One node as its client sees it."""

    def __init__(self, network: "Network", name: str, address: str) -> None:
        self.name, self.address = name, address
        self._network = network
        self._connections = Connections(network.context, name, address, network.keyring)
        self._created = itertools.count(secrets.randbits(48) + 1)  # other processes may share the session
        self._lease: HeldLease | None = None
        self._borrowed = 0

    @property
    def network(self) -> "Network":
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
        fresh one); after ``withhold_limit`` withheld heralds the request fails
        (a slot in which something is wrong counts as one at least). ``sides``: how this node and
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
