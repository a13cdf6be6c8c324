# SPDX-License-Identifier: Apache-2.0
"""Waiting for a condition, and wires that misbehave."""

import select
import time
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def wait_for(condition: Callable[[], bool], deadline_s: float = 5.0) -> None:
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, "condition not met in time"
        select.select([], [], [], 0.005)


def sent(face) -> list[str]:
    """Messages that arrived at a face, in order."""
    return [data.decode("latin-1").strip() for direction, data in face.wire_log if direction == "in"]


def settings(face) -> list[str]:
    """Messages that were not queries."""
    return [message for message in sent(face) if "?" not in message]


async def refuse(server, refusing: bool) -> None:
    """Let a server hang up, in the thread of its loop."""
    server.refuse(refusing)
