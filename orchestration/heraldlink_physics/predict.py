# SPDX-License-Identifier: Apache-2.0
"""What a heralding scheme should give, by name: the numbers behind ``heraldlink predict``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isnan
from typing import NamedTuple

from heraldlink_physics.delivery import (
    best_delivered_fidelity,
    best_wait,
    delivered_fidelity,
    entangling_link_efficiency,
)
from heraldlink_physics.errors import PhysicsError, within
from heraldlink_physics.model import MOST_PHOTONS, Arm, Emitter, HeraldModel, Midpoint
from heraldlink_physics.pair_source import pair_source
from heraldlink_physics.reflection import MOST_COOPERATIVE, Cavity, Reflected, reflection
from heraldlink_physics.single_click import single_click
from heraldlink_physics.two_rounds import BarrettKok, TimeBin, barrett_kok, time_bin

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
    "outcoupling_a": 1.0,
    "mirror": 1.0,
}
"""Options at the value that changes nothing (their default)."""

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
    "cooperativity_a": (0, MOST_COOPERATIVE),
    "cooperativity_b": (0, MOST_COOPERATIVE),
    "outcoupling_a": (0, 1),
    "outcoupling_b": (0, 1),
    "mirror": (0, 1),
    "efficiency": (0, 1),
    "link_efficiency": (1e-12, float("inf")),
    "wait": (0, float("inf")),
}
_COMMON = {"dark", "visibility", "phase_sigma", "dephasing"}
_EMITTER = _COMMON | {"double_excitation"}
_SOURCE = _COMMON | {"n_thermal", "n_add", "eta_microwave"}

Options = Mapping[str, float]


def predict(kind: str, **options: float | None) -> Result:
    """Success probability per attempt, F and F_meas of a scheme; ready for JSON.

    `kind` is one of `SCHEMES`. Options: ``alpha_a/_b`` bright-state populations (single-click), ``nbar_a/_b``
    pairs per pulse (pair-source, time-bin), ``eta_a/_b`` efficiencies without the beam splitter,
    ``cooperativity_a/_b`` and ``outcoupling_a/_b`` (reflection); node B's default to node A's. ``dark`` per
    detector and window, ``visibility``, ``phase_sigma`` (rad; of the change between the rounds in two-round
    schemes), ``n_thermal``, ``n_add``, ``eta_microwave``, ``dephasing`` (phase-flip probability per node's
    qubit), ``double_excitation`` (probability that a bright emitter makes two photons; single-click,
    barrett-kok), ``efficiency`` (source to click) and ``mirror`` (amplitude kept beside the cavities;
    reflection), ``link_efficiency`` and ``wait`` (delivery). None means not given.
    Keys: ``success_probability``, ``F``, ``F_meas``; for time-bin also ``F_post_selected``,
    ``F_meas_post_selected`` and the post-selection's probability for each; reflection has no F_meas of its
    own, delivery `_delivery`'s keys. A fidelity is None where no herald can occur. Raises `PhysicsError` that
    names option and range.
    """
    run, values = chosen(kind, options).run, completed(kind, options)
    return {name: None if isnan(value) else value for name, value in run(values).items()}


def chosen(kind: str, options: Mapping[str, float | None]) -> Scheme:
    """The scheme of this name, all options being known to it. Raises `PhysicsError`."""
    if kind not in SCHEMES:
        raise PhysicsError(f"unknown kind {kind!r}: known are {', '.join(SCHEMES)}")
    scheme = SCHEMES[kind]
    known = {f"{stem}_{node}" for stem in scheme.stems for node in "ab"} | {*scheme.needed} | scheme.optional
    _refuse_strangers(kind, known, {name: value for name, value in options.items() if value is not None})
    return scheme


def completed(kind: str, options: Mapping[str, float | None]) -> dict[str, float]:
    """Options in their ranges, with the defaults of those that are not given. Raises `PhysicsError`."""
    scheme = chosen(kind, options)
    given = {name: value for name, value in options.items() if value is not None}
    for name, value in given.items():
        within(name, value, *_RANGES[name])
    values = {**NEUTRAL, **given}
    for name in (*(f"{stem}_a" for stem in scheme.stems), *scheme.needed):
        if name not in values:
            raise PhysicsError(f"{kind} needs {name}")
    for stem in scheme.stems:
        values.setdefault(f"{stem}_b", values[f"{stem}_a"])
    return values


def _refuse_strangers(kind: str, known: set[str], given: Options) -> None:
    for name, value in given.items():
        if name not in _RANGES:
            raise PhysicsError(f"unknown option {name}: known are {', '.join(_RANGES)}")
        if name not in known and value != NEUTRAL.get(name):
            raise PhysicsError(f"{name} has no meaning for {kind}, which knows {', '.join(sorted(known))}")


def midpoint_of(values: Options) -> Midpoint:
    """Both detectors are alike."""
    dark = (values["dark"], values["dark"])
    return Midpoint(values["visibility"], values["phase_sigma"], dark)


def arm_of(values: Options, node: str) -> Arm:
    """Transducer of node "a" or "b"."""
    return Arm(
        n_bar=values[f"nbar_{node}"],
        efficiency=values[f"eta_{node}"],
        n_thermal=values["n_thermal"],
        n_added=values["n_add"],
        microwave_efficiency=values["eta_microwave"],
        dephasing=values["dephasing"],
    )


def emitter_of(values: Options, node: str) -> Emitter:
    """Emitter of node "a" or "b"; half bright where the scheme leaves no choice."""
    noise = (values["dephasing"], values["double_excitation"])
    return Emitter(values.get(f"alpha_{node}", 0.5), values[f"eta_{node}"], *noise)


def reflected(values: Options) -> Reflected:
    """One photon at both cavities."""
    a, b = (Cavity(values[f"cooperativity_{node}"], values[f"outcoupling_{node}"]) for node in "ab")
    return reflection(a, b, values["efficiency"], mirror=values["mirror"])


def _single_click(values: Options) -> dict[str, float]:
    a, b = (emitter_of(values, node) for node in "ab")
    return herald_numbers(single_click(a, b, midpoint_of(values)))


def _pair_source(values: Options) -> dict[str, float]:
    return herald_numbers(pair_source(arm_of(values, "a"), arm_of(values, "b"), midpoint_of(values)))


def _barrett_kok(values: Options) -> dict[str, float]:
    result = barrett_kok(
        values["eta_a"],
        values["eta_b"],
        midpoint_of(values),
        dephasing=(values["dephasing"], values["dephasing"]),
        double_excitation=(values["double_excitation"], values["double_excitation"]),
    )
    return herald_numbers(result)


def _time_bin(values: Options) -> dict[str, float]:
    return time_bin_results(time_bin(arm_of(values, "a"), arm_of(values, "b"), midpoint_of(values)))


def _reflection(values: Options) -> dict[str, float]:
    result = reflected(values)
    return {"success_probability": result.probability, "F": result.fidelity}


def _delivery(values: Options) -> dict[str, float]:
    """F at the wait, which is the best one unless given; times in units of the pair's decay time."""
    link = values["link_efficiency"]
    wait = values.get("wait", best_wait(link))
    return {
        "F": delivered_fidelity(link, wait),
        "wait": wait,
        "best_F": best_delivered_fidelity(link),
        "best_wait": best_wait(link),
        "entangled_above_link_efficiency": entangling_link_efficiency(),
    }


