# SPDX-License-Identifier: Apache-2.0
"""systemd's notification protocol (sd_notify(3)): one datagram to the socket in ``$NOTIFY_SOCKET``."""

import socket
from collections.abc import Mapping
from contextlib import suppress


class Notifier:
    """Tells systemd, if it asks to be told; without it, nothing happens."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if address else None
        self.watchdog = "WATCHDOG_USEC" in environment
        self._last = ""

    def tell(self, *lines: str) -> None:
        """Send assignments such as ``READY=1``; a systemd that does not listen changes nothing."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.sendto("\n".join(lines).encode(), self._address)

    def status(self, text: str) -> None:
        """Say once what is going on."""
        if text != self._last:
            self._last = text
            self.tell(f"STATUS={text}")
