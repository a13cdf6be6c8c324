# SPDX-License-Identifier: Apache-2.0
"""What an ID900 does with signals: its blocks moved through time, whatever the wire says.

Time is that of the events: the bench delivers them by tick period. A device to which nobody ever delivered
any goes by its clock instead, so that its own generators and records still run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from heraldlink_sim.clock import Clock
from heraldlink_sim.faces.id900_counter import Counter
from heraldlink_sim.faces.id900_generator import Generator, Stage
from heraldlink_sim.faces.id900_graph import SignalGraph, Stretch
from heraldlink_sim.faces.id900_histogram import Histogram
from heraldlink_sim.faces.id900_raw import NO_TAGS, Delivery, RawBlocks
from heraldlink_sim.faces.id900_related import Relation
from heraldlink_sim.faces.id900_settings import GENERATORS, WORLD_INPUTS, Settings
from heraldlink_sim.faces.id900_times import NOTHING, Times

COMBINERS = tuple(f"TSCO{n}" for n in range(1, 25))
COUNTED = (*WORLD_INPUTS, *COMBINERS)
TICK_INPUT = "INPU4"
HIRES_LIMIT_Hz = 25_000_000
"""Rate beyond which an input's high resolution fails, with error 2."""

_PIECE_PULSES = 1_000_000
SECOND_ps = 10**12


