# SPDX-License-Identifier: Apache-2.0
"""What a listener says of itself before any key is shown: the mechanism in its ZMTP greeting (RFC 23/37).

Two ends with different mechanisms hang up on each other, and who is faster decides what libzmq reports; the
greeting tells which it was.
"""

import socket

from heraldlink.security.places import host_of

SIGNATURE = b"\xff" + bytes(8) + b"\x7f"
VERSION = b"\x03\x00"
LENGTH = 64
MECHANISM = slice(12, 32)


def mechanism_at(endpoint: str, timeout_s: float = 0.5) -> str:
    """``CURVE`` or ``NULL`` as the listener at an address says, "" if it says nothing of the kind."""
    port = int(endpoint.rpartition(":")[2])
    found = b""
    try:
        with socket.create_connection((host_of(endpoint), port), timeout_s) as connection:
            connection.sendall(SIGNATURE + VERSION)  # no mechanism of ours, or it hangs up first
            while len(found) < LENGTH and (part := connection.recv(LENGTH - len(found))):
                found += part
    except OSError:
        return ""
    if len(found) < LENGTH or found[0] != SIGNATURE[0]:
        return ""
    return found[MECHANISM].rstrip(b"\0").decode("ascii", "replace")
