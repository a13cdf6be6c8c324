# SPDX-License-Identifier: Apache-2.0
"""A bench: one world, one face per instrument, and a pace that lets the ticks come."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np

from heraldlink_physics.device import Devices
from heraldlink_sim.bench_config import BenchConfig, load_bench
from heraldlink_sim.cabinet import Faces, Instrument, place_of, switch_on
from heraldlink_sim.clock import Clock, SteppedClock
from heraldlink_sim.errors import BenchError, FaultError, TranscriptError
from heraldlink_sim.faults import FaultConfig, Faults
from heraldlink_sim.model import Listening, find_model
from heraldlink_sim.pace import Agenda, Fast, Scaled
from heraldlink_sim.paced_clock import PacedClock
from heraldlink_sim.recording.sources import serve_source
from heraldlink_sim.surroundings import Surroundings
from heraldlink_sim.world.play import SlotEvents, World
from heraldlink_sim.world.rack import IN4

LATEST_DELIVERY = 0.95
"""Share of the tick period after which tags without a record are delivered."""


class Bench:
    """A simulated laboratory. ``async with bench:`` serves it; ``addresses`` then has every instrument.

    ``faces`` are the instruments themselves, for tests that look behind the wire.
    """

    def __init__(self, config: BenchConfig, devices: Devices) -> None:
        self.config = config
        self.tick_period_ps = config.tick_period_ps
        self.world = World(devices, config.wiring.world_wiring(config.tick_period_ps), config.seed)
        self.clocks = {name: self._clock() for name in config.instruments}
        self.instruments = {name: self._switch_on(name) for name in config.instruments}
        self.faces = Faces.of(self.instruments)
        self._bench_clock = self._clock()
        self._ticked = (0.0, 0.0)
        self.faults = Faults(self.instruments, self.now_s)
        self.addresses: dict[str, str] = {}
        self._ends_ps = dict.fromkeys(self.faces.generators, 0)
        self._armed = asyncio.Event()
        self._listening: list[Listening] = []
        self._pace: asyncio.Task[None] | None = None
        self.faces.taggers[self.world.wiring.hub.tagger].on_record_armed = self._armed.set
        self.surroundings = Surroundings(self.world, self.faces)
        for where, name, fault in config.all_faults():
            self._inject(where, name, fault)

    @classmethod
    def from_file(cls, path: Path, overrides: dict[str, object] | None = None) -> Self:
        """Build a bench from its file; ``overrides`` replace top-level keys such as seed, pace and slots.

        Raises BenchError naming file and key.
        """
        return cls(*load_bench(path, overrides))

    def _clock(self) -> Clock:
        """Return an instrument's clock: in fast pace each one's time goes by what is asked of it."""
        pace = self.config.pace
        if pace == "fast":
            return SteppedClock()
        return PacedClock(1.0 if pace == "realtime" else pace)

    def _switch_on(self, name: str) -> Instrument:
        item = self.config.instruments[name]
        place = place_of(name, self.clocks[name], self.tick_period_ps, self.config.seed)
        return switch_on(name, find_model(item.model), item, place)

    def _inject(self, where: str, name: str, fault: FaultConfig) -> None:
        try:
            self.faults.add(name, fault)
        except FaultError as error:
            raise BenchError(f"{where}: {error}.") from None

    # --- serving

    async def __aenter__(self) -> Self:
        try:
            for instrument in self.instruments.values():
                self._listening.append(await self._serve(instrument))
                self.addresses |= self._listening[-1].addresses
        except BaseException:
            await self.close()
            raise
        self._pace = asyncio.create_task(self._driver().run(self), name="pace of the bench")
        return self

    async def _serve(self, instrument: Instrument) -> Listening:
        try:
            line = self.faults.line(instrument.name)
            listening = await serve_source(instrument, line, self.config.host)
        except OSError as error:
            where = f"{self.config.host}, port {instrument.config.port} ({error.strerror or error})"
            raise BenchError(
                f"{instrument.name}: cannot listen on {where}; port 0 takes a free one."
            ) from error
        except TranscriptError as error:
            raise BenchError(f"{instrument.name}: {error}.") from error
        self.faults.attach(instrument.name, listening.listeners)
        return listening

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop bench time, then every instrument."""
        if self._pace is not None:
            self._pace.cancel()
            await asyncio.gather(self._pace, return_exceptions=True)
        for listening in self._listening:
            for listener in listening.listeners:
                await listener.close()
        self._listening = []

    async def run(self) -> None:
        """Wait for as long as bench time passes; raises what stops it."""
        if self._pace is not None:
            await asyncio.shield(self._pace)
            await asyncio.Event().wait()

    def _driver(self) -> Fast | Scaled:
        pace = self.config.pace
        if pace == "fast":
            return Fast(self._armed, self.config.slots, self.config.first_tick)
        return Scaled(1.0 if pace == "realtime" else pace, self.config.first_tick)

    # --- time

    def now_s(self) -> float:
        """Return bench time: that of the last tick, and in a bench with a speed what has passed since."""
        ticked_s, then_s = self._ticked
        return ticked_s + min(self.tick_period_ps * 1e-12, self._bench_clock.now_s() - then_s)

    def _tick(self, number: int) -> None:
        """Let bench time reach a tick, and the faults whose time that is begin and end."""
        now_s = number * self.tick_period_ps * 1e-12
        for clock in self.clocks.values():
            clock.spend(now_s - self._ticked[0])  # instruments whose time is stepped get there too
        self._ticked = (now_s, self._bench_clock.now_s())
        self.faults.look()

    def play(self, slot: int) -> int:
        """Play a whole slot at once; return the first later tick at which no generator plays any more."""
        events = self._begin(slot)
        for name in events.taggers:
            self._deliver(name, events, slot)
        self._observe(events)
        return max(slot + 1, -(-max(self._ends_ps.values()) // self.tick_period_ps))

    def pass_ticks(self, first: int, last: int) -> None:
        """Let the ticks first..last come without a slot: they are counted, and fire what is armed.

        A generator that will not have ended by the tick after them says that it plays, until it is stopped.
        """
        if first <= last:
            self._tick(last)
            ticks = {IN4: np.zeros(last - first + 1, np.int64)}
            for tagger in self.faces.taggers.values():
                tagger.deliver(ticks, last)
            self._fire(name for name, face in self.faces.delays.items() if face.state().armed)
            self.surroundings.pass_ticks(last)
        next_tick_ps = (last + 1) * self.tick_period_ps
        for name, face in self.faces.generators.items():
            face.set_playing(self._ends_ps[name] > next_tick_ps)

    def tick(self, slot: int, agenda: Agenda) -> None:
        """Let a tick come; tags are delivered when their record ends, or late in the tick period."""
        now_ps = slot * self.tick_period_ps
        records = {name: face.state().record for name, face in self.faces.taggers.items()}
        events = self._begin(slot)
        latest_ps = round(LATEST_DELIVERY * self.tick_period_ps)
        for name, face in self.faces.taggers.items():
            face.begin_slot(slot)
            record = records[name]
            after_ps = min(record.duration_ps, latest_ps) if record.armed else latest_ps
            agenda.at(now_ps + after_ps, partial(self._deliver, name, events, slot))
        agenda.at(now_ps + latest_ps, partial(self._observe, events))
        for name, end_ps in events.ends_ps.items():
            if end_ps > 0:
                self.faces.generators[name].set_playing(True)
                agenda.at(now_ps + end_ps, partial(self._end_program, name, now_ps + end_ps))

    def _end_program(self, name: str, end_ps: int) -> None:
        """Let a generator wait again, unless it was stopped and triggered anew in the meantime."""
        if self._ends_ps[name] == end_ps:
            self.faces.generators[name].set_playing(False)

    def _begin(self, slot: int) -> SlotEvents:
        """Freeze all settings at the tick and play the slot."""
        now_ps = slot * self.tick_period_ps
        self._tick(slot)
        playing = frozenset(name for name, face in self.faces.generators.items() if face.playing)
        rack = self.faces.state()
        events = self.world.play(rack, slot, playing)
        self._ends_ps |= {name: now_ps + end for name, end in events.ends_ps.items() if end > 0}
        self.surroundings.played(slot, events)
        self._fire(name for name, state in rack.delays.items() if state.armed)
        return events

    def _fire(self, armed: Iterable[str]) -> None:
        for name in armed:
            self.faces.delays[name].fired()

    def _deliver(self, name: str, events: SlotEvents, slot: int) -> None:
        self.faces.taggers[name].deliver(events.taggers[name], slot)

    def _observe(self, events: SlotEvents) -> None:
        for name, rates_Hz in events.rates_Hz.items():
            self.faces.detectors[name].observe(rates_Hz)
