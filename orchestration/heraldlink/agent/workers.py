# SPDX-License-Identifier: Apache-2.0
"""The worker as the agent sees it: a small protocol, and the spawned process behind it."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Protocol

from heraldlink.agent.pipe import Closed, Pipe
from heraldlink.messages.header import Body, Message


class Worker(Protocol):
    """Whatever holds a node's instruments. Calls are answered one by one, in order."""

    def fileno(self) -> int:
        """Descriptor that becomes readable when there is a reply, or when the worker is gone."""
        ...

    def ask(self, body: Body, lease: int = 0) -> None:
        """Send a call, ordered under a lease's epoch. Raises Closed if the worker is gone."""
        ...

    def replies(self) -> list[Message]:
        """Replies that have arrived. Raises Closed if the worker is gone."""
        ...

    def stop(self, timeout_s: float) -> None:
        """Close the pipe (the worker then parks its instruments and exits); kill it after the timeout."""
        ...

    def abandon(self) -> int:
        """Close the pipe and leave the process, whose id is returned, to whoever kills it."""
        ...


class SpawnedWorker:
    """A Python process of its own, spawned (never forked), that ends when its pipe closes."""

    def __init__(self) -> None:
        here, there = socket.socketpair()
        with there:
            self._process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
                [sys.executable, "-m", "heraldlink.agent.worker", str(there.fileno())],
                pass_fds=[there.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
        self._pipe = Pipe(here)

    def fileno(self) -> int:
        """Descriptor of the pipe."""
        return self._pipe.fileno()

    def ask(self, body: Body, lease: int = 0) -> None:
        """Send a call."""
        self._pipe.send(body, lease=lease)

    def replies(self) -> list[Message]:
        """Replies that have arrived."""
        return self._pipe.receive()

    def stop(self, timeout_s: float) -> None:
        """Close the pipe and wait; terminate, then kill what does not end."""
        self._pipe.close()
        for end_it in (None, self._process.terminate, self._process.kill):
            if end_it:
                end_it()
            try:
                self._process.wait(timeout_s)
                return
            except subprocess.TimeoutExpired:
                timeout_s = 0.5  # the agent's main loop waits here: a supervisor takes 1.5 s for its death

    def abandon(self) -> int:
        """Close the pipe; the process is reaped when the next one is started."""
        self._pipe.close()
        return self._process.pid


def ahead(spawn: Callable[[], Worker]) -> Callable[[], Worker]:
    """The same with its first worker spawned now; that one ends with this process if nobody asks for it."""
    waiting = [spawn()]
    return lambda: waiting.pop() if waiting else spawn()


__all__ = ["Closed", "SpawnedWorker", "Worker"]
