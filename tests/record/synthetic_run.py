# SPDX-License-Identifier: Apache-2.0
"""A run with known truth: tags of three nodes, and the result that they must give."""

from dataclasses import dataclass

import numpy as np

from heraldlink.heralding import ReadoutWindow, describe_end, describe_midpoint
from heraldlink.messages.values import Basis, Confusion, Phase, Prediction, SlotCounts
from heraldlink.pairs import NodeTags, Pair, Result, SlotReport
from heraldlink.record.pair_table import BASES, BELL_STATES
from heraldlink.sequences import PairSourceSequence

SEQUENCE = PairSourceSequence(
    name="synthetic", sample_rate_Hz=12.5e9, tick_rate_Hz=10.0, attempt_period_ps=5_000_000, bright_pulses=40,
    calibration_shots=50, attempts=12_000, pulse_centre_ps=400_000, pulse_sigma_ps=48_000,
    bright_sigma_ps=48_000,
    sync_begin_ps=200_000, sync_width_ps=20_000, rotation_begin_ps=400_000, rotation_sigma_ps=10_000,
    readout_begin_ps=1_000_000, readout_width_ps=2_000_000, record_ps=70_000_000_000,
)  # fmt: skip
GATE = (1_000_000, 1_400_000)
WINDOW = ReadoutWindow(SEQUENCE.readout_width_ps)
FIRST = SEQUENCE.segments.first_attempt
CORRELATORS = {"psi+": {"XX": 0.8, "YY": 0.8, "ZZ": -0.9}, "psi-": {"XX": -0.8, "YY": -0.8, "ZZ": -0.9}}
MISREAD = 0.03
READOUT_MARK_PS = SEQUENCE.attempt_period_ps + 800_000
PROBABILITY = 5e-3


def prediction() -> Prediction:
    return Prediction(
        probability=PROBABILITY,
        probability_psi_plus=PROBABILITY / 2,
        probability_psi_minus=PROBABILITY / 2,
        fidelity_psi_plus=(1 + 0.8 + 0.8 + 0.9) / 4,
        fidelity_psi_minus=(1 + 0.8 + 0.8 + 0.9) / 4,
        fidelity=(1 + 0.8 + 0.8 + 0.9) / 4,
        goodness_sigma=0.02,
        n_bar={"alice": 0.01, "bob": 0.01},
        correlators={f"{bell} {basis}": CORRELATORS[bell][basis] for bell in BELL_STATES for basis in BASES},
    )


@dataclass
class Stream:
    """Tags of one RAW channel as they are made."""

    time: list[int]
    index: list[int]

    def add(self, time_ps: int, index: int) -> None:
        self.time.append(int(time_ps))
        self.index.append(int(index))

    def arrays(self) -> "tuple[np.ndarray, np.ndarray]":
        return np.array(self.time, dtype=np.int64), np.array(self.index, dtype=np.int64)


def streams(count: int) -> list[Stream]:
    return [Stream([], []) for _ in range(count)]


Ends = dict[str, list[Stream]]


