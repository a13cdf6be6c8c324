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
    with_slow_noise,
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
    variants = (real, with_slow_noise(real), without_dephasing(real))
    shapes = transfer(link).absorption
    rows = (
        _line("transfers per second, given", experiment.result("rate_Hz"), "{:.0f}", [real.rate_Hz] * 3),
        _line("absorption, from the shapes", experiment.result("absorption"), "{:.4f}", [shapes] * 3),
        _line(
            "transfer, process fidelity", experiment.result("process_fidelity"), "{:.4f}",
            [process(one) for one in variants],
        ),
        _line("Bell pair", experiment.result("bell_fidelity"), "{:.4f}", [pair(one) for one in variants]),
    )  # fmt: skip
    models = ("model, white noise", "model, slow noise", "model, decay alone")
    return Table("Published and computed", ("quantity", "published", "evidence", *models), rows)


def _line(name: str, number: Number, form: str, found: list[float]) -> tuple[str, ...]:
    published = form.format(number.value) + (f" ± {number.sigma:.4f}" if number.sigma else "")
    return name, published, number.evidence, *(form.format(value) for value in found)


def _budget(real: MicrowaveLink) -> Table:
    faults: tuple[tuple[str, Change], ...] = (
        (f"photon lost on the way ({1 - real.transmission:.0%})", without_loss),
        ("mismatch of shapes (absorption as measured)", lambda link: replace(link, mode_match=1.0)),
        ("decay of e and f", without_decay),
        ("dephasing, as white noise", without_dephasing),
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
        ("... with slow noise", with_slow_noise(real), "solid"),
        ("... with white noise in its place", real, "solid"),
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
    slow, busy = with_slow_noise(real), real.window_s + real.delay_s + real.settle_s
    lossy = (_transmission_for(slow, process, transferred), _transmission_for(slow, pair, entangled))
    return (
        f"Rate: {real.rate_Hz:.0f} per second is given; of its {real.period_s * 1e6:.0f} µs a transfer "
        f"takes {busy * 1e6:.2f} µs, and the rest goes into readout and reset.",
        f"Absorption: the shapes alone would allow {shapes:.4f}; {shapes - absorbed:.4f} more is "
        f"missing. A photon {detuning / 1e6:.2f} MHz off the receiver's mode, or a drive "
        f"{late * 1e9:.1f} ns late, would explain all of it; neither is known.",
        f"Transfer: {transferred:.4f} against {process(slow):.4f} if slow noise limits T2, "
        f"{process(real):.4f} if white noise does: a transfer of {real.window_s * 1e9:.0f} ns costs less "
        "coherence than a T2 of microseconds tells when the noise stands still meanwhile. Which noise it "
        f"is the set does not say; the published value is {process(slow) - transferred:.4f} below the "
        f"one and {transferred - process(real):.4f} above the other.",
        f"Bell pair: {entangled:.4f} against {pair(slow):.4f} and {pair(real):.4f}, "
        f"{pair(slow) - entangled:.4f} below slow noise. What is missing to slow noise would be "
        f"explained by a transmission of {lossy[0]:.3f} (transfer) or {lossy[1]:.3f} (Bell pair) in "
        f"place of {real.transmission:g}: nearly one value for both; faults of preparation and a part of "
        "white noise would do the same.",
    )


def _transmission_for(link: MicrowaveLink, measure: Measure, wanted: float) -> float:
    return solved(wanted, lambda share: measure(replace(link, transmission=share)), 0.3, 1.0)
