# SPDX-License-Identifier: Apache-2.0
"""Slow phase of the two fibres: a Wiener process sampled at the slot ticks."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from heraldlink_sim.world.streams import stream

BLOCK = 1024


class FibrePhase:
    """Phase difference B - A (rad) at each slot, whichever slots are played and in whichever order.

    ``diffusion_rad2_per_s``: variance gained per second. ``tick_period_s``: time between slots. The
    increment of slot k comes from a stream keyed by k's block of 1024, so slot 10^6 costs a thousand sums.
    """

    def __init__(self, seed: int, diffusion_rad2_per_s: float, tick_period_s: float) -> None:
        self._seed = seed
        self._step_rad = math.sqrt(diffusion_rad2_per_s * tick_period_s)
        self._blocks: list[NDArray[np.float64]] = []
        self._start_rad = [float(stream(seed, 0, "fibre phase origin").uniform(0, 2 * math.pi))]

    def at(self, slot: int) -> float:
        """Return the phase in [0, 2π) at ``slot`` >= 0."""
        block, within = divmod(slot, BLOCK)
        while len(self._blocks) <= block:
            self._extend()
        return float(self._blocks[block][within] % (2 * math.pi))

    def _extend(self) -> None:
        steps = stream(self._seed, len(self._blocks), "fibre phase").normal(0.0, self._step_rad, BLOCK)
        phases = self._start_rad[-1] + np.cumsum(steps)
        self._blocks.append(phases)
        self._start_rad.append(float(phases[-1]))
