# SPDX-License-Identifier: Apache-2.0
"""Stored tags: bytes per tag, and tags per second written and read, beside pyarrow's defaults.

    python benchmarks/tag_storage.py --rounds 5

The dense set is two channels of 10 MHz each at random. Tags are in memory before and after; speeds are by
processor time of this process. An open segment is synced to the disk every 2**20 tags.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from measure import Row, arguments, below, demand, interleaved, medians, ratio, report, run

from heraldlink.record.rolling import write_parquet
from heraldlink.record.segment import SegmentWriter
from heraldlink.record.tag_files import open_tags
from heraldlink.tags.block import END_PS, Block, Header

TAGS, BLOCK = 1 << 22, 1 << 18
HEADER = Header("benchmark", "times", 1.0)


def poisson(rate_Hz: float) -> Block:
    """Two channels of this rate each."""
    random = np.random.default_rng(1)
    arrivals = (random.exponential(1e12 / rate_Hz, TAGS // 2).cumsum() for _ in range(2))
    time = np.concatenate([*arrivals]).astype(np.int64)
    order = time.argsort(kind="stable")
    return Block(time[order], np.repeat(np.array([0, 1], np.int16), TAGS // 2)[order], END_PS)


class Store:
    """One set of tags and the files it is written to."""

    def __init__(self, folder: Path, tags: Block) -> None:
        self._folder, self._tags = folder, tags
        places = range(0, TAGS, BLOCK)
        self._blocks = [
            Block(tags.time_ps[at : at + BLOCK], tags.channel[at : at + BLOCK], END_PS) for at in places
        ]

    def path(self, name: str) -> Path:
        """File of one way to store."""
        return self._folder / name

    def bytes_per_tag(self, name: str) -> float:
        """Size of what was written."""
        return self.path(name).stat().st_size / TAGS

    def parquet(self) -> None:
        """Ours."""
        self.path("ours.parquet").unlink(missing_ok=True)
        write_parquet(self.path("ours.parquet"), HEADER, self._blocks)

    def default(self) -> None:
        """Pyarrow's, with nothing chosen."""
        table = pa.table({"time_ps": self._tags.time_ps, "channel": self._tags.channel})
        pq.write_table(table, self.path("default.parquet"))

    def segment(self) -> None:
        """A segment, closed."""
        self.path("open.arrows").unlink(missing_ok=True)
        with SegmentWriter(self.path("open.arrows"), HEADER, flush_s=1e9) as writer:
            for block in self._blocks:
                writer.push(block)

    def read(self, name: str) -> None:
        """Read it all back; the last tag is the last one."""
        tags = [(block.channel.size, block.time_ps[-1]) for block in open_tags(self.path(name)).blocks()]
        demand((sum(size for size, _ in tags), tags[-1][1]), (TAGS, self._tags.time_ps[-1]))

    def read_default(self) -> None:
        """Read pyarrow's with pyarrow."""
        table = pq.read_table(self.path("default.parquet"), use_threads=False)
        demand(table["time_ps"][-1].as_py(), int(self._tags.time_ps[-1]))


def speed(work: Callable[[], None]) -> Callable[[], float]:
    """Tags per microsecond of processor time."""

    def measured() -> float:
        begun_s = process_time()
        work()
        return TAGS / (process_time() - begun_s) * 1e-6

    return measured


def main() -> None:
    """Measure the dense set."""
    options = arguments(__doc__ or "", rounds=5).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        dense = Store(Path(folder), poisson(1e7))
        subjects = {
            "write Parquet": dense.parquet,
            "write pyarrow's default": dense.default,
            "write a segment": dense.segment,
            "read Parquet": lambda: dense.read("ours.parquet"),
            "read pyarrow's default": dense.read_default,
            "read a segment": lambda: dense.read("open.arrows"),
        }
        for work in subjects.values():
            work()
        sizes = [
            below("Parquet, 2 x 10 MHz", dense.bytes_per_tag("ours.parquet"), "B/tag", 2.5),
            Row("pyarrow's default, 2 x 10 MHz", dense.bytes_per_tag("default.parquet"), "B/tag"),
            Row("open segment", dense.bytes_per_tag("open.arrows"), "B/tag"),
        ]
        samples = interleaved({name: speed(work) for name, work in subjects.items()}, options.rounds)
        speeds = [Row(name, figure, "Mtags/s") for name, figure in medians(samples).items()]
        for verb in ("write", "read"):
            by = ratio(samples, f"{verb} Parquet", f"{verb} pyarrow's default")
            speeds.append(Row(f"{verb}: Parquet / default", by, ""))
    report([*sizes, *speeds], options.json)


if __name__ == "__main__":
    run(main)
