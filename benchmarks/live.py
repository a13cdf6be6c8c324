# SPDX-License-Identifier: Apache-2.0
"""How long after a block of 8,192 time stamps arrives its heralds are told.

    python benchmarks/live.py --rounds 5

A time-stamp service in another process (`live_service.py`) sends blocks of two channels over ZeroMQ. Here
they are received, put together, queued for another thread, searched for heralds and published; the service
receives the heralds. It times the whole way, both sockets included: "to the subscriber". "Arrival to
message" begins when the second channel's message has arrived here, and ends when the heralds are sent.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Self

import numpy as np
from live_service import CHANNEL_TAGS, records
from measure import Row, arguments, below, demand, interleaved, medians, report, run

from heraldlink.heralding.attempts import ReferenceIndex
from heraldlink.heralding.engine import herald_engine
from heraldlink.heralding.herald_stream import HeraldStream
from heraldlink.heralding.patterns import single_click
from heraldlink.heralding.results import Heralds
from heraldlink.streams.bounded import Buffered
from heraldlink.streams.datalink import Channel
from heraldlink.streams.heralds import Publisher, run_live
from heraldlink.streams.id900 import ID900Tags
from heraldlink.tags.compiled import available

GATE_PS = (100_000, 400_000)
BLOCKS = 105
TARGET_ms = 0.3


class Arrivals:
    """Notes when messages arrive, while it is entered."""

    def __init__(self) -> None:
        self.at_s: list[float] = []
        self._receive = Channel.receive

    def __enter__(self) -> Self:
        def receive(channel: Channel) -> bytes:
            data = self._receive(channel)
            self.at_s.append(perf_counter())
            return data

        Channel.receive = receive
        return self

    def __exit__(self, *_: object) -> None:
        Channel.receive = self._receive


def round_trip(engine: str, whole: dict[str, list[float]]) -> float:
    """Median time from arrival to message, ms; adds the median to the subscriber to ``whole``."""
    with tempfile.TemporaryDirectory() as folder:
        heralds = f"ipc://{folder}/heralds"
        command = [sys.executable, str(Path(__file__).with_name("live_service.py")), heralds, str(BLOCKS)]
        with (
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as service,
            Publisher(heralds) as publisher,
        ):
            assert service.stdout is not None
            port = json.loads(service.stdout.readline())["port"]
            source = ID900Tags(f"tcp://127.0.0.1:{port}", (1, 2), stream_port=0)
            with Arrivals() as arrivals:
                told_s = _receive(source, engine, publisher)
            whole[engine].append(median(json.loads(service.stdout.readline())) * 1e3)
            service.communicate()
    arrived_s = np.array(arrivals.at_s)
    latest = arrived_s[np.searchsorted(arrived_s, told_s) - 1]  # the message that decided these heralds
    return median((told_s - latest).tolist()) * 1e3


def _receive(source: ID900Tags, engine: str, publisher: Publisher) -> list[float]:
    stream = HeraldStream(single_click(1, 2, GATE_PS), ReferenceIndex(), herald_engine(engine))
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
    engines = ("numpy", "compiled") if available() else ("numpy",)
    whole: dict[str, list[float]] = {engine: [] for engine in engines}
    subjects: dict[str, Callable[[], float]] = {
        engine: partial(round_trip, engine, whole) for engine in engines
    }
    found = medians(interleaved(subjects, options.rounds))
    tags = f"{2 * CHANNEL_TAGS:,} tags"
    rows = [below(f"{tags}, arrival to message, {name}", found[name], "ms", TARGET_ms) for name in engines]
    rows += [Row(f"{tags}, sent to subscriber, {name}", median(whole[name]), "ms") for name in engines]
    report(rows, options.json)


if __name__ == "__main__":
    run(main)
