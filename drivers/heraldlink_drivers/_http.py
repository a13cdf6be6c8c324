# SPDX-License-Identifier: Apache-2.0
"""JSON over HTTP on one connection that is kept open, with our errors."""

from __future__ import annotations

import http.client
import json
import select
import socket
import ssl
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import cast
from urllib.parse import urlsplit

from heraldlink_drivers.errors import ConnectionLost, Timeout


@dataclass(frozen=True, slots=True)
class Reply:
    """HTTP status, JSON content, and the server's clock (s since 1970), each None if there is none."""

    status: int
    content: object
    date_s: float | None


class HttpSession:
    """One connection; not locked: its owner holds a lock.

    After an answer that did not come, or came broken, the next request has a new connection, so that a late
    answer is never taken for another's.
    """

    def __init__(
        self, instrument: str, address: str, timeout_s: float, context: ssl.SSLContext | None = None
    ) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
            raise ValueError(f"{instrument}: {address!r} is not an address of the form http://host:port")
        self._instrument, self._address, self._timeout_s = instrument, address, timeout_s
        self._secure, self._host, self._port = parts.scheme == "https", parts.hostname, parts.port
        self._context = context
        self._connection: http.client.HTTPConnection | None = None

    def request(self, method: str, target: str, content: object = None) -> Reply:
        """Send a request and return the reply. Raises Timeout or ConnectionLost, naming the instrument."""
        body = None if content is None else json.dumps(content).encode()
        headers = {"Accept": "application/json"} | ({"Content-Type": "application/json"} if body else {})
        try:
            connection = self._connected()
            connection.request(method, target, body, headers)
            reply = connection.getresponse()
            text = reply.read()
        except TimeoutError as error:
            self.close()
            raise Timeout(f"{self._instrument}: no answer within {self._timeout_s} s") from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise ConnectionLost(
                f"{self._instrument}: connection to {self._address} lost ({error!r})"
            ) from error
        return Reply(reply.status, self._parsed(text), _date_s(reply.getheader("Date")))

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _connected(self) -> http.client.HTTPConnection:
        """The open connection, or a new one if it was hung up or something is left of the answer before."""
        if self._connection is not None and _readable(self._connection.sock):
            self.close()
        if self._connection is None:
            self._connection = self._new()
        return self._connection

    def _new(self) -> http.client.HTTPConnection:
        if self._secure:
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=self._timeout_s, context=self._context
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)

    def _parsed(self, text: bytes) -> object:
        if not text:
            return None
        try:
            return cast(object, json.loads(text))
        except ValueError as error:
            self.close()
            raise ConnectionLost(f"{self._instrument}: unreadable answer {text[:80]!r}") from error


def _readable(connection: socket.socket | None) -> bool:
    return connection is not None and bool(select.select([connection], [], [], 0)[0])


def _date_s(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except ValueError:
        return None
