# SPDX-License-Identifier: Apache-2.0
"""Memory over a PTU recording that never ends: decoded, put in order, searched for heralds and coincidences.

    python benchmarks/tag_memory.py --tags 1000000000

The file is made while it is read: its records repeat, their time goes on. No disk is needed.
"""

import io
import time
from pathlib import Path

from measure import Row, arguments, below, demand, report, run
from tag_sets import SYNC, WITHIN_PS, C, D, attempts, table

from heraldlink.heralding.attempts import CountedSyncs
from heraldlink.heralding.engine import herald_engine
from heraldlink.heralding.herald_stream import HeraldStream
from heraldlink.tags.block import END_PS, Block, Header
from heraldlink.tags.coincidence import Coincidences
from heraldlink.tags.engine import pair_engine
from heraldlink.tags.formats.picoquant import Ptu
from heraldlink.tags.formats.ptu_writer import PtuWriter
from heraldlink.tags.passes import run as one_pass

LIMIT_MB = 300
OVERFLOW = (0x7F << 25 | 1).to_bytes(4, "little")
"""Behind the last record, so that the first one of the next turn is later."""


class Endless(io.RawIOBase):
    """A PTU file whose records repeat ``times`` times."""

    def __init__(self, tags: int, times: int) -> None:
        tag_set, whole, empty = attempts(tags, 1e7), io.BytesIO(), io.BytesIO()
        for stream, size in ((empty, 0), (whole, tags)):
            writer = PtuWriter(stream, Header("benchmark", "times", 1.0))
            writer.push(Block(tag_set.time_ps[:size], tag_set.channel[:size], END_PS))
            writer.finish()
        self._begin = len(empty.getvalue())
        self._head, self._records = empty.getvalue(), whole.getvalue()[self._begin :] + OVERFLOW
        self.size = self._begin + times * len(self._records)
        self._at = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Place of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        stop = self.size if size < 0 else min(self.size, self._at + size)
        parts: list[bytes] = []
        while self._at < stop:
            in_head = self._at < self._begin
            source = self._head if in_head else self._records
            place = self._at if in_head else (self._at - self._begin) % len(self._records)
            parts.append(source[place : place + stop - self._at])
            self._at += len(parts[-1])
        return b"".join(parts)


def resident_MB(what: str = "VmRSS") -> float:
    """Memory now, or at most so far (VmHWM; getrusage's includes what the parent had)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(what))


class Memory:
    """Memory after each block."""

    def __init__(self) -> None:
        self.tags, self.seen = 0, [0.0]

    def __call__(self, tags: int) -> None:
        self.tags += tags
        self.seen.append(resident_MB())


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--tags", type=int, default=1_000_000_000)
    options = parser.parse_args()
    turn = 1 << 20
    file, memory = Endless(turn, -(-options.tags // turn)), Memory()
    source = Ptu().open(file, file.size, False, {})
    herald_stream = HeraldStream(table(), CountedSyncs(SYNC), herald_engine(), keep=False)
    pairs = Coincidences(C, D, WITHIN_PS, engine=pair_engine())
    begun_s = time.process_time()
    heralds, found = one_pass(source, [herald_stream, pairs], progress=memory)
    spent_s = time.process_time() - begun_s
    demand(memory.tags, turn * -(-options.tags // turn))
    demand(heralds.patterns.sum() > 0 and found.pairs > 0, True)
    tenth = max(memory.seen[: len(memory.seen) // 10 + 2])
    rows = [
        Row("tags of a PTU stream, decoded, heralds and pairs found", memory.tags, ""),
        Row("processor time", spent_s / memory.tags * 1e9, "ns/tag"),
        below("largest memory, with all libraries", resident_MB("VmHWM"), "MB", LIMIT_MB),
        Row("growth after the first tenth", max(memory.seen) - tenth, "MB"),
    ]
    report(rows, options.json)


if __name__ == "__main__":
    run(main)
