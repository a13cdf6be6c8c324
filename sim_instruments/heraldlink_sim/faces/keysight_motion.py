# SPDX-License-Identifier: Apache-2.0
"""A filter that moves at a speed: what it attenuates as a function of time; pure."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Motion:
    """On the way from ``from_dB``, left at ``left_s``, to ``to_dB``."""

    from_dB: float
    to_dB: float
    left_s: float = -math.inf
    speed_dB_s: float = math.inf

    @property
    def ends_s(self) -> float:
        """When it is there."""
        return self.left_s + abs(self.to_dB - self.from_dB) / self.speed_dB_s

    def at_dB(self, now_s: float) -> float:
        """Where it is, dB."""
        if now_s >= self.ends_s:
            return self.to_dB
        gone_dB = max(0.0, now_s - self.left_s) * self.speed_dB_s
        return self.from_dB + math.copysign(gone_dB, self.to_dB - self.from_dB)