class Machine:
    """Signal side of one device. ``deliveries``: who gets the tags of the RAW blocks."""

    def __init__(self, settings: Settings, clock: Clock, slot_ps: int) -> None:
        self.settings, self._clock, self.slot_ps = settings, clock, slot_ps
        self.deliveries: list[Callable[[Delivery], None]] = []
        self.generators = {name: Generator() for name in GENERATORS}
        self.graph = SignalGraph(self.generators)
        self.counters = {name: Counter() for name in COUNTED}
        self.histograms = {number: Histogram(16_384) for number in range(1, 5)}
        self.raw = RawBlocks()
        self.hires_errors = dict.fromkeys(WORLD_INPUTS, 0)
        self.driven = False
        self._passed_ps = 0
        self._tick_s: float | None = None
        self._tick_counted = self._tick_starts = False

    # --- time

    @property
    def now_ps(self) -> int:
        """Present time: within a tick period that has begun, else the end of the last one."""
        if self._tick_s is None:
            return self._passed_ps
        since_ps = round((self._clock.now_s() - self._tick_s) * SECOND_ps)
        return self._passed_ps + min(max(1, since_ps), self.slot_ps - 1)

    def catch_up(self) -> None:
        """Let a device that nobody delivers events to go by its clock."""
        if self.driven:
            return
        now_ps = round(self._clock.now_s() * SECOND_ps)
        if self.graph.quiet:
            self._passed_ps = max(self._passed_ps, now_ps)
        else:
            self._advance({}, now_ps)

    def begin_slot(self) -> None:
        """Take the tick of a period whose pulses are delivered later."""
        self.driven, self._tick_s = True, self._clock.now_s()
        setting = self.settings.graph().inputs[TICK_INPUT]
        self._tick_counted = setting.sees_pulses and setting.outside
        self._tick_starts = self._tick_counted and self._path("REC") == TICK_INPUT

    def _path(self, generator: str) -> str | None:
        link = self.settings.text(generator, "TRIG:LINK")
        delay = self.settings.graph().delays.get(link or "")
        return link if delay is None else delay.source

    def deliver(self, pulses: Mapping[str, Times], ticks: int) -> None:
        """Take the pulses of ``ticks`` periods, by input in ps since the first tick."""
        self.driven, self._tick_s = True, None
        self._tick_counted = self._tick_starts = False
        begin_ps = self._passed_ps
        arriving = {name: times + np.int64(begin_ps) for name, times in pulses.items()}
        if ticks > 1:
            arriving[TICK_INPUT] = begin_ps + np.arange(ticks, dtype=np.int64) * np.int64(self.slot_ps)
        self._advance(arriving, begin_ps + ticks * self.slot_ps)

    def _advance(self, pulses: Mapping[str, Times], end_ps: int) -> None:
        for piece_end_ps in self._pieces(end_ps):
            stretch = self.graph.stretch(self.settings.graph(), pulses, self._passed_ps, piece_end_ps)
            self._count(stretch)
            for name, generator in self.generators.items():
                if generator.active:
                    stretch.times(name)
            self._passed_ps = piece_end_ps
            self._collect(stretch)
            pulses = {}

    def _pieces(self, end_ps: int) -> Iterator[int]:
        """Cut the time up to ``end_ps`` so that no piece holds more pulses than fit into memory."""
        duration_ps = end_ps - self._passed_ps
        expected = sum(generator.expected(duration_ps) for generator in self.generators.values())
        if expected > _PIECE_PULSES:
            resolution_ps = self.settings.resolution_ps
            step_ps = duration_ps // (expected // _PIECE_PULSES + 1) // resolution_ps * resolution_ps
            yield from range(self._passed_ps + step_ps, end_ps, step_ps)
        if duration_ps > 0:
            yield end_ps

    def _count(self, stretch: Stretch) -> None:
        duration_ps = stretch.end_ps - stretch.begin_ps
        combiners = self.settings.graph().combiners
        for name, counter in self.counters.items():
            unlinked = name in combiners and not combiners[name].linked
            times = NOTHING if unlinked else stretch.times(name)
            counter.advance(times, stretch.end_ps, self.settings.number(name, "COUN:INTE"))
            if times.size * SECOND_ps > HIRES_LIMIT_Hz * duration_ps and name in self.hires_errors:
                self.hires_errors[name] = 2

    def _collect(self, stretch: Stretch) -> None:
        for number, histogram in self.histograms.items():
            block = f"HIST{number}"
            minimum_ps = self.settings.number(block, "MIN")
            width_ps = self.settings.number(block, "BWID")
            histogram.advance(self.settings.relation(block), minimum_ps, width_ps, stretch)
        for delivery in self.raw.advance(self._sending(), stretch):
            self._deliver(delivery)

    def _sending(self, gate: str | None = None) -> dict[int, Relation]:
        relations = {
            channel: self.settings.relation(f"RAW{channel}")
            for channel in self.raw.errors
            if self.settings.on(f"RAW{channel}", "SEND")
        }
        return {
            channel: relation
            for channel, relation in relations.items()
            if relation.stop is not None and gate in (None, relation.gate)
        }

    def _deliver(self, delivery: Delivery) -> None:
        for take in self.deliveries:
            take(delivery)

    # --- commands

    def play(self, name: str) -> None:
        """Start a generator, or let it wait for its trigger."""
        self.stop(name)
        self.generators[name].play(self.now_ps, self.settings.pulses(name))

    def arm(self, name: str) -> None:
        """Let a generator wait for its trigger."""
        self.generators[name].arm(self.now_ps)

    def stop(self, name: str) -> None:
        """Stop a generator; an acquisition that has recorded something ends here, a later one never was."""
        generator = self.generators[name]
        was_high = generator.high(self._passed_ps)
        generator.stop()
        self._tick_starts &= name != "REC"
        if was_high:
            for channel in self._sending(name):
                self.raw.forget(channel)
                self._deliver(Delivery(channel, NO_TAGS, complete=True))
            for histogram in self.histograms.values():
                histogram.forget()

    def stage(self, name: str) -> Stage:
        """Return what a generator does."""
        stage = self.generators[name].stage(self.now_ps)
        early = name == "REC" and stage is Stage.ARMED and self._tick_starts and self._armed_before_tick
        return Stage.PLAYING if early else stage

    @property
    def _armed_before_tick(self) -> bool:
        armed_ps = self.generators["REC"].armed_ps
        return armed_ps is not None and armed_ps <= self._passed_ps

    def count(self, name: str) -> int:
        """Return the counter of an input or combiner: since its reset, or of its last integration."""
        counter = self.counters[name]
        counter.advance(NOTHING, self._passed_ps, self.settings.number(name, "COUN:INTE"))
        if self.settings.text(name, "COUN:MODE") == "CYCLE":
            return counter.cycle
        return counter.total + (name == TICK_INPUT and self._tick_counted)

    def reset_counter(self, name: str) -> None:
        """Count from 0."""
        self.counters[name].reset(self.now_ps)
        self._tick_counted &= name != TICK_INPUT

    def changed(self, block: str, row: str) -> None:
        """Take note that a setting changed: what was on its way in the block is lost."""
        self.graph.forget(block)
        if block.startswith("HIST"):
            number = int(block[4:])
            if row in ("MIN", "BWID", "BCOU"):
                self.flush(number)
            else:
                self.histograms[number].forget()
        if block in self.generators and not self.settings.on(block, "ENAB"):
            self.stop(block)

    def rearm(self, block: str) -> None:
        """Let a generator that is set to arm itself do so."""
        if block in self.generators and self.settings.on(block, "ENAB"):
            setting = self.settings.pulses(block)
            if setting.automatic and setting.trigger is not None:
                self.arm(block)

    def flush(self, number: int) -> None:
        """Empty a histogram."""
        self.histograms[number].flush(self.settings.number(f"HIST{number}", "BCOU"))

    @property
    def between_slots(self) -> bool:
        """Whether time stands still until the bench delivers the next period."""
        return self.driven and self._tick_s is None

    def reset(self) -> None:
        """Stop everything and forget all events; time goes on."""
        for name in self.generators:
            self.stop(name)
        self.graph.reset()
        for name in self.counters:
            self.reset_counter(name)
        for number in self.histograms:
            self.flush(number)
        self.hires_errors = dict.fromkeys(self.hires_errors, 0)
