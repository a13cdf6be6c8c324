# SPDX-License-Identifier: Apache-2.0
"""A client's connections to one node: one for each of its threads, so that none takes another's answer.

All of them tell the node the same session, by which it knows them as one client.
"""

import threading

import zmq

from heraldlink.connection import Connection
from heraldlink.messages.header import new_id
from heraldlink.security.keyring import Keyring


class Connections:
    """Opens a thread's connection when it is first needed; those of threads that ended are closed then."""

    def __init__(
        self, context: "zmq.Context[zmq.Socket[bytes]]", name: str, address: str, keyring: Keyring
    ) -> None:
        self._context, self._name, self._address, self._keyring = context, name, address, keyring
        self._lock = threading.Lock()
        self._mine: dict[threading.Thread, Connection] = {}
        self.session = new_id()

    def mine(self) -> Connection:
        """The connection of the thread that asks."""
        thread = threading.current_thread()
        with self._lock:
            if thread not in self._mine:
                self._close_of_the_dead()
                self._mine[thread] = self.open()
            return self._mine[thread]

    def open(self) -> Connection:
        """Another connection of this session; whoever asked for it closes it."""
        credentials = self._keyring.to(self._name)
        return Connection(self._context, self._name, self._address, self.session, credentials)

    def close(self) -> None:
        """Close all of them."""
        with self._lock:
            for connection in self._mine.values():
                connection.close()
            self._mine.clear()

    def _close_of_the_dead(self) -> None:
        for thread in [thread for thread in self._mine if not thread.is_alive()]:
            self._mine.pop(thread).close()
