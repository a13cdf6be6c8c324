# SPDX-License-Identifier: Apache-2.0
"""What a process uses, and its children (Linux)."""

from contextlib import suppress
from pathlib import Path

from fault_lab.broken import demand

MOST_MORE_BYTES = 64 << 20
MOST_MORE_FILES = 24
Usage = tuple[int, int]
"""(resident bytes, open files)"""


def usage_of(pid: int) -> Usage:
    """What a process uses. Raises OSError if it has gone."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096, len(list(Path(f"/proc/{pid}/fd").iterdir()))


def descendants(pid: int) -> list[int]:
    """Process ids of all children and their children; threads and processes may end meanwhile."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            for child in (task / "children").read_text().split():
                found += [int(child), *descendants(int(child))]
    return found


def words_of(pid: int) -> str:
    """Command line of a process, empty if it has gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except FileNotFoundError:
        return ""


def check_growth(name: str, first: Usage, now: Usage) -> None:
    """I6 for one process: what it uses by now, and what it used when it was first seen."""
    more_bytes, more_files = now[0] - first[0], now[1] - first[1]
    demand(more_bytes < MOST_MORE_BYTES, f"I6: {name} grew by {more_bytes >> 20} MiB")
    demand(more_files < MOST_MORE_FILES, f"I6: {name} has {more_files} more open files")
