# SPDX-License-Identifier: Apache-2.0
"""A client's connections to one node: one for each of its threads, so that none takes another's answer.

All of them tell the node the same session, by which it knows them as one client.
"""

import os
import threading

import zmq

from heraldlink.connection import Connection
from heraldlink.errors import ForkError
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
        self._process = os.getpid()

    def mine(self) -> Connection:
        """The connection of the thread that asks. Raises ForkError."""
        check_process(self._process)
        thread = threading.current_thread()
        with self._lock:
            if thread not in self._mine:
                self._close_of_the_dead()
                self._mine[thread] = self.open()
            return self._mine[thread]

    def open(self) -> Connection:
        """Another connection of this session; whoever asked for it closes it. Raises ForkError."""
        check_process(self._process)
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


def check_process(made_in: int) -> None:
    """Raise ForkError in any other process than the one that made the client: what a child sends is lost."""
    if os.getpid() != made_in:
        raise ForkError(
            f"this client was made in process {made_in} and cannot be used in its child {os.getpid()}:"
            " call heraldlink.connect() there, or start the child by spawn instead of fork"
        )
