# SPDX-License-Identifier: Apache-2.0
"""A VISA resource's connection: Nagle's algorithm off, hang-ups noticed, connected anew after a failure."""

import re
import select
import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, cast

from pyvisa.errors import InvalidSession

if TYPE_CHECKING:
    from pyvisa.resources import MessageBasedResource


_HOST_AND_PORT = re.compile(r"TCPIP\d*::([^:]+)::(?:(hislip\d+)(?:,(\d+))?|(\d+))::", re.IGNORECASE)
_HISLIP_PORT = 4880
_PROBE_TIMEOUT_s = 3.0


class Reconnection:
    """Connects a resource anew with its timeout and terminator, also after an attempt that failed."""

    def __init__(self, resource: "MessageBasedResource") -> None:
        self._resource = resource
        self._address = resource.resource_name
        self._timeout_ms: float = resource.timeout
        self._terminator = resource.read_termination

    def __call__(self) -> None:
        """Close and open, so that no reply under way can arrive any more; raises what pyvisa raises."""
        self._remember()
        self._resource.close()
        if "hislip" in self._address.lower():
            probe(self._address)  # pyvisa-py logs a traceback for a refused port
        self._resource.open()
        self._resource.timeout, self._resource.read_termination = self._timeout_ms, self._terminator
        mend_socket(self._resource)

    @contextmanager
    def patience(self, timeout_ms: float) -> Generator[None, None, None]:
        """Another timeout for a while, over reconnections too."""
        self._remember()
        usual_ms = self._timeout_ms
        self._wait_up_to(timeout_ms)
        try:
            yield
        finally:
            self._wait_up_to(usual_ms)

    def _wait_up_to(self, timeout_ms: float) -> None:
        self._timeout_ms = timeout_ms
        with suppress(InvalidSession):
            self._resource.timeout = timeout_ms

    def _remember(self) -> None:
        with suppress(InvalidSession):  # closed since the last attempt failed: they are remembered
            self._timeout_ms, self._terminator = self._resource.timeout, self._resource.read_termination


def probe(address: str) -> None:
    """Raise OSError if nothing listens at a VISA address that names its host and port."""
    if found := _HOST_AND_PORT.match(address):
        host, hislip, hislip_port, socket_port = found.groups()
        port = (hislip_port or _HISLIP_PORT) if hislip else socket_port
        socket.create_connection((host, int(port)), _PROBE_TIMEOUT_s).close()


def raw_socket(resource: "MessageBasedResource") -> socket.socket | None:
    """The socket of a pyvisa-py ``TCPIP::host::port::SOCKET`` resource; None for any other, or closed."""
    sessions = cast("dict[object, object]", getattr(resource.visalib, "sessions", {}))
    try:
        interface = getattr(sessions.get(resource.session), "interface", None)
    except InvalidSession:
        return None
    return interface if isinstance(interface, socket.socket) else None


def mend_socket(resource: "MessageBasedResource") -> None:
    """Switch Nagle's algorithm off; raises OSError if the connection was refused."""
    connection = raw_socket(resource)
    if connection is None:
        return
    if refused := connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise OSError(refused, "connection refused")
    connection.getpeername()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def hung_up(connection: socket.socket) -> bool:
    """Whether the other side has closed the connection; takes nothing from it."""
    readable, _, _ = select.select([connection], [], [], 0)
    return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""
