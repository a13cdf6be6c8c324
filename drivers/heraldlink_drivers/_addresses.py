# SPDX-License-Identifier: Apache-2.0
"""Addresses of instruments that are not on VISA: ``tcp://host:port``."""

import socket
from urllib.parse import urlsplit

from heraldlink_drivers.errors import ConnectionLost


def host_and_port(instrument: str, address: str, default_port: int) -> tuple[str, int]:
    """Split ``tcp://host:port`` (port optional); raises ValueError naming the instrument."""
    parts = urlsplit(address)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme != "tcp" or not parts.hostname or port == -1 or parts.path:
        raise ValueError(f"{instrument}: {address!r} is not an address of the form tcp://host:port")
    return parts.hostname, port or default_port


def connect(instrument: str, host: str, port: int, timeout_s: float) -> socket.socket:
    """Open a TCP connection without Nagle's algorithm; raises ConnectionLost."""
    try:
        connection = socket.create_connection((host, port), timeout_s)
    except OSError as error:
        raise ConnectionLost(f"{instrument}: nothing answers at tcp://{host}:{port} ({error})") from error
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection
