# SPDX-License-Identifier: Apache-2.0
"""A door of keys on real sockets, users with keys, and what they are told at it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import zmq
from fault_lab import wait_for

from heraldlink.errors import AccessDenied
from heraldlink.messages.values import Role
from heraldlink.security.door import Admit, Door
from heraldlink.security.keyring import Credentials, Keyring
from heraldlink.security.keys import new_pair
from heraldlink.security.roster import authorize, trust
from heraldlink.sockets import Channel
from heraldlink.transport import Dealer, Received, Router

LIMIT_S = 5.0


@dataclass
class Site:
    """A node's folder of keys and its users' folders; what is opened here is closed at the end."""

    folder: Path
    context: "zmq.Context[zmq.Socket[bytes]]"
    closing: list[Callable[[], None]]

    @property
    def keys(self) -> Path:
        return self.folder / "alice"

    def user(self, name: str, role: Role | None) -> Keyring:
        """A user who knows the node, authorized if there is a role."""
        folder = self.folder / name
        new_pair(folder, name)
        trust(folder, self.keys / "alice.key")
        if role:
            authorize(self.keys, folder / f"{name}.key", role)
        return Keyring(folder)

    def door(self, admit: Admit | None = None) -> Door:
        door = Door(self.context, "alice", self.keys, admit=admit)
        self.closing.insert(0, door.close)
        return door

    def router(self, door: Door, channel: Channel = "command") -> Router:
        router = Router(self.context, "tcp://127.0.0.1:0", channel, door)
        self.closing.append(router.close)
        return router

    def dealer(self, router: Router, credentials: Credentials | None, channel: Channel = "command") -> Dealer:
        dealer = Dealer(self.context, router.endpoint, channel, credentials, "alice")
        self.closing.append(dealer.close)
        return dealer


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    made = Site(tmp_path, context, [])
    new_pair(made.keys, "alice")
    yield made
    for close in reversed(made.closing):
        close()
    context.destroy(linger=0)


def received(router: Router) -> Received:
    """The next message."""
    wait_for(lambda: router.socket.poll(0), LIMIT_S, "a message")
    found = router.receive()
    assert found is not None
    return found


def told(dealer: Dealer, limit_s: float = LIMIT_S) -> str:
    """With what sentence a connection is refused."""
    with pytest.raises(AccessDenied) as caught:
        dealer.send_or_raise([b"question"], "alice", limit_s)
    return str(caught.value)
