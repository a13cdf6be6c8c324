# SPDX-License-Identifier: Apache-2.0
"""What a heralding scheme should give, by name: the numbers behind ``heraldlink predict``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isnan

from heraldlink_physics.errors import PhysicsError, within
from heraldlink_physics.model import MOST_PHOTONS, Arm, Emitter, HeraldModel, Midpoint
from heraldlink_physics.pair_source import pair_source
from heraldlink_physics.single_click import single_click
from heraldlink_physics.two_rounds import barrett_kok, time_bin

Result = dict[str, float | None]

NEUTRAL: Mapping[str, float] = {
    "dark": 0.0,
    "visibility": 1.0,
    "phase_sigma": 0.0,
    "n_thermal": 0.0,
    "n_add": 0.0,
    "eta_microwave": 1.0,
    "dephasing": 0.0,
    "double_excitation": 0.0,
}
"""Options of both nodes and the midpoint, at the value that changes nothing (their default)."""

_RANGES: Mapping[str, tuple[float, float]] = {
    "alpha_a": (0, 1),
    "alpha_b": (0, 1),
    "nbar_a": (0, MOST_PHOTONS),
    "nbar_b": (0, MOST_PHOTONS),
    "eta_a": (0, 1),
    "eta_b": (0, 1),
    "dark": (0, 1),
    "visibility": (0, 1),
    "phase_sigma": (0, float("inf")),
    "n_thermal": (0, MOST_PHOTONS),
    "n_add": (0, MOST_PHOTONS),
    "eta_microwave": (0, 1),
    "dephasing": (0, 0.5),
    "double_excitation": (0, 1),
}
_COMMON = {"dark", "visibility", "phase_sigma", "dephasing"}
_EMITTER = _COMMON | {"double_excitation"}
_SOURCE = _COMMON | {"n_thermal", "n_add", "eta_microwave"}

Options = Mapping[str, float]


def predict(kind: str, **options: float | None) -> Result:
    """Success probability per attempt, F and F_meas of a scheme; ready for JSON.

    `kind` is single-click, pair-source, barrett-kok or time-bin. Options: ``alpha_a/_b`` bright-state
    populations (single-click), ``nbar_a/_b`` pairs per pulse (pair-source, time-bin), ``eta_a/_b``
    efficiencies without the beam splitter; node B's default to node A's. ``dark`` per detector and
    window, ``visibility``, ``phase_sigma`` (rad; of the change between the rounds in two-round schemes),
    ``n_thermal``, ``n_add``, ``eta_microwave``, ``dephasing`` (phase-flip probability per node's qubit),
    ``double_excitation`` (probability that a bright emitter makes two photons; single-click, barrett-kok).
    None means not given. Keys: ``success_probability``, ``F``, ``F_meas``; for time-bin also
    ``F_post_selected``, ``F_meas_post_selected`` and the post-selection's probability for each. A
    fidelity is None where no herald can occur. Raises `PhysicsError` that names option and range.
    """
    if kind not in _KINDS:
        raise PhysicsError(f"unknown kind {kind!r}: known are {', '.join(_KINDS)}")
    required, optional, run = _KINDS[kind]
    values = _complete(kind, required, optional, options)
    return {name: None if isnan(value) else value for name, value in run(values).items()}


def _complete(
    kind: str, required: tuple[str, ...], optional: set[str], options: Mapping[str, float | None]
) -> Options:
    given = {name: value for name, value in options.items() if value is not None}
    _refuse_strangers(kind, {f"{stem}_{node}" for stem in required for node in "ab"} | optional, given)
    for name, value in given.items():
        within(name, value, *_RANGES[name])
    values = {name: given.get(name, NEUTRAL[name]) for name in NEUTRAL}
    for stem in required:
        if f"{stem}_a" not in given:
            raise PhysicsError(f"{kind} needs {stem}_a")
        values[f"{stem}_a"] = given[f"{stem}_a"]
        values[f"{stem}_b"] = given.get(f"{stem}_b", given[f"{stem}_a"])
    return values


def _refuse_strangers(kind: str, known: set[str], given: Options) -> None:
    for name, value in given.items():
        if name not in _RANGES:
            raise PhysicsError(f"unknown option {name}: known are {', '.join(_RANGES)}")
        if name not in known and value != NEUTRAL.get(name):
            raise PhysicsError(f"{name} has no meaning for {kind}, which knows {', '.join(sorted(known))}")


def _midpoint(values: Options) -> Midpoint:
    dark = (values["dark"], values["dark"])
    return Midpoint(values["visibility"], values["phase_sigma"], dark)


def _arm(values: Options, node: str) -> Arm:
    return Arm(
        n_bar=values[f"nbar_{node}"],
        efficiency=values[f"eta_{node}"],
        n_thermal=values["n_thermal"],
        n_added=values["n_add"],
        microwave_efficiency=values["eta_microwave"],
        dephasing=values["dephasing"],
    )


def _single_click(values: Options) -> dict[str, float]:
    noise = (values["dephasing"], values["double_excitation"])
    a, b = (Emitter(values[f"alpha_{node}"], values[f"eta_{node}"], *noise) for node in "ab")
    return _herald_numbers(single_click(a, b, _midpoint(values)))


def _pair_source(values: Options) -> dict[str, float]:
    return _herald_numbers(pair_source(_arm(values, "a"), _arm(values, "b"), _midpoint(values)))


def _barrett_kok(values: Options) -> dict[str, float]:
    result = barrett_kok(
        values["eta_a"],
        values["eta_b"],
        _midpoint(values),
        dephasing=(values["dephasing"], values["dephasing"]),
        double_excitation=(values["double_excitation"], values["double_excitation"]),
    )
    return {
        "success_probability": result.probability,
        "F": result.fidelity,
        "F_meas": result.fidelity_measured,
    }


def _time_bin(values: Options) -> dict[str, float]:
    result = time_bin(_arm(values, "a"), _arm(values, "b"), _midpoint(values))
    return {
        "success_probability": result.probability,
        "F": result.fidelity,
        "F_meas": result.fidelity_measured,
        "F_post_selected": result.post_selected_fidelity,
        "F_meas_post_selected": result.post_selected_fidelity_measured,
        "post_selection_probability": result.post_selection_probability,
        "post_selection_probability_measured": result.post_selection_probability_measured,
    }


def _herald_numbers(model: HeraldModel) -> dict[str, float]:
    return {
        "success_probability": model.probability,
        "F": model.fidelity,
        "F_meas": model.fidelity_measured,
    }


_KINDS: Mapping[str, tuple[tuple[str, ...], set[str], Callable[[Options], dict[str, float]]]] = {
    "single-click": (("alpha", "eta"), _EMITTER, _single_click),
    "pair-source": (("nbar", "eta"), _SOURCE, _pair_source),
    "barrett-kok": (("eta",), _EMITTER, _barrett_kok),
    "time-bin": (("nbar", "eta"), _SOURCE, _time_bin),
}
