# SPDX-License-Identifier: Apache-2.0
"""Tags that step back a little in time, as instruments with several inputs write them, put in order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from heraldlink.errors import DataError, RequestError
from heraldlink.tags.block import END_PS, Block, Channels, Gap, Times

TOLERANCE_PS = 200_000
"""Default of `Reorder`; real files step back up to 86 ns."""


class Reorder:
    """Sorts a stream whose tags may lie up to ``tolerance_ps`` before the latest tag so far.

    Tags of equal time keep their order. ``repaired``: tags that came after a later one; ``largest_step_ps``:
    how far the worst of them lay behind the latest tag before it. A larger step is a DataError that names
    the tag's index and time; what came before it is in the blocks given and
    in ``finish``.
    """

    def __init__(self, tolerance_ps: int = TOLERANCE_PS) -> None:
        if tolerance_ps < 0:
            raise RequestError(f"a tolerance of {tolerance_ps} ps cannot be kept: give 0 or more")
        self._tolerance_ps = tolerance_ps
        self._time: Times = np.empty(0, dtype=np.int64)
        self._channel: Channels = np.empty(0, dtype=np.int16)
        self._gaps: list[Gap] = []
        self._latest_ps: int | None = None
        self._tags = 0
        self.repaired = 0
        self.largest_step_ps = 0

    def push(self, time_ps: Times, channel: Channels, gaps: Sequence[Gap] = ()) -> Block:
        """Take tags in the order of the file; give those that no later one can precede."""
        self._gaps.extend(gaps)
        if self._ascends(time_ps):
            self._take(time_ps, channel, ascends=True)
            return self._before(self._settled())
        behind = self._latest(time_ps) - time_ps
        bad = np.flatnonzero(behind > self._tolerance_ps)
        good = int(bad[0]) if bad.size else time_ps.size
        self._note(behind[:good])
        self._take(time_ps[:good], channel[:good], ascends=False)
        if bad.size:
            raise DataError(self._damage(int(time_ps[good]), int(behind[good])))
        return self._before(self._settled())

    def finish(self) -> Block:
        """The rest."""
        return self._before(END_PS)

    def _ascends(self, time_ps: Times) -> bool:
        """Whether nothing is to be sorted (the usual case, for which one look at the times is enough)."""
        if not time_ps.size or (self._latest_ps is not None and int(time_ps[0]) < self._latest_ps):
            return False
        return bool((time_ps[1:] >= time_ps[:-1]).all())

    def _latest(self, time_ps: Times) -> Times:
        """The latest time up to each tag."""
        latest = np.maximum.accumulate(time_ps)
        return latest if self._latest_ps is None else np.maximum(latest, self._latest_ps)

    def _note(self, behind: Times) -> None:
        steps = int(np.count_nonzero(behind))
        if steps:
            self.repaired += steps
            self.largest_step_ps = max(self.largest_step_ps, int(behind.max()))

    def _damage(self, time_ps: int, behind_ps: int) -> str:
        return (
            f"tag {self._tags} at {time_ps} ps lies {behind_ps} ps before an earlier tag, more than the"
            f" {self._tolerance_ps} ps that are put in order: damaged tags, or too small a tolerance"
        )

    def _take(self, time_ps: Times, channel: Channels, ascends: bool) -> None:
        if not time_ps.size:
            return
        self._tags += time_ps.size
        latest_ps = int(time_ps[-1]) if ascends else int(time_ps.max())
        self._latest_ps = latest_ps if self._latest_ps is None else max(self._latest_ps, latest_ps)
        if self._time.size:
            time_ps = np.concatenate((self._time, time_ps))
            channel = np.concatenate((self._channel, channel))
        if not ascends:
            order = np.argsort(time_ps, kind="stable")
            time_ps, channel = time_ps[order], channel[order]
        self._time, self._channel = time_ps, channel

    def _settled(self) -> int:
        """No later tag comes before this time; never inside a gap that is not over."""
        if self._latest_ps is None:
            return -END_PS
        until_ps = self._latest_ps - self._tolerance_ps
        for gap in self._gaps:
            if gap.begin_ps < until_ps < gap.end_ps:
                return gap.begin_ps
        return until_ps

    def _before(self, until_ps: int) -> Block:
        stop = self._time.size if until_ps == END_PS else int(np.searchsorted(self._time, until_ps))
        over = [gap for gap in self._gaps if gap.end_ps <= until_ps]
        self._gaps = [gap for gap in self._gaps if gap.end_ps > until_ps]
        block = Block(self._time[:stop], self._channel[:stop], until_ps, tuple(over))
        self._time, self._channel = self._time[stop:], self._channel[stop:]
        return block
