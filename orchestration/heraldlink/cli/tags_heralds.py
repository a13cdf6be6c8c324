# SPDX-License-Identifier: Apache-2.0
"""``heraldlink tags heralds``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from heraldlink.cli.live_input import Follow, Idle, Live, LiveInput, Publish, Store
from heraldlink.cli.show import print_json
from heraldlink.cli.tags_input import (
    Delays,
    Engine,
    FileChannels,
    Format,
    Json,
    Options,
    PeriodText,
    Plot,
    Reading,
    Salvage,
    Sync,
    numbers,
    period,
    progress,
    reading,
    whole_ps,
    windows,
)
from heraldlink.cli.tags_live import live_heralds
from heraldlink.cli.tags_show import show_heralds
from heraldlink.errors import RequestError

if TYPE_CHECKING:
    from heraldlink.config.patterns import PatternFile
    from heraldlink.recordings.attempt_choice import Period
    from heraldlink.recordings.gated import HeraldsFound

SomeFiles = Annotated[
    list[Path] | None,
    typer.Argument(help="Recordings, of any format (found by content). None with --live.", metavar="FILE..."),
]

Gates = Annotated[
    str | None,
    typer.Option(
        "--gates", help="When a click heralds, after the attempt's begin.", metavar="BEGIN:END[,BEGIN:END]"
    ),
]
Detectors = Annotated[
    str | None, typer.Option("--detectors", help="Channels behind the beam splitter.", metavar="C,D")
]
Patterns = Annotated[
    Path | None,
    typer.Option("--patterns", help="Pattern file: detectors, gates, outcomes.", metavar="FILE"),
]
SlotAttempts = Annotated[
    int | None,
    typer.Option("--slot-attempts", help="The sync is a slot tick with so many attempts.", metavar="N"),
]
SlotFirst = Annotated[str, typer.Option("--slot-first", help="First attempt after the tick.", metavar="PS")]
Hardware = Annotated[
    int | None,
    typer.Option("--hardware", help="Channel of the hardware's own heralds, to compare.", metavar="CHANNEL"),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", help="Write every herald to .parquet or .csv.", metavar="FILE"),
]


class Asked(TypedDict):
    """What heralds: arguments of `heraldlink.recordings.heralds` and `gated.herald_choice`."""

    gates_ps: list[tuple[int, int]] | None
    detectors: list[int] | None
    sync: int | None
    period_ps: Period
    patterns: PatternFile | None
    slot_attempts: int | None
    slot_first_ps: int
    hardware: int | None


def heralds(
    files: SomeFiles = None,
    gates: Gates = None,
    detectors: Detectors = None,
    patterns: Patterns = None,
    sync: Sync = None,
    period_ps: PeriodText = None,
    slot_attempts: SlotAttempts = None,
    slot_first: SlotFirst = "0",
    hardware: Hardware = None,
    output: Output = None,
    engine: Engine = "auto",
    plot: Plot = None,
    salvage: Salvage = False,
    format: Format = None,
    option: Options = None,
    delays: Delays = None,
    file_channels: FileChannels = None,
    json: Json = False,
    follow: Follow = False,
    idle: Idle = None,
    live: Live = None,
    publish: Publish = None,
    store: Store = None,
) -> None:
    """Attempts whose clicks herald a pair: one gate (single click), two gates, or a pattern file.

    With --follow or --live as they come: a line for each (attempt, outcome, ps after the reference event),
    and the summary when the stream ends or is interrupted. Then --gates, --detectors and, for bare times,
    --sync must be given.
    """
    coming = LiveInput(follow, idle, live, publish, store)
    asked = _asked(gates, detectors, sync, period_ps, patterns, slot_attempts, slot_first, hardware)
    how = reading(salvage, format, option, delays, file_channels)
    _checked(output, plot)
    if coming.wanted:
        _refuse(plot, file_channels)
        found = _coming(coming, files or [], how, asked, engine, output is not None, json)
    else:
        found = _whole(files or [], how, asked, engine, plot is not None, json)
    _write(found, output, plot)


def _refuse(plot: Path | None, file_channels: str | None) -> None:
    """What makes no sense for tags that are coming."""
    if plot is not None:
        raise RequestError("--plot shows a whole recording, not one that comes: leave it out")
    if file_channels is not None:
        raise RequestError("--file-channels joins whole files, not ones that come: leave it out")


def _asked(
    gates: str | None,
    detectors: str | None,
    sync: int | None,
    period_ps: str | None,
    patterns: Path | None,
    slot_attempts: int | None,
    slot_first: str,
    hardware: int | None,
) -> Asked:
    from heraldlink.config.patterns import load_patterns

    return {
        "patterns": None if patterns is None else load_patterns(patterns),
        "gates_ps": None if gates is None else windows(gates, "--gates"),
        "detectors": numbers(detectors, "--detectors"),
        "sync": sync,
        "period_ps": period(period_ps),
        "slot_attempts": slot_attempts,
        "slot_first_ps": whole_ps(slot_first, "--slot-first"),
        "hardware": hardware,
    }


def _checked(output: Path | None, plot: Path | None) -> None:
    from heraldlink.recordings.herald_list import check_output
    from heraldlink.recordings.plots import check_plot

    if plot is not None:
        check_plot(plot)
    if output is not None:
        check_output(output)


def _coming(
    coming: LiveInput, files: list[Path], how: Reading, asked: Asked, engine: str, keep: bool, as_json: bool
) -> HeraldsFound:
    from heraldlink.recordings.gated import herald_choice

    stored = None if asked["patterns"] is None else asked["patterns"].delays_ps
    return live_heralds(coming, files, how, partial(herald_choice, **asked), stored, engine, keep, as_json)


def _whole(
    files: list[Path], how: Reading, asked: Asked, engine: str, arrivals: bool, as_json: bool
) -> HeraldsFound:
    from heraldlink.recordings import heralds as find

    opened = how.open(files)
    with progress(opened.header.tags, "heralds") as told:
        found = find(
            opened,
            pattern_delays=how.delays is None,
            engine=engine,
            arrivals=arrivals,
            progress=told,
            **asked,
        )
    print_json(found.summary()) if as_json else show_heralds(found.summary())
    return found


def _write(found: HeraldsFound, output: Path | None, plot: Path | None) -> None:
    from heraldlink.recordings.herald_list import write_heralds
    from heraldlink.recordings.plots import plot_heralds

    for warning in found.warnings:
        typer.echo(f"heraldlink: warning: {warning}", err=True)
    if output is not None:
        write_heralds(output, found)
    if plot is not None:
        plot_heralds(plot, found)
