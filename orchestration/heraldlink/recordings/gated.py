# SPDX-License-Identifier: Apache-2.0
"""``heralds``: attempts whose clicks herald an entangled pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from heraldlink.config.patterns import PatternFile, load_patterns
from heraldlink.errors import RequestError
from heraldlink.heralding.by_attempt import ByAttempt
from heraldlink.heralding.engine import herald_engine, live_engine
from heraldlink.heralding.herald_stream import HeraldStream
from heraldlink.heralding.patterns import AMBIGUOUS, PatternTable, single_click, two_gates
from heraldlink.heralding.results import HeraldResult, Heralds
from heraldlink.recordings.attempt_choice import (
    ChosenAttempts,
    Period,
    chosen_attempts,
    clicks_after_reference,
)
from heraldlink.recordings.choices import check_channels
from heraldlink.recordings.first_look import FirstLook, first_look
from heraldlink.recordings.late_gates import attempt_period_ps, late_gates
from heraldlink.recordings.source import Progress, Recording, Source, passed, recording
from heraldlink.tags.arrivals import Arrivals, ArrivalTable
from heraldlink.tags.passes import Analysis
from heraldlink.tags.singles import Singles, SinglesCount

if TYPE_CHECKING:
    from xarray import Dataset

Gates = Sequence[tuple[int, int]]

ARRIVAL_BINS = 500
LEAST_FITS = 4
"""Stretches whose fits are listed one by one."""


@dataclass(frozen=True, slots=True)
class HeraldChoice:
    """What heralds, and how attempts are told apart."""

    table: PatternTable
    attempts: ChosenAttempts
    hardware: int | None = None

    def stream(self, engine: str = "auto", keep: bool = True, live: bool = False) -> HeraldStream:
        """The analysis; ``live``: of tags that are waited for, see `live_engine`.

        Raises RequestError if the table does not suit the attempts.
        """
        chosen = live_engine(engine) if live else herald_engine(engine)
        return HeraldStream(self.table, self.attempts.strategy, chosen, hardware=self.hardware, keep=keep)

    @property
    def detectors(self) -> tuple[int, ...]:
        """Their channels."""
        return tuple(detector.channel for detector in self.table.detectors)


@dataclass(frozen=True, eq=False)
class HeraldsFound:
    """All heralds of a recording, counts by pattern, and how attempts were told apart.

    ``arrivals``: clicks by time after the reference event, if they were asked for. ``period_ps``: from one
    attempt to the next, where it is known.
    """

    name: str
    choice: HeraldChoice
    result: HeraldResult
    arrivals: ArrivalTable | None = None
    period_ps: float | None = None

    @property
    def heralds(self) -> Heralds:
        """In order of attempt."""
        return self.result.heralds

    @property
    def counts(self) -> dict[str, int]:
        """Heralds by name of outcome."""
        table = self.choice.table
        return {
            name: int(np.count_nonzero(self.heralds.outcome == table.code(name)))
            for name in table.names
            if table.code(name) not in (0, AMBIGUOUS)
        }

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes these heralds doubtful, one sentence each."""
        return late_gates(self.choice.table, self.period_ps)

    def summary(self) -> dict[str, object]:
        """Plain values."""
        report, table = self.result.report, self.choice.table
        attempts = report.attempts
        heralds = int(self.heralds.attempt.size)
        patterns = self.result.patterns
        comparison = self.result.comparison
        return {
            "file": self.name,
            "attempts_by": self.choice.attempts.described,
            "attempts": attempts,
            "heralds": heralds,
            "outcomes": self.counts,
            "ambiguous": int(self.heralds.ambiguous.size),
            "per_attempt": heralds / attempts if attempts else None,
            "vetoed": self.result.vetoed,
            "attempts_cut_by_gaps": report.cut,
            "tags_outside_attempts": report.outside,
            "tags_in_gaps": report.in_gaps,
            "detectors": {detector.name: detector.channel for detector in table.detectors},
            "gates_ps": {gate.name: [gate.begin_ps, gate.end_ps] for gate in table.gates},
            "patterns": {
                table.pattern_name(int(pattern)): int(patterns[pattern])
                for pattern in np.flatnonzero(patterns)
            },
            "periods": [asdict(fit) for fit in report.fits[:LEAST_FITS]],
            "stretches": len(report.fits),
            "advice": self.choice.attempts.warning,
            "warnings": list(self.warnings),
            "uncertain_steps": sum(fit.uncertain for fit in report.fits),
            "hardware": None
            if comparison is None
            else {
                "disagreements": comparison.disagreements,
                "only_hardware": int(comparison.only_hardware.size),
                "only_software": int(comparison.only_software.size),
            },
        }

    def to_xarray(self) -> Dataset:
        """Outcome, pattern, after_ps and (where known) time_ps over attempt."""
        import xarray

        found = self.heralds
        columns = {"outcome": found.outcome, "pattern": found.pattern, "after_ps": found.after_ps}
        if found.time_ps is not None:
            columns["time_ps"] = found.time_ps
        codes = {f"outcome {name}": self.choice.table.code(name) for name in self.counts}
        about: dict[str, object] = {"file": self.name, "attempts": self.result.report.attempts}
        return xarray.Dataset(
            {name: ("attempt", values) for name, values in columns.items()},
            {"attempt": found.attempt},
            about | codes,
        )


