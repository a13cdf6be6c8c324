# SPDX-License-Identifier: Apache-2.0
"""The keys with which one connects: one's own pair, and the public keys of the nodes one trusts."""

from dataclasses import dataclass
from pathlib import Path

import zmq

from heraldlink.security.keys import KeyPair, known_key, own_pair


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a connection to one node needs: the own pair and the node's public key (Z85)."""

    pair: KeyPair
    server: str

    def show(self, socket: "zmq.Socket[bytes]") -> None:
        """Make a socket show them, before it connects."""
        socket.setsockopt(zmq.CURVE_PUBLICKEY, self.pair.public.encode())
        socket.setsockopt(zmq.CURVE_SECRETKEY, self.pair.secret.encode())
        socket.setsockopt(zmq.CURVE_SERVERKEY, self.server.encode())


class Keyring:
    """A folder of keys as its owner uses it; without a folder, connections are made without keys."""

    def __init__(self, folder: Path | None, name: str | None = None) -> None:
        self._folder = folder
        self._pair = None if folder is None else own_pair(folder, name)

    def to(self, node: str) -> Credentials | None:
        """Credentials for a connection to a node. Raises ConfigurationError if its key is not known."""
        if self._folder is None or self._pair is None:
            return None
        return Credentials(self._pair, known_key(self._folder, node))
