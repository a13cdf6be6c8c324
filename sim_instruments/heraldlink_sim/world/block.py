# SPDX-License-Identifier: Apache-2.0
"""A block of attempts: both timelines walked together, from click to click.

The gap to the next attempt with a click in its gate is geometric, so that the cost follows clicks. A click
in the hub's window makes the tagger's herald output rise; that reaches each generator's trigger B after its
cable and may change what the generator plays from then on, which is why the walk follows time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink_sim.world.bright import bright_clicks
from heraldlink_sim.world.draws import Draws
from heraldlink_sim.world.node import NodePlay, StepView
from heraldlink_sim.world.optics import Optics
from heraldlink_sim.world.rack import IN1, IN2, START, TaggerState
from heraldlink_sim.world.rounds import Attempt, AttemptBook, Loads
from heraldlink_sim.world.sequencer import Run
from heraldlink_sim.world.tables import CAUSES, AttemptTable, Meeting, TableBook

PORTS = (IN1, IN2)
Times = NDArray[np.int64]
Starts = tuple[int | None, int | None]


@dataclass(slots=True)
class Piece:
    """One round of ``count`` attempts in a row with the same pulses, ``period_ps`` apart.

    ``start_ps``: of the first waveform that the hub's START comes from, node A's; without one, of node B's.
    ``starts_ps``: of the first waveform of each node, None if nothing plays there; ``loads``: which of its
    pump pulses each node plays in the round, None without one.
    """

    start_ps: int
    starts_ps: Starts
    count: int
    period_ps: int
    start_to_hub_ps: int
    table: AttemptTable
    loads: Loads


@dataclass(slots=True)
class Herald:
    """An attempt with a click: starts of both waveforms (None: nothing plays), a state for each round."""

    starts_ps: Starts
    rounds: tuple[tuple[Loads, NDArray[np.complex128]], ...]


@dataclass(frozen=True, slots=True)
class HeraldLogic:
    """The hub tagger's part: which ports herald, until when, and when each node's trigger B then rises."""

    ports: tuple[bool, bool]
    until_ps: int
    delays_ps: tuple[int | None, int | None]


def herald_logic(tagger: TaggerState, combiner: int, nodes: tuple[NodePlay, NodePlay]) -> HeraldLogic:
    """Read the herald logic; without START, combiner, enabled inputs or a running record nothing heralds."""
    block = tagger.combiners.get(combiner)
    ready = block is not None and tagger.inputs[START].enabled and tagger.record.armed
    sources = (block.first, block.second) if block else ()
    delays = [_output_delay_ps(tagger, node, combiner) for node in nodes]
    return HeraldLogic(
        ports=(_heralds(tagger, IN1, sources), _heralds(tagger, IN2, sources)),
        until_ps=tagger.record.duration_ps if ready else 0,
        delays_ps=(delays[0], delays[1]),
    )


def _heralds(tagger: TaggerState, port: str, sources: tuple[str, ...]) -> bool:
    return port in sources and tagger.inputs[port].enabled


def _output_delay_ps(tagger: TaggerState, node: NodePlay, combiner: int) -> int | None:
    output = tagger.outputs.get(node.wiring.herald_output)
    if output is None or not output.enabled or output.source != f"TSCO{combiner}":
        return None
    return tagger.delays_ps.get(IN1, 0) + output.delay_ps + node.wiring.herald_delay_ps


class Block:
    """The attempts of one slot; `walk` fills in what comes of them.

    ``layers``: stretches of attempts, first rounds, second ones and so on; ``strays``: of B's light without
    A's; ``heralds``.
    """

    def __init__(
        self,
        nodes: tuple[NodePlay, NodePlay],
        optics: Optics,
        tables: TableBook,
        attempts: AttemptBook,
        logic: HeraldLogic,
        phase_rad: float,
        fast_sigma_rad: float,
    ) -> None:
        self._a, self._b = nodes
        self._nodes, self._optics, self._logic = nodes, optics, logic
        self._tables, self._attempts = tables, attempts
        self._fibre_skew_ps = self._a.device.path_delay_ps - self._b.device.path_delay_ps
        self._phase_rad, self._fast_sigma_rad = phase_rad, fast_sigma_rad
        self._met: set[int] = set()
        self.layers: list[list[Piece]] = []
        self.strays: list[Piece] = []
        self.heralds: list[Herald] = []
        self._gated: tuple[list[int], list[int]] = ([], [])
        self._lit: tuple[list[Times], list[Times]] = ([], [])
        self._known: dict[tuple[int, int | None, int], Attempt] = {}

    def clicks_ps(self, port: int) -> Times:
        """Return the clicks of a port in gates and of bright pulses, int64[n] ps after the tick, unsorted."""
        return np.concatenate([np.array(self._gated[port], dtype=np.int64), *self._lit[port]])

    def walk(self, rng: np.random.Generator, bright_rng: np.random.Generator, until_ps: int) -> None:
        """Play A's waveforms with whatever B plays beside them, then B's light that met none of them.

        Waveforms that begin at ``until_ps`` or later are left out: no tagger of this slot sees them.
        """
        draws = Draws(rng)
        place = 0
        while place < len(self._a.timeline.runs):
            done = 0
            while done < (count := (run := self._a.timeline.runs[place]).begun_by(until_ps)):
                done += self._advance(run, done, count - done, draws, bright_rng)
            place += 1
        self._unmet(until_ps)

    def _unmet(self, until_ps: int) -> None:
        """Let B's lone light arrive: where A plays nothing beside it there is no gate, and only strays."""
        for run in self._b.timeline.runs:
            view, count = self._b.views[run.step], run.begun_by(until_ps)
            if count and view.pulse and not view.bright and run.start_ps not in self._met:
                attempt = self._attempts.attempt(self._optics, (None, view), 0, self._phase_rad)
                self.strays += _pieces(attempt, run.start_ps, (None, run.start_ps), count, run.period_ps)

    def _advance(self, run: Run, done: int, count: int, draws: Draws, bright_rng: np.random.Generator) -> int:
        """Play the next stretch of equal waveforms of ``run``, ``count`` at most; return how many it was."""
        start_ps = run.start_ps + done * run.period_ps
        start_b_ps, count = self._partner(run, start_ps, count)
        step_b = self._step_b(start_b_ps)
        view_a, view_b = self._a.views[run.step], None if step_b is None else self._b.views[step_b]
        if view_a.pulse is None and (view_b is None or view_b.pulse is None):
            return count
        skew_ps = (start_b_ps - start_ps) if start_b_ps is not None and view_b and view_b.pulse else 0
        if view_a.bright or (view_b and view_b.bright):
            self._bright(view_a, view_b, skew_ps, start_ps, count, run.period_ps, bright_rng)
            return count
        key = (run.step, step_b, skew_ps)
        attempt = self._known.get(key)
        if attempt is None:
            attempt = self._attempts.attempt(self._optics, (view_a, view_b), skew_ps, self._phase_rad)
            self._known[key] = attempt
        return self._play(attempt, (start_ps, start_b_ps), count, run.period_ps, draws)

    def _partner(self, run: Run, start_ps: int, count: int) -> tuple[int | None, int]:
        """Return the start of B's waveform whose light meets A's, and for how many repeats that holds."""
        middle_ps = start_ps + run.period_ps // 2 + self._fibre_skew_ps
        runs = self._b.timeline.runs
        place = self._b.timeline.run_at(middle_ps)
        if place is None or runs[place].period_ps != run.period_ps:
            after = [later.start_ps for later in runs if later.start_ps > middle_ps]
            return None, max(1, min([count, *[-(-(t - middle_ps) // run.period_ps) for t in after[:1]]]))
        self._met.add(runs[place].start_ps)
        index = runs[place].index_at(middle_ps)
        return runs[place].start_ps + index * run.period_ps, min(count, runs[place].count - index)

    def _step_b(self, start_b_ps: int | None) -> int | None:
        place = None if start_b_ps is None else self._b.timeline.run_at(start_b_ps)
        return None if place is None else self._b.timeline.runs[place].step

    def _play(
        self, attempt: Attempt, starts_ps: tuple[int, int | None], count: int, period_ps: int, draws: Draws
    ) -> int:
        """Play attempts up to and with the next one that clicks in a gate, or all of them."""
        gap = draws.gap(attempt)
        played = min(gap, count)
        for layer, piece in enumerate(_pieces(attempt, starts_ps[0], starts_ps, played, period_ps)):
            if layer == len(self.layers):
                self.layers.append([])
            self.layers[layer].append(piece)
        if gap <= count:
            shift_ps = (gap - 1) * period_ps
            start_a_ps, start_b_ps = starts_ps
            start_b_ps = None if start_b_ps is None else start_b_ps + shift_ps
            self._herald(attempt, start_a_ps + shift_ps, start_b_ps, draws)
        return played

    def _herald(self, attempt: Attempt, start_ps: int, start_b_ps: int | None, draws: Draws) -> None:
        causes = draws.causes(attempt)
        self.heralds.append(Herald((start_ps, start_b_ps), attempt.loaded(causes)))
        for place, cause in enumerate(causes):
            table = attempt.table(causes[:place])
            for port, why in enumerate(CAUSES[cause]):
                if why == "none":
                    continue
                click_ps = start_ps + attempt.to_hub_ps + draws.click_ps(table, port, why)
                self._gated[port].append(click_ps)
                self._jump(port, click_ps)

    def _jump(self, port: int, click_ps: int) -> None:
        """Let a hardware herald reach both generators."""
        if not self._logic.ports[port] or not 0 <= click_ps < self._logic.until_ps:
            return
        for node, delay_ps in zip(self._nodes, self._logic.delays_ps, strict=True):
            if delay_ps is not None:
                node.timeline.event("B", click_ps + delay_ps)

    def _bright(
        self,
        view_a: StepView,
        view_b: StepView | None,
        skew_ps: int,
        start_ps: int,
        count: int,
        period_ps: int,
        rng: np.random.Generator,
    ) -> None:
        sync_ps = view_a.sync_ps or 0
        table = self._tables.bright(
            self._optics, Meeting(view_a.pulse, view_b.pulse if view_b else None, skew_ps, sync_ps)
        )
        switched = view_b is not None and view_b.quadrature
        phase_rad = self._phase_rad + (np.pi / 2 if switched else 0.0)
        first_ps = start_ps + self._attempts.to_hub_ps(sync_ps)
        found = bright_clicks(table, phase_rad, self._fast_sigma_rad, count, rng)
        for port, (index, after_ps) in enumerate(found):
            self._lit[port].append(first_ps + index * period_ps + after_ps)


def _pieces(attempt: Attempt, start_ps: int, starts_ps: Starts, count: int, period_ps: int) -> list[Piece]:
    return [
        Piece(start_ps, starts_ps, count, period_ps, attempt.to_hub_ps, item.table, item.loads)
        for item in attempt.rounds
    ]
