# SPDX-License-Identifier: Apache-2.0
"""A client's connections to one node: one for each of its threads, so that none takes another's answer.

All of them tell the node the same session, by which it knows them as one client.
"""

import threading

import zmq

from heraldlink.connection import Connection
from heraldlink.messages.header import new_id


class Connections:
    """Opens a thread's connection when it is first needed; those of threads that ended are closed then."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", name: str, address: str) -> None:
        self._context, self._name, self._address = context, name, address
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
        return Connection(self._context, self._name, self._address, self.session)

    def close(self) -> None:
        """Close all of them."""
        with self._lock:
            for connection in self._mine.values():
                connection.close()
            self._mine.clear()

    def _close_of_the_dead(self) -> None:
        for thread in [thread for thread in self._mine if not thread.is_alive()]:
            self._mine.pop(thread).close()
