# SPDX-License-Identifier: Apache-2.0
"""Tags per second from tags to heralds, both engines and what others have, in one interleaved table.

    python benchmarks/tags.py --rounds 7 --memory 1000000000

Figures are tags of all channels per microsecond of processor time, of analyses as a user gets them, block by
block, on one core; the ratio beside each is to the read-sum limit, the same arrays only summed. Peers that
are not installed are named: ``pip install pycorrelate tttrlib polars``.
"""

import argparse
import io
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tag_peers
from measure import Row, Samples, arguments, at_least, below, demand, interleaved, ratio, report, run
from tag_sets import BIN_PS, SYNC, WINDOW_PS, WITHIN_PS, C, D, TagSet, analysed, attempts, pairs, table

from heraldlink.heralding.attempts import CountedSyncs
from heraldlink.heralding.engine import herald_engine
from heraldlink.heralding.herald_stream import HeraldStream
from heraldlink.heralding.results import Heralds
from heraldlink.record.tag_files import open_tags
from heraldlink.tags.coincidence import Coincidences
from heraldlink.tags.compiled import available
from heraldlink.tags.correlation import Correlation
from heraldlink.tags.engine import pair_engine
from heraldlink.tags.formats import pq_records
from heraldlink.tags.formats.parquet import ParquetWriter
from heraldlink.tags.formats.pq_source import PIECE_RECORDS, Decode
from heraldlink.tags.formats.ptu_writer import PtuWriter
from heraldlink.tags.passes import run as one_pass

READ = "read-sum limit"
ENGINES = ("compiled", "numpy") if available() else ("numpy",)
FLOORS = {
    "heralds, 2 clicks/attempt, compiled": 400,
    "heralds, 2 clicks/attempt, numpy": 50,
    "heralds, 0.05 clicks/attempt, compiled": 400,
    "heralds, 0.05 clicks/attempt, numpy": 50,
    "coincidences, compiled": 800,
    "g2, compiled": 130,
}
HIGHEST_ns = 40

Subjects = dict[str, Callable[[], float]]


