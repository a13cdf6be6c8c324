# SPDX-License-Identifier: Apache-2.0
"""100 threads of one client read 1,000 parameters each through one node: how many get another's answer.

A bench and its midpoint run as processes; the threads share one client. Each read is compared with the name
that was asked for and with the value that one thread alone had read before.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier, Thread

from measure import Row, arguments, demand, report, run

import heraldlink
from heraldlink.client import Node
from heraldlink.messages.lease import Reading

LASERS = ("hub_pump", "hub_readout_pump")
PARAMETERS = [
    *((name, "identity") for name in (*LASERS, "hub_voa", "hub_eos", "hub_tc")),
    *((name, "wavelength") for name in LASERS),
    ("hub_voa", "ch1_attenuation"),
]
START_S = 60.0


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--threads", type=int, default=100)
    parser.add_argument("--reads", type=int, default=1000, help="of each thread")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, midpoint(Path(folder)) as node:
        node.prepare()
        wrong, rate = swapped(node, options.threads, options.reads)
    demand(f"{wrong} swapped answers", "0 swapped answers")
    rows = [
        Row(
            f"{options.threads} threads x {options.reads} reads: swapped answers", wrong, "", "0", wrong == 0
        ),
        Row("reads through a node and its worker", rate, "1/s"),
    ]
    report(rows, options.json)


def swapped(node: Node, threads: int, reads: int) -> tuple[int, float]:
    """How many reads of all threads gave another answer than they should, and reads per second."""
    expected = {each: node.read(*each).value for each in PARAMETERS}
    demand(len(set(expected.values())), len(PARAMETERS))
    wrong: list[Reading | Exception] = []
    done: list[int] = []
    start = Barrier(threads + 1)

    def work(number: int) -> None:
        start.wait()
        for turn in range(reads):
            wanted = PARAMETERS[(number + turn) % len(PARAMETERS)]
            try:
                found = node.read(*wanted)
            except Exception as error:
                wrong.append(error)
                raise
            if (found.instrument, found.parameter, found.value) != (*wanted, expected[wanted]):
                wrong.append(found)
        done.append(number)

    workers = [Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    start.wait()
    begun = time.perf_counter()
    for worker in workers:
        worker.join()
    elapsed_s = time.perf_counter() - begun
    demand(len(done), threads)
    return len(wrong), threads * reads / elapsed_s


@contextmanager
def midpoint(folder: Path) -> Iterator[Node]:
    """A bench and its midpoint, on free ports."""
    bench = ["heraldlink_sim", "configs/benches/two_nodes.yaml", "--pace", "fast"]
    instruments = folder / "sim.json"
    options = ["--addresses", str(instruments), "--free-ports", "--data", str(folder)]
    with (
        served(bench, instruments),
        served(["heraldlink.cli", "node", "nodes/midpoint.yaml", *options], folder / "node.json") as ports,
        heraldlink.connect(ports) as network,
    ):
        yield network["midpoint"]


@contextmanager
def served(module: list[str], ports: Path) -> Iterator[dict[str, str]]:
    """A process until the block ends, and the addresses it writes."""
    process = subprocess.Popen([sys.executable, "-m", *module, "--ports-file", str(ports)])
    try:
        end = time.monotonic() + START_S
        while not ports.exists():
            demand(process.poll(), None)
            demand(time.monotonic() < end, True)
            time.sleep(0.01)
        yield json.loads(ports.read_text())
    finally:
        process.terminate()
        process.wait(15)


if __name__ == "__main__":
    run(main)
