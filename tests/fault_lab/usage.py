# SPDX-License-Identifier: Apache-2.0
"""What the processes of a laboratory use, looked at each second beside a run."""

import os
import threading
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from fault_lab.flatness import Sample
from fault_lab.laboratory import Laboratory, descendants, words_of

EVERY_S = 1.0
MIB = 2**20


class Usage:
    """Use it as a context around the run. Processes are known by what they do: "alice agent"."""

    def __init__(self, lab: Laboratory) -> None:
        self._lab, self._over = lab, threading.Event()
        self._memory = defaultdict[str, list[Sample]](list)
        self._files = defaultdict[str, list[Sample]](list)
        self._roles: dict[int, str] = {}
        self._first: dict[int, float] = {}
        self._thread = threading.Thread(target=self._watch, name="usage", daemon=True)

    def __enter__(self) -> "Usage":
        self._begun = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def memory_MiB(self, after_s: float) -> dict[str, list[Sample]]:
        """Resident memory of each process since then."""
        return since(self._memory, after_s)

    def files(self, after_s: float) -> dict[str, list[Sample]]:
        """Open files of each process since then."""
        return since(self._files, after_s)

    def _watch(self) -> None:
        while not self._over.wait(EVERY_S):
            for name, process in list(self._lab.processes.items()):
                for pid in (process.pid, *children(process.pid)):
                    self._look(name, pid)

    def _look(self, name: str, pid: int) -> None:
        at_s = time.monotonic() - self._begun
        with suppress(OSError, ValueError, IndexError):  # it has just ended
            life = life_of(pid)
            role = self._roles.get(life) or self._role(name, pid, life)
            first = self._first.setdefault(life, at_s)
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            open_files = len(os.listdir(f"/proc/{pid}/fd"))
            if pages:
                self._memory[role].append(Sample(at_s, life, at_s - first, pages * 4096 / MIB))
                self._files[role].append(Sample(at_s, life, at_s - first, open_files))

    def _role(self, name: str, pid: int, life: int) -> str:
        """What a process does, by its command line, once it runs its own program."""
        words = words_of(pid)
        if "heraldlink.agent.worker" in words:
            role = f"{name} worker"
        elif "--supervised" in words and parent_of(pid) == self._lab.pid(name):
            role = f"{name} agent"  # a child looks like its parent until it is itself
        elif " node " in words and pid == self._lab.pid(name):
            role = f"{name} agent"
        elif " up " in words and pid == self._lab.pid(name):
            role = f"{name} supervisor"
        elif "heraldlink_sim" in words:
            role = "bench"
        else:
            raise ValueError("not known yet")
        self._roles[life] = role
        return role


def life_of(pid: int) -> int:
    """What tells this process from others that had or will have its number: when it began (clock ticks)."""
    return int(stat_of(pid)[19]) << 32 | pid


def parent_of(pid: int) -> int:
    """The process that has started this one."""
    return int(stat_of(pid)[1])


def stat_of(pid: int) -> list[str]:
    """/proc/PID/stat from its third field, the state, on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def children(pid: int) -> list[int]:
    """Processes below one, none if it has ended."""
    with suppress(OSError):
        return descendants(pid)
    return []


def since(found: dict[str, list[Sample]], after_s: float) -> dict[str, list[Sample]]:
    """Samples from a moment of the run on."""
    return {name: [item for item in items if item.at_s >= after_s] for name, items in sorted(found.items())}
