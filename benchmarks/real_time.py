# SPDX-License-Identifier: Apache-2.0
"""A link of a million attempts per second in real time: the bench in one process, its drivers in this one.

    python benchmarks/real_time.py --slots 50

All instruments of configs/benches/two_nodes.yaml are served and prepared over their own protocols; while
slots are played another thread keeps reading lasers, attenuator, detectors and microwave sources. Midpoint
and ends work beside one another, as their nodes do: each reads its record and arms the next slot before the
next tick; a slot whose arming a tick crossed at one of them does not count. A slot's lag is how long after
the end of its record all its tags were here, in tick periods; below 1 nothing piles up. The share of real
time is the processor time of the bench's process by the time that passed.
"""

import json
import os
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any, NamedTuple

import numpy as np
from fast_link import BIAS_A, GATE_PS, POWER_W, SEQUENCE, ATTENUATION_dB, PUMP_m, RED_m, drive
from measure import Row, WrongAnswer, arguments, at_least, below, demand, report, run

from heraldlink.sequences import end_tagger, generator_program, midpoint_tagger
from heraldlink_drivers.station import load_station

CONFIGS = Path(__file__).parents[1] / "configs"
PLACES = ("hub", "alice", "bob")
NODES, TICK_s, RECORD_s = ("alice", "bob"), 1 / SEQUENCE.tick_rate_Hz, SEQUENCE.record_ps * 1e-12
THRESHOLDS_V = {"STAR": 0.5, "INPU1": 0.1, "INPU3": 0.5, "INPU4": 0.5}
LIMIT_s = 30.0
Roles = Mapping[str, Any]


class Taken(NamedTuple):
    """A record that was read: the slot for which its place waits now, clicks, and when all tags were here."""

    next_slot: int | None
    clicks: int
    read_s: float


@contextmanager
def bench() -> Iterator[tuple[Mapping[str, str], int]]:
    """Addresses and process id of a bench in real time."""
    with tempfile.TemporaryDirectory() as folder:
        ports = Path(folder) / "ports.json"
        options = [
            str(CONFIGS / "benches" / "two_nodes.yaml"),
            "--pace",
            "realtime",
            "--ports-file",
            str(ports),
        ]
        with subprocess.Popen([sys.executable, "-m", "heraldlink_sim", *options]) as process:
            try:
                _await(lambda: ports.exists() or process.poll() is not None, "the bench is not served")
                yield json.loads(ports.read_text(encoding="utf-8")), process.pid
            finally:
                process.terminate()


def _await(done: Callable[[], bool], sentence: str) -> None:
    until_s = monotonic() + LIMIT_s
    while not done():
        if monotonic() > until_s:
            raise WrongAnswer(sentence)
        sleep(0.001)


@contextmanager
def connected(addresses: Mapping[str, str]) -> Iterator[Roles]:
    """All drivers of the shipped Station files."""
    stations = []
    try:
        for name in ("hub", *NODES):
            stations.append(load_station(CONFIGS / "stations" / f"{name}.station.yaml", addresses))
        yield {name: role for station in stations for name, role in station.roles.items()}
    finally:
        for station in stations:
            station.close()


def prepare(rack: Roles) -> None:
    """Set the rack to the link of fast_link.py."""
    for name, wavelength_m in (("hub_pump", PUMP_m), ("hub_readout_pump", RED_m)):
        rack[name].set_wavelength_m(wavelength_m)
        rack[name].set_power_W(POWER_W)
        rack[name].set_shutter_open(True)
        rack[name].set_emission(True)
    for channel, attenuation_dB in enumerate((ATTENUATION_dB, ATTENUATION_dB, 17.0, 17.0), start=1):
        rack["hub_voa"].set_attenuation_dB(channel, attenuation_dB)
        rack["hub_voa"].set_open(channel, True)
    for name in ("hub_eos", "alice_eos", "bob_eos"):
        rack[name].set_bias_A((BIAS_A, BIAS_A))
        rack[name].set_trigger_level_V((0.1, 0.1))
        rack[name].set_enabled(True)
    rack["hub_tc"].configure(midpoint_tagger(SEQUENCE, GATE_PS, {**THRESHOLDS_V, "INPU2": 0.1}))
    for node in NODES:
        _prepare_node(rack, node)
    for name in ("hub_tc", "alice_tc", "bob_tc"):
        rack[name].open_streams()


def _prepare_node(rack: Roles, node: str) -> None:
    rack[f"{node}_awg"].upload(generator_program(SEQUENCE, drive(node), "X"))
    rack[f"{node}_awg"].set_reference_external(True)
    rack[f"{node}_awg"].arm()
    rack[f"{node}_dg"].set_delay_s(1e-6)
    rack[f"{node}_dg"].set_amplitude_V(2.5)
    microwave = rack[f"{node}_mw"]
    microwave.set_reference_external(True)
    microwave.set_frequency_Hz(7.0e9)
    microwave.set_power_dBm(-30.0)
    microwave.set_output(True)
    rack[f"{node}_tc"].configure(end_tagger(THRESHOLDS_V))


