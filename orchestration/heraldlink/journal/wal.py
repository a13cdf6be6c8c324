# SPDX-License-Identifier: Apache-2.0
"""What lies behind the last committed frame of a write-ahead log: a write that a crash has torn.

Layout: https://www.sqlite.org/fileformat2.html#the_write_ahead_log. SQLite ignores such a tail; whether it
held an acknowledged row is for the mark to say. Here it is only found, so that it can be told.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

_HEADER = struct.Struct(">IIIIIIII")
_FRAME = struct.Struct(">IIIIII")
_MAGIC = (0x377F0682, 0x377F0683)
_GENERATIONS = 1 << 20
"""The first salt grows by one whenever the log begins anew; frames of that many former logs are known."""


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames of a log file by their order: ``own[i]`` is +1 in this log, 0 in a former one, -1 in none.

    ``rest`` is the number of bytes behind the last whole frame, all of them if the header is unreadable.
    """

    own: tuple[int, ...] = ()
    rest: int = 0

    def torn(self, committed: int) -> int:
        """How many frames behind the ``committed`` ones belong to no former log, a partial one included."""
        return sum(kind != 0 for kind in self.own[committed:]) + (self.rest > 0)


def frames_of(path: Path) -> Frames:
    """Frames of the log beside a database; none if there is no log."""
    log = path.with_name(path.name + "-wal")
    if not log.exists():
        return Frames()
    with log.open("rb") as file:
        header = file.read(_HEADER.size)
        size = log.stat().st_size
        if len(header) < _HEADER.size:
            return Frames(rest=size)
        magic, _, page, _, first, second, _, _ = _HEADER.unpack(header)
        if magic not in _MAGIC or not 512 <= page <= 65536:
            return Frames(rest=size)
        count, rest = divmod(size - _HEADER.size, _FRAME.size + page)
        kinds: list[int] = []
        for place in range(count):
            file.seek(_HEADER.size + place * (_FRAME.size + page))
            salts = _FRAME.unpack(file.read(_FRAME.size))[2:4]
            kinds.append(kind_of_frame(salts, (first, second)))
    return Frames(tuple(kinds), rest)


def kind_of_frame(salts: tuple[int, int], current: tuple[int, int]) -> int:
    """+1 for a frame of this log, 0 for one of a former log, -1 for anything else."""
    if salts == current:
        return 1
    age = (current[0] - salts[0]) % (1 << 32)
    return 0 if 0 < age < _GENERATIONS and salts[0] != 0 else -1
