# SPDX-License-Identifier: Apache-2.0
"""An instrument on HiSLIP 1.0 (IVI-6.1; VISA ``TCPIP::host::hislip0,port::INSTR``).

A client opens two connections. The synchronous one carries messages in pieces of any size and their answers;
the asynchronous one device clear, status byte, service requests, locks and the maximum message size. Both
modes are here, synchronised (with which a session begins) and overlapped. A client of HiSLIP 2.0 is told 1.0;
its messages for encryption and authentication are refused as unknown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, runtime_checkable

from heraldlink_sim.transport.hislip_channel import Channel, Handler, Payload
from heraldlink_sim.transport.hislip_locks import Locks
from heraldlink_sim.transport.hislip_messages import FatalCode, Kind, pack
from heraldlink_sim.transport.hislip_session import Session
from heraldlink_sim.transport.server import Connections, Device, Server, listen_with

VERSION = 0x0100
MOST_SESSIONS = 32
_VENDOR = int.from_bytes(b"HL\0\0")


@runtime_checkable
class Summoning(Protocol):
    """A device that requests service: it calls each entry when its master summary bit rises."""

    @property
    def service_requests(self) -> list[Callable[[], None]]:
        """Whom it calls."""
        ...


@dataclass(slots=True)
class _Instrument:
    device: Device
    locks: Locks = field(default_factory=Locks)


class Hislip:
    """All sessions at one port; further devices have sub-addresses of their own."""

    def __init__(self, devices: Mapping[str, Device], most_sessions: int) -> None:
        self._instruments = {name.lower(): _Instrument(device) for name, device in devices.items()}
        self._first = next(iter(self._instruments))
        self._most_sessions = most_sessions
        self._last_number = 0
        self._sessions: dict[int, tuple[Session, Device]] = {}
        self.connections = Connections()
        self._requests = [
            (device.service_requests, partial(self._service_requested, device))
            for device in devices.values()
            if isinstance(device, Summoning)
        ]
        for requests, tell in self._requests:
            requests.append(tell)

    def close(self) -> None:
        """Be told of service requests no longer."""
        for requests, tell in self._requests:
            requests.remove(tell)

    def channel(self) -> Channel:
        """A new connection, of which it is not yet known which of the two it is."""
        return Channel(self._opened, self.connections)

    def _opened(self, channel: Channel, kind: int, parameter: int, payload: Payload) -> Handler | None:
        if kind == Kind.INITIALIZE:
            return self._initialize(channel, parameter, bytes(payload or b""))
        if kind == Kind.ASYNC_INITIALIZE:
            return self._initialize_async(channel, parameter)
        channel.fatal(FatalCode.BAD_INITIALIZATION, "the first message must be Initialize")
        return None

    def _initialize(self, channel: Channel, parameter: int, sub_address: bytes) -> Handler | None:
        name = sub_address.decode("latin-1").lower() or self._first
        if (instrument := self._instruments.get(name)) is None:
            channel.fatal(FatalCode.BAD_INITIALIZATION, f"no such sub-address: {name!r}")
            return None
        if len(self._sessions) >= self._most_sessions:
            channel.fatal(FatalCode.TOO_MANY_CLIENTS, f"{self._most_sessions} clients are connected")
            return None
        number = self._free_number()
        session = Session(number, instrument.device, instrument.locks, self.connections, channel)
        self._sessions[number] = (session, instrument.device)
        channel.lost = lambda: self._end(number)
        version = min(parameter >> 16, VERSION) or VERSION
        channel.send(pack(Kind.INITIALIZE_RESPONSE, 0, version << 16 | number))
        return session.synchronous

    def _initialize_async(self, channel: Channel, number: int) -> Handler | None:
        found = self._sessions.get(number)
        if found is None or not found[0].attach(channel):
            channel.fatal(FatalCode.BAD_INITIALIZATION, f"no session {number} waits for its second channel")
            return None
        channel.lost = lambda: self._end(number)
        channel.send(pack(Kind.ASYNC_INITIALIZE_RESPONSE, 0, _VENDOR))
        return found[0].asynchronous

    def _free_number(self) -> int:
        while True:
            self._last_number = self._last_number % 0xFFFF + 1
            if self._last_number not in self._sessions:
                return self._last_number

    def _end(self, number: int) -> None:
        if found := self._sessions.pop(number, None):
            found[0].close()

    def _service_requested(self, device: object) -> None:
        for session, its_device in list(self._sessions.values()):
            if its_device is device:
                session.service_requested()


async def serve_hislip(
    device: Device,
    host: str = "127.0.0.1",
    port: int = 0,
    sub_address: str = "hislip0",
    *,
    connections: int = MOST_SESSIONS,
    others: Mapping[str, Device] | None = None,
) -> Server:
    """Serve ``device``; port 0 takes a free one, see ``server.port`` and ``server.address``.

    Messages up to 256 MB; a longer message is dropped and reported as -363. ``connections``: how many clients
    at once, further ones get a FatalError. ``others``: further devices by their sub-addresses.
    """
    hislip = Hislip({sub_address: device, **(others or {})}, connections)
    server = await listen_with(
        hislip.channel, hislip.connections, host, port, lambda h, p: f"TCPIP::{h}::{sub_address},{p}::INSTR"
    )
    server.when_closed = hislip.close
    return server
