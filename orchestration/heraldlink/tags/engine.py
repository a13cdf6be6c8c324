# SPDX-License-Identifier: Apache-2.0
"""Engines by name: all give the same result, the compiled ones sooner."""

from __future__ import annotations

from typing import Literal

from heraldlink.errors import RequestError
from heraldlink.tags import engine_numpy
from heraldlink.tags.compiled import available
from heraldlink.tags.engine_numpy import Channels, PairEngine, Times

EngineName = Literal["auto", "numpy", "compiled"]

ENGINES: tuple[EngineName, ...] = ("auto", "numpy", "compiled")
"""``auto``: compiled where that pays (`Worth`), else numpy."""

LARGE_TAGS = 1 << 16
WORTH_TAGS = 1 << 24
"""Tags for which numpy takes about as long as it takes to load numba and the compiled functions (half a
second; seven where they are compiled for the first time)."""


class Worth:
    """Counts tags until compiled functions are worth loading.

    Only those of large blocks count: a live stream of small ones is not held up by a compiler while it runs.
    """

    def __init__(self) -> None:
        self._tags = 0
        self._installed = available()

    def loading(self, tags: int) -> bool:
        """Whether to load them now that so many tags more are to be looked at."""
        if tags >= LARGE_TAGS:
            self._tags += tags
        return self._installed and self._tags >= WORTH_TAGS


class AutoPairs:
    """A `PairEngine`: numpy's, and from `WORTH_TAGS` on the compiled one where numba is installed."""

    def __init__(self) -> None:
        self._worth = Worth()
        self._engine: PairEngine = engine_numpy

    def count_pairs(self, first_ps: Times, second_ps: Times, begin_ps: int, end_ps: int) -> int:
        """See `PairEngine`."""
        return self._for(first_ps.size + second_ps.size).count_pairs(first_ps, second_ps, begin_ps, end_ps)

    def histogram(self, first_ps: Times, second_ps: Times, begin_ps: int, end_ps: int, bin_ps: int) -> Times:
        """See `PairEngine`."""
        engine = self._for(first_ps.size + second_ps.size)
        return engine.histogram(first_ps, second_ps, begin_ps, end_ps, bin_ps)

    def count_in_stream(
        self, time_ps: Times, channel: Channels, first: int, second: int, begin_ps: int, end_ps: int
    ) -> int:
        """See `PairEngine`."""
        return self._for(time_ps.size).count_in_stream(time_ps, channel, first, second, begin_ps, end_ps)

    def histogram_in_stream(
        self,
        time_ps: Times,
        channel: Channels,
        first: int,
        second: int,
        begin_ps: int,
        end_ps: int,
        bin_ps: int,
    ) -> Times:
        """See `PairEngine`."""
        engine = self._for(time_ps.size)
        return engine.histogram_in_stream(time_ps, channel, first, second, begin_ps, end_ps, bin_ps)

    def match_pairs(self, first_ps: Times, second_ps: Times, within_ps: int) -> tuple[Times, Times]:
        """See `PairEngine`."""
        return self._for(first_ps.size + second_ps.size).match_pairs(first_ps, second_ps, within_ps)

    def _for(self, tags: int) -> PairEngine:
        if self._engine is engine_numpy and self._worth.loading(tags):
            self._engine = pair_engine("compiled")
        return self._engine


def engine_name(name: str = "auto") -> EngineName:
    """The name. Raises RequestError if it is none, or of an engine that needs what is not installed."""
    if name == "compiled" and not available():
        raise RequestError(
            'the compiled engine needs numba: pip install "heraldlink[fast]", or take engine numpy'
        )
    for known in ENGINES:
        if name == known:
            return known
    raise RequestError(f"there is no engine {name!r} (there are {', '.join(ENGINES)})")


def pair_engine(name: str = "auto") -> PairEngine:
    """The engine for pairs of clicks. Raises as `engine_name`."""
    chosen = engine_name(name)
    if chosen == "auto":
        return AutoPairs()
    if chosen == "numpy":
        return engine_numpy
    from heraldlink.tags import engine_compiled

    return engine_compiled
