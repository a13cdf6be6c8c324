# SPDX-License-Identifier: Apache-2.0
"""The logs of a sweep on the wire: definite blocks, little endian.

Wavelengths: float64 in m in the SCPI set, int32 in 0.1 pm in the Legacy one. Powers: float32 in dBm.
"""

from __future__ import annotations

from random import Random

import numpy as np

from heraldlink_sim.clock import Clock
from heraldlink_sim.faces.santec_light import DARK_DBM
from heraldlink_sim.faces.santec_quirks import DROPS_LONG_LOGS, MILLI_DBM_LOG, UNTERMINATED_LOG
from heraldlink_sim.faces.santec_system import SantecSystem
from heraldlink_sim.scpi import block, query
from heraldlink_sim.transport.server import Dropped

_DROPPING_bytes = (20_000, 40_000)


class SantecLog(SantecSystem):
    """What the laser wrote down; ``has`` names the optional quirks of this one."""

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        range_m: tuple[float, float] = (1480e-9, 1640e-9),
        warm_up_s: float = 0.0,
        has: frozenset[str] = frozenset(),
        seed: int = 0,
    ) -> None:
        super().__init__(clock, range_m=range_m, warm_up_s=warm_up_s)
        self.has = has
        self._luck = Random(seed)

    @query("READout:POINts")
    def _points(self) -> str:
        return self.whole(len(self.log_m()))

    @query("READout:DATa")
    def _wavelengths(self) -> bytes:
        log_m = self.log_m()
        numbers = log_m.astype("<f8") if self.scpi else np.rint(log_m * 1e13).astype("<i4")
        return self._sent(block(numbers.tobytes()))

    @query("READout:DATa:POWer")
    def _powers(self) -> bytes:
        log_m = self.log_m()
        powers = [self.output_dBm(float(value)) if self.emits() else DARK_DBM for value in log_m]
        if MILLI_DBM_LOG.id in self.has:
            return self._sent(block(np.rint(np.array(powers) * 1e3).astype("<i4").tobytes()))
        return self._sent(block(np.array(powers).astype("<f4").tobytes()))

    def _sent(self, log: bytes) -> bytes:
        """Let the connection drop behind a part of a long log, or leave out the delimiter, where it does."""
        limit = self._luck.randint(*_DROPPING_bytes)
        if DROPS_LONG_LOGS.id in self.has and len(log) > limit:
            raise Dropped(log[:limit])
        if UNTERMINATED_LOG.id in self.has:
            raise Dropped(log, closes=False)
        return log
