# SPDX-License-Identifier: Apache-2.0
"""Who answers in the place of an instrument that could not be opened: another model, if it says so itself."""

import re
import socket
from fnmatch import fnmatchcase
from importlib import import_module

_SOCKET = re.compile(r"TCPIP\d*::([^:]+)::(\d+)::SOCKET", re.IGNORECASE)
_PATIENCE_s = 1.0
_LONGEST = 200


def stranger(declared: str, address: str) -> str:
    """The reply to ``*IDN?`` of an instrument that is not of the declared driver's models.

    Empty where nothing answers in that way, where the answer fits, or where the driver does not say (in
    ``answers_as``, a pattern in small letters) how its models answer. Nothing but ``*IDN?`` is sent.
    """
    module, _, name = declared.rpartition(".")
    wanted: object = getattr(import_module(module), name, None)
    pattern = getattr(wanted, "answers_as", "")
    found = _SOCKET.match(address)
    if not pattern or not found:
        return ""
    try:
        reply = _ask(found[1], int(found[2]))
    except OSError:
        return ""
    return "" if reply.count(",") < 2 or fnmatchcase(reply.lower(), pattern) else reply


def _ask(host: str, port: int) -> str:
    with socket.create_connection((host, port), _PATIENCE_s) as connection:
        connection.sendall(b"*IDN?\r\n")
        reply = b""
        while not reply.endswith((b"\n", b"\r")) and len(reply) < _LONGEST:
            if not (more := connection.recv(_LONGEST)):
                break
            reply += more
    return reply.decode("ascii", "replace").strip()
