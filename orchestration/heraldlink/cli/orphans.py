# SPDX-License-Identifier: Apache-2.0
"""Grandchildren that outlive their parent: this process adopts them, to wait for them and end them.

A node's instrument worker is in a session of its own and parks its instruments after its node has died. On
Linux a "child subreaper" becomes the parent of such orphans (prctl(2)); elsewhere nothing is adopted.
"""

import ctypes
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
POLL_S = 0.02


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_orphans(known: set[int], grace_s: float) -> None:
    """Wait until no child but those in ``known`` is left, kill what stays, and reap all of them."""
    deadline = time.monotonic() + grace_s
    while _reaped(known) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    for pid in _reaped(known):
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _reaped(known: set[int]) -> set[int]:
    """Adopted children that still run; those that have ended are reaped."""
    running: set[int] = set()
    for pid in children_of_this_process() - known:
        with suppress(ChildProcessError):
            if os.waitpid(pid, os.WNOHANG)[0] == 0:
                running.add(pid)
    return running


def children_of_this_process() -> set[int]:
    """Process ids of all children, adopted ones too (Linux; elsewhere none)."""
    listing = Path(f"/proc/self/task/{os.getpid()}/children")
    return {int(pid) for pid in listing.read_text().split()} if listing.exists() else set()
