# SPDX-License-Identifier: Apache-2.0
"""A VISA resource's connection: Nagle's algorithm off, hang-ups noticed, connected anew after a failure."""

import re
import select
import socket
import struct
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, cast

from pyvisa.errors import InvalidSession

if TYPE_CHECKING:
    from pyvisa.resources import MessageBasedResource
    from typing_extensions import Buffer


_HOST_AND_PORT = re.compile(r"TCPIP\d*::([^:]+)::(?:(hislip\d+)(?:,(\d+))?|(\d+))::", re.IGNORECASE)
_HISLIP_PORT = 4880
_HISLIP_HEADER = struct.Struct("!2sBBIQ")
LONGEST_PROBE_s = 3.0
_RECEIVE_SIZE = 1 << 20


class PromptSocket(socket.socket):
    """A socket that raises at its end: pyvisa-py waits for more until its timeout, in an endless loop."""

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Receive; ConnectionResetError when the other side has closed."""
        if data := super().recv(bufsize, flags):
            return data
        raise ConnectionResetError("the instrument closed the connection")

    def recv_into(self, buffer: "Buffer", nbytes: int = 0, flags: int = 0) -> int:
        """Receive into a buffer; ConnectionResetError when the other side has closed."""
        if size := super().recv_into(buffer, nbytes, flags):
            return size
        raise ConnectionResetError("the instrument closed the connection")


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
            probe(self._address, self._timeout_ms / 1000)
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


def probe(address: str, timeout_s: float = LONGEST_PROBE_s) -> None:
    """Raise OSError if nobody answers at a VISA address that names its host and port.

    A HiSLIP server has to answer ``Initialize`` (IVI-6.1, 6.1) within ``timeout_s``, at most 3 s: pyvisa-py
    would wait 5 s for one that is frozen, and log a traceback for a refused port.
    """
    if not (found := _HOST_AND_PORT.match(address)):
        return
    host, hislip, hislip_port, socket_port = found.groups()
    port = (hislip_port or _HISLIP_PORT) if hislip else socket_port
    with socket.create_connection((host, int(port)), min(timeout_s, LONGEST_PROBE_s)) as connection:
        if hislip:
            name = hislip.encode()
            connection.sendall(_HISLIP_HEADER.pack(b"HS", 0, 0, 0x0100 << 16, len(name)) + name)
            if connection.recv(2) != b"HS":
                raise ConnectionError(f"no HiSLIP server at port {port}")


def pyvisa_py_session(resource: "MessageBasedResource") -> object | None:
    """The session object of pyvisa-py behind a resource; None for another library, or closed."""
    sessions = cast("dict[object, object]", getattr(resource.visalib, "sessions", {}))
    try:
        return sessions.get(resource.session)
    except InvalidSession:
        return None


def raw_socket(resource: "MessageBasedResource") -> socket.socket | None:
    """The socket of a pyvisa-py ``TCPIP::host::port::SOCKET`` resource; None for any other, or closed."""
    interface = getattr(pyvisa_py_session(resource), "interface", None)
    return interface if isinstance(interface, socket.socket) else None


def mend_socket(resource: "MessageBasedResource") -> None:
    """Let pyvisa-py notice a hang-up, and on a raw socket switch Nagle's algorithm off.

    Raises OSError if the connection was refused: pyvisa-py opens it without complaint.
    """
    session = pyvisa_py_session(resource)
    connection = raw_socket(resource)
    if connection is None:
        hislip = getattr(session, "interface", None)
        for name in ("_sync", "_async"):
            if isinstance(channel := getattr(hislip, name, None), socket.socket):
                setattr(hislip, name, _prompt(channel))
        return
    if refused := connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise OSError(refused, "connection refused")
    connection.getpeername()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    vars(session).update(interface=_prompt(connection), max_recv_size=_RECEIVE_SIZE)


def _prompt(connection: socket.socket) -> PromptSocket:
    timeout_s = connection.gettimeout()
    prompt = PromptSocket(fileno=connection.detach())
    prompt.settimeout(timeout_s)
    return prompt


def hung_up(connection: socket.socket) -> bool:
    """Whether the other side has closed the connection; takes nothing from it."""
    readable, _, _ = select.select([connection], [], [], 0)
    try:
        return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""
    except ConnectionResetError:
        return True
