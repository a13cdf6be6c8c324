# SPDX-License-Identifier: Apache-2.0
# pyright: reportUnknownMemberType=false
"""Plots of what the verbs find: svg, png or pdf by the file's name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from heraldlink.errors import DataError, RequestError
from heraldlink.recordings.clicks_over_time import ClicksOverTime
from heraldlink.recordings.gated import HeraldsFound
from heraldlink.recordings.information import Information
from heraldlink.recordings.pair_counts import PairCounts
from heraldlink.recordings.pair_results import AttemptG2, DelayG2
from heraldlink.tags.block import Channels, Times

COLORS = ("#1f5fa8", "#d1701f", "#3a8a57", "#8a4fa8", "#b03a3a", "#5a5a5a", "#b5952a", "#3aa0a8")
GREY, GATE = "#8a8a8a", "#f3eedd"
SUFFIXES = (".svg", ".png", ".pdf")
ARRIVAL_BINS = 400


def check_plot(path: str | Path) -> Path:
    """The path, if a plot can be saved there. Raises RequestError that names the endings there are."""
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise RequestError(f"{path}: a plot is one of {', '.join(SUFFIXES)}")
    if not path.parent.is_dir():
        raise RequestError(f"{path}: there is no folder {path.parent}")
    return path


def plot_info(
    path: Path, found: Information, over_time: ClicksOverTime | None, arrivals: tuple[Times, Channels] | None
) -> None:
    """Rates over time, and clicks after their reference event where there is one."""
    panels = (over_time is not None) + (arrivals is not None)
    figure, axes = _figure(max(1, panels))
    if over_time is not None:
        _rates(axes[0], over_time)
    if arrivals is not None:
        _arrivals(axes[-1], *arrivals)
    if not panels:
        axes[0].text(0.5, 0.5, "no times: the period of the reference events is unknown", ha="center")
    _save(figure, path, found.name)


def plot_rates(path: Path, found: ClicksOverTime) -> None:
    """Clicks per second of each channel over time."""
    figure, axes = _figure(1)
    _rates(axes[0], found)
    _save(figure, path, found.name)


def plot_g2(path: Path, found: DelayG2 | AttemptG2) -> None:
    """Pairs by delay, with g2 on the right-hand axis; or attempts by lag."""
    figure, axes = _figure(1)
    if isinstance(found, DelayG2):
        _by_delay(axes[0], found)
    else:
        _by_lag(axes[0], found)
    _save(figure, path, found.name)


def plot_coincidences(path: Path, found: PairCounts) -> None:
    """Coincidences and what chance alone makes, for each pair and width."""
    figure, axes = _figure(1)
    place = axes[0]
    for row, pair in enumerate(found.channels):
        counts = [found.of(*pair, within) for within in found.within_ps]
        pairs = np.array([count.pairs for count in counts], dtype=np.float64)
        color = COLORS[row % len(COLORS)]
        place.errorbar(
            found.within_ps, pairs, np.sqrt(np.maximum(pairs, 1)), fmt="o", color=color, capsize=2.5,
            label=f"channels {pair[0]}, {pair[1]}",
        )  # fmt: skip
        chance = [count.accidental for count in counts]
        place.plot(found.within_ps, chance, color=color, linestyle=":", marker="_", markersize=12)
    place.set_xscale("log")
    place.set_yscale("symlog", linthresh=1)
    most = max((count.pairs for count in found.counts), default=0)
    place.set_ylim(0, 3 * max(1, most))
    place.set_xlabel("|delay| within (ps)")
    place.set_ylabel(f"coincidences ({found.rule}); dotted: by chance")
    _legend(figure)
    _save(figure, path, found.name)


def plot_heralds(path: Path, found: HeraldsFound) -> None:
    """Clicks after the reference event with the gates."""
    figure, axes = _figure(1)
    place, table = axes[0], found.arrivals
    for gate in found.choice.table.gates:
        label = f"{gate.name}, {gate.begin_ps} to {gate.end_ps} ps"
        place.axvspan(gate.begin_ps / 1e3, gate.end_ps / 1e3, color=GATE, zorder=0, label=label)
    if table is not None:
        for row, detector in enumerate(found.choice.table.detectors):
            _steps(
                place, table.edges_ps, table.clicks[row], row, f"{detector.name} (channel {detector.channel})"
            )
    place.set_xlabel("time after the attempt's reference event (ns)")
    counts = ", ".join(f"{count} {name}" for name, count in found.counts.items())
    attempts = found.result.report.attempts
    place.set_title(f"{attempts} attempts: {counts or 'no heralds'}", fontsize=10, loc="left")
    _legend(figure)
    _save(figure, path, found.name)


def _rates(axes: Axes, found: ClicksOverTime) -> None:
    table = found.table
    listened = found.listened
    edges_s = (table.edges_ps - table.edges_ps[0]) * 1e-12
    for row, channel in enumerate(table.channels):
        rate = np.where(listened, table.rate[row], np.nan) / 1e3
        color = COLORS[row % len(COLORS)]
        axes.stairs(rate, edges_s, baseline=None, color=color, label=f"channel {channel}")
        _raise_top(axes, float(np.nanmax(rate, initial=0)))
    if edges_s.size > 1:
        axes.set_xlim(edges_s[0], edges_s[-1])
    axes.set_xlabel(f"time (s) since {int(table.edges_ps[0])} ps")
    axes.set_ylabel("clicks (10³/s)")
    if table.channels:
        axes.legend(frameon=False, fontsize=8, ncols=4, loc="lower right", bbox_to_anchor=(1, 1))


def _arrivals(axes: Axes, after_ps: Times, channel: Channels) -> None:
    if not after_ps.size:
        return
    low, high = np.quantile(after_ps, (0.001, 0.999))
    first, last = float(low), max(float(high), float(low) + 1)
    edges = np.asarray(first + (last - first) / ARRIVAL_BINS * np.arange(ARRIVAL_BINS + 1), np.float64)
    for row, number in enumerate(np.unique(channel).tolist()):
        counts, _ = np.histogram(after_ps[channel == number], edges)
        _steps(axes, edges, counts, row, f"channel {number}")
    axes.set_xlabel("time after the reference event (ns), first clicks of the recording")
    axes.legend(frameon=False, fontsize=8, ncols=4, loc="lower right", bbox_to_anchor=(1, 1))


def _by_delay(axes: Axes, found: DelayG2) -> None:
    edges, pairs = found.correlogram.edges_ps, found.correlogram.pairs
    _steps(axes, edges, pairs, 0, "")
    axes.set_xlabel(f"delay of channel {found.channels[1]} after channel {found.channels[0]} (ns)")
    axes.set_ylabel(f"pairs per {int(edges[1] - edges[0])} ps")
    expected = 0.0 if found.one_event else float(found.correlogram.expected.mean())
    if expected > 0:
        axes.axhline(expected, color=GREY, linewidth=0.8, linestyle=":")
    if found.pulsed is not None:
        peaks = found.pulsed
        zero = float(peaks.position_ps[peaks.zero]) / 1e3
        axes.axvline(zero, color=COLORS[1], linewidth=0.8)
        axes.set_title(
            f"$g^{{(2)}}$ = {peaks.g2}: {int(peaks.pairs[peaks.zero])} pairs at {zero:.2f} ns, "
            f"{peaks.side_pairs:.1f} in a side peak", fontsize=10, loc="left",
        )  # fmt: skip
    elif (peak := found.peak) is not None:
        car = "" if peak.car is None else f", CAR {peak.car:,.4g}"
        title = f"{peak.pairs:,} pairs at {peak.delay_ps / 1e3:.2f} ns, {peak.fwhm_ps:.0f} ps wide{car}"
        axes.set_title(title, fontsize=10, loc="left")
    if expected > 0:
        right = axes.twinx()
        right.set_ylim(0, axes.get_ylim()[1] / expected)
        right.set_ylabel("pairs / unrelated pairs")
        right.spines["top"].set_visible(False)


def _by_lag(axes: Axes, found: AttemptG2) -> None:
    lags = found.lags
    both = lags.both.astype(np.float64)
    colors = [COLORS[1] if lag == found.zero else COLORS[0] for lag in lags.lag.tolist()]
    axes.bar(lags.lag, both, color=colors, width=0.7)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.errorbar(lags.lag, both, np.sqrt(np.maximum(both, 1)), fmt="none", color="#222222", capsize=2)
    axes.set_xlabel(f"attempts from channel {found.channels[0]}'s click to channel {found.channels[1]}'s")
    axes.set_ylabel("attempts in which both clicked")
    if found.g2 is not None:
        axes.set_title(f"$g^{{(2)}}$ = {found.g2} at lag {found.zero}", fontsize=10, loc="left")


def _steps(
    axes: Axes, edges_ps: NDArray[np.int64] | NDArray[np.float64], counts: Times, row: int, label: str
) -> None:
    color, edges_ns = COLORS[row % len(COLORS)], edges_ps / 1e3
    axes.stairs(counts, edges_ns, color=color, linewidth=1.1, label=label or None)
    axes.stairs(counts, edges_ns, color=color, alpha=0.15, fill=True)
    axes.set_xlim(edges_ns[0], edges_ns[-1])
    _raise_top(axes, float(counts.max(initial=0)))
    axes.set_ylabel(f"clicks per {edges_ps[1] - edges_ps[0]:.3g} ps")


def _raise_top(axes: Axes, highest: float) -> None:
    """From 0 to above the highest of all curves so far."""
    top = max(1.0, 1.08 * highest)
    axes.set_ylim(0, max(top, axes.get_ylim()[1]) if axes.get_autoscaley_on() is False else top)


def _figure(panels: int) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(7.2, 3.4 * panels), layout="constrained")
    axes = [figure.add_subplot(panels, 1, place + 1) for place in range(panels)]
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
        each.tick_params(direction="out", length=3)
    return figure, axes


def _legend(figure: Figure) -> None:
    figure.legend(loc="outside upper center", ncols=4, frameon=False, fontsize=8)


def _save(figure: Figure, path: Path, name: str) -> None:
    short = name if len(name) < 90 else f"...{name[-87:]}"
    figure.supxlabel(short, x=0.99, ha="right", fontsize=6, color=GREY)
    FigureCanvasAgg(figure)
    try:
        figure.savefig(path, dpi=160)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from error
