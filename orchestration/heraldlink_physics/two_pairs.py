# SPDX-License-Identifier: Apache-2.0
"""A scheme through the general model, and what two of its heralded pairs give: swapped, or distilled.

Pairs are turned to phi+ as their herald tells. A swap joins them at a node in the middle; one round of BBPSSW
or DEJMPS keeps one of them. All is exact; see `pair_protocols` for sources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import product

import numpy as np

from heraldlink_physics.clicks import SIGN
from heraldlink_physics.errors import PhysicsError, within
from heraldlink_physics.gates import I2, X, Z, kron
from heraldlink_physics.general import Conditional
from heraldlink_physics.general_schemes import PORTS, StateBook, barrett_kok_numbers, time_bin_numbers
from heraldlink_physics.loading import load, one_per_node
from heraldlink_physics.model import HeraldModel
from heraldlink_physics.pair_protocols import Tools, bbpssw, dejmps, swapped
from heraldlink_physics.permanents import Matrix
from heraldlink_physics.predict import (
    Options,
    Result,
    arm_of,
    completed,
    emitter_of,
    herald_numbers,
    midpoint_of,
    reflected,
    time_bin_results,
)
from heraldlink_physics.register import Register


def two_pairs(kind: str, gate_error: float = 0.0, **options: float | None) -> Result:
    """What two equal pairs of a scheme give; options as in `predict.predict`, ready for JSON.

    `gate_error` is the depolarising probability of each two-qubit gate, 0..1. Keys: ``F_pair`` (time-bin:
    after the erasure check), ``F_swapped``, and for both ways to distil ``F_NAME`` and ``NAME_probability``.
    Raises `PhysicsError` that names option and range, or if the scheme heralds no pair.
    """
    if kind not in _PAIRS:
        raise PhysicsError(f"{kind} heralds no pair: two pairs are known for {', '.join(_PAIRS)}")
    within("gate_error", gate_error, 0, 1)
    tools, state = Tools(two_qubit_error=gate_error), _PAIRS[kind](completed(kind, options))
    one = Register.pair("a1", "b1", state)
    both = one.joined(Register.pair("a2", "b2", state))
    long = swapped(both, ("b1", "a2"), "b2", tools)
    found: Result = {
        "F_pair": one.bell_fidelity("phi+", "a1", "b1"),
        "F_swapped": long.bell_fidelity("phi+", "a1", "b2"),
    }
    for name, distil in (("bbpssw", bbpssw), ("dejmps", dejmps)):
        kept = distil(both, ("a1", "b1"), ("a2", "b2"), tools)
        found[f"F_{name}"] = kept.rest.bell_fidelity("phi+", "a1", "b1") if kept.rest else None
        found[f"{name}_probability"] = kept.probability
    return found


def general_prediction(kind: str, **options: float | None) -> Result:
    """`predict.predict` from the general model, whose photon numbers are cut off and checked.

    Known for the schemes with a beam splitter. Raises `PhysicsError`, a `CutOffError` among them.
    """
    if kind not in _GENERAL:
        raise PhysicsError(f"{kind} is no scheme of the general model: those are {', '.join(_GENERAL)}")
    numbers = _GENERAL[kind](completed(kind, options))
    return {name: None if np.isnan(value) else value for name, value in numbers.items()}


def _single_click(values: Options) -> HeraldModel:
    a, b = (emitter_of(values, node) for node in "ab")
    return StateBook().single_click(a, b, midpoint_of(values))


def _pair_source(values: Options) -> HeraldModel:
    return StateBook().pair_source(arm_of(values, "a"), arm_of(values, "b"), midpoint_of(values))


def _one_round(model: HeraldModel) -> Matrix:
    heralds = ((SIGN[port], model.patterns[port]) for port in PORTS)
    return _towards_phi((sign, herald.photon + herald.dark) for sign, herald in heralds)


def _barrett_kok(values: Options) -> Matrix:
    rounds = _emitters_twice(values)
    return _towards_phi((SIGN[x] * SIGN[y], rounds.state(x, y)) for x, y in product(PORTS, PORTS))


def _time_bin(values: Options) -> Matrix:
    rounds = _bins(values)
    kept = {(x, y): one_per_node(load(rounds.state(x, y), 4)) for x, y in product(PORTS, PORTS)}
    return _towards_phi((SIGN[x] * SIGN[y], state) for (x, y), state in kept.items())


def _reflection(values: Options) -> Matrix:
    result = reflected(values)
    return result.equal + _towards_phi([(1.0, result.different)])


def _emitters_twice(values: Options) -> Conditional:
    a, b = (emitter_of(values, node) for node in "ab")
    return StateBook().barrett_kok(a, b, midpoint_of(values))


def _bins(values: Options) -> Conditional:
    return StateBook().time_bin(arm_of(values, "a"), arm_of(values, "b"), midpoint_of(values))


def _towards_phi(heralded: Iterable[tuple[float, Matrix]]) -> Matrix:
    """Sum over (sign, state near Psi of that sign), each turned to phi+ by node B; not normalised."""
    total = np.zeros((4, 4), dtype=np.complex128)
    for sign, state in heralded:
        turn = kron(I2, X if sign > 0 else Z @ X)
        total += turn @ state @ turn.conj().T
    return total


_GENERAL: Mapping[str, Callable[[Options], dict[str, float]]] = {
    "single-click": lambda values: herald_numbers(_single_click(values)),
    "pair-source": lambda values: herald_numbers(_pair_source(values)),
    "barrett-kok": lambda values: herald_numbers(barrett_kok_numbers(_emitters_twice(values))),
    "time-bin": lambda values: time_bin_results(time_bin_numbers(_bins(values))),
}
_PAIRS: Mapping[str, Callable[[Options], Matrix]] = {
    "single-click": lambda values: _one_round(_single_click(values)),
    "pair-source": lambda values: _one_round(_pair_source(values)),
    "barrett-kok": _barrett_kok,
    "time-bin": _time_bin,
    "reflection": _reflection,
}
