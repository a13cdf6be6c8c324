# SPDX-License-Identifier: Apache-2.0
"""Heralded second-order correlation g2 = N_123 N_1 / (N_12 N_13): 0 for single photons, 1 for coherent light.

1 is the herald, 2 and 3 the detectors behind a beam splitter (Grangier, Roger and Aspect, Europhys. Lett. 1,
173 (1986)). A herald counts once however many clicks its windows hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from heraldlink.calibration.measured import Measured
from heraldlink.errors import DataError, RequestError
from heraldlink.tags.block import END_PS, Block, IndexedBlock, Times
from heraldlink.tags.pair_carry import LONGEST_PS, NONE, within_reach
from heraldlink.tags.passes import clicks, decided_ps, live_parts


@dataclass(frozen=True, slots=True)
class HeraldedCounts:
    """``heralds`` (N_1), those with a click of the second (N_12), of the third (N_13), of both (N_123)."""

    heralds: int
    second: int
    third: int
    both: int

    def __post_init__(self) -> None:
        least = max(0, self.second + self.third - self.heralds)
        if not least <= self.both <= min(self.second, self.third):
            raise RequestError(f"{self} is impossible")

    @property
    def g2(self) -> Measured:
        """N_123 N_1 / (N_12 N_13). Raises DataError if a detector never clicked with a herald.

        Error by the delta method from the multinomial counts (Casella and Berger, Statistical Inference, 2nd
        ed., section 5.5.4), that of one triple where there is none.
        """
        if not (self.second and self.third):
            raise DataError(f"heralded g2: {self.second} and {self.third} clicks with {self.heralds} heralds")
        scale = self.heralds / (self.second * self.third)
        both = max(1, self.both)
        relative = 1 / both - 1 / self.second - 1 / self.third + (2 * both * scale - 1) / self.heralds
        return Measured(self.both * scale, both * scale * sqrt(max(0.0, relative)))


class HeraldedG2:
    """Analysis: heralded g2 over continuous time; each click of ``herald`` is a trial.

    ``window_ps``: [begin, end) after the herald in which a click of ``second`` or ``third`` counts. Heralds
    whose windows reach into a gap are left out, and those whose windows reach beyond the last block.
    """

    def __init__(self, herald: int, second: int, third: int, window_ps: tuple[int, int]) -> None:
        begin, end = window_ps
        if len({herald, second, third}) < 3:
            raise RequestError(f"heralded g2 needs three channels, not {herald}, {second} and {third}")
        if not -LONGEST_PS <= begin < end <= LONGEST_PS:
            raise RequestError(
                f"a window of {begin}..{end} ps: begin must lie before end, within {LONGEST_PS} ps"
            )
        self._herald, self._channels, self._window_ps = herald, (second, third), window_ps
        self._waiting = NONE
        self._kept = [NONE, NONE]
        self._live_from_ps = -END_PS
        self._counts = np.zeros(4, dtype=np.int64)

    def push(self, block: Block | IndexedBlock) -> None:
        """Take the next block."""
        times = within_reach(block, *self._window_ps)
        for (after_gap, part), gap in zip(live_parts(times), (None, *block.gaps), strict=True):
            if after_gap and gap is not None:
                self._waiting, self._kept = NONE, [NONE, NONE]
                self._live_from_ps = gap.end_ps
            self._take(part)

    def finish(self) -> HeraldedCounts:
        """The counts."""
        heralds, second, third, both = self._counts.tolist()
        return HeraldedCounts(heralds, second, third, both)

    def _take(self, part: Block) -> None:
        begin, end = self._window_ps
        new = clicks(part, self._herald)
        self._waiting = np.concatenate((self._waiting, new[new + begin >= self._live_from_ps]))
        until = min(decided_ps(part), END_PS - LONGEST_PS)
        self._kept = [
            np.concatenate((kept, clicks(part, channel)))
            for kept, channel in zip(self._kept, self._channels, strict=True)
        ]
        ready = int(np.searchsorted(self._waiting, until - max(0, end), side="right"))
        self._decide(self._waiting[:ready])
        self._waiting = self._waiting[ready:]
        oldest = min(until, int(self._waiting[0])) if self._waiting.size else until
        self._kept = [kept[np.searchsorted(kept, oldest + begin) :] for kept in self._kept]

    def _decide(self, heralds: Times) -> None:
        begin, end = self._window_ps
        second, third = (
            np.searchsorted(kept, heralds + begin) < np.searchsorted(kept, heralds + end)
            for kept in self._kept
        )
        found = (heralds.size, second.sum(), third.sum(), (second & third).sum())
        self._counts += np.array(found, dtype=np.int64)
