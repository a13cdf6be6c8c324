# SPDX-License-Identifier: Apache-2.0
# pyright: reportUnknownMemberType=false
"""The two figures of a run: correlators beside the model, and arrival times with the herald gate."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from heraldlink.messages.values import BellState
from heraldlink.record.arrivals import Arrivals
from heraldlink.record.pair_table import BASES, BELL_STATES
from heraldlink.record.results import RunResults
from heraldlink_physics.analysis import Estimate

BLUE, ORANGE, GREY, INK = "#1f5fa8", "#d1701f", "#8a8a8a", "#222222"
NAMES: dict[BellState, str] = {"psi+": r"$\Psi^+$", "psi-": r"$\Psi^-$"}
COLORS: dict[BellState, str] = {"psi+": BLUE, "psi-": ORANGE}
PORTS: dict[BellState, str] = {"psi+": "detector c", "psi-": "detector d"}


def plot_correlators(path: Path, results: RunResults, origin: str) -> None:
    """Save <XX>, <YY>, <ZZ> of both Bell states, raw and readout-corrected, with the model's values."""
    figure = Figure(figsize=(6.8, 3.3), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for place, bell in zip(axes, BELL_STATES, strict=True):
        _correlators(place, results, bell)
    axes[0].set_ylabel("correlator")
    figure.legend(handles=_legend(), loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    _save(figure, path, origin)


def plot_arrivals(path: Path, arrivals: Arrivals, origin: str) -> None:
    """Save the arrival times of attempts' photons at both detectors, with the gate."""
    figure = Figure(figsize=(6.8, 3.3), layout="constrained")
    axes = figure.subplots()
    edges_ns = arrivals.edges_ps / 1e3
    begin_ns, end_ns = (edge / 1e3 for edge in arrivals.gate_ps)
    axes.axvspan(begin_ns, end_ns, color="#f3eedd", zorder=0, label=f"gate, {begin_ns:g} to {end_ns:g} ns")
    for bell, counts in zip(BELL_STATES, (arrivals.c, arrivals.d), strict=True):
        name = f"{PORTS[bell]}, {int(counts.sum())} clicks"
        axes.stairs(counts, edges_ns, color=COLORS[bell], linewidth=1.4, label=name)
        axes.stairs(counts, edges_ns, color=COLORS[bell], alpha=0.15, fill=True)
    axes.set_xlim(edges_ns[0], edges_ns[-1])
    axes.set_ylim(bottom=0, top=1.08 * max(1, int(np.max([arrivals.c, arrivals.d]))))
    axes.set_xlabel("time after the attempt's start at the midpoint (ns)")
    axes.set_ylabel(f"clicks per {edges_ns[1] - edges_ns[0]:.3g} ns")
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=9)
    _plain(axes)
    _save(figure, path, origin)


def _legend() -> list[Line2D]:
    """Colours tell the Bell state, shapes what is shown."""
    return [
        Line2D([], [], color=GREY, linewidth=2.5, label="model"),
        Line2D([], [], color=INK, marker="o", linestyle="", markerfacecolor="white", label="raw"),
        Line2D([], [], color=INK, marker="o", linestyle="", label="readout-corrected"),
    ]


def _correlators(axes: Axes, results: RunResults, bell: BellState) -> None:
    items = [results.correlators[bell, basis] for basis in BASES]
    places = np.arange(len(BASES), dtype=np.float64)
    axes.axhline(0, color=GREY, linewidth=0.8)
    predicted = [(place, item.predicted) for place, item in enumerate(items) if item.predicted is not None]
    if predicted:
        x, y = np.array(predicted).T
        axes.hlines(y, x - 0.32, x + 0.32, GREY, linewidth=2.5, zorder=1)
    unknown = Estimate(np.nan, np.nan)
    color = COLORS[bell]
    _points(axes, places - 0.1, [item.raw for item in items], color, "white")
    _points(axes, places + 0.1, [item.corrected or unknown for item in items], color, color)
    axes.set_xticks(places, [rf"$\langle {basis} \rangle$" for basis in BASES])
    axes.set_xlim(-0.6, len(BASES) - 0.4)
    axes.set_ylim(-1.25, 1.25)  # corrected values may pass 1 within their errors
    axes.set_title(_title(results, bell), fontsize=10)
    _plain(axes)


def _points(axes: Axes, x: NDArray[np.float64], values: list[Estimate], color: str, face: str) -> None:
    known = np.array([np.isfinite(item.sigma) for item in values])
    if not known.any():
        return
    y = np.array([item.value for item in values])[known]
    sigma = np.array([item.sigma for item in values])[known]
    axes.errorbar(
        x[known], y, sigma, fmt="o", color=color, markerfacecolor=face, markersize=5.5, capsize=2.5,
        elinewidth=1.2, zorder=3,
    )  # fmt: skip


def _title(results: RunResults, bell: BellState) -> str:
    fidelity = results.fidelity[bell]
    best = fidelity.corrected or fidelity.raw
    head = f"{NAMES[bell]} ({PORTS[bell]}), {fidelity.pairs} pairs"
    if not np.isfinite(best.sigma):
        return head
    return f"{head}\n$F$ = {best.value:.3f} ± {best.sigma:.3f}, model {fidelity.predicted:.3f}"


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(direction="out", length=3)


def _save(figure: Figure, path: Path, origin: str) -> None:
    if origin != "real":
        figure.text(0.99, 0.012, f"{origin} instruments", ha="right", va="bottom", fontsize=7, color=GREY)
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=200)
