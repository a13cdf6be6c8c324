# SPDX-License-Identifier: Apache-2.0
"""Narla 2016: two clicks of a microwave photon detector, at the published rate."""

from __future__ import annotations

from math import nan

import numpy as np

from heraldlink.published.experiment import Experiment
from heraldlink.published.row import Level, Panel, Row, Style, Table, curve
from heraldlink.published.solve import solved
from heraldlink_physics.model import Midpoint
from heraldlink_physics.two_rounds import BarrettKok, barrett_kok

FLIPS = (0.0, 0.05, 0.1, 0.15, 0.2)
STATEMENT = (
    "Both transmons start in (|g⟩+|e⟩)/√2, emit a microwave photon from e, are flipped and emit again; a "
    "click in each round heralds (Barrett and Kok), exactly, with dark counts and phase flips of the "
    "qubits. Detectors that are qubits themselves count a photon with some efficiency and click in the "
    "dark with a per cent or so.",
    "The abstract states rate and fidelity alone. The length of an attempt and that one of the hybrid's "
    "two ports has a detector are general knowledge. For each pair of dark probability and phase flips "
    "the efficiency is the one that gives the published rate; what is compared is the fidelity that "
    "follows.",
)


def row(experiment: Experiment) -> Row:
    """The row."""
    return Row(
        name="narla_2016",
        title=experiment.title,
        source=experiment.source,
        statement=STATEMENT,
        tables=(_table(experiment),),
        panels=(_panel(experiment),),
        deviations=_deviations(experiment),
    )


def attempt(experiment: Experiment, efficiency: float, dark: float, flip: float) -> BarrettKok:
    """One attempt; a port without a detector never clicks."""
    seen = (1.0, 1.0) if experiment.condition("ports") > 1 else (1.0, 0.0)
    darks = (dark, dark * seen[1])
    return barrett_kok(efficiency, efficiency, Midpoint(1.0, 0.0, darks, seen), dephasing=(flip, flip))


def efficiency_at_rate(experiment: Experiment, dark: float) -> float:
    """Efficiency that gives the published rate; NaN where dark counts alone herald more often."""
    wanted = experiment.result("rate_Hz").value * experiment.condition("period_s")
    try:
        return solved(wanted, lambda eta: attempt(experiment, eta, dark, 0.0).probability, 0.0, 1.0)
    except ValueError:
        return nan


def fidelity(experiment: Experiment, dark: float, flip: float) -> float:
    """F at the published rate."""
    return attempt(experiment, efficiency_at_rate(experiment, dark), dark, flip).fidelity


def dark_for(experiment: Experiment, flip: float) -> float:
    """Dark probability that gives the published fidelity at the published rate."""
    return solved(experiment.result("fidelity").value, lambda p: fidelity(experiment, p, flip), 0.0, 0.04)


def _table(experiment: Experiment) -> Table:
    darks = [dark_for(experiment, flip) for flip in FLIPS]
    rows = tuple(
        (f"{flip:g}", f"{dark:.4f}", f"{efficiency_at_rate(experiment, dark):.3f}")
        for flip, dark in zip(FLIPS, darks, strict=True)
    )
    rate, found = experiment.result("rate_Hz"), experiment.result("fidelity")
    title = f"What gives F = {found.value} ± {found.sigma} at {rate.value:g} Hz (both published, evidence V)"
    return Table(title, ("phase flip of each qubit", "dark probability per round", "efficiency"), rows)


def _panel(experiment: Experiment) -> Panel:
    darks = np.linspace(0.0, 0.03, 31)
    styles: tuple[Style, ...] = ("solid", "dashed", "dotted")
    found = experiment.result("fidelity")
    return Panel(
        title=f"fidelity at {experiment.result('rate_Hz').value:g} Hz",
        x_label="dark probability of the detector per round (dimensionless)",
        y_label="F (dimensionless)",
        curves=tuple(
            curve(
                f"model, phase flip {flip:g}",
                darks,
                [fidelity(experiment, float(p), flip) for p in darks],
                style,
            )
            for flip, style in zip(FLIPS[::2], styles, strict=True)
        ),
        levels=(Level(f"published, {found.value} ± {found.sigma}", found.value, found.sigma),),
    )


def _deviations(experiment: Experiment) -> tuple[str, ...]:
    dark, flip = experiment.condition("detector_dark"), experiment.condition("phase_flip")
    found, given = experiment.result("fidelity"), fidelity(experiment, dark, flip)
    efficiency = efficiency_at_rate(experiment, dark)
    return (
        f"With {dark:g} dark counts per round and phase flips of {flip:g} the model gives {given:.3f} "
        f"against {found.value} ± {found.sigma}. At the published rate that takes an efficiency of "
        f"{efficiency:.3f} from qubit to click.",
        f"Of what is missing from 1, the dark counts cost {fidelity(experiment, 0.0, flip) - given:.3f} "
        f"and the flips {fidelity(experiment, dark, 0.0) - given:.3f}. Rate and fidelity fix one "
        f"combination of the two, the table's line: from no flips and {dark_for(experiment, 0.0):.4f} to "
        f"flips of {FLIPS[-1]:g} and {dark_for(experiment, FLIPS[-1]):.4f}.",
        "A click that was dark tells nothing, and at an efficiency of a tenth one per cent of them "
        "matters: the detector's dark counts, not its efficiency, decide the fidelity. Errors of "
        "preparation and readout, which the published value may contain, would lower the dark counts "
        "that the comparison asks for.",
    )
