# SPDX-License-Identifier: Apache-2.0
"""The signal graph of an ID900 in stretches of time, with everything on its way carried into the next one.

An event that a delay, an edge or a window puts behind the end of a stretch waits in a :class:`DelayLine`; a
combiner keeps its latch, a generator its burst. So the result does not depend on where time was cut. Waiting
events are limited as the device's own buffer is (manual, page 42): what does not fit is lost.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from heraldlink_sim.faces.id900_generator import Generator, Pulses
from heraldlink_sim.faces.id900_tagger import (
    PULSE_WIDTH_PS,
    InputSetting,
    Latch,
    TaggerSettings,
    WindowEdge,
    combine,
    quantised,
)
from heraldlink_sim.faces.id900_times import NOTHING, Times

BUFFERED_EVENTS = 1 << 22
"""Events that wait in one delay at most; the device's own number is in no source [?]."""

Key = tuple[str, str]


class DelayLine:
    """Events that leave later than they came."""

    def __init__(self) -> None:
        self._waiting: Times = NOTHING

    def pass_on(self, times: Times, delay_ps: int, begin_ps: int, end_ps: int) -> Times:
        """Take the events of [begin, end) and return those that leave in it."""
        leaving = times + np.int64(delay_ps) if delay_ps else times
        if self._waiting.size:
            leaving = np.sort(np.concatenate((self._waiting, leaving)), kind="stable")
        low, high = np.searchsorted(leaving, (begin_ps, end_ps))
        self._waiting = leaving[high:][:BUFFERED_EVENTS].copy() if high < leaving.size else NOTHING
        return leaving[low:high]

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting.size


class SignalGraph:
    """All blocks that pass events on, and what they carry from stretch to stretch."""

    def __init__(self, generators: Mapping[str, Generator]) -> None:
        self.generators = generators
        self._lines: dict[Key, DelayLine] = {}
        self._latches: dict[str, Latch] = {}

    def stretch(
        self, settings: TaggerSettings, pulses: Mapping[str, Times], begin_ps: int, end_ps: int
    ) -> Stretch:
        """Let [begin, end) pass; ``pulses`` arrive at the input sockets in it."""
        return Stretch(self, settings, pulses, begin_ps, end_ps)

    def line(self, block: str, port: str) -> DelayLine:
        """Return the delay line of a port."""
        return self._lines.setdefault((block, port), DelayLine())

    def latch(self, combiner: str) -> Latch:
        """Return what a combiner remembers."""
        return self._latches.get(combiner, Latch())

    def keep(self, combiner: str, latch: Latch) -> None:
        """Let a combiner remember."""
        self._latches[combiner] = latch

    def forget(self, block: str) -> None:
        """Drop what is on its way in a block whose settings change."""
        self._latches.pop(block, None)
        for key in [key for key in self._lines if key[0] == block]:
            del self._lines[key]

    def reset(self) -> None:
        """Drop everything that is on its way."""
        self._lines, self._latches = {}, {}

    @property
    def quiet(self) -> bool:
        """Whether nothing is on its way and no generator plays."""
        return all(line.empty for line in self._lines.values()) and not any(
            generator.active for generator in self.generators.values()
        )


class Stretch:
    """Events of every block in one stretch of time, each block computed once, when it is first asked for."""

    def __init__(
        self,
        graph: SignalGraph,
        settings: TaggerSettings,
        pulses: Mapping[str, Times],
        begin_ps: int,
        end_ps: int,
    ) -> None:
        self.begin_ps, self.end_ps = begin_ps, end_ps
        self._graph, self._settings, self._pulses = graph, settings, pulses
        self._known: dict[str, Times] = {}
        self._played: dict[str, Pulses] = {}
        self._edges: dict[Key, Times] = {}
        self._under_way: set[str] = set()

    @property
    def span(self) -> tuple[int, int]:
        """Begin and end."""
        return self.begin_ps, self.end_ps

    def times(self, source: str | None) -> Times:
        """Return the events (rising edges) of a block; none for no link, or for a loop into itself."""
        if source is None or source in self._under_way:
            return NOTHING
        if source not in self._known:
            self._under_way.add(source)
            self._known[source] = self._compute(source)
            self._under_way.discard(source)
        return self._known[source]

    def pulses(self, generator: str | None) -> Pulses:
        """Return the pulses of a generator that lie in the stretch, wholly or in part."""
        self.times(generator)
        return self._played.get(generator or "", Pulses())

    def edges(self, source: str | None, edge: str) -> Times:
        """Return rising, falling or all edges of a block."""
        if source is None or edge == "RISING":
            return self.times(source)
        if edge == "ALL":
            both = np.concatenate((self.times(source), self._falling(source)))
            return np.sort(both, kind="stable")
        return self._falling(source)

    def _falling(self, source: str) -> Times:
        key = (source, "FALLING")
        if key not in self._edges:
            self._edges[key] = self._fallen(source)
        return self._edges[key]

    def _fallen(self, source: str) -> Times:
        if source in self._graph.generators:
            falls = self.pulses(source).falls
            return falls[(falls >= self.begin_ps) & (falls < self.end_ps)]
        return self._delayed(source, "FALLING", self.times(source), PULSE_WIDTH_PS)

    def _compute(self, source: str) -> Times:
        settings = self._settings
        if source in settings.inputs:
            return self._input(source, settings.inputs[source])
        if source in settings.delays:
            delay = settings.delays[source]
            return self._delayed(source, "", self.times(delay.source), delay.delay_ps)
        if source in settings.generators:
            return self._generated(source)
        return self._combined(source)

    def _input(self, name: str, setting: InputSetting) -> Times:
        if not setting.sees_pulses:
            return NOTHING
        arriving = self._pulses.get(name, NOTHING) if setting.outside else self.times(setting.looped)
        delay_ps = setting.edge_ps + (0 if setting.outside else setting.loop_delay_ps)
        edges = self._delayed(name, "", arriving, delay_ps)
        return quantised(edges, self._settings.resolution_ps, self.begin_ps)

    def _generated(self, name: str) -> Times:
        setting = self._settings.generators[name]
        generator = self._graph.generators[name]
        if not generator.active:
            return NOTHING
        triggers = self.times(setting.trigger)
        played = generator.advance(setting, triggers, self.begin_ps, self.end_ps)
        self._played[name] = played
        return played.rises[np.searchsorted(played.rises, self.begin_ps) :]

    def _combined(self, name: str) -> Times:
        setting = self._settings.combiners[name]
        if not setting.linked:
            return NOTHING
        begins = ends = NOTHING
        if setting.windowed:
            ends = self._moves(name, "END", setting.end)
            if setting.begin != setting.end:
                begins = self._moves(name, "BEGIN", setting.begin)
        first, second = self.times(setting.first), self.times(setting.second)
        passed, latch = combine(setting, first, second, begins, ends, self._graph.latch(name))
        self._graph.keep(name, latch)
        return passed

    def _moves(self, name: str, side: str, edge: WindowEdge) -> Times:
        source = self.edges(edge.source, "RISING" if edge.rising else "FALLING")
        return self._delayed(name, side, source, edge.delay_ps)

    def _delayed(self, block: str, port: str, times: Times, delay_ps: int) -> Times:
        return self._graph.line(block, port).pass_on(times, delay_ps, self.begin_ps, self.end_ps)
