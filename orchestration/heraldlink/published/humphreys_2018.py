# SPDX-License-Identifier: Apache-2.0
"""Humphreys 2018: rate and fidelity against the bright-state population, emitters' faults apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np

from heraldlink.published.experiment import Experiment
from heraldlink.published.row import Level, Panel, Points, Row, Style, Table, curve
from heraldlink.published.solve import solved
from heraldlink_physics import emitter_link
from heraldlink_physics.emitter_link import EmitterLink
from heraldlink_physics.model import HeraldModel

POPULATIONS = (0.05, 0.1, 0.2, 0.3)
LARGEST = 0.45
"""Bright-state population up to which curves go and rates are inverted; above, the rate falls again."""
STATEMENT = (
    "Each emitter is prepared in √(1−α)|g⟩ + √α|e⟩, e emits a photon, and one click of two threshold "
    "detectors behind a 50:50 beam splitter heralds: the exact one-click model (both photons, loss, dark "
    "counts, partial overlap V, phase noise σ), per attempt, times the attempt rate. F is the overlap "
    "with the Bell state of the detector that clicked. Published rates and fidelities "
    "enter only the fit of the third curve; efficiencies, overlap, phase noise and dark counts are "
    "general knowledge of this experiment (device file).",
    "The second curve adds double excitation: with the stated probability a bright emitter makes a second "
    "photon during the pulse, which interferes with nothing and tells where the light came from. The "
    "third adds a wrong charge state, in which a node neither emits nor can be driven and reads as g. "
    "Its probability is fitted: the mean of what each of the two published fidelities asks for, at equal "
    "rates.",
)


@dataclass(frozen=True, slots=True)
class Shown:
    """One curve's link."""

    label: str
    link: EmitterLink
    style: Style


def row(experiment: Experiment, link: EmitterLink) -> Row:
    """The row; `link` is without double excitation and charge errors, the other curves add them."""
    double = experiment.condition("double_excitation")
    second = changed(link, double, 0.0)
    inert = fitted_inert(experiment, second)
    shown = (
        Shown("model", link, "solid"),
        Shown(f"... with {double:.0%} double excitation", second, "dashed"),
        Shown(f"... and {inert:.1%} wrong charge state", changed(link, double, inert), "dotted"),
    )
    return Row(
        name="humphreys_2018",
        title=experiment.title,
        source=experiment.source,
        statement=STATEMENT,
        tables=(_populations(shown), _published(experiment, shown)),
        panels=(_rates(experiment, shown), *_fidelities(experiment, shown)),
        deviations=_deviations(experiment, shown),
    )


def heralds(link: EmitterLink, bright: float) -> HeraldModel:
    """One attempt with equal bright-state populations."""
    return emitter_link.heralds(link, bright, bright)


def rate_Hz(link: EmitterLink, bright: float) -> float:
    """Heralds per second."""
    return heralds(link, bright).probability * link.attempt_rate_Hz


def population_at(link: EmitterLink, wanted_Hz: float) -> float:
    """Bright-state population that gives a rate."""
    return solved(wanted_Hz, lambda bright: rate_Hz(link, bright), 0.0, LARGEST)


def fidelity_at(link: EmitterLink, wanted_Hz: float) -> float:
    """F where the rate is as wanted."""
    return heralds(link, population_at(link, wanted_Hz)).fidelity


def changed(link: EmitterLink, double_excitation: float, inert: float) -> EmitterLink:
    """Both emitters with these probabilities."""
    a, b = (replace(arm, double_excitation=double_excitation, inert=inert) for arm in link.arms)
    return replace(link, arms=(a, b))


def inert_for(link: EmitterLink, wanted_Hz: float, fidelity: float) -> float:
    """Probability of a wrong charge state that gives F at a rate, all else as in `link`."""
    double = link.arms[0].double_excitation
    return solved(fidelity, lambda p: fidelity_at(changed(link, double, p), wanted_Hz), 0.0, 0.3)


def fitted_inert(experiment: Experiment, link: EmitterLink) -> float:
    """Mean of what the two published fidelities ask for."""
    return fmean(inert_for(link, rate, fidelity) for rate, fidelity in _pairs(experiment))


def _populations(shown: tuple[Shown, ...]) -> Table:
    rows: list[tuple[str, ...]] = []
    for bright in POPULATIONS:
        cells = [f"{bright:g}"]
        for item in shown:
            cells += [f"{rate_Hz(item.link, bright):.1f}", f"{heralds(item.link, bright).fidelity:.3f}"]
        rows.append(tuple(cells))
    extra = (item.label.replace("...", ",") for item in shown[1:])
    header = ["α", "rate (Hz)", "F", *(text + told for told in extra for text in ("rate", "F"))]
    return Table("Computed, against the bright-state population", tuple(header), tuple(rows))


def _pairs(experiment: Experiment) -> tuple[tuple[float, float], ...]:
    """Published rates (Hz) and fidelities at them."""
    slow = (experiment.result("slow_rate_Hz").value, experiment.result("slow_fidelity").value)
    return slow, (experiment.result("highest_rate_Hz").value, experiment.result("fast_fidelity").value)


