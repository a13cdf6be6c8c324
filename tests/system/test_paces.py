# SPDX-License-Identifier: Apache-2.0
"""Equal slot lists give identical tags in real time, 50 times faster, in fast pace, and that under full load.

Bench and drivers are processes of their own. The slot tick is slow, so that a tick period is 2 s of real time
and 40 ms at 50x. A slot counts only if the tick count was unchanged after everything had been armed for it.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic

import numpy as np
import pytest
from two_node_lab import Process, bench_file
from wire_laboratory import GATE_PS, SEQUENCE, Rack, Tags

pytestmark = pytest.mark.timeout(240)

TICK_RATE_Hz = 0.5
SLOTS = 3
LONGEST_SPAN = 5
PREPARATION_TICKS = (4, 8, 16)
"""How many ticks before its first slot the bench begins in real time; more if the rack is ready too late."""
LONG = replace(SEQUENCE, tick_rate_Hz=TICK_RATE_Hz, attempts=5000, record_ps=300_000_000_000)
BUSY = "import time\nend = time.monotonic() + 120\nwhile time.monotonic() < end: pass"
Played = Mapping[int, Tags]


@contextmanager
def rack_at(
    folder: Path, seed: int, pace: str, first_tick: int = 1, slots: Sequence[int] = ()
) -> Iterator[Rack]:
    """A bench in a process of its own, and all drivers connected to it."""
    folder.mkdir(parents=True)
    bench = bench_file(folder, "two_nodes", tick_rate_Hz=TICK_RATE_Hz, first_tick=first_tick)
    listed = ["--slots", ",".join(map(str, slots))] if slots else []
    sim = Process(folder, "sim", ["sim", str(bench), "--seed", str(seed), "--pace", pace, *listed], {})
    try:
        with Rack.connected(sim.addresses(), LONG) as rack:
            yield rack
    finally:
        assert sim.stop() == 0


def await_tick(rack: Rack, tick: int) -> None:
    """Wait until the counter has seen a tick and the generators wait for their trigger."""
    until_s = monotonic() + 30
    while rack["hub_tc"].tick_count() < tick or not rack.waiting():
        assert monotonic() < until_s, f"tick {tick} never came"


def played(rack: Rack) -> tuple[int, Tags, bool]:
    """Arm for the next tick and read the tags: (slot, tags, whether all was armed before its tick)."""
    before = rack.arm()
    in_time = rack["hub_tc"].tick_count() == before
    return before + 1, rack.read(), in_time


def hurried(folder: Path, seed: int) -> Played:
    """The first slots at 50x, close together, for which everything was armed in time."""
    found: dict[int, Tags] = {}
    until_s = monotonic() + 60
    with rack_at(folder, seed, "50") as rack:
        while len(found) < SLOTS:
            assert monotonic() < until_s, "too few slots were armed in time at 50x"
            await_tick(rack, 1)
            slot, tags, in_time = played(rack)
            if in_time:
                found = {k: v for k, v in found.items() if slot - k <= LONGEST_SPAN} | {slot: tags}
    return found


def in_real_time(folder: Path, seed: int, slots: Sequence[int]) -> Played:
    """These slots, each armed after the tick before it."""
    for ticks in PREPARATION_TICKS:
        with rack_at(folder / str(ticks), seed, "realtime", first_tick=max(1, slots[0] - ticks)) as rack:
            if rack["hub_tc"].tick_count() < slots[0] - 1:
                return {slot: in_its_time(rack, slot) for slot in slots}
    raise AssertionError("the rack was not prepared in time")


def in_its_time(rack: Rack, slot: int) -> Tags:
    """The tags of a slot for which everything was armed between its tick and the one before."""
    await_tick(rack, slot - 1)
    armed_for, tags, in_time = played(rack)
    assert (armed_for, in_time) == (slot, True)
    return tags


def at_once(folder: Path, seed: int, slots: Sequence[int]) -> Played:
    """These slots in fast pace."""
    found = {}
    with rack_at(folder, seed, "fast", slots=slots) as rack:
        for slot in slots:
            await_tick(rack, slot - 1)
            armed_for, found[slot], _ = played(rack)
            assert armed_for == slot
    return found


@contextmanager
def every_core_busy() -> Iterator[None]:
    """A process that does nothing but compute on each core, for 120 s at most."""
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
        assert all(process.poll() is None for process in busy), "the load ended too early"
    finally:
        for process in busy:
            process.kill()
            process.wait()


def raw(tags: Tags) -> dict[tuple[str, int], tuple[bytes, bytes]]:
    """Every RAW stream as it would be stored: times and reference indices."""
    return {key: (times.tobytes(), index.tobytes()) for key, (times, index) in tags.items()}


def heralds(tags: Tags) -> int:
    return sum(
        int(np.sum((index >= 140) & (times >= GATE_PS[0]) & (times < GATE_PS[1])))
        for times, index in (tags["hub_tc", port] for port in (1, 2))
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("paces")


@pytest.fixture(scope="module")
def fifty(folder: Path, seed: int) -> Played:
    """Slots played at 50x; they are the slot list of all other paces."""
    return hurried(folder / "fifty", seed)


@pytest.fixture(scope="module")
def reference(folder: Path, seed: int, fifty: Played) -> Played:
    """The same slots in real time."""
    return in_real_time(folder / "realtime", seed, sorted(fifty))


@pytest.fixture(scope="module")
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--seed"))


def test_slots_hold_hundreds_of_heralds_and_their_readouts(reference: Played) -> None:
    for tags in reference.values():
        assert len(tags) == 7  # hub: both detectors and hardware heralds; each node: clicks and gate marks
        assert heralds(tags) > 200
        for node in ("alice_tc", "bob_tc"):
            clicks, marks = tags[node, 1][1], tags[node, 2][1]
            assert np.sum(marks >= 140) > 200
            assert np.sum(clicks >= 140) > 200


def test_fifty_times_real_time_gives_the_tags_of_real_time(fifty: Played, reference: Played) -> None:
    for slot, tags in reference.items():
        assert raw(fifty[slot]) == raw(tags), slot


def test_fast_pace_gives_the_tags_of_real_time(folder: Path, seed: int, reference: Played) -> None:
    for slot, tags in at_once(folder / "fast", seed, sorted(reference)).items():
        assert raw(tags) == raw(reference[slot]), slot


def test_full_load_on_every_core_changes_no_tag(folder: Path, seed: int, reference: Played) -> None:
    with every_core_busy():
        loaded = at_once(folder / "loaded", seed, sorted(reference))
    for slot, tags in loaded.items():
        assert raw(tags) == raw(reference[slot]), slot


def test_another_seed_gives_other_tags_everywhere(folder: Path, seed: int, reference: Played) -> None:
    for slot, tags in at_once(folder / "other", seed + 1, sorted(reference)).items():
        other, known = raw(tags), raw(reference[slot])
        assert other.keys() == known.keys()
        assert all(other[key] != known[key] for key in known), slot
