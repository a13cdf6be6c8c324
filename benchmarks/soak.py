# SPDX-License-Identifier: Apache-2.0
"""A laboratory under random faults, one every 5 s: in the end all counters balance and nothing has grown.

    python benchmarks/soak.py --up               # 30 minutes, each node under its supervisor
    python benchmarks/soak.py --seconds 60 --every 3 --seed 4

Pairs are asked for without end. Compared at the end: pairs in the journals of both nodes and of the midpoint,
pairs that the clients were told, and pairs that an application fetched from each node. Memory and open files
of every process (bench, supervisors, agents, workers) are looked at each second; over the second half none
may have grown by more than the limits below, with two standard uncertainties, neither in its life nor from
one life to the next (tests/fault_lab/flatness.py).
Exits with 1 if anything does not balance or has grown. See tests/fault_lab for the faults.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from math import isfinite
from pathlib import Path
from random import Random

from measure import Row

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from fault_lab import Laboratory, troubles
from fault_lab.flatness import LEAST_SAMPLES, Growth, from_life_to_life, growth, misses
from fault_lab.history import HistoryBroken, check, read_book
from fault_lab.laboratory import ENDS, NODES
from fault_lab.usage import Usage

from heraldlink import safety
from heraldlink.errors import HeraldlinkError

SETTLE_S = 20.0
MOST_MORE_MIB = 8.0
MOST_MORE_FILES = 4.0
SHORT_S = 600.0
"""A shorter run fails only on memory of supervisors and agents that grows beyond doubt: the bench's logs of
what passed on its wires are still filling up, a worker may get its first request late (30 MB), and a few
killed processes leave a few connections open at the other end. A longer one fails on everything that is not
known to be flat."""
WARM_S = 120.0
"""Age at which a process has imported, opened and done once what it needs: agents have their size after 100 s
(measured beside calm nodes). In a short run a fifteenth of it, but LEAST_WARM_S: imports are no growth."""
LEAST_WARM_S = 15.0


@dataclass
class Soak:
    """One run. ``troubles``: what was injected, with the second it began at."""

    lab: Laboratory
    seconds: float
    every_s: float
    random: Random
    kinds: tuple[troubles.Trouble, ...]
    troubles: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    endings: Counter[str] = field(default_factory=Counter[str])
    over: threading.Event = field(default_factory=threading.Event)
    failure: str = ""

    def run(self) -> None:
        """Break things beside a client that goes on asking, and mend everything at the end."""
        breaker = threading.Thread(target=self._break)
        breaker.start()
        try:
            while not self.over.is_set():
                self._ask()
        finally:
            self.over.set()
            breaker.join()
            clear(self.lab)
            self.lab.mend()
        if self.failure:
            raise HistoryBroken(f"a fault could not be injected or mended: {self.failure}")

    def _break(self) -> None:
        """One fault after the other; each lasts a part of the time until the next."""
        begin = time.monotonic()
        try:
            while not self.over.wait(self.random.uniform(0.2, 0.4) * self.every_s):
                if time.monotonic() - begin > self.seconds:
                    break
                nodes = mortal((time.monotonic() - begin) / self.seconds)
                what, mend = self.random.choice(self.kinds)(self.lab, self.random, nodes)
                self.troubles.append((time.monotonic() - begin, what))
                self.over.wait(self.random.uniform(0.2, 0.6) * self.every_s)
                mend()
                clear(self.lab)
        except Exception as error:  # told by the main thread
            self.failure = repr(error)
        self.over.set()

    def _ask(self) -> None:
        """One request, after what it takes to have the nodes prepared."""
        try:
            with self.lab.client() as client:
                client.prepare()
                state = client.measure(self.random.choice((5, 50, 500))).state
        except HeraldlinkError as error:
            state = type(error).__name__
        self.endings[state] += 1
        if state != "DELIVERED":
            self.over.wait(0.2)  # nodes that are away answer no sooner when asked more often


def mortal(share: float) -> tuple[str, ...]:
    """Nodes whose processes may be ended at this share of a run.

    In each half every node's turn comes to live for a sixth of the run: what a process gathers in its life,
    when it is done importing, would not show in lives of half a minute.
    """
    spared = NODES[int(6 * share) % len(NODES)]
    return tuple(name for name in NODES if name != spared)


def fetched(lab: Laboratory, node: str) -> Counter[int]:
    """Confirmed pairs as an application with a durable cursor gets them from a node, by mhp_seq."""
    with lab.client("application") as client:
        store = lab.folder / f"application-{node}.sqlite"
        return Counter(record.mhp_seq for record in client.network[node].records(store, consumer="soak"))


def balance(lab: Laboratory) -> dict[str, set[int]]:
    """Confirmed pairs by mhp_seq, as each place has them. Raises HistoryBroken if they differ."""
    deadline = time.monotonic() + SETTLE_S
    while True:
        books = {n: {fact.decision.mhp_seq for fact in read_book(lab.data, n).confirmed} for n in NODES}
        if books["alice"] == books["bob"] == books["midpoint"] or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    places = {f"journal of {node}": numbers for node, numbers in books.items()}
    for node in ENDS:
        counts = fetched(lab, node)
        if counts and max(counts.values()) > 1:
            raise HistoryBroken(f"an application got pairs of {node} twice")
        places[f"fetched from {node}"] = set(counts)
    everything = set.union(*places.values())
    lacking = {place: len(everything - numbers) for place, numbers in places.items() if everything - numbers}
    if lacking:
        raise HistoryBroken(f"of {len(everything)} pairs there lack: {lacking}")
    return places


def clear(lab: Laboratory) -> None:
    """What an operator does whose causes are gone, also where there is a supervisor and no agent."""
    lab.heal()
    if not lab.supervised:
        lab.clear()
        return
    with lab.client() as client:
        for node in NODES:
            with suppress(HeraldlinkError):
                if lab.running(node) and safety.status(client.network, node).state == "FAULT":
                    safety.clear(client.network, node, "the cause is gone")


def flatness(usage: Usage, seconds: float) -> tuple[list[Row], list[str]]:
    """Growth of every process over the second half, and what was too much."""
    half_s, warm_s = seconds / 2, min(WARM_S, max(LEAST_WARM_S, seconds / 15))
    used = usage.memory_MiB(half_s)
    memory = {name: growth(items, half_s, warm_s) for name, items in used.items()}
    inherited = {name: from_life_to_life(items, half_s) for name, items in used.items()}
    inherited = {f"{name} (from life to life)": one for name, one in inherited.items() if isfinite(one.sigma)}
    files = {name: growth(items, half_s, warm_s) for name, items in usage.files(half_s).items()}

    def rows(what: str, unit: str, found: dict[str, Growth]) -> list[Row]:
        return [Row(f"{name}: {what}", one.more, f"+- {one.sigma:.2f} {unit}") for name, one in found.items()]

    found = [*rows("memory", "MiB more", memory | inherited), *rows("open files", "more", files)]
    if seconds < SHORT_S:
        nodes = {name: one for name, one in memory.items() if name.endswith(("agent", "supervisor"))}
        return found, misses(nodes, MOST_MORE_MIB, "MiB", short=True)
    memory |= {name: one for name, one in inherited.items() if one.samples >= LEAST_SAMPLES}
    return found, [*misses(memory, MOST_MORE_MIB, "MiB"), *misses(files, MOST_MORE_FILES, "files")]


def soak(
    seconds: float, every_s: float, seed: int, folder: Path, command: str = "node"
) -> tuple[Soak, list[Row], list[str]]:
    """Run it and compare everything: the figures, and what has grown. Raises HistoryBroken."""
    with Laboratory(folder, wired=True, seed=seed, command=command) as lab:
        with lab.client() as client:
            client.prepare()
            client.measure(50)
        kinds = troubles.SUPERVISED if lab.supervised else troubles.ALL
        run = Soak(lab, seconds, every_s, Random(seed), kinds)
        with Usage(lab) as usage:
            run.run()
            finish(lab)
        check(lab)
        places = balance(lab)
        told = {item.mhp_seq for item in lab.history.told}
        rows = [Row(f"pairs: {place}", len(numbers), "") for place, numbers in places.items()]
        rows += [Row("pairs: told to clients", len(told), ""), Row("faults", len(run.troubles), "")]
        grown, missed = flatness(usage, seconds)
        return run, rows + grown, missed


def finish(lab: Laboratory) -> None:
    """A last request, which has to be delivered within 10 s of the end of all faults."""
    deadline = time.monotonic() + 10.0
    while True:
        try:
            with lab.client() as client:
                client.prepare()
                if client.measure(10).state == "DELIVERED":
                    return
        except HeraldlinkError:
            pass
        clear(lab)
        if time.monotonic() > deadline:
            raise HistoryBroken("10 s after the last fault no pairs came")


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=1800.0)
    parser.add_argument("--every", type=float, default=5.0, help="seconds from one fault to the next")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--up", action="store_true", help="each node under its supervisor")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="heraldlink-soak-") as folder:
        try:
            command = "up" if options.up else "node"
            run, rows, missed = soak(options.seconds, options.every, options.seed, Path(folder), command)
        except HistoryBroken as error:
            print(f"seed {options.seed}: {error}", file=sys.stderr)
            return 1
    for at_s, what in run.troubles:
        print(f"{at_s:8.1f} s  {what}")
    for row in rows:
        print(f"{row.what:<32} {row.figure:12.1f} {row.unit}")
    print("requests:", ", ".join(f"{number} {state}" for state, number in run.endings.most_common()))
    if options.json:
        options.json.write_text(json.dumps({"rows": [asdict(row) for row in rows]}, indent=1))
    for sentence in missed:
        print(f"seed {options.seed}: {sentence}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
