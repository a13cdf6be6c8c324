# SPDX-License-Identifier: Apache-2.0
# pyright: reportUnknownMemberType=false
"""A row's panels as one figure, the same bytes each time: fixed identifiers, no dates, rounded numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from heraldlink.published.row import Numbers, Panel, Row

COLORS = ("#1f5fa8", "#d1701f", "#3f8f4f", "#7b4fa3", "#8a8a8a")
INK, GREY = "#222222", "#8a8a8a"
Look = TypeVar("Look")
Item = TypeVar("Item")
MARKERS = ("o", "s", "D")
DASHES = ((1, 1.5), (7, 2, 1, 2), (5, 5))
DIGITS = 6
"""Of every plotted number: below what processors differ in, far above what a plot can show."""


def save(row: Row, path: Path, kind: Literal["svg", "png"] = "svg") -> None:
    """Draw the row's panels side by side into one file."""
    count = len(row.panels)
    figure = Figure(figsize=(4.6 * count if count > 1 else 6.4, 4.1), layout="constrained")
    for place, panel in enumerate(row.panels, start=1):
        _draw(figure.add_subplot(1, count, place), panel)
    FigureCanvasAgg(figure)
    with mpl.rc_context({"svg.hashsalt": "heraldlink", "svg.fonttype": "path"}):
        if kind == "svg":
            figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
        else:
            figure.savefig(path, format="png", dpi=130)


def _draw(axes: Axes, panel: Panel) -> None:
    if panel.x_log:
        axes.set_xscale("log")
    if panel.y_log:
        axes.set_yscale("log")
    for dashes, level in _each(DASHES, panel.levels):
        if level.sigma > 0:
            axes.axhspan(level.y - level.sigma, level.y + level.sigma, color=GREY, alpha=0.35, linewidth=0)
        axes.axhline(level.y, color=INK, linewidth=1.0, linestyle=(0, dashes), label=level.label)
    for color, item in _each(COLORS, panel.curves):
        axes.plot(
            _rounded(item.x), _rounded(item.y), color=color, linestyle=item.style, linewidth=1.7,
            label=item.label,
        )  # fmt: skip
    for marker, given in _each(MARKERS, panel.points):
        axes.errorbar(
            _rounded(given.x), _rounded(given.y), given.sigma or None, fmt=marker, color=INK,
            markerfacecolor="white", markersize=6, capsize=3, elinewidth=1.2, zorder=4, label=given.label,
        )  # fmt: skip
    axes.set_title(panel.title, fontsize=10)
    axes.set_xlabel(panel.x_label)
    axes.set_ylabel(panel.y_label)
    if not panel.x_log:
        axes.locator_params(axis="x", nbins=6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(direction="out", length=3)
    axes.legend(frameon=False, fontsize=8)


def _each(looks: Sequence[Look], items: Sequence[Item]) -> Iterator[tuple[Look, Item]]:
    """Each item with a look of its own; raises ValueError if there are not enough."""
    if len(items) > len(looks):
        raise ValueError(f"{len(items)} lines or marks in one panel: at most {len(looks)} can be told apart")
    return zip(looks, items, strict=False)


def _rounded(values: Iterable[float]) -> Numbers:
    return np.array([float(f"{value:.{DIGITS}g}") for value in values], dtype=np.float64)
