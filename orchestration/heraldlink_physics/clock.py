# SPDX-License-Identifier: Apache-2.0
"""A time tagger's clock: when the slot tick reaches it, and how fast it runs without the common 10 MHz.

Time deviation of an oscillator to first order, x(t) = x_0 + y t, with the fractional frequency y of IEEE
Std 1139-2008; a locked one has y = 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.errors import within

Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Clock:
    """What one tagger counts time with."""

    offset_ps: int = 0
    """How much later the slot tick reaches this tagger than the hub's generators: its tags are smaller."""
    drift: float = 0.0
    """Fractional frequency error of its own oscillator while it is not locked, -1e-3..1e-3."""

    def __post_init__(self) -> None:
        within("clock.offset_ps", self.offset_ps, -(10**9), 10**9)
        within("clock.drift", self.drift, -1e-3, 1e-3)

    def tagged(self, times_ps: Times, locked: bool) -> Times:
        """Whole ps after its tick that this tagger reads for events at true ``times_ps``, int64[n].

        The order stays, since a clock runs forward.
        """
        since_ps = times_ps - self.offset_ps if self.offset_ps else times_ps
        if locked or not self.drift:
            return since_ps
        return np.asarray(since_ps + np.rint(since_ps * self.drift).astype(np.int64))


TRUE_CLOCK = Clock()
"""Neither late nor fast."""