def herald_numbers(result: HeraldModel | BarrettKok) -> dict[str, float]:
    """Numbers of every heralding scheme, by the keys of `predict`."""
    return {
        "success_probability": result.probability,
        "F": result.fidelity,
        "F_meas": result.fidelity_measured,
    }


def time_bin_results(result: TimeBin) -> dict[str, float]:
    """The same with and without the erasure check."""
    return {
        "success_probability": result.probability,
        "F": result.fidelity,
        "F_meas": result.fidelity_measured,
        "F_post_selected": result.post_selected_fidelity,
        "F_meas_post_selected": result.post_selected_fidelity_measured,
        "post_selection_probability": result.post_selection_probability,
        "post_selection_probability_measured": result.post_selection_probability_measured,
    }


class Scheme(NamedTuple):
    """What a scheme is asked for."""

    stems: tuple[str, ...]
    """Options of both nodes, with _a and _b; node A's are needed unless `NEUTRAL` has them."""
    needed: tuple[str, ...]
    optional: set[str]
    run: Callable[[Options], dict[str, float]]


SCHEMES: Mapping[str, Scheme] = {
    "single-click": Scheme(("alpha", "eta"), (), _EMITTER, _single_click),
    "pair-source": Scheme(("nbar", "eta"), (), _SOURCE, _pair_source),
    "barrett-kok": Scheme(("eta",), (), _EMITTER, _barrett_kok),
    "time-bin": Scheme(("nbar", "eta"), (), _SOURCE, _time_bin),
    "reflection": Scheme(("cooperativity", "outcoupling"), ("efficiency",), {"mirror"}, _reflection),
    "delivery": Scheme((), ("link_efficiency",), {"wait"}, _delivery),
}
