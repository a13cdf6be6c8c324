# SPDX-License-Identifier: Apache-2.0
"""Space set aside on the journal's disk, so that a full disk loses nothing that was promised."""

import os
from pathlib import Path

RESERVE_BYTES = 8 * 1024 * 1024
"""Twice the write-ahead log, which is copied back after 1000 pages of 4 KiB."""

SPARE_BYTES = 4 * 1024 * 1024
"""What must be free beside the reserve before a node takes new pairs again."""


class Reserve:
    """A file of ``RESERVE_BYTES`` beside the journal. ``held`` says whether it is there in full."""

    def __init__(self, path: Path) -> None:
        self._file = path.with_name(path.name + ".reserve")
        self.held = False
        self.take(spare_bytes=0)

    def take(self, spare_bytes: int = SPARE_BYTES) -> bool:
        """Set the space aside, if it and ``spare_bytes`` more are free; whether it is held now."""
        if self.held:
            return True
        there = self._file.stat().st_blocks * 512 if self._file.exists() else 0
        free = free_bytes(self._file.parent)
        if there + free < RESERVE_BYTES + spare_bytes:
            return False
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
            self.held = True
        except OSError:
            self.held = False
        finally:
            os.close(descriptor)
        return self.held

    def release(self) -> bool:
        """Give the space to the journal; False if there was none to give."""
        held, self.held = self.held, False
        self._file.unlink(missing_ok=True)
        return held


def free_bytes(folder: Path) -> int:
    """Bytes that this process may still write into a folder."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
