# SPDX-License-Identifier: Apache-2.0
"""How much of the wall time at pace 1 a request spends in attempts, for agent.py.

Pairs are frequent here, and each starts the generator's count of ``attempts`` again, so that a block lasts as
long as its record; the count without a herald only has to be long enough not to end a block before.
"""

from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from measure import Row, at_least, demand
from node_rack import Changes, NodeRack

from heraldlink.client import Network
from heraldlink.pairs import SlotReport


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks of one length: what replaces the shipped sequence and bench, for how long they are played."""

    what: str
    sequence: Changes
    seconds: float
    floor: float | None = None

    @property
    def tick_rate_Hz(self) -> float:
        """Of bench and sequence."""
        return float(str(self.sequence["tick_rate_Hz"]))

    @property
    def period_s(self) -> float:
        """Of the attempts."""
        return int(str(self.sequence["attempt_period_ps"])) * 1e-12


SLOW = Blocks(
    "time in attempts, blocks of 1 s at 50 kHz",
    {
        "tick_rate_Hz": 1,
        "attempt_period_ps": 20_000_000,
        "bright_pulses": 100,
        "calibration_shots": 10,
        "attempts": 1_400,
        "record_ps": 967_000_000_000,
    },
    12.0,
    floor=0.95,
)
FAST = Blocks(
    "time in attempts, blocks of 100 ms at 1 MHz",
    {
        "tick_rate_Hz": 10,
        "attempt_period_ps": 1_000_000,
        "bright_pulses": 100,
        "calibration_shots": 10,
        "attempts": 1_500,
        "pulse_centre_ps": 160_000,
        "pulse_sigma_ps": 20_000,
        "bright_sigma_ps": 20_000,
        "sync_begin_ps": 60_000,
        "rotation_begin_ps": 240_000,
        "rotation_sigma_ps": 6_000,
        "readout_begin_ps": 300_000,
        "readout_width_ps": 600_000,
        "record_ps": 96_000_000_000,
    },
    6.0,
)


def attempts(folder: Path) -> list[Row]:
    """Both block lengths."""
    rows: list[Row] = []
    for place, blocks in enumerate((SLOW, FAST)):
        own = folder / f"blocks-{place}"
        own.mkdir()
        bench = {"tick_rate_Hz": blocks.sequence["tick_rate_Hz"]}
        nodes = {"midpoint": {"operating_point.gate": {"begin_ps": 20_000, "end_ps": 180_000}}}
        with (
            NodeRack(
                own, pace="realtime", bench=bench, sequence=blocks.sequence, nodes=nodes if place else None
            ) as rack,
            rack.connect() as network,
        ):
            network.prepare()
            share, voids = share_of(network, blocks)
        rows.append(
            at_least(blocks.what, share, "", blocks.floor) if blocks.floor else Row(blocks.what, share, "")
        )
        rows.append(Row("ticks left out in between", voids, ""))
    return rows


def share_of(network: Network, blocks: Blocks) -> tuple[float, int]:
    """Attempts' share of the wall time from one slot's report to another's, and ticks that were left out."""
    request = network["alice"].create(remote="bob", number=100_000, max_time=3600, seed=1)
    found: list[tuple[float, SlotReport]] = []
    for item in request.follow():
        if not isinstance(item, SlotReport) or item.estimate:
            continue
        found.append((monotonic(), item))
        if found[-1][0] - found[0][0] > blocks.seconds:
            break
    request.cancel()
    demand(request.result.state, "EXPIRED")
    (begun_s, first), (end_s, last) = found[0], found[-1]
    played_s = sum(item.counts.attempts for _, item in found[1:]) * blocks.period_s
    return played_s / (end_s - begun_s), last.slot - first.slot - (len(found) - 1)
