# SPDX-License-Identifier: Apache-2.0
"""Processes that a command starts and must never leave behind.

Each child has a pipe as standard input, which it watches (``--with-parent``): it ends when this process ends,
however that happens. While ``watching``, the end of any child interrupts the main thread at once.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import cast

from heraldlink.cli.orphans import adopt_orphans, children_of_this_process, end_orphans
from heraldlink.errors import NodeLost

GRACE_S = 3.0
"""For a node to park its instruments and end."""

ORPHANS_S = 1.5
"""For an instrument worker whose node has gone to do the same."""

POLL_S = 0.02
REMIND_S = 0.25


@dataclass(frozen=True, slots=True)
class Child:
    """One process: what it is to people, where it writes its addresses, and its standard error."""

    name: str
    process: "subprocess.Popen[bytes]"
    ports_file: Path
    log: Path

    def ended(self) -> int | None:
        """Exit status as in ``Popen.returncode``, None while it runs; does not reap, so any code may ask."""
        if self.process.returncode is not None:
            return self.process.returncode
        found = os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is None:
            return None
        return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status

    def last_words(self) -> str:
        """Last line of its standard error."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").split("\n")
        return next(
            (line.strip().removeprefix("heraldlink: ") for line in reversed(lines) if line.strip()), ""
        )


class Children:
    """The processes of one command; leaving the context ends all of them."""

    def __init__(self, folder: Path) -> None:
        adopt_orphans()
        self._strangers = children_of_this_process()
        self._folder = folder
        self._children: list[Child] = []

    def __enter__(self) -> "Children":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, name: str, arguments: list[str]) -> Child:
        """Start ``heraldlink ARGUMENTS --ports-file ... --with-parent`` under a name for people."""
        stem = name.replace(" ", "_")
        child_ports, log = self._folder / f"{stem}.ports.json", self._folder / f"{stem}.log"
        command = [sys.executable, "-m", "heraldlink.cli", *arguments]
        command += ["--ports-file", str(child_ports), "--with-parent"]
        with log.open("wb") as errors:
            process = subprocess.Popen(  # noqa: S603 - our own command
                command, stdin=subprocess.PIPE, stdout=errors, stderr=errors, start_new_session=True
            )
        child = Child(name, process, child_ports, log)
        self._children.append(child)
        return child

    def addresses(self, child: Child, timeout_s: float = 60.0) -> dict[str, str]:
        """Addresses that a child writes once it listens; raises NodeLost if it ends or takes too long."""
        deadline = time.monotonic() + timeout_s
        while not child.ports_file.exists():
            self.check()
            if time.monotonic() > deadline:
                raise NodeLost(f"{child.name} did not start to listen within {timeout_s:.0f} s")
            time.sleep(POLL_S)
        return cast("dict[str, str]", json.loads(child.ports_file.read_text(encoding="utf-8")))

    def check(self) -> None:
        """Raise NodeLost, naming the process, if a child has ended."""
        for child in self._children:
            status = child.ended()
            if status is not None:
                raise NodeLost(epitaph(child, status))

    @contextmanager
    def watching(self) -> Generator[None]:
        """Interrupt the main thread with NodeLost, once, as soon as a child ends."""
        over = threading.Event()

        def on_child(_signal: int, _frame: FrameType | None) -> None:
            if over.is_set():
                return
            try:
                self.check()
            except NodeLost:
                over.set()
                raise

        before = signal.signal(signal.SIGCHLD, on_child)
        reminder = threading.Thread(target=self._remind, args=(threading.get_ident(), over), daemon=True)
        reminder.start()
        try:
            self.check()
            yield
        finally:
            over.set()
            reminder.join()
            signal.signal(signal.SIGCHLD, before)

    def _remind(self, watcher: int, over: threading.Event) -> None:
        """Repeat the signal: one that comes just before the main thread begins to wait does not wake it."""
        while not over.wait(REMIND_S):
            if any(child.ended() is not None for child in self._children):
                signal.pthread_kill(watcher, signal.SIGCHLD)

    def stop(self) -> None:
        """End all children and what they leave, the first child last because the others use it."""
        with ExitStack() as stack:
            for child in self._children:
                stack.callback(bury, child)
            first, others = self._children[:1], self._children[1:]
            end(others)
            for child in others:
                bury(child)
            end_orphans(self._strangers | {child.process.pid for child in first}, ORPHANS_S)
            end(first)


def end(children: list[Child]) -> None:
    """Ask children to end and wait a while for it."""
    for child in children:
        child.process.terminate()
    deadline = time.monotonic() + GRACE_S
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0.0, deadline - time.monotonic()))


def bury(child: Child) -> None:
    """Kill a child that is still there, with everything in its process group, and reap it."""
    with suppress(ProcessLookupError):
        os.killpg(child.process.pid, signal.SIGKILL)
    child.process.wait()
    if child.process.stdin is not None:
        with suppress(BrokenPipeError):
            child.process.stdin.close()


def epitaph(child: Child, status: int) -> str:
    """One sentence on how a child ended."""
    how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with exit code {status}"
    words = child.last_words()
    return f"the process of {child.name} {how}" + (f": {words}" if words else "")