def poll(rack: Roles, stop: Event, polls: list[int]) -> None:
    """Keep reading what no slot needs."""
    reads = [lambda n=n: rack[n].power_W() for n in ("hub_pump", "hub_readout_pump")]
    reads += [lambda: rack["hub_voa"].monitor_W(1)]
    reads += [lambda n=n: rack[n].count_rates_Hz() for n in ("hub_eos", "alice_eos", "bob_eos")]
    reads += [lambda n=n: rack[f"{n}_mw"].frequency_Hz() for n in NODES]
    while not stop.wait(0.01):
        for read in reads:
            read()
            polls.append(1)


def first_tick(rack: Roles) -> tuple[int, float]:
    """A slot and when its tick came, by looking until the count rises."""
    before = rack["hub_tc"].tick_count()
    until_s = monotonic() + LIMIT_s
    while (now := rack["hub_tc"].tick_count()) == before:
        if monotonic() > until_s:
            raise WrongAnswer("no tick comes")
    return now, monotonic()


def arm(rack: Roles, name: str) -> int | None:
    """Arm a place for the next tick; the slot that it waits for, or None if a tick came meanwhile."""
    before = rack[f"{name}_tc"].tick_count()
    if name != "hub":
        rack[f"{name}_dg"].arm()
    armed: int = rack[f"{name}_tc"].arm_record(SEQUENCE.record_ps)
    return armed + 1 if armed == before else None


def take(rack: Roles, name: str) -> Taken:
    """Await the armed record of a place, read its tags and arm it again, as its node would."""
    tagger = rack[f"{name}_tc"]
    sleep(RECORD_s - 0.005)  # it waits for its tick besides, so its end cannot be nearer
    _await(tagger.record_done, f"{name} never finished its record")
    tags = tagger.read_record()
    read_s = monotonic()
    clicks = sum(len(tags[port][1]) for port in (1, 2)) if name == "hub" else 0
    return Taken(arm(rack, name), clicks, read_s)


def play(rack: Roles, slots: int) -> Iterator[tuple[int, int, float] | None]:
    """Play slots, the places beside one another: number, clicks at the hub, when all its tags were here.

    None where a tick came while they armed, so that not all started with the same one: they arm again.
    """
    slot = None
    with ThreadPoolExecutor(len(PLACES)) as pool:
        for _ in range(slots):
            if slot is None:
                slot = agreed(pool.map(partial(arm, rack), PLACES))
                yield None
                continue
            taken = list(pool.map(partial(take, rack), PLACES))
            yield slot, sum(one.clicks for one in taken), max(one.read_s for one in taken)
            slot = agreed(one.next_slot for one in taken)


def agreed(slots: Iterable[int | None]) -> int | None:
    """The slot for which all places wait, or None."""
    first, *others = set(slots)
    return None if others else first


def spent_s(process: int) -> float:
    """Processor time of a process so far (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(rack: Roles, process: int, options: Namespace) -> list[Row]:
    """Play the slots and say how they came."""
    prepare(rack)
    polls: list[int] = []
    stop = Event()
    polling = Thread(target=poll, args=(rack, stop, polls))
    tick, tick_s = first_tick(rack)
    polling.start()
    begun_s, spent = monotonic(), spent_s(process)
    try:
        tried = list(play(rack, options.slots))
    finally:
        stop.set()
        polling.join()
    slots = [slot for slot in tried if slot is not None]
    passed_s, used_s = monotonic() - begun_s, spent_s(process) - spent
    lags = [(done_s - tick_s - (slot - tick) * TICK_s - RECORD_s) / TICK_s for slot, _, done_s in slots]
    counted = rack["hub_tc"].tick_count() - tick
    late = (monotonic() - tick_s) / TICK_s - counted
    attempts = len(slots) * RECORD_s * 1e12 / SEQUENCE.attempt_period_ps
    demand(all(clicks > 0 for _, clicks, _ in slots), True)
    return [
        below("share of real time used by the bench", used_s / passed_s, "", 1),
        below("largest lag of a slot's tags", max(lags), "ticks", 1),
        Row("median lag of a slot's tags", float(np.median(lags)), "ticks"),
        below("ticks that the bench is late at the end", late, "ticks", 2),
        at_least("slots played of the ticks that came", len(slots) / counted, "", 0.95),
        Row("slots whose arming a tick crossed", len(tried) - len(slots), ""),
        Row("clicks per attempt at the hub", sum(clicks for _, clicks, _ in slots) / attempts, ""),
        Row("readings of other instruments", len(polls) / passed_s, "1/s"),
    ]


def benchmark() -> None:
    """Measure and report."""
    parser = arguments(__doc__.splitlines()[0], rounds=1)
    parser.add_argument("--slots", type=int, default=50, help="slots of 0.1 s to play (default %(default)s)")
    options = parser.parse_args()
    with bench() as (addresses, process), connected(addresses) as rack:
        rows = measured(rack, process, options)
    report(rows, options.json)


if __name__ == "__main__":
    run(benchmark)
