# SPDX-License-Identifier: Apache-2.0
"""Which part of a message is a setting, for an instrument that ignores settings."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from heraldlink_sim.scpi.errors import ScpiError
from heraldlink_sim.scpi.lexer import units
from heraldlink_sim.transport.server import Device, Reporting


@runtime_checkable
class Swallowing(Protocol):
    """A device, not a SCPI one, which can tell a setting from a query."""

    def swallow(self, message: bytes) -> bytes | None:
        """Return the acknowledgement of a setting that does nothing; None if the message is no setting."""
        ...


def can_swallow(device: Device) -> bool:
    """Whether settings of this device can be told from queries."""
    return isinstance(device, Reporting | Swallowing)


def swallowed(device: Device, message: bytes) -> tuple[bytes, bytes]:
    """Return what is left of a message without its settings, and the answer if nothing is left."""
    if isinstance(device, Swallowing):
        acknowledgement = device.swallow(message)
        return (message, b"") if acknowledgement is None else (b"", acknowledgement)
    return without_settings(message), b""


def without_settings(message: bytes) -> bytes:
    """Return the queries and common commands of a SCPI message, each with its full header.

    Common commands such as ``*CLS`` and ``*OPC`` are no settings, but for ``*RST``. A malformed message is
    returned whole: the instrument will say what is wrong with it.
    """
    kept: list[bytes] = []
    path: list[str] = []
    try:
        for unit in units(message):
            common = unit.header.startswith("*")
            tokens = unit.header.removeprefix(":").split(":")
            if not common:
                tokens = tokens if unit.header.startswith(":") else path + tokens
                path = tokens[:-1]
            if unit.query or (common and unit.header.upper() != "*RST"):
                header = unit.header if common else ":" + ":".join(tokens)
                kept.append(_written(header, unit.query, [item.data for item in unit.arguments]))
    except ScpiError:
        return message
    return b";".join(kept)


def _written(header: str, query: bool, arguments: list[bytes]) -> bytes:
    blank = b" " if arguments else b""
    return header.encode("latin-1") + b"?" * query + blank + b",".join(arguments)
