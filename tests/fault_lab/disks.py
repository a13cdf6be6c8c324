# SPDX-License-Identifier: Apache-2.0
"""Small disks that fill up or become read-only: a tmpfs of a test's own, mounted by root or through sudo."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def as_root(*command: str) -> bool:
    """Run a command as root, without asking for a password; whether it worked."""
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if prefix and shutil.which("sudo") is None:
        return False
    return subprocess.run([*prefix, *command], capture_output=True, check=False).returncode == 0


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of its own at ``folder``; the test is skipped where nobody may mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    if not as_root("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=777", "tmpfs", str(folder)):
        pytest.skip("mounting a small disk needs root")
    try:
        yield folder
    finally:
        as_root("umount", "-l", str(folder))


def fill(folder: Path) -> Path:
    """Write a file until not one more byte fits; removing it frees the disk."""
    file = folder / "filler"
    with file.open("wb", buffering=0) as filler:
        for size in (1 << 16, 4096, 1):
            try:
                while True:
                    filler.write(bytes(size))
            except OSError:
                continue
    return file


def read_only(folder: Path) -> None:
    """Remount a small disk read-only."""
    assert as_root("mount", "-o", "remount,ro", str(folder))
