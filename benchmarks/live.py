# SPDX-License-Identifier: Apache-2.0
"""How long after a block of 8,192 time stamps arrives its heralds are told.

    python benchmarks/live.py --rounds 5

A time-stamp service in another process (`live_service.py`) sends blocks of two channels over ZeroMQ. Here
they are received, put together, searched for heralds and published; the service receives the heralds. The
figure with a target begins when the second channel's message has arrived here, and ends when the heralds
are sent; one part of it begins with the sorted block. The service times the whole way, both sockets
included. The target is that of the engine that live tags get: the compiled one where numba is installed;
numpy's figures stand beside it.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Self

import numpy as np
from live_service import CHANNEL_TAGS, records
from measure import Row, arguments, below, demand, interleaved, medians, report, run

from heraldlink.heralding.attempts import ReferenceIndex
from heraldlink.heralding.engine import live_engine
from heraldlink.heralding.herald_stream import HeraldStream
from heraldlink.heralding.patterns import single_click
from heraldlink.heralding.results import Heralds
from heraldlink.streams.bounded import BoundedQueue, Buffered
from heraldlink.streams.datalink import Channel
from heraldlink.streams.heralds import Publisher, run_live
from heraldlink.streams.id900 import ID900Tags
from heraldlink.tags.compiled import available
from heraldlink.tags.description import AnyBlock

GATE_PS = (100_000, 400_000)
BLOCKS = 305
TARGET_ms = 0.3


class Noted:
    """Notes, while it is entered, when messages arrive and when blocks that were put together are queued."""

    def __init__(self) -> None:
        self.messages_s: list[float] = []
        self.blocks_s: list[float] = []
        self._receive, self._put = Channel.receive, BoundedQueue.put

    def __enter__(self) -> Self:
        def receive(channel: Channel) -> bytes:
            data = self._receive(channel)
            self.messages_s.append(perf_counter())
            return data

        def put(queue: BoundedQueue, block: AnyBlock) -> None:
            self.blocks_s.append(perf_counter())
            self._put(queue, block)

        Channel.receive, BoundedQueue.put = receive, put
        return self

    def __exit__(self, *_: object) -> None:
        Channel.receive, BoundedQueue.put = self._receive, self._put


class RoundTrip:
    """Medians (ms) of one engine's rounds."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self.block_ms: list[float] = []
        self.subscriber_ms: list[float] = []

    def __call__(self) -> float:
        """From the last message of a block to the message of its heralds."""
        with tempfile.TemporaryDirectory() as folder:
            heralds = f"ipc://{folder}/heralds"
            with _service(heralds) as service, Publisher(heralds) as publisher:
                assert service.stdout is not None
                port = json.loads(service.stdout.readline())["port"]
                source = ID900Tags(f"tcp://127.0.0.1:{port}", (1, 2), stream_port=0, engine=self._engine)
                with Noted() as noted:
                    told_s = _receive(source, self._engine, publisher)
                self.subscriber_ms.append(median(json.loads(service.stdout.readline())) * 1e3)
        self.block_ms.append(_since(noted.blocks_s, told_s))
        return _since(noted.messages_s, told_s)


@contextmanager
def _service(heralds: str) -> Generator[subprocess.Popen[str]]:
    """The service's process, which ends with us."""
    command = [sys.executable, str(Path(__file__).with_name("live_service.py")), heralds, str(BLOCKS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as service:
        try:
            yield service
        finally:
            service.kill()


def _since(events_s: list[float], told_s: list[float]) -> float:
    """Median time (ms) from the last event before heralds were told."""
    at_s = np.array(events_s)
    return median((told_s - at_s[np.searchsorted(at_s, told_s) - 1]).tolist()) * 1e3


def _receive(source: ID900Tags, engine: str, publisher: Publisher) -> list[float]:
    stream = HeraldStream(single_click(1, 2, GATE_PS), ReferenceIndex(), live_engine(engine))
    told_s: list[float] = []

    def tell(heralds: Heralds) -> None:
        publisher.tell(heralds)
        told_s.append(perf_counter())

    check(run_live(Buffered(source), stream, tell).heralds)
    return told_s


def check(heralds: Heralds) -> None:
    """Raise WrongAnswer unless these are the heralds of all blocks."""
    found = []
    for channel in (1, 2):
        rows = np.concatenate([records(block, channel) for block in range(BLOCKS)]).astype(np.int64)
        found.append(rows[(rows[:, 0] >= GATE_PS[0]) & (rows[:, 0] < GATE_PS[1]), 1])
    demand(heralds.attempt.tolist(), np.setxor1d(*found).tolist())
    demand(heralds.ambiguous.tolist(), np.intersect1d(*found).tolist())


def main() -> None:
    """Measure and report."""
    options = arguments(__doc__ or "", rounds=5).parse_args()
    trips = {name: RoundTrip(name) for name in (("numpy", "compiled") if available() else ("numpy",))}
    found = medians(interleaved(trips, options.rounds))
    rows: list[Row] = []
    for name, trip in trips.items():
        what = f"{2 * CHANNEL_TAGS:,} tags, {name}"
        told = f"{what}: last arrival to heralds' message", found[name], "ms"
        rows += [
            below(*told, TARGET_ms) if name == live_engine().name else Row(*told),
            Row(f"{what}: ... from the sorted block on", median(trip.block_ms), "ms"),
            Row(f"{what}: ... from sent to subscriber", median(trip.subscriber_ms), "ms"),
        ]
    report(rows, options.json)


if __name__ == "__main__":
    run(main)
