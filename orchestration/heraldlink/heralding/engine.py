# SPDX-License-Identifier: Apache-2.0
"""Herald engines by name."""

from __future__ import annotations

import numpy as np

from heraldlink.heralding.engine_numpy import NumpyEngine
from heraldlink.heralding.gate_logic import (
    Channels,
    GateLogic,
    HeraldEngine,
    OpenAttempt,
    Rows,
    Times,
    no_attempt,
)
from heraldlink.heralding.patterns import single_click
from heraldlink.tags.compiled import available
from heraldlink.tags.engine import Worth, engine_name


class AutoEngine:
    """A `HeraldEngine`: numpy's, and from `heraldlink.tags.engine.WORTH_TAGS` on the compiled one."""

    def __init__(self) -> None:
        self._worth = Worth()
        self._engine: HeraldEngine = NumpyEngine()

    @property
    def name(self) -> str:
        """Of the engine that is at work now."""
        return self._engine.name

    def counted(
        self, logic: GateLogic, time_ps: Times, channel: Channels, still: OpenAttempt, counts: Times
    ) -> Rows:
        """See `HeraldEngine`."""
        return self._for(time_ps.size).counted(logic, time_ps, channel, still, counts)

    def assigned(
        self,
        logic: GateLogic,
        attempt: Times,
        after_ps: Times,
        time_ps: Times,
        channel: Channels,
        counts: Times,
    ) -> Rows:
        """See `HeraldEngine`."""
        return self._for(attempt.size).assigned(logic, attempt, after_ps, time_ps, channel, counts)

    def _for(self, tags: int) -> HeraldEngine:
        if self._engine.name == "numpy" and self._worth.loading(tags):
            self._engine = herald_engine("compiled")
        return self._engine


def herald_engine(name: str = "auto") -> HeraldEngine:
    """The engine "numpy", "compiled", or numpy's until that pays. Raises RequestError as `engine_name`."""
    chosen = engine_name(name)
    if chosen == "auto":
        return AutoEngine()
    if chosen == "numpy":
        return NumpyEngine()
    from heraldlink.heralding.engine_compiled import CompiledEngine

    return CompiledEngine()


def live_engine(name: str = "auto") -> HeraldEngine:
    """For tags that are waited for: ``auto`` is the compiled engine where numba is installed.

    It is compiled, or loaded, before this returns. Raises RequestError as `engine_name`.
    """
    if engine_name(name) == "numpy" or not available():
        return NumpyEngine()
    engine = herald_engine("compiled")
    none = np.empty(0, dtype=np.int64)
    logic, counts = GateLogic.of(single_click(1, 2, (0, 1))), np.zeros(4, dtype=np.int64)
    engine.assigned(logic, none, none, none, none.astype(np.int16), counts)
    engine.counted(logic, none, none.astype(np.int16), no_attempt(), counts)
    return engine