class Bench:
    """Plays slots with known truth."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.tags = {"midpoint": {}, "alice": {}, "bob": {}}
        self.heralds: list[Pair] = []
        self.slots: list[SlotReport] = []

    def play(self, slot: int, basis: Basis, estimate: bool = False) -> None:
        hub, ends = streams(3), {"alice": streams(2), "bob": streams(2)}
        confusions = tuple(self._calibrate(ends[name]) for name in ends)
        clicked = self.rng.random(SEQUENCE.attempts) < PROBABILITY
        heralds = [int(attempt) + FIRST for attempt in np.flatnonzero(clicked)]
        for attempt in heralds:
            self._herald(slot, attempt, basis, hub, ends, estimate)
        for _ in range(300):  # dark counts outside the gate
            hub[self.rng.integers(2)].add(
                self.rng.integers(2_000_000, 5_000_000), self.rng.integers(FIRST, 12_000)
            )
        for name, made in {"midpoint": hub, **ends}.items():
            self.tags[name] |= {(slot, raw + 1): stream.arrays() for raw, stream in enumerate(made)}
        self._report(slot, basis, estimate, len(heralds), confusions)

    def result(self) -> Result:
        return Result("DELIVERED", "", "", "", tuple(self.heralds), tuple(self.slots), prediction())

    def node_tags(self) -> dict[str, NodeTags]:
        hub = describe_midpoint(SEQUENCE, GATE, {"hub_tc": "IDQ,ID900,SIM-1,1.0"})
        end = describe_end(SEQUENCE, WINDOW, {"tc": "IDQ,ID900,SIM-2,1.0"})
        return {
            name: NodeTags(name, tags, hub if name == "midpoint" else end) for name, tags in self.tags.items()
        }

    def _calibrate(self, end: list[Stream]) -> Confusion:
        wrong = []
        for indices, excited in (
            (SEQUENCE.segments.calibration_g, False),
            (SEQUENCE.segments.calibration_e, True),
        ):
            flips = self.rng.random(len(indices)) < MISREAD
            for index, flip in zip(indices, flips, strict=True):
                self._read(end, 800_000, index, excited != flip)
            wrong.append(int(flips.sum()))
        shots = SEQUENCE.calibration_shots
        return Confusion(gg=shots - wrong[0], ge=wrong[0], eg=wrong[1], ee=shots - wrong[1])

    def _read(self, end: list[Stream], mark_ps: int, index: int, excited: bool) -> None:
        clicks, marks = end
        marks.add(mark_ps, index)
        if excited:
            clicks.add(mark_ps + self.rng.integers(0, WINDOW.width_ps), index)

    def _herald(
        self, slot: int, attempt: int, basis: Basis, hub: list[Stream], ends: Ends, estimate: bool
    ) -> None:
        port = int(self.rng.integers(2))
        time_ps = int(np.clip(self.rng.normal(1_200_000, 48_000), GATE[0], GATE[1] - 1))
        hub[port].add(time_ps, attempt)
        hub[2].add(time_ps, attempt)
        correlator = CORRELATORS[BELL_STATES[port]][basis]
        local = 1 if self.rng.random() < 0.5 else -1
        remote = local if self.rng.random() < (1 + correlator) / 2 else -local
        outcomes = []
        for end, true in zip(ends.values(), (local, remote), strict=True):
            read = -true if self.rng.random() < MISREAD else true
            self._read(end, READOUT_MARK_PS, attempt, read == -1)
            outcomes.append(read)
        if not estimate:
            self._keep(slot, attempt, port, basis, (outcomes[0], outcomes[1]))

    def _keep(self, slot: int, attempt: int, port: int, basis: Basis, outcomes: tuple[int, int]) -> None:
        number = len(self.heralds) + 1
        bell, model = BELL_STATES[port], (0.87, "model", 0.02)
        pair = Pair(1, number, number, slot, attempt, bell, basis, outcomes, *model, "CONFIRMED")
        self.heralds.append(pair)

    def _report(
        self, slot: int, basis: Basis, estimate: bool, heralds: int, confusions: tuple[Confusion, ...]
    ) -> None:
        counts = SlotCounts(
            SEQUENCE.attempts, heralds, 0, heralds, 0, FIRST + SEQUENCE.attempts, (heralds, heralds)
        )
        self.slots.append(
            SlotReport(
                slot,
                basis,
                estimate,
                counts,
                Phase(0.1, 1e-4),
                0.1,
                (confusions[0], confusions[1]),
                (),
                len(self.heralds),
                0,
                0,
            )
        )


def synthetic(seed: int = 7, rounds: int = 4) -> Bench:
    """An estimating slot, then ``rounds`` slots in each basis."""
    bench = Bench(seed)
    bench.play(3, "ZZ", estimate=True)
    for place in range(3 * rounds):
        bench.play(4 + place, BASES[place % 3])
    return bench
