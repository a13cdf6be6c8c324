# SPDX-License-Identifier: Apache-2.0
"""Humphreys 2018: rate and fidelity against the bright-state population, without and with emitters' "
"faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from heraldlink.published.experiment import Experiment
from heraldlink.published.row import Level, Panel, Points, Row, Style, Table, curve
from heraldlink.published.solve import solved
from heraldlink_physics.emitter_link import EmitterArm, EmitterLink
from heraldlink_physics.model import Emitter, HeraldModel, Midpoint
from heraldlink_physics.single_click import single_click

POPULATIONS = (0.05, 0.1, 0.2, 0.3)
LARGEST = 0.45
"""Bright-state population up to which curves go and rates are inverted; above, the rate falls again."""
STATEMENT = (
    "Each emitter is prepared in √(1−α)|g⟩ + √α|e⟩, e emits a photon, and one click of two threshold "
    "detectors behind a 50:50 beam splitter heralds: the exact one-click model (both photons, loss, dark "
    "counts, partial overlap V, phase noise σ), per attempt, times the attempt rate. F is the overlap "
    "with the Bell state of the detector that clicked. The published rates and fidelities are inputs of "
    "nothing; efficiencies, overlap, phase noise and dark counts are general knowledge of this "
    "experiment (device file).",
    "The second curve adds double excitation: with the stated probability a bright emitter makes a "
    "second photon during the pulse, which interferes with nothing and tells where the light came from.",
)

Change = Callable[[EmitterArm], EmitterArm]


def row(experiment: Experiment, link: EmitterLink) -> Row:
    """The row; `link` without double excitation, the second curve adds it."""
    faulty = with_double_excitation(link, experiment.condition("double_excitation"))
    return Row(
        name="humphreys_2018",
        title=experiment.title,
        source=experiment.source,
        statement=STATEMENT,
        tables=(_populations(link, faulty), _published(experiment, link, faulty)),
        panels=(_rates(experiment, link, faulty), *_fidelities(experiment, link, faulty)),
        deviations=_deviations(experiment, link, faulty),
    )


def heralds(link: EmitterLink, bright: float) -> HeraldModel:
    """One attempt with equal bright-state populations."""
    a, b = (
        Emitter(bright, arm.efficiency, arm.dephasing, arm.double_excitation, arm.extra_share)
        for arm in link.arms
    )
    dark = (link.midpoint.dark_probability, link.midpoint.dark_probability)
    return single_click(a, b, Midpoint(link.midpoint.visibility, link.midpoint.phase_sigma_rad, dark))


def rate_Hz(link: EmitterLink, bright: float) -> float:
    """Heralds per second."""
    return heralds(link, bright).probability * link.attempt_rate_Hz


def population_at(link: EmitterLink, wanted_Hz: float) -> float:
    """Bright-state population that gives a rate."""
    return solved(wanted_Hz, lambda bright: rate_Hz(link, bright), 0.0, LARGEST)


def fidelity_at(link: EmitterLink, wanted_Hz: float) -> float:
    """F where the rate is as wanted."""
    return heralds(link, population_at(link, wanted_Hz)).fidelity


def with_double_excitation(link: EmitterLink, probability: float) -> EmitterLink:
    """Both emitters with this probability of a second photon."""
    a, b = (replace(arm, double_excitation=probability) for arm in link.arms)
    return replace(link, arms=(a, b))


def _populations(link: EmitterLink, faulty: EmitterLink) -> Table:
    rows = tuple(
        (
            f"{bright:g}",
            *(text for one in (link, faulty) for text in (
                f"{rate_Hz(one, bright):.1f}", f"{heralds(one, bright).fidelity:.3f}",
            )),
        )
        for bright in POPULATIONS
    )  # fmt: skip
    probability = faulty.arms[0].double_excitation
    extra = f"with {probability:.0%} double excitation"
    header = ("α", "rate (Hz)", "F", f"rate (Hz), {extra}", f"F, {extra}")
    return Table("Computed, against the bright-state population", header, rows)


def _pairs(experiment: Experiment) -> tuple[tuple[float, float], ...]:
    """Published rates (Hz) and fidelities at them."""
    slow = (experiment.result("slow_rate_Hz").value, experiment.result("slow_fidelity").value)
    return slow, (experiment.result("highest_rate_Hz").value, experiment.result("fast_fidelity").value)


def _published(experiment: Experiment, link: EmitterLink, faulty: EmitterLink) -> Table:
    rows = tuple(
        (
            f"{rate:g}",
            f"{fidelity:.2f}",
            f"{population_at(link, rate):.3f}",
            f"{fidelity_at(link, rate):.3f}",
            f"{fidelity_at(faulty, rate):.3f}",
            f"{_needed(link, rate, fidelity):.3f}",
            f"{_needed_at(link, population_at(link, rate), fidelity):.3f}",
        )
        for rate, fidelity in _pairs(experiment)
    )
    header = (
        "published rate (Hz)",
        "published F (M)",
        "α at that rate",
        "F",
        f"F with {faulty.arms[0].double_excitation:.0%} double excitation",
        "double excitation for F, equal rate",
        "... equal α",
    )
    return Table("Published and computed, at equal rates", header, rows)


def _needed(link: EmitterLink, rate: float, fidelity: float) -> float:
    return solved(fidelity, lambda p: fidelity_at(with_double_excitation(link, p), rate), 0.0, 0.5)


def _needed_at(link: EmitterLink, bright: float, fidelity: float) -> float:
    return solved(fidelity, lambda p: heralds(with_double_excitation(link, p), bright).fidelity, 0.0, 0.5)


def _shown(link: EmitterLink, faulty: EmitterLink) -> tuple[tuple[str, EmitterLink, Style], ...]:
    probability = faulty.arms[0].double_excitation
    return ("model", link, "solid"), (f"... with {probability:.0%} double excitation", faulty, "dashed")


def _rates(experiment: Experiment, link: EmitterLink, faulty: EmitterLink) -> Panel:
    grid = np.linspace(0.0, LARGEST, 46)
    highest = experiment.result("highest_rate_Hz")
    return Panel(
        title="rate",
        x_label="bright-state population α (dimensionless)",
        y_label="heralds per second (Hz)",
        curves=tuple(
            curve(told, grid, [rate_Hz(one, bright) for bright in grid], style)
            for told, one, style in _shown(link, faulty)
        ),
        levels=(Level(f"published, up to {highest.value:g} Hz", highest.value),),
    )


def _fidelities(experiment: Experiment, link: EmitterLink, faulty: EmitterLink) -> tuple[Panel, Panel]:
    grid = np.geomspace(0.002, LARGEST, 60)
    shown = _shown(link, faulty)
    found = [[heralds(one, bright).fidelity for bright in grid] for _, one, _ in shown]
    speed = [[rate_Hz(one, bright) for bright in grid] for _, one, _ in shown]
    rates, fidelities = zip(*_pairs(experiment), strict=True)
    places = tuple(population_at(link, rate) for rate in rates)
    against_population = Panel(
        title="fidelity",
        x_label="bright-state population α (dimensionless)",
        y_label="F (dimensionless)",
        curves=tuple(curve(told, grid, y, style) for (told, _, style), y in zip(shown, found, strict=True)),
        points=(Points("published, α from the model's rate", places, fidelities),),
    )
    against_rate = Panel(
        title="fidelity at a rate",
        x_label="heralds per second (Hz)",
        y_label="F (dimensionless)",
        curves=tuple(
            curve(told, x, y, style) for (told, _, style), x, y in zip(shown, speed, found, strict=True)
        ),
        points=(Points("published", rates, fidelities),),
    )
    return against_population, against_rate


def _deviations(experiment: Experiment, link: EmitterLink, faulty: EmitterLink) -> tuple[str, ...]:
    (slow, slow_f), (fast, fast_f) = _pairs(experiment)
    highest = max(rate_Hz(link, bright) for bright in np.linspace(0.0, 1.0, 101))
    still = replace(link, midpoint=replace(link.midpoint, phase_sigma_rad=0.0))
    same = replace(link, midpoint=replace(link.midpoint, visibility=1.0))
    silent = replace(link, midpoint=replace(link.midpoint, dark_probability=0.0))
    costs = [
        tuple(fidelity_at(one, rate) - fidelity_at(link, rate) for one in (still, same, silent))
        for rate in (slow, fast)
    ]
    fixed = [_needed_at(link, population_at(link, rate), fidelity) for rate, fidelity in _pairs(experiment)]
    needed = [_needed(link, rate, fidelity) for rate, fidelity in _pairs(experiment)]
    share = [
        (fidelity_at(link, rate) - fidelity_at(faulty, rate)) / (fidelity_at(link, rate) - fidelity)
        for rate, fidelity in _pairs(experiment)
    ]
    return (
        f"Rate: {fast:g} Hz is reached at α = {population_at(link, fast):.3f}. Nothing in the model ends "
        f"the rate there (it has its maximum of {highest:.0f} Hz at α = 1); what ends it is the "
        "fidelity, which falls with 1 − α.",
        f"Fidelity at {slow:g} Hz: {fidelity_at(link, slow):.3f} against {slow_f:.2f}. In the model "
        f"phase noise costs {costs[0][0]:.3f}, the photons' overlap {costs[0][1]:.3f} and dark counts "
        f"{costs[0][2]:.3f}; {faulty.arms[0].double_excitation:.0%} double excitation leave "
        f"{fidelity_at(faulty, slow):.3f}, which is {share[0]:.0%} of the deviation.",
        f"Fidelity at {fast:g} Hz: {fidelity_at(link, fast):.3f} against {fast_f:.2f}; phase noise costs "
        f"{costs[1][0]:.3f}, overlap {costs[1][1]:.3f}, dark counts {costs[1][2]:.3f}; double excitation "
        f"leaves {fidelity_at(faulty, fast):.3f}, {share[1]:.0%} of the deviation.",
        f"Were double excitation alone to blame, it would have to be {fixed[0]:.3f} and {fixed[1]:.3f} "
        "at the two values of α, nearly one value: the deviation has the form of an error that takes "
        f"coherence in proportion, whatever α. Compared at equal rates it would be {needed[0]:.3f} and "
        f"{needed[1]:.3f}, since the second photon raises the rate and an equal rate needs a smaller α; "
        "efficiencies that were measured as clicks may count it already. Errors of the charge state "
        "lower the rate and act the other way.",
    )
