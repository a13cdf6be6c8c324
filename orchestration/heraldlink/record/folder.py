# SPDX-License-Identifier: Apache-2.0
"""A folder that appears at once and whole, or not at all."""

import hashlib
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from heraldlink.errors import DataError


@contextmanager
def whole_folder(path: Path) -> Generator[Path]:
    """Give a temporary folder to fill; after the block it is synced and takes its name, on failure it goes.

    Raises DataError if ``path`` exists already.
    """
    if path.exists():
        raise DataError(f"{path}: exists already; a run is never overwritten")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.mkdir()
    try:
        yield partial
        for item in [*partial.iterdir(), partial]:
            sync(item)
        partial.rename(path)
        sync(path.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Have a file or folder on the disk when this returns."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
