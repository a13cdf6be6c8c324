# SPDX-License-Identifier: Apache-2.0
# pyright: reportUnknownMemberType=false
"""The figure of a sequence: one band per part, one column per node, drawn from the compiled samples."""

from collections.abc import Mapping, Sequence
from math import pi
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from heraldlink.sequences import Element, Part, PumpPulse, QubitDrive, SlotPlan, Sync
from heraldlink_drivers.roles import MARKER_1, MARKER_2, GeneratorProgram, Waveform

BLUE, ORANGE, GREEN, GOLD, VIOLET, GREY, INK = (
    "#1f5fa8", "#d1701f", "#3b8f5a", "#f1e3b4", "#7d5ba6", "#8a8a8a", "#222222",
)  # fmt: skip
CHANNELS = ((BLUE, "channel 1: pump envelope"), (ORANGE, "channel 2: qubit drive"))
MARKERS = (
    (0, MARKER_1, INK, 0.02, "sync"),
    (1, MARKER_1, GREEN, 0.02, "readout gate"),
    (1, MARKER_2, GREY, -0.12, "bright path"),
    (0, MARKER_2, VIOLET, -0.26, "90° switch"),
)
"""Channel index, bit, colour, lower edge in the band, name."""

BASE, PULSE, MARK = 0.18, 0.62, 0.11
"""Foot and height of a full-scale pulse, height of a mark, in bands."""
BINS = 2400


def plot_sequence(path: Path, plan: SlotPlan, programs: Mapping[str, GeneratorProgram]) -> None:
    """Save the figure; the file's suffix chooses the format. Nodes that play the same share a column."""
    parts = [part for part in plan.parts if part.count]
    groups = _groups(programs)
    width = 7.5 if len(groups) == 1 else 2.2 + 5.2 * len(groups)
    height = 1.9 + len(parts) * (0.62 if len(parts) <= 6 else 0.42)
    figure = Figure(figsize=(width, height), layout="constrained")
    columns = figure.subplots(1, len(groups), sharey=True, squeeze=False)[0]
    for axes, nodes in zip(columns, groups, strict=True):
        for row, part in enumerate(parts):
            _band(axes, -row, plan, part, nodes[0], programs[nodes[0]].waveforms[part.name])
        _dress(axes, " and ".join(nodes), plan, parts)
    columns[0].set_yticks([BASE - row for row in range(len(parts))], [_label(plan, p) for p in parts])
    figure.suptitle(f"{plan.name}: {plan.duration_ps * 1e-9:g} ms", x=0.01, ha="left", fontsize=11)
    shown = _legend(plan, programs)
    across = 4 if len(groups) > 1 else 3
    figure.legend(handles=shown, loc="outside lower center", ncols=across, frameon=False, fontsize=8)
    FigureCanvasAgg(figure)
    with mpl.rc_context({"svg.hashsalt": plan.name}):  # the same sequence gives the same bytes
        figure.savefig(path, dpi=160, metadata={"Date": None} if path.suffix == ".svg" else None)


def _groups(programs: Mapping[str, GeneratorProgram]) -> list[list[str]]:
    """Names of nodes, those with equal waveforms together."""
    groups: dict[tuple[bytes, ...], list[str]] = {}
    for node, program in programs.items():
        waves = program.waveforms.values()
        samples = [track.tobytes() for wave in waves for track in wave.channels]
        marks = [track.tobytes() for wave in waves for track in wave.markers]
        groups.setdefault((*samples, *marks), []).append(node)
    return list(groups.values())


def _label(plan: SlotPlan, part: Part) -> str:
    return f"{part.name}  {part.count} ×" if plan.indices(part.name) else f"{part.name}  on a herald"


def _band(axes: Axes, row: int, plan: SlotPlan, part: Part, node: str, waveform: Waveform) -> None:
    """One part at one node, with its foot at ``row``."""
    axes.axhline(row + BASE, color="#d9d9d9", linewidth=0.7, zorder=0)
    _gate(axes, row, plan, part.elements.get(node, ()))
    sample_us = 1e6 / plan.sample_rate_Hz
    for (colour, _), samples in zip(CHANNELS, waveform.channels, strict=True):
        at_us, height = _envelope(samples, sample_us)
        foot = row + BASE
        axes.fill_between(at_us, foot, foot + PULSE * height, where=height > 0, color=colour, linewidth=0.4)
    for channel, bit, colour, edge, _ in MARKERS:
        for begin, end in _high(waveform.markers[channel], bit):
            span = (begin * sample_us, (end - begin) * sample_us)
            axes.broken_barh([span], (row + edge, MARK), color=colour, linewidth=0.6)
    elements = part.elements.get(node, ())
    _peaks(axes, row + BASE, [e for e in elements if isinstance(e, PumpPulse)])
    drives = [e for e in elements if isinstance(e, QubitDrive) and e.angle_rad]
    full = float(np.abs(waveform.channels[1]).max(initial=0.0))
    _turns(axes, row + BASE + PULSE * full, drives, 0.1 * _last_ps(plan))