def main() -> None:
    parser = arguments(__doc__ or "", rounds=7)
    parser.add_argument("--tags", type=int, default=1 << 22, help="in each set (default %(default)s)")
    parser.add_argument("--memory", type=int, metavar="TAGS", help="also the memory over a stream that long")
    options = parser.parse_args()
    if not available():
        print("no compiled engine: numba is not installed (pip install 'heraldlink[fast]')", file=sys.stderr)
    if tag_peers.missing():
        print(f"peers that are not installed: {', '.join(tag_peers.missing())}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        rows = measured(options, Path(folder))
        if options.memory:
            rows += memory_rows(options.memory, Path(folder) / "memory.json")
    report(rows, options.json)


def measured(options: argparse.Namespace, folder: Path) -> list[Row]:
    """The table."""
    dense, both = attempts(options.tags, 1e7), pairs(options.tags)
    subjects: Subjects = {READ: both.speed(lambda: read_sum(both))}
    subjects |= herald_subjects("heralds, 2 clicks/attempt", dense)
    subjects |= herald_subjects("heralds, 0.05 clicks/attempt", attempts(options.tags, 0.25e6))
    subjects |= pair_subjects(both)
    subjects |= decoders(both)
    subjects |= through_files(dense, folder)
    samples = interleaved(subjects, options.rounds)
    return [*(row(name, samples) for name in subjects), *decoding(samples)]


def row(name: str, samples: Samples) -> Row:
    """A subject's figure, with its ratio to the limit in its name, and its target."""
    figure, what = median(samples[name]), f"{name}  ({ratio(samples, name, READ):.3f})"
    if name.startswith("PTU file"):
        return replace(below(what, 1000 / figure, "ns/tag", HIGHEST_ns), what=name)
    return at_least(what, figure, "Mtags/s", FLOORS[name]) if name in FLOORS else Row(what, figure, "Mtags/s")


def read_sum(tags: TagSet) -> int:
    """Read every byte of a set once."""
    sums = [block.time_ps.sum() + block.channel.view(np.int64).sum() for block in tags.blocks()]
    return int(sum(sums))


def herald_subjects(name: str, tags: TagSet) -> Subjects:
    """Both engines and peers, which must agree."""

    def stream(engine: str) -> Heralds:
        return analysed(tags, HeraldStream(table(), CountedSyncs(SYNC), herald_engine(engine))).heralds

    whole = analysed(tags, HeraldStream(table(), CountedSyncs(SYNC), herald_engine("numpy")))
    for engine in ENGINES:
        demand(stream(engine).attempt.tobytes() == whole.heralds.attempt.tobytes(), True)
    peers = tag_peers.heralds(tags)
    for work in peers.values():
        demand(work(), whole.heralds.attempt.size)
    works: Mapping[str, Callable[[], object]] = {
        **{engine: lambda engine=engine: stream(engine) for engine in ENGINES},
        **peers,
    }
    return {f"{name}, {who}": tags.speed(work) for who, work in works.items()}


def pair_subjects(tags: TagSet) -> Subjects:
    """Coincidences within 500 ps, and g2 of 1,000 bins of 100 ps."""

    def count(engine: str) -> int:
        return analysed(tags, Coincidences(C, D, WITHIN_PS, engine=pair_engine(engine))).pairs

    def correlate(engine: str) -> object:
        window = -WINDOW_PS, WINDOW_PS, BIN_PS
        return analysed(tags, Correlation(C, D, *window, engine=pair_engine(engine))).pairs.tolist()

    peers, others = tag_peers.coincidences(tags), tag_peers.correlations(tags)
    expected = count("numpy")
    for name, work in peers.items():
        found = int(str(work()))
        if "nearest" not in name:
            demand(found, expected)
    for engine in ENGINES:
        demand((count(engine), correlate(engine)), (expected, correlate("numpy")))
    for work in others.values():
        work()
    counts = {engine: lambda engine=engine: count(engine) for engine in ENGINES} | dict(peers)
    histograms = {engine: lambda engine=engine: correlate(engine) for engine in ENGINES} | dict(others)
    return {f"coincidences, {name}": tags.speed(work) for name, work in counts.items()} | {
        f"g2, {name}": tags.speed(work) for name, work in histograms.items()
    }


def decoders(tags: TagSet) -> Subjects:
    """T2 records in memory to times and channels."""
    file = written(tags, io.BytesIO()).getvalue()
    begin = len(written(TagSet(tags.time_ps[:0], tags.channel[:0]), io.BytesIO()).getvalue())
    records = np.frombuffer(file[begin:], "<u4")
    works: dict[str, Callable[[], object]] = {"numpy": lambda: decoded(records, pq_records.decode)}
    if available():
        from heraldlink.tags.formats import pq_kernels

        works["compiled"] = lambda: decoded(records, pq_kernels.decode)
    for work in works.values():
        demand(work(), int(tags.time_ps[-1]))
    if theirs := tag_peers.ptufile_decode(file, PIECE_RECORDS):
        works["ptufile"] = theirs
    return {f"T2 decode, {name}": tags.speed(work) for name, work in works.items()}


def decoded(records: pq_records.Records, decode: Decode) -> int:
    """Decode piece by piece, as a file is read; the last time."""
    layout, carry, last = pq_records.LAYOUTS[0x01010204], 0, 0
    for at in range(0, records.size, PIECE_RECORDS):
        found = decode(records[at : at + PIECE_RECORDS], layout, carry)
        carry, last = found.carry, int(found.count[-1])
    return last


def decoding(samples: Samples) -> list[Row]:
    """Ours beside ptufile, the quicker of the engines."""
    ours, theirs = f"T2 decode, {ENGINES[0]}", "T2 decode, ptufile"
    return (
        [at_least("T2 decode / ptufile", ratio(samples, ours, theirs), "x", 1)] if theirs in samples else []
    )


def written(tags: TagSet, stream: io.BytesIO) -> io.BytesIO:
    """As a PTU file."""
    writer = PtuWriter(stream, tags.header)
    for block in tags.blocks():
        writer.push(block)
    writer.finish()
    return stream


def through_files(tags: TagSet, folder: Path) -> Subjects:
    """A PTU file to heralds in Parquet, and the same with all its tags stored in Parquet on the way."""
    file = folder / "tags.ptu"
    file.write_bytes(written(tags, io.BytesIO()).getvalue())

    def heralds(also_tags: bool) -> None:
        stream = HeraldStream(table(), CountedSyncs(SYNC), herald_engine(ENGINES[0]))
        with (folder / "tags.parquet").open("wb") as stored, ParquetWriter(stored, tags.header) as writer:
            found = one_pass(open_tags(file), [stream, *([writer] if also_tags else [])])[0]
        demand(isinstance(found, int), False)
        store(found.heralds, folder / "heralds.parquet")

    heralds(True)
    return {
        "PTU file -> heralds -> Parquet": tags.speed(lambda: heralds(False)),
        "PTU file -> heralds and all tags -> Parquet": tags.speed(lambda: heralds(True)),
    }


def store(heralds: Heralds, path: Path) -> None:
    """Heralds as a Parquet file."""
    columns = {
        name: getattr(heralds, name) for name in ("attempt", "outcome", "pattern", "after_ps", "time_ps")
    }
    pq.write_table(pa.table(columns), path)


def memory_rows(tags: int, figures: Path) -> list[Row]:
    """From a process of its own."""
    import json

    script = Path(__file__).with_name("tag_memory.py")
    subprocess.run([sys.executable, str(script), "--tags", str(tags), "--json", str(figures)], check=True)
    return [Row(**fields) for fields in json.loads(figures.read_text())["rows"]]


if __name__ == "__main__":
    run(main)
