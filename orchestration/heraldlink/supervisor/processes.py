# SPDX-License-Identifier: Apache-2.0
"""The agent's process and whatever it leaves behind, as its parent sees them (Linux: pidfd, subreaper).

An agent's workers are in sessions of their own. When their parent dies the kernel gives them to the nearest
"child subreaper" (prctl(2)), which is the supervisor: so it finds all of them among its own children.
"""

import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from heraldlink.supervisor.line import Line

PR_SET_CHILD_SUBREAPER = 36
CLONE_FILES = 0x400
POLL_S = 0.002


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def keep_own_descriptors() -> None:
    """Give this thread, and those that it starts, a table of open files of its own (unshare(2)).

    Strangers' connections fill the table of the thread that listens, up to the limit of the process; one
    that must open connections to instruments then still can. What is opened or closed later by others is not
    seen here. A system without it is left as it is.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).unshare(CLONE_FILES)


class Agent:
    """A started agent: its pipe, and a descriptor that becomes readable when it has ended.

    Raises OSError if it cannot be started; nothing is left of it then.
    """

    def __init__(self, command: Sequence[str]) -> None:
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
                    [*command, "--supervised", str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                )
            self.ended = self._watched()
        except OSError:
            ours.close()
            raise
        self.line = Line(ours)

    def _watched(self) -> int:
        try:
            return os.pidfd_open(self._process.pid)
        except OSError:
            self._process.kill()
            self._process.wait()
            raise

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def kill(self) -> None:
        """End it without asking."""
        self._process.kill()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    def bury(self) -> int:
        """Its exit code, negative for a signal; closes what belonged to it."""
        status = self._process.wait()
        os.close(self.ended)
        self.line.close()
        return status


def kill_and_wait(processes: Collection[int], limit_s: float) -> bool:
    """Kill processes and wait until the kernel has closed what they held; False if one is still there."""
    held = [descriptor for pid in processes if (descriptor := _open(pid)) is not None]
    try:
        for descriptor in held:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        return all(_ended(descriptor, limit_s) for descriptor in held)
    finally:
        for descriptor in held:
            os.close(descriptor)


def kill_orphans(keep: Collection[int], limit_s: float) -> bool:
    """Kill all children but ``keep``, and theirs, until none is left; False if one does not go."""
    until = time.monotonic() + limit_s
    while left := children() - set(keep):
        if time.monotonic() > until or not kill_and_wait(left, limit_s):
            return False
        for pid in left:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(POLL_S)
    return True


def children() -> set[int]:
    """Process ids of this process's children, of whichever of its threads, adopted ones too."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            found |= {int(pid) for pid in (task / "children").read_text().split()}
    return found


def _open(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def _ended(descriptor: int, limit_s: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(limit_s * 1000))