def _published(experiment: Experiment, shown: tuple[Shown, ...]) -> Table:
    model, second = shown[0].link, shown[1].link
    rows = tuple(
        (
            f"{rate:g}",
            f"{fidelity:.2f}",
            f"{population_at(model, rate):.3f}",
            *(f"{fidelity_at(item.link, rate):.3f}" for item in shown),
            f"{inert_for(second, rate, fidelity):.3f}",
        )
        for rate, fidelity in _pairs(experiment)
    )
    header = (
        "published rate (Hz)",
        "published F (M)",
        "α at that rate",
        "F",
        *(item.label.replace("...", "F,") for item in shown[1:]),
        "wrong charge state that gives F",
    )
    return Table("Published and computed, at equal rates", header, rows)


def _rates(experiment: Experiment, shown: tuple[Shown, ...]) -> Panel:
    grid = np.linspace(0.0, LARGEST, 46)
    highest = experiment.result("highest_rate_Hz")
    return Panel(
        title="rate",
        x_label="bright-state population α (dimensionless)",
        y_label="heralds per second (Hz)",
        curves=tuple(
            curve(item.label, grid, [rate_Hz(item.link, bright) for bright in grid], item.style)
            for item in shown
        ),
        levels=(Level(f"published, up to {highest.value:g} Hz", highest.value),),
    )


def _fidelities(experiment: Experiment, shown: tuple[Shown, ...]) -> tuple[Panel, Panel]:
    grid = np.geomspace(0.002, LARGEST, 60)
    models = [[heralds(item.link, bright) for bright in grid] for item in shown]
    found = [[one.fidelity for one in line] for line in models]
    speed = [[one.probability * shown[0].link.attempt_rate_Hz for one in line] for line in models]
    rates, fidelities = zip(*_pairs(experiment), strict=True)
    places = tuple(population_at(shown[0].link, rate) for rate in rates)
    against_population = Panel(
        title="fidelity",
        x_label="bright-state population α (dimensionless)",
        y_label="F (dimensionless)",
        curves=tuple(curve(item.label, grid, y, item.style) for item, y in zip(shown, found, strict=True)),
        points=(Points("published, α from the first curve's rate", places, fidelities),),
    )
    against_rate = Panel(
        title="fidelity at a rate",
        x_label="heralds per second (Hz)",
        y_label="F (dimensionless)",
        curves=tuple(
            curve(item.label, x, y, item.style) for item, x, y in zip(shown, speed, found, strict=True)
        ),
        points=(Points("published", rates, fidelities),),
    )
    return against_population, against_rate


def _deviations(experiment: Experiment, shown: tuple[Shown, ...]) -> tuple[str, ...]:
    link, second, third = (item.link for item in shown)
    (slow, slow_f), (fast, fast_f) = _pairs(experiment)
    highest = max(rate_Hz(link, bright) for bright in np.linspace(0.0, 1.0, 101))
    needed = [inert_for(second, rate, fidelity) for rate, fidelity in _pairs(experiment)]
    alone = [inert_for(link, rate, fidelity) for rate, fidelity in _pairs(experiment)]
    double = second.arms[0].double_excitation
    return (
        f"Rate: {fast:g} Hz is reached at α = {population_at(link, fast):.3f}. Nothing in the model ends "
        f"the rate there (it has its maximum of {highest:.0f} Hz at α = 1); what ends it is the "
        "fidelity, which falls with 1 − α.",
        f"Fidelity at {slow:g} Hz: {fidelity_at(link, slow):.3f} against {slow_f:.2f}; "
        f"{_costs(link, slow)}; {double:.0%} double excitation leave {fidelity_at(second, slow):.3f}, "
        f"{_share(link, second, slow, slow_f):.0%} of the deviation.",
        f"Fidelity at {fast:g} Hz: {fidelity_at(link, fast):.3f} against {fast_f:.2f}; "
        f"{_costs(link, fast)}; double excitation leaves {fidelity_at(second, fast):.3f}, "
        f"{_share(link, second, fast, fast_f):.0%} of the deviation.",
        f"The rest asks for a wrong charge state with {needed[0]:.1%} at {slow:g} Hz and {needed[1]:.1%} "
        f"at {fast:g} Hz: one value serves both, within a tenth of it; with their mean the model gives "
        f"{fidelity_at(third, slow):.3f} and {fidelity_at(third, fast):.3f}. Without double excitation "
        f"the two would have to be {alone[0]:.1%} and {alone[1]:.1%}, which no single value serves as "
        "well. Two fidelities of two digits fix no more than this; the fit absorbs whatever else costs "
        "fidelity at both rates.",
    )


def _costs(link: EmitterLink, rate: float) -> str:
    """What each imperfection of the midpoint costs at a rate, in words."""
    better = {
        "phase noise": replace(link.midpoint, phase_sigma_rad=0.0),
        "overlap": replace(link.midpoint, visibility=1.0),
        "dark counts": replace(link.midpoint, dark_probability=0.0),
    }
    found = fidelity_at(link, rate)
    costs = (
        f"{name} {fidelity_at(replace(link, midpoint=midpoint), rate) - found:.3f}"
        for name, midpoint in better.items()
    )
    return "of what is missing, " + ", ".join(costs)


def _share(link: EmitterLink, second: EmitterLink, rate: float, fidelity: float) -> float:
    """Share of a deviation that double excitation explains."""
    found = fidelity_at(link, rate)
    return (found - fidelity_at(second, rate)) / (found - fidelity)
