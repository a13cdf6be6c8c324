# SPDX-License-Identifier: Apache-2.0
"""``heraldlink tags``: look into recordings of time tags."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from heraldlink.cli.show import print_json
from heraldlink.cli.tags_copies import convert, cut, repair
from heraldlink.cli.tags_heralds import heralds
from heraldlink.cli.tags_input import (
    ChannelList,
    Delays,
    Engine,
    FileChannels,
    Files,
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
    times_ps,
    whole_ps,
    window,
)
from heraldlink.cli.tags_show import show_coincidences, show_g2, show_info, show_rates
from heraldlink.errors import RequestError

if TYPE_CHECKING:
    from heraldlink.recordings.attempt_choice import Period
    from heraldlink.recordings.information import Information
    from heraldlink.recordings.source import Recording


DelayWindow = Annotated[
    str | None, typer.Option("--window", help="Delays, begin included, end not.", metavar="BEGIN:END")
]
Bin = Annotated[str | None, typer.Option("--bin", help="Width of a bin.", metavar="PS")]
Zero = Annotated[
    str | None,
    typer.Option("--zero", help="Delay (or lag in attempts) of one pulse's photons.", metavar="PS|LAG"),
]
Lags = Annotated[
    str, typer.Option("--lags", help="Attempts between the clicks, both included.", metavar="FIRST:LAST")
]
Gate = Annotated[
    str | None, typer.Option("--gates", help="Only clicks in this gate of an attempt.", metavar="BEGIN:END")
]


def tags() -> typer.Typer:
    """The commands below ``heraldlink tags``."""
    app = typer.Typer(no_args_is_help=True, help="Look into recordings of time tags; times are in ps.")
    for command in (info, g2, coincidences, heralds, rates, convert, cut, repair):
        app.command()(command)
    return app


def info(
    files: Files,
    plot: Plot = None,
    salvage: Salvage = False,
    format: Format = None,
    option: Options = None,
    delays: Delays = None,
    json: Json = False,
) -> None:
    """What each FILE holds: channels, rates, duration, resolution, gaps, order, the sync by its looks."""
    from heraldlink.recordings import info as look_into

    if plot is not None and len(files) > 1:
        raise RequestError("--plot takes one recording: name one FILE")
    found: list[dict[str, object]] = []
    for file in files:
        opened = reading(salvage, format, option, delays).open([file])
        with progress(opened.header.tags, file.name) as told:
            known = look_into(opened, told)
        if plot is not None:
            _plot_info(plot, known, opened)
        found.append(known.summary())
    if json:
        print_json(found[0] if len(found) == 1 else {"files": found})
    else:
        for each in found:
            show_info(each)


def _plot_info(plot: Path, known: Information, opened: Recording) -> None:
    from heraldlink.recordings.attempt_choice import chosen_attempts, clicks_after_reference
    from heraldlink.recordings.clicks_over_time import rates as count
    from heraldlink.recordings.plots import check_plot, plot_info

    check_plot(plot)
    indexed = known.header.kind == "indexed"
    timed = not indexed or (known.header.reference_period_ps and not known.wrong_period)
    arrivals = None
    if indexed or known.sync is not None:
        arrivals = clicks_after_reference(known.look, chosen_attempts(opened, known.look, None))
    plot_info(plot, known, count(opened) if timed else None, arrivals)


def g2(
    files: Files,
    channels: ChannelList = None,
    window_ps: DelayWindow = None,
    bin_ps: Bin = None,
    zero: Zero = None,
    sync: Sync = None,
    period_ps: PeriodText = None,
    lags: Lags = "-8:8",
    gates: Gate = None,
    engine: Engine = "auto",
    plot: Plot = None,
    salvage: Salvage = False,
    format: Format = None,
    option: Options = None,
    delays: Delays = None,
    file_channels: FileChannels = None,
    json: Json = False,
) -> None:
    """How the clicks of two channels pair up by delay (all pairs), or with --sync and in T3 by attempt."""
    from heraldlink.recordings import g2 as correlate
    from heraldlink.recordings.plots import check_plot, plot_g2

    target = None if plot is None else check_plot(plot)
    asked = _asked(channels, window_ps, bin_ps, zero, sync, period_ps, lags, gates)
    opened = reading(salvage, format, option, delays, file_channels).open(files)
    with progress(opened.header.tags, "g2") as told:
        found = correlate(opened, engine=engine, progress=told, **asked)
    if target is not None:
        plot_g2(target, found)
    print_json(found.summary()) if json else show_g2(found.summary())


class AskedG2(TypedDict):
    """Arguments of `heraldlink.recordings.g2`."""

    channels: list[int] | None
    window_ps: tuple[int, int] | None
    bin_ps: int | None
    zero: int | None
    sync: int | None
    period_ps: Period
    lags: range
    gate_ps: tuple[int, int] | None


def _asked(
    channels: str | None,
    window_ps: str | None,
    bin_ps: str | None,
    zero: str | None,
    sync: int | None,
    period_ps: str | None,
    lags: str,
    gates: str | None,
) -> AskedG2:
    return {
        "channels": numbers(channels, "--channels"),
        "window_ps": None if window_ps is None else window(window_ps, "--window"),
        "bin_ps": None if bin_ps is None else whole_ps(bin_ps, "--bin"),
        "zero": None if zero is None else whole_ps(zero, "--zero"),
        "sync": sync,
        "period_ps": period(period_ps),
        "lags": _lags(lags),
        "gate_ps": None if gates is None else window(gates, "--gates"),
    }


def _lags(text: str) -> range:
    first, last = window(text, "--lags")
    return range(first, last + 1)


def coincidences(
    files: Files,
    channels: ChannelList = None,
    window_ps: Annotated[
        str, typer.Option("--window", help="Largest distances |dt| that count.", metavar="PS,PS,...")
    ] = "500,1000,5000",
    one_to_one: Annotated[bool, typer.Option("--one-to-one", help="Each click in one pair at most.")] = False,
    herald: Annotated[
        int | None,
        typer.Option(
            "--herald", help="Also the g2 of the two channels heralded by this one.", metavar="CHANNEL"
        ),
    ] = None,
    engine: Engine = "auto",
    plot: Plot = None,
    salvage: Salvage = False,
    format: Format = None,
    option: Options = None,
    delays: Delays = None,
    file_channels: FileChannels = None,
    json: Json = False,
) -> None:
    """Coincidences of every two channels, beside those that chance would make; files are merged by time."""
    from heraldlink.recordings import coincidences as count
    from heraldlink.recordings.plots import check_plot, plot_coincidences

    target = None if plot is None else check_plot(plot)
    within = times_ps(window_ps, "--window")
    opened = reading(salvage, format, option, delays, file_channels).open(files)
    with progress(opened.header.tags, "coincidences") as told:
        found = count(opened, numbers(channels, "--channels"), within, one_to_one, herald, engine, told)
    if target is not None:
        plot_coincidences(target, found)
    print_json(found.summary()) if json else show_coincidences(found.summary())


def rates(
    files: Files,
    channels: ChannelList = None,
    bin_ps: Bin = None,
    period_ps: Annotated[
        str | None, typer.Option("--period", help="Between reference events (T3).", metavar="PS")
    ] = None,
    plot: Plot = None,
    salvage: Salvage = False,
    format: Format = None,
    option: Options = None,
    file_channels: FileChannels = None,
    json: Json = False,
) -> None:
    """Clicks per second of each channel over time; gaps are no time."""
    from heraldlink.recordings import rates as count
    from heraldlink.recordings.plots import check_plot, plot_rates

    target = None if plot is None else check_plot(plot)
    width = None if bin_ps is None else whole_ps(bin_ps, "--bin")
    opened = reading(salvage, format, option, None, file_channels).open(files)
    with progress(opened.header.tags, "rates") as told:
        given = period(period_ps)
        nominal = given if isinstance(given, float) else None
        found = count(opened, width, numbers(channels, "--channels"), nominal, told)
    if target is not None:
        plot_rates(target, found)
    print_json(found.summary()) if json else show_rates(found.summary())
