# SPDX-License-Identifier: Apache-2.0
"""Kurpiers 2018: absorption, state transfer and a Bell pair over a metre of cable, without a herald."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from heraldlink.published.experiment import Experiment, Number
from heraldlink.published.microwave import (
    STATEMENT,
    Change,
    with_absorption,
    without_decay,
    without_dephasing,
    without_loss,
)
from heraldlink.published.row import Panel, Points, Row, Style, Table, curve
from heraldlink.published.solve import solved
from heraldlink_physics.microwave_link import MicrowaveLink
from heraldlink_physics.microwave_transfer import bell_fidelity, bell_pair, transfer

ASSUMED = (
    "Absorption is computed from the shapes alone (widths of the two nodes, window). The fidelities take "
    "the absorption as it was measured. Of the rest only the rate and what is compared are read in the "
    "source: transmission, lifetimes, coherence times and window are general knowledge (evidence M in "
    "the device file), so the comparison tests the model's form and the size of each effect, not these "
    "numbers. Preparation and the readout's errors, which the paper corrects for, are left out.",
)

Measure = Callable[[MicrowaveLink], float]


def process(link: MicrowaveLink) -> float:
    """Process fidelity of the state transfer."""
    return transfer(link).process_fidelity


def pair(link: MicrowaveLink) -> float:
    """Fidelity of the Bell pair."""
    return bell_fidelity(bell_pair(link))


def row(experiment: Experiment, link: MicrowaveLink) -> Row:
    """The row."""
    real = with_absorption(link, experiment.result("absorption").value)
    return Row(
        name="kurpiers_2018",
        title=experiment.title,
        source=experiment.source,
        statement=STATEMENT + ASSUMED,
        tables=(_table(experiment, link, real), _budget(real)),
        panels=(
            _panel(experiment, real, "state transfer", "process fidelity", process, "process_fidelity"),
            _panel(experiment, real, "Bell pair", "fidelity", pair, "bell_fidelity"),
        ),
        deviations=_deviations(experiment, link, real),
    )


def _table(experiment: Experiment, link: MicrowaveLink, real: MicrowaveLink) -> Table:
    quiet, rate = without_dephasing(real), experiment.result("rate_Hz")
    rows = (
        _line("transfers per second, given", rate, "{:.0f}", real.rate_Hz, real.rate_Hz),
        _line(
            "absorption, from the shapes", experiment.result("absorption"), "{:.4f}",
            transfer(link).absorption, transfer(link).absorption,
        ),
        _line(
            "transfer, process fidelity", experiment.result("process_fidelity"), "{:.4f}",
            process(real), process(quiet),
        ),
        _line("Bell pair", experiment.result("bell_fidelity"), "{:.4f}", pair(real), pair(quiet)),
    )  # fmt: skip
    header = ("quantity", "published", "evidence", "model, white dephasing", "model, decay alone")
    return Table("Published and computed", header, rows)


def _line(name: str, number: Number, form: str, white: float, decay: float) -> tuple[str, ...]:
    published = form.format(number.value) + (f" ± {number.sigma:.4f}" if number.sigma else "")
    return name, published, number.evidence, form.format(white), form.format(decay)


def _budget(real: MicrowaveLink) -> Table:
    faults: tuple[tuple[str, Change], ...] = (
        (f"photon lost on the way ({1 - real.transmission:.0%})", without_loss),
        ("mismatch of shapes (absorption as measured)", lambda link: replace(link, mode_match=1.0)),
        ("decay of e and f", without_decay),
        ("white dephasing", without_dephasing),
    )
    rows = tuple(
        (name, f"{process(change(real)) - process(real):+.4f}", f"{pair(change(real)) - pair(real):+.4f}")
        for name, change in faults
    )
    header = ("fault taken away alone", "process fidelity", "fidelity of the Bell pair")
    return Table("What each fault costs", header, rows)


def _panel(
    experiment: Experiment, real: MicrowaveLink, title: str, label: str, measure: Measure, name: str
) -> Panel:
    shares = np.linspace(0.5, 1.0, 26)
    quiet, still = without_dephasing(real), without_decay(without_dephasing(real))
    shown: tuple[tuple[str, MicrowaveLink, Style], ...] = (
        ("model, loss and mismatch alone", still, "dotted"),
        ("... with decay", quiet, "dashed"),
        ("... with white dephasing", real, "solid"),
    )
    curves = tuple(
        curve(told, shares, [measure(replace(link, transmission=share)) for share in shares], style)
        for told, link, style in shown
    )
    number = experiment.result(name)
    return Panel(
        title=title,
        x_label="transmission of the photon (dimensionless)",
        y_label=f"{label} (dimensionless)",
        curves=curves,
        points=(Points("published", (real.transmission,), (number.value,), (number.sigma,)),),
    )


def _deviations(experiment: Experiment, link: MicrowaveLink, real: MicrowaveLink) -> tuple[str, ...]:
    shapes, absorbed = transfer(link).absorption, experiment.result("absorption").value
    detuning = solved(absorbed, lambda hz: transfer(replace(link, detuning_Hz=hz)).absorption, 0.0, 10e6)
    late = solved(absorbed, lambda s: transfer(replace(link, mistiming_s=s)).absorption, 0.0, 30e-9)
    transferred, entangled = (experiment.result(f"{name}_fidelity").value for name in ("process", "bell"))
    quiet = without_dephasing(real)
    share = [
        (value(quiet) - published) / (value(quiet) - value(real))
        for value, published in ((process, transferred), (pair, entangled))
    ]
    busy = real.window_s + real.delay_s + real.settle_s
    return (
        f"Rate: {real.rate_Hz:.0f} per second is given; of its {real.period_s * 1e6:.0f} µs a transfer "
        f"takes {busy * 1e6:.2f} µs, and the rest goes into readout and reset.",
        f"Absorption: the shapes alone would allow {shapes:.4f}; {shapes - absorbed:.4f} more is "
        f"missing. A photon {detuning / 1e6:.2f} MHz off the receiver's mode, or a drive "
        f"{late * 1e9:.1f} ns late, would explain all of it; neither is known.",
        f"Transfer: {transferred:.4f} lies between {process(real):.4f}, if T2 is that of white noise, and "
        f"{process(quiet):.4f}, without any dephasing: {share[0]:.0%} of the white noise's cost. T2 is "
        f"measured over microseconds, the transfer takes {real.window_s * 1e9:.0f} ns, and slow noise, "
        "as transmons have, costs less in a short time than its T2 tells. The colour of the noise is not "
        "in the set.",
        f"Bell pair: {entangled:.4f} lies between {pair(real):.4f} and {pair(quiet):.4f} in the same way "
        f"({share[1]:.0%} of the cost). Another loss or other lifetimes, within what is known of them, "
        "would move both fractions together.",
    )
