# SPDX-License-Identifier: Apache-2.0
"""``heraldlink tags heralds``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from heraldlink.cli.show import print_json
from heraldlink.cli.tags_input import (
    Delays,
    Engine,
    Format,
    Json,
    Options,
    PeriodText,
    Plot,
    Salvage,
    Sync,
    numbers,
    period,
    progress,
    reading,
    whole_ps,
    windows,
)
from heraldlink.cli.tags_live import Follow, Idle, Live, LiveInput, Publish, live_heralds
from heraldlink.cli.tags_show import show_heralds
from heraldlink.errors import RequestError

SomeFiles = Annotated[
    list[Path] | None,
    typer.Argument(help="Recordings, of any format (found by content). None with --live.", metavar="FILE..."),
]


def heralds(
    files: SomeFiles = None,
    gates: Annotated[
        str | None,
        typer.Option(
            "--gates",
            help="When a click heralds, after the attempt's begin.",
            metavar="BEGIN:END[,BEGIN:END]",
        ),
    ] = None,
    detectors: Annotated[
        str | None, typer.Option("--detectors", help="Channels behind the beam splitter.", metavar="C,D")
    ] = None,
    patterns: Annotated[
        Path | None,
        typer.Option("--patterns", help="Pattern file: detectors, gates, outcomes.", metavar="FILE"),
    ] = None,
    sync: Sync = None,
    period_ps: PeriodText = None,
    slot_attempts: Annotated[
        int | None,
        typer.Option("--slot-attempts", help="The sync is a slot tick with so many attempts.", metavar="N"),
    ] = None,
    slot_first: Annotated[
        str, typer.Option("--slot-first", help="First attempt after the tick.", metavar="PS")
    ] = "0",
    hardware: Annotated[
        int | None,
        typer.Option(
            "--hardware", help="Channel of the hardware's own heralds, to compare.", metavar="CHANNEL"
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Write every herald to .parquet or .csv.", metavar="FILE"),
    ] = None,
    engine: Engine = "auto",
    plot: Plot = None,
    salvage: Salvage = False,
    format: Format = None,
    option: Options = None,
    delays: Delays = None,
    json: Json = False,
    follow: Follow = False,
    idle: Idle = None,
    live: Live = None,
    publish: Publish = None,
) -> None:
    """Attempts whose clicks herald a pair: one gate (single click), two gates, or a pattern file.

    With --follow or --live as they come: a line for each (attempt, outcome, ps after the reference event),
    and the summary when the stream ends or is interrupted. Then --gates, --detectors and, for bare times,
    --sync must be given.
    """
    from heraldlink.config.patterns import load_patterns
    from heraldlink.recordings import heralds as find
    from heraldlink.recordings.gated import herald_choice
    from heraldlink.recordings.herald_list import check_output, write_heralds
    from heraldlink.recordings.plots import check_plot, plot_heralds

    coming = LiveInput(follow, idle, live, publish)
    target = None if plot is None else check_plot(plot)
    listed = None if output is None else check_output(output)
    file = None if patterns is None else load_patterns(patterns)
    how = reading(salvage, format, option, delays)
    gates_ps = None if gates is None else windows(gates, "--gates")
    choose = partial(
        herald_choice,
        gates_ps=gates_ps,
        detectors=numbers(detectors, "--detectors"),
        sync=sync,
        period_ps=period(period_ps),
        patterns=file,
        slot_attempts=slot_attempts,
        slot_first_ps=whole_ps(slot_first, "--slot-first"),
        hardware=hardware,
    )
    if coming.wanted:
        if target is not None:
            raise RequestError("--plot shows a whole recording, not one that comes: leave it out")
        stored = None if file is None else file.delays_ps
        found = live_heralds(coming, files or [], how, choose, stored, engine, listed is not None, json)
    else:
        opened = how.open(files or [])
        with progress(opened.header.tags, "heralds") as told:
            found = find(
                opened,
                gates_ps,
                numbers(detectors, "--detectors"),
                sync,
                period(period_ps),
                file,
                pattern_delays=delays is None,
                slot_attempts=slot_attempts,
                slot_first_ps=whole_ps(slot_first, "--slot-first"),
                hardware=hardware,
                engine=engine,
                arrivals=plot is not None,
                progress=told,
            )
        print_json(found.summary()) if json else show_heralds(found.summary())
    if listed is not None:
        write_heralds(listed, found)
    if target is not None:
        plot_heralds(target, found)
