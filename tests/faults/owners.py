# SPDX-License-Identifier: Apache-2.0
"""Owners of leases in processes of their own, and what of their orders reached the instruments."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fault_lab import Laboratory

from heraldlink.client import Node

TTL_S = 3.0
SHUTTER, OPEN, CLOSED = ("hub_pump", "POW:SHUT?"), 0, 1


@contextmanager
def owner(rack: Laboratory, how: str) -> Iterator["subprocess.Popen[str]"]:
    """A client in a process of its own that holds the leases of all nodes."""
    script = str(Path(__file__).with_name("lease_owner.py"))
    addresses = json.dumps(rack.addresses)
    process = subprocess.Popen(
        [sys.executable, script, addresses, str(TTL_S), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        yield process
    finally:
        process.kill()
        process.communicate()


def shutter(rack: Laboratory) -> int:
    """The pump laser's shutter at its own front panel."""
    return int(rack.panel(*SHUTTER))


def sets(rack: Laboratory, instrument: str, words: str) -> int:
    """How often a setting reached an instrument since it is watched."""
    heard = [message for _, name, message in rack.wire_log() if name == instrument]
    return sum(words in message and "?" not in message for message in heard)


def is_safe(node: Node) -> bool:
    """Whether it says so."""
    return node.status().state == "SAFE"
