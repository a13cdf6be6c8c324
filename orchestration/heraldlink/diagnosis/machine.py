# SPDX-License-Identifier: Apache-2.0
"""Versions, VISA backend, encryption, clock and disk of this machine."""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import zmq

from heraldlink.diagnosis.findings import Finding, NodeFile, doubt, fault, good
from heraldlink.journal.place import warning_here
from heraldlink.journal.reserve import free_bytes

LEAST_BYTES, FEW_BYTES = 1 << 28, 5 << 30
OLDEST = {"qcodes": (0, 58), "pyvisa": (1, 14), "pyvisa-py": (0, 8), "pyzmq": (26,), "numpy": (1, 26)}
BEFORE_s = 1_735_689_600
"""2025-01-01: a clock that is behind it was never set."""


def installed(name: str) -> str | None:
    """Version of a package, None if it is not there."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def versions(
    found: Mapping[str, str | None], python: tuple[int, ...] = sys.version_info[:2]
) -> Iterator[Finding]:
    """Packages by name, with their versions."""
    if python < (3, 11):
        yield fault("Python", f"version {'.'.join(map(str, python))}", "install Python 3.11 or later")
    for name, oldest in OLDEST.items():
        least, number = ".".join(map(str, oldest)), found.get(name)
        if number is None:
            yield fault(name, "is not installed", f'pip install "{name}>={least}"')
        elif tuple(int(part) for part in number.split(".")[: len(oldest)] if part.isdecimal()) < oldest:
            yield fault(name, f"version {number} is too old", f'pip install "{name}>={least}"')
        else:
            yield good(name, number)


def packages(_node: NodeFile) -> Iterator[Finding]:
    """Those of this Python."""
    yield from versions({name: installed(name) for name in OLDEST})


def encryption(node: NodeFile, available: bool | None = None) -> Iterator[Finding]:
    """Whether ZeroMQ can encrypt, where keys are asked for."""
    if node.security.keys and not (zmq.has("curve") if available is None else available):
        yield fault(
            "ZeroMQ", "was built without CURVE", "pip install --force-reinstall pyzmq (its wheel has it)"
        )


def disk(node: NodeFile, free: int | None = None) -> Iterator[Finding]:
    """Whether the data directory can be written to, and has room."""
    folder = existing(node.data_directory)
    place = str(node.data_directory)
    if not os.access(folder, os.W_OK | os.X_OK):
        yield fault(place, f"{folder} is not writable", f"chown or chmod it for this user ({os.getuid()})")
        return
    if warning := warning_here(node.data_directory):
        yield doubt(place, warning, "set data_directory to a local disk")
    left = free_bytes(folder) if free is None else free
    if left < FEW_BYTES:
        level = fault if left < LEAST_BYTES else doubt
        yield level(
            place, f"{left / 1e9:.2g} GB are free", "make room, or set data_directory to another disk"
        )
    else:
        yield good(place, f"{left / 1e9:.3g} GB free")


def existing(folder: Path) -> Path:
    """The folder, or the one above it that exists."""
    path = folder.absolute()
    return next(each for each in (path, *path.parents) if each.exists())


def clock(_node: NodeFile, now_s: float | None = None) -> Iterator[Finding]:
    """Whether this machine's clock was set; nothing is decided by it, but logs of nodes are compared."""
    if (time.time() if now_s is None else now_s) < BEFORE_s:
        yield doubt("clock", "was never set", "start chrony or ntpd, or set it by hand")
    else:
        yield good("clock", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now_s)))
