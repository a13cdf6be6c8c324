# SPDX-License-Identifier: Apache-2.0
"""The service that passes on an ID900's time stamps: text requests, JSON answers, a PAIR socket per channel.

The protocol is the vendor's (example code: StreamClient, acquisitions): ``start-stream --address A --channel
N --stream-port P [--with-ref-index]``, ``status --id X``, ``stop --id X`` on a REP socket, port 6060. The
service binds a PAIR socket on P; each message is packed uint64 little endian, ps or (ps, reference index)
pairs, an empty one ends the stream. Spoken here, and not by the driver, so that live tags need neither
QCoDeS nor a Station, and no request stands between a tag's arrival and its herald.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import zmq

from heraldlink.errors import InstrumentLost, ProtocolError, RequestError

DATALINK_PORT = 6060
MESSAGES = 64
"""Messages of one channel that may wait in its socket; then the service waits, and tells what it lost."""
STOP_s = 0.5
"""Longest wait for the answer to a stop."""
Socket = zmq.Socket[bytes]


@dataclass(frozen=True)
class Status:
    """Records that were completed, time stamps sent so far, and what the service says went wrong."""

    records: int
    timestamps: int
    errors: tuple[str, ...]


class DataLink:
    """Requests to the service at ``tcp://HOST:PORT``; used by one thread."""

    def __init__(self, address: str, timeout_s: float) -> None:
        self.address, self._timeout_s = address, timeout_s
        self._requests = open_socket(zmq.REQ)
        self._requests.connect(address)

    def request(self, command: str, timeout_s: float | None = None) -> dict[str, object]:
        """Answer to a command. Raises InstrumentLost without one in time, ProtocolError for an error."""
        timeout_s = timeout_s or self._timeout_s
        self._requests.send(command.encode())
        if not self._requests.poll(int(timeout_s * 1e3)):
            raise InstrumentLost(
                f"{self.address}: the DataLink service did not answer {command.split(maxsplit=1)[0]!r} in"
                f" {timeout_s:g} s; is it running there?"
            )
        reply = self._requests.recv()
        try:
            answer = cast("object", json.loads(reply))
        except ValueError as error:
            raise ProtocolError(f"{self.address}: {command!r} was answered {reply[:80]!r}") from error
        if not isinstance(answer, dict):
            raise ProtocolError(f"{self.address}: {command!r} was answered {reply[:80]!r}")
        fields = cast("dict[str, object]", answer)
        if "error" in fields:
            raise ProtocolError(f"{self.address}: {command!r}: {_description(fields['error'])}")
        return fields

    def status(self, identity: str) -> Status:
        """How far a stream is. Raises what `request` raises."""
        answer = self.request(f"status --id {identity}")
        errors = answer.get("errors")
        try:
            return Status(
                int(str(answer["acquisitions_count"])),
                int(str(answer["timestamps_count"])),
                tuple(map(_description, cast("list[object]", errors) if isinstance(errors, list) else ())),
            )
        except (KeyError, ValueError) as error:
            raise ProtocolError(f"{self.address}: the status of {identity} is {answer}") from error

    def close(self) -> None:
        """Close the connection."""
        self._requests.close(linger=0)


class Channel:
    """The stream of one RAW channel; ``taken``: time stamps received."""

    def __init__(self, service: DataLink, number: int, device: str, port: int, indexed: bool) -> None:
        command = f"start-stream --address {device} --channel {number} --stream-port {port}"
        answer = service.request(f"{command} --with-ref-index" if indexed else command)
        self.number, self.taken, self.ended = number, 0, False
        self._service, self.width = service, 16 if indexed else 8
        self.identity = str(answer.get("id"))
        self.socket = open_socket(zmq.PAIR)
        self.socket.setsockopt(zmq.RCVHWM, MESSAGES)
        host, _ = host_and_port(service.address)
        self.socket.connect(f"tcp://{host}:{int(str(answer.get('port', port)))}")

    def receive(self) -> bytes:
        """One message that is there; empty at the end. Raises ProtocolError if it holds no whole tags."""
        data = self.socket.recv()
        if len(data) % self.width:
            raise ProtocolError(
                f"{self._service.address}: RAW{self.number}: a message of {len(data)} bytes, which are no"
                f" whole tags of {self.width}, after {self.taken} tags"
            )
        self.taken += len(data) // self.width
        self.ended |= not data
        return data

    def status(self) -> Status:
        """See `DataLink.status`."""
        return self._service.status(self.identity)

    def close(self) -> None:
        """Stop the stream, if the service still answers."""
        try:
            if not self.ended:
                self._service.request(f"stop --id {self.identity}", STOP_s)
        except (InstrumentLost, ProtocolError, zmq.ZMQError):
            pass  # it is gone with its streams, or knows this one no more
        finally:
            self.socket.close(linger=0)


def open_channels(
    service: DataLink, numbers: Sequence[int], device: str | None, port: int, indexed: bool
) -> list[Channel]:
    """Streams of some RAW channels, all or none; on ``port + n`` each, 0: where the service chooses."""
    host, _ = host_and_port(service.address)
    channels: list[Channel] = []
    try:
        for number in numbers:
            channels.append(Channel(service, number, device or host, port and port + number, indexed))
    except BaseException:
        for channel in channels:
            channel.close()
        raise
    return channels


def open_socket(kind: int) -> Socket:
    """A socket that is gone when it is closed."""
    instance = cast("Callable[[], zmq.Context[Socket]]", zmq.Context.instance)
    found = zmq.Socket(instance(), kind)
    found.setsockopt(zmq.LINGER, 0)
    return found


def host_and_port(address: str) -> tuple[str, int]:
    """Parts of ``tcp://HOST[:PORT]``. Raises RequestError."""
    rest = address.removeprefix("tcp://")
    host, _, port = rest.partition(":")
    if rest == address or not host or (port and not (port.isascii() and port.isdecimal())):
        raise RequestError(f"{address!r} is no address of a time-stamp service: tcp://HOST[:PORT]")
    return host, int(port or DATALINK_PORT)


def _description(error: object) -> str:
    if not isinstance(error, dict):
        return str(error)
    return str(cast("dict[str, object]", error).get("description", "no description"))
