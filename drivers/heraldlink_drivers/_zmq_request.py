# SPDX-License-Identifier: Apache-2.0
"""ZeroMQ requests that survive a lost reply: after a timeout the next request starts on a new socket.

A REQ socket that waits for a reply that never comes can send nothing more, and one that is told to send
anyway may take the late reply for the next one. A new socket has neither trouble; and requests are numbered
in their envelope, which a REP socket sends back, so that a reply that comes twice answers no later request.
A connection that the other side closes is noticed at once, by the socket's monitor.
"""

import time
from collections.abc import Callable
from typing import cast

import zmq
from zmq.utils.monitor import recv_monitor_message

from heraldlink_drivers._addresses import connect, host_and_port
from heraldlink_drivers.errors import ConnectionLost, Timeout


class ZmqRequester:
    """Text requests to one REP socket; not locked: its owner holds a lock."""

    def __init__(self, instrument: str, address: str, default_port: int, timeout_s: float) -> None:
        self._instrument = instrument
        self.host, self._port = host_and_port(instrument, address, default_port)
        self.timeout_s = timeout_s
        self._socket: zmq.Socket[bytes] | None = None
        self._monitor: zmq.Socket[bytes] | None = None
        self._poller = zmq.Poller()
        self._open()

    @property
    def address(self) -> str:
        """``tcp://host:port``."""
        return f"tcp://{self.host}:{self._port}"

    def close(self) -> None:
        """Close the socket; the next request opens a new one."""
        if self._socket is not None:
            self._socket.disable_monitor()
            self._socket.close(linger=0)
        if self._monitor is not None:
            self._monitor.close(linger=0)
        self._socket = self._monitor = None

    def ask(self, request: str) -> str:
        """Send a request and return the reply; raises Timeout or ConnectionLost."""
        if self._disconnected():
            self.close()
        connection = self._open()
        try:
            connection.send(request.encode())
            self._await(connection, request)
            return connection.recv().decode("utf-8", "replace")
        except zmq.ZMQError as error:
            self.close()
            raise ConnectionLost(f"{self._instrument}: {self.address}: {error}") from error
        except BaseException:
            self.close()
            raise

    def _open(self) -> "zmq.Socket[bytes]":
        if self._socket is None:
            connect(self._instrument, self.host, self._port, self.timeout_s).close()  # refused: say so now
            connection = new_socket(zmq.REQ)
            connection.setsockopt(zmq.SNDTIMEO, int(self.timeout_s * 1e3))
            connection.setsockopt(zmq.REQ_CORRELATE, 1)
            self._monitor = connection.get_monitor_socket(zmq.EVENT_DISCONNECTED)
            connection.connect(self.address)
            self._poller = zmq.Poller()
            self._poller.register(connection, zmq.POLLIN)
            self._poller.register(self._monitor, zmq.POLLIN)
            self._socket = connection
        return self._socket

    def _await(self, connection: "zmq.Socket[bytes]", request: str) -> None:
        """Wait for a reply; a closed connection ends the wait."""
        deadline = time.monotonic() + self.timeout_s
        while True:
            events = dict(self._poller.poll(max(0, int((deadline - time.monotonic()) * 1e3))))
            if connection in events:
                return
            if not events:
                raise Timeout(f"{self._instrument}: no reply to {request[:80]!r} from {self.address}")
            if self._disconnected() and not connection.poll(0):  # a reply may have come just before
                raise ConnectionLost(f"{self._instrument}: {self.address} closed the connection")

    def _disconnected(self) -> bool:
        """Whether the other side has closed the connection since this was last asked."""
        found = False
        while self._monitor is not None and cast("int", self._monitor.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            found |= recv_monitor_message(self._monitor)["event"] == zmq.EVENT_DISCONNECTED
        return found


def new_socket(kind: int) -> "zmq.Socket[bytes]":
    """A socket that is gone when it is closed."""
    instance = cast("Callable[[], zmq.Context[zmq.Socket[bytes]]]", zmq.Context.instance)
    connection = zmq.Socket(instance(), kind)
    connection.setsockopt(zmq.LINGER, 0)
    return connection
