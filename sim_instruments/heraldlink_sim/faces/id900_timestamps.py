# SPDX-License-Identifier: Apache-2.0
"""Time stamps as bytes, and the files that the DataLink service writes (manual, page 48, table 10)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import numpy as np

from heraldlink_sim.faces.id900_raw import RawTags

Format = Literal["bin", "ascii"]


def encode(tags: RawTags, form: Format, with_index: bool) -> bytes:
    """Write tags as uint64 little endian or as lines; with the index, pairs (timestamp, reference index)."""
    if not with_index:
        columns = tags.timestamps_ps[:, None]
    else:
        columns = np.stack((tags.timestamps_ps, tags.reference_index), axis=1)
    if form == "bin":
        return columns.astype("<u8").tobytes()
    return "".join(";".join(map(str, row)) + "\n" for row in columns.tolist()).encode()


def place_of(folder: Path, name: str) -> Path | None:
    """Return where a file of that name lies in ``folder``; None if it would lie outside, or is no file name.

    A path of the client's own computer, absolute or with drive letter, keeps only its last part.
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    relative = name.replace("\\", "/")
    absolute = relative.startswith("/") or relative[1:2] == ":"
    wanted = last if absolute else relative
    if not last or "\0" in wanted or ".." in Path(wanted).parts:
        return None
    base = folder.resolve()
    place = (base / wanted).resolve()
    return place if place != base and place.is_relative_to(base) else None


class TimestampFile:
    """A file that grows by what is put; it is there, empty, from the start on."""

    port = 0

    def __init__(self, place: Path) -> None:
        """Raises OSError if it cannot be written."""
        place.parent.mkdir(parents=True, exist_ok=True)
        self._number = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0))
        self._file = os.fdopen(self._number, "wb", buffering=0)

    def put(self, message: bytes) -> bool:
        """Write; False if the disk takes no more."""
        try:
            return self._file.write(message) == len(message)
        except OSError:
            return False

    def finish(self) -> None:
        """Close the file."""
        self._file.close()