def heralds(
    source: Source,
    gates_ps: Gates | None = None,
    detectors: Sequence[int] | None = None,
    sync: int | None = None,
    period_ps: Period = None,
    patterns: str | Path | PatternFile | None = None,
    pattern_delays: bool = True,
    slot_attempts: int | None = None,
    slot_first_ps: int = 0,
    hardware: int | None = None,
    engine: str = "auto",
    arrivals: bool = False,
    progress: Progress | None = None,
) -> HeraldsFound:
    """Heralds of a recording, in one pass.

    One gate [begin, end) after the reference event: a click of the first detector alone is Psi+, of the
    second alone Psi-. Two gates: one click in each, Psi+ of one detector, Psi- of both. Anything else:
    ``patterns``, a file or what `heraldlink.config.patterns.load_patterns` gave; its attempts and delays are
    taken unless ``sync`` or ``period_ps`` are given, or ``pattern_delays`` is False. ``slot_attempts``: the
    sync is a slot tick. Raises RequestError that says which option to give where something cannot be chosen.
    """
    file = load_patterns(patterns) if isinstance(patterns, str | Path) else patterns
    opened = recording(source, delays_ps=file.delays_ps if file and pattern_delays else None)
    look = first_look(opened)
    choice = herald_choice(
        opened, look, gates_ps, detectors, sync, period_ps, file, slot_attempts, slot_first_ps, hardware
    )
    analyses: list[Analysis[object]] = [Singles(), choice.stream(engine)]
    if arrivals:
        analyses.append(_arrivals(opened, choice))
    counted, found, *rest = passed(opened, analyses, progress)
    singles, result = cast("SinglesCount", counted), cast("HeraldResult", found)
    channel = getattr(choice.attempts.strategy, "channel", None)
    needed = choice.detectors if channel is None else (channel, *choice.detectors)
    check_channels(opened, singles.clicks, needed)
    table = cast("ArrivalTable", rest[0]) if rest else None
    period = attempt_period_ps(choice.attempts, result.report, look, singles)
    return HeraldsFound(opened.name, choice, result, table, period)


def herald_choice(
    source: Recording,
    look: FirstLook,
    gates_ps: Gates | None = None,
    detectors: Sequence[int] | None = None,
    sync: int | None = None,
    period_ps: Period = None,
    patterns: PatternFile | None = None,
    slot_attempts: int | None = None,
    slot_first_ps: int = 0,
    hardware: int | None = None,
) -> HeraldChoice:
    """What `heralds` does with these arguments; for a live stream ``look`` is `first_look.no_look`."""
    if patterns is not None and (gates_ps is not None or detectors is not None):
        raise RequestError("a pattern file says detectors and gates: leave out --gates and --detectors")
    if patterns is not None and patterns.attempts is not None and sync is None and period_ps is None:
        attempts = ChosenAttempts(
            patterns.attempts, f"{type(patterns.attempts).__name__} of the pattern file"
        )
    else:
        attempts = chosen_attempts(source, look, sync, period_ps, slot_attempts, slot_first_ps)
    if patterns is not None:
        told = hardware if hardware is not None else patterns.hardware
        return HeraldChoice(patterns.table, attempts, told)
    channels = getattr(attempts.strategy, "channel", None)
    c, d = _detectors(source, look, detectors, [each for each in (channels, hardware) if each is not None])
    if gates_ps is None:
        hint = _hint(look, attempts, (c, d))
        raise RequestError(f"{source.name}: say when a click heralds with --gates BEGIN:END{hint}")
    if len(gates_ps) not in (1, 2):
        raise RequestError(f"{len(gates_ps)} gates: one or two by --gates, more by --patterns FILE")
    table = (
        single_click(c, d, gates_ps[0]) if len(gates_ps) == 1 else two_gates(c, d, gates_ps[0], gates_ps[1])
    )
    return HeraldChoice(table, attempts, hardware)


def _detectors(
    source: Recording, look: FirstLook, asked: Sequence[int] | None, others: Sequence[int]
) -> tuple[int, int]:
    found = tuple(asked) if asked is not None else look.detectors(others)
    if len(found) != 2:
        held = ", ".join(f"{number} ({count})" for number, count in look.clicks.items()) or "none"
        raise RequestError(
            f"{source.name}: say which two channels are the detectors with --detectors C,D"
            f" (clicks by channel: {held})"
        )
    return found[0], found[1]


def _hint(look: FirstLook, attempts: ChosenAttempts, detectors: tuple[int, int]) -> str:
    """When clicks come after their reference event, for who has to choose a gate."""
    after_ps, channel = clicks_after_reference(look, attempts)
    clicks = after_ps[np.isin(channel, np.array(detectors))]
    if not clicks.size:
        return ""
    low, middle, high = (int(edge) for edge in np.quantile(clicks, (0.05, 0.5, 0.95)))
    return (
        f" (of the detectors' clicks, 90 % come {low} to {high} ps after the reference event, half before"
        f" {middle} ps; heraldlink tags info --plot FILE shows them)"
    )


def _arrivals(opened: Recording, choice: HeraldChoice) -> Analysis[object]:
    """Clicks after the reference event: all of a period, if one is known, and the gates in any case."""
    period_ps = getattr(choice.attempts.strategy, "period_ps", None)
    last = max(gate.end_ps for gate in choice.table.gates)
    first = min(0, *(gate.begin_ps for gate in choice.table.gates))
    end = max(last, round(period_ps)) if period_ps else 2 * last
    width = max(1, -(-(end - first) // ARRIVAL_BINS))
    counted = Arrivals(choice.detectors, first, first + -(-(end - first) // width) * width, width)
    return counted if opened.header.kind == "indexed" else ByAttempt(choice.attempts.strategy, counted)
