# SPDX-License-Identifier: Apache-2.0
"""Sockets as every channel of this project has them: their options, their limits, and how one is bound.

Each option's reason stands in the reliability notes; the limits are per channel.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import zmq

from heraldlink.errors import ConfigurationError
from heraldlink.security.door import Door
from heraldlink.security.places import host_of, is_loopback

Channel = Literal["command", "link", "safety", "event", "record"]
KIB, MIB = 1024, 1024 * 1024
CURVE_BYTES = 64
"""Most that encryption adds to a frame (33 bytes in CurveZMQ, RFC 26): libzmq counts it too."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one channel allows.

    ``heartbeat_ms`` and ``timeout_ms``: of the connection. ``frame_bytes`` is enforced by libzmq, which drops
    the connection; ``frames`` and ``message_bytes`` by the receiver, which answers TOO_LARGE. ``rate_per_s``
    (and ``burst``) messages of one connection; more are answered LIMIT.
    """

    heartbeat_ms: int = 1000
    timeout_ms: int = 3000
    linger_ms: int = 0
    queue: int = 1000
    frame_bytes: int = 64 * MIB
    frames: int = 64
    message_bytes: int = 256 * MIB
    rate_per_s: float = 20_000
    burst: float = 40_000
    reconnect_ms: int = 5000


LIMITS: dict[Channel, Limits] = {
    "command": Limits(),
    "link": Limits(heartbeat_ms=200, timeout_ms=600, queue=256, reconnect_ms=1000),
    "safety": Limits(linger_ms=100, frame_bytes=64 * KIB, frames=8, message_bytes=64 * KIB),
    "event": Limits(queue=10_000, frame_bytes=8 * MIB, message_bytes=8 * MIB),
    "record": Limits(),
}


def configure(socket: "zmq.Socket[bytes]", channel: Channel) -> None:
    """Set the options every socket of a channel gets."""
    limits = LIMITS[channel]
    options = {
        zmq.LINGER: limits.linger_ms,
        zmq.HEARTBEAT_IVL: limits.heartbeat_ms,
        zmq.HEARTBEAT_TIMEOUT: limits.timeout_ms,
        zmq.HEARTBEAT_TTL: limits.timeout_ms,
        zmq.HANDSHAKE_IVL: 3000,
        zmq.MAXMSGSIZE: limits.frame_bytes + CURVE_BYTES,
        zmq.SNDHWM: limits.queue,
        zmq.RCVHWM: limits.queue,
        zmq.RECONNECT_IVL: 100,
        zmq.RECONNECT_IVL_MAX: limits.reconnect_ms,
        zmq.TCP_KEEPALIVE: 1,
        zmq.TCP_KEEPALIVE_IDLE: 30,
        zmq.TCP_KEEPALIVE_INTVL: 10,
        zmq.TCP_KEEPALIVE_CNT: 3,
    }
    for option, value in options.items():
        socket.setsockopt(option, value)


def listen(
    context: "zmq.Context[zmq.Socket[bytes]]", kind: int, endpoint: str, channel: Channel, door: Door | None
) -> "zmq.Socket[bytes]":
    """A bound socket behind a door, or on loopback.

    Raises ConfigurationError naming the address and the obstacle.
    """
    socket = context.socket(kind)
    try:
        configure(socket, channel)
        if door:
            door.guard(socket, endpoint)
        elif not is_loopback(endpoint):
            raise ConfigurationError(f"{endpoint} is not a loopback address: it takes a door")
        if kind == zmq.ROUTER:
            socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        if ":" in host_of(endpoint):
            socket.setsockopt(zmq.IPV6, 1)
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        socket.close()
        raise ConfigurationError(f"cannot listen on {endpoint}: {obstacle(endpoint, error)}") from error
    except ConfigurationError:
        socket.close()
        raise
    return socket


def obstacle(endpoint: str, error: zmq.ZMQError) -> str:
    """Why an address cannot be bound, with the remedy."""
    if error.errno == errno.EADDRINUSE:
        pid = owner_of_port(int(endpoint.rpartition(":")[2]))
        return "the port is in use" + (f" by process {pid}: end it or take another port" if pid else "")
    if error.errno in (errno.EADDRNOTAVAIL, errno.ENODEV):
        return f"this machine has no interface {host_of(endpoint)}: name the address of one (ip address)"
    return f"{error.strerror}"


def owner_of_port(port: int) -> int | None:
    """Process id of who listens on a TCP port of this machine, None if it cannot be seen (Linux)."""
    inodes = {f"socket:[{inode}]" for inode in listening_inodes(port)}
    if not inodes:
        return None
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and inodes & set(open_files(process)):
            return int(process.name)
    return None


def listening_inodes(port: int) -> Iterator[str]:
    """Inodes of the sockets that listen on a port, from /proc/net (columns 2, 4 and 10 of proc(5))."""
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        with suppress(OSError):
            for line in table.read_text().splitlines()[1:]:
                columns = line.split()
                if columns[3] == "0A" and int(columns[1].rpartition(":")[2], 16) == port:
                    yield columns[9]


def open_files(process: Path) -> Iterator[str]:
    """What a process has open; nothing if it may not be asked."""
    with suppress(OSError):
        for descriptor in (process / "fd").iterdir():
            with suppress(OSError):
                yield os.readlink(descriptor)