def _peaks(axes: Axes, height: float, pulses: list[PumpPulse]) -> None:
    """Peaks that the sequence sets, right of their pulses."""
    for pulse in pulses:
        if pulse.peak_V is not None:
            place = (pulse.end_ps * 1e-6, height)
            text = f"{pulse.peak_V:g} V"
            axes.annotate(text, place, (2, 2), textcoords="offset points", color=BLUE, fontsize=7)


def _turns(axes: Axes, height: float, drives: list[QubitDrive], close_ps: float) -> None:
    """Name the rotations above the pulses; of two close ones the names stand apart."""
    centres_ps = [(drive.begin_ps + drive.end_ps) / 2 for drive in drives]
    for number, (drive, centre_ps) in enumerate(zip(drives, centres_ps, strict=True)):
        before, after = centres_ps[:number][-1:], centres_ps[number + 1 :][:1]
        right = any(centre_ps - other < close_ps for other in before)
        left = any(other - centre_ps < close_ps for other in after)
        axes.annotate(
            _turn(drive),
            (centre_ps * 1e-6, height),
            xytext=(4 * (right - left), 1),
            textcoords="offset points",
            fontsize=7,
            color=ORANGE,
            ha="left" if right and not left else "right" if left and not right else "center",
        )


def _last_ps(plan: SlotPlan) -> int:
    """End of the time axis: a little after the last element."""
    ends = [e.end_ps for part in plan.parts for mine in part.elements.values() for e in mine]
    return min(plan.period_ps, round(1.06 * max(ends, default=plan.period_ps)))


def _gate(axes: Axes, row: int, plan: SlotPlan, elements: Sequence[Element]) -> None:
    """The herald window around the light, where light and sync take equally long to the midpoint."""
    sync = next((e for e in elements if isinstance(e, Sync)), None)
    pumped = any(isinstance(e, PumpPulse) for e in elements)
    begin_ps, end_ps = plan.gate_ps
    if sync is not None and pumped and end_ps > begin_ps:
        span = ((sync.begin_ps + begin_ps) * 1e-6, (end_ps - begin_ps) * 1e-6)
        axes.broken_barh([span], (row + BASE, PULSE + 0.06), color=GOLD, zorder=-1)


def _envelope(
    samples: NDArray[np.float32], sample_us: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Largest |sample| in each of at most `BINS` bins, and the bins' centres in us."""
    width = max(1, -(-samples.size // BINS))
    padded: NDArray[np.float64] = np.zeros(-(-samples.size // width) * width)
    padded[: samples.size] = np.abs(samples)
    height: NDArray[np.float64] = padded.reshape(-1, width).max(axis=1)
    at_us = (np.arange(height.size, dtype=np.float64) + 0.5) * (width * sample_us)
    return np.asarray(at_us, dtype=np.float64), height


def _high(track: NDArray[np.uint8], bit: int) -> list[tuple[int, int]]:
    edges = np.diff(np.concatenate(([0], ((track & bit) != 0).astype(np.int8), [0])))
    pairs = zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True)
    return [(int(begin), int(end)) for begin, end in pairs]


def _turn(drive: QubitDrive) -> str:
    """The rotation in words: angle and axis."""
    share = f"{drive.angle_rad / pi:.3g}"
    angle = {"1": "π", "0.5": "π/2"}.get(share, f"{share}π")
    axis = drive.axis_rad % (2 * pi)
    where = {0.0: " X", pi / 2: " Y", pi: " −X", 3 * pi / 2: " −Y"}.get(axis, f" at {axis / pi:.2g}π")
    tuned = f", {drive.detuning_Hz * 1e-6:+g} MHz" if drive.detuning_Hz else ""
    return angle + where + tuned


def _dress(axes: Axes, node: str, plan: SlotPlan, parts: list[Part]) -> None:
    axes.set_title(node, fontsize=10, loc="left")
    axes.set_ylim(-len(parts) + 1 - 0.32, 1.0)
    axes.set_xlim(0, _last_ps(plan) * 1e-6)
    axes.set_xlabel(f"time in the waveform of {plan.period_ps * 1e-6:g} µs (µs)", fontsize=9)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0, labelsize=8)
    axes.tick_params(axis="x", length=3, labelsize=8)


def _legend(plan: SlotPlan, programs: Mapping[str, GeneratorProgram]) -> list[Patch]:
    """Only what is drawn."""
    waveforms = [waveform for program in programs.values() for waveform in program.waveforms.values()]
    shown = [
        Patch(color=colour, label=name)
        for channel, (colour, name) in enumerate(CHANNELS)
        if any(w.channels[channel].any() for w in waveforms)
    ]
    shown += [
        Patch(color=colour, label=name)
        for channel, bit, colour, _, name in MARKERS
        if any((w.markers[channel] & bit).any() for w in waveforms)
    ]
    begin_ps, end_ps = plan.gate_ps
    if end_ps > begin_ps:
        shown.append(
            Patch(color=GOLD, label=f"herald gate, {begin_ps * 1e-3:g} to {end_ps * 1e-3:g} ns after START")
        )
    return shown
