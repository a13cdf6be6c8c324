# SPDX-License-Identifier: Apache-2.0
"""Every heralding scheme through the general model, and a bounded memory of the settings asked for.

The closed forms of `single_click`, `pair_source` and `two_rounds` give the same numbers where they apply;
this model also takes any input state and any two arms.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from itertools import product
from math import nan
from typing import Generic, Literal, TypeVar

import numpy as np

from heraldlink_physics.clicks import SIGN
from heraldlink_physics.emitter_arm import emitter_arm, two_emissions
from heraldlink_physics.errors import within
from heraldlink_physics.general import TOLERATED_TAIL, Conditional, conditional
from heraldlink_physics.loading import fock_corner, load, one_per_node, psi_overlap
from heraldlink_physics.model import Arm, Cause, Emitter, Heralded, HeraldModel, Midpoint
from heraldlink_physics.pair_arm import pair_arm
from heraldlink_physics.permanents import Matrix
from heraldlink_physics.two_rounds import BarrettKok, TimeBin

WHY: tuple[Cause, ...] = ("none", "photon", "dark")
Port = Literal["c", "d"]
PORTS: tuple[Port, ...] = ("c", "d")
Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """The latest `capacity` values by their settings."""

    def __init__(self, capacity: int) -> None:
        within("capacity", capacity, 1)
        self._capacity = capacity
        self._known: OrderedDict[Hashable, Value] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, settings: Hashable, make: Callable[[], Value]) -> Value:
        """Return what was made for these settings, or make it."""
        if settings not in self._known:
            self._known[settings] = make()
            if len(self._known) > self._capacity:
                self._known.popitem(last=False)
        self._known.move_to_end(settings)
        return self._known[settings]


class StateBook:
    """Conditional states of every scheme by settings; the latest `capacity` of each kind are remembered."""

    def __init__(self, capacity: int = 128, tolerated_tail: float = TOLERATED_TAIL) -> None:
        within("tolerated_tail", tolerated_tail, 1e-16, 1)
        self._tail = tolerated_tail
        self._models: Remembered[HeraldModel] = Remembered(capacity)
        self._rounds: Remembered[Conditional] = Remembered(capacity)

    def __len__(self) -> int:
        return len(self._models) + len(self._rounds)

    def single_click(self, a: Emitter, b: Emitter, midpoint: Midpoint) -> HeraldModel:
        """Two emitters, one click."""
        return self._models.get(
            (a, b, midpoint),
            lambda: herald_model(conditional(emitter_arm(a), emitter_arm(b), midpoint), loaded=False),
        )

    def pair_source(self, a: Arm, b: Arm, midpoint: Midpoint) -> HeraldModel:
        """Two pair sources, one click."""
        return self._models.get((a, b, midpoint), lambda: herald_model(self._pairs(a, b, midpoint)))

    def barrett_kok(self, a: Emitter, b: Emitter, midpoint: Midpoint) -> Conditional:
        """Two emitters that start in sqrt(1-alpha)|g> + sqrt(alpha)|e>, two rounds, a flip between them."""
        return self._rounds.get(
            (a, b, midpoint),
            lambda: conditional(two_emissions(_start(a), a), two_emissions(_start(b), b), midpoint),
        )

    def time_bin(self, a: Arm, b: Arm, midpoint: Midpoint) -> Conditional:
        """Two pair sources pulsed twice; microwave modes: A early, A late, B early, B late.

        Dephasing counts once, as in `heraldlink_physics.two_rounds.time_bin`.
        """
        return self._rounds.get((a, b, midpoint), lambda: self._bins(a, b, midpoint))

    def _pairs(self, a: Arm, b: Arm, midpoint: Midpoint) -> Conditional:
        arm_a, arm_b = (pair_arm(arm, tolerated_tail=self._tail) for arm in (a, b))
        return conditional(arm_a, arm_b, midpoint, tolerated_tail=self._tail)

    def _bins(self, a: Arm, b: Arm, midpoint: Midpoint) -> Conditional:
        # The phase and the qubits' flips between the bins count once.
        still = Midpoint(midpoint.visibility, 0.0, midpoint.dark_probability, midpoint.detector_efficiency)
        steady = (_undisturbed(a), _undisturbed(b))
        return in_two_bins(self._pairs(*steady, still), self._pairs(a, b, midpoint))


def _start(emitter: Emitter) -> Matrix:
    amplitudes = np.sqrt([1 - emitter.bright, emitter.bright])
    return np.outer(amplitudes, amplitudes).astype(np.complex128)


def _undisturbed(arm: Arm) -> Arm:
    return Arm(arm.n_bar, arm.efficiency, arm.n_thermal, arm.n_added, arm.microwave_efficiency)


def in_two_bins(early: Conditional, late: Conditional) -> Conditional:
    """Two independent rounds of the same pair of nodes as one, ordered A early, A late, B early, B late."""
    levels = round(early.photon.shape[-1] ** 0.5)
    grids = [item.photon.reshape(4, *(levels,) * 4) for item in (early, late)]
    both = np.einsum("pabij,scdkl->psacbdikjl", *grids)
    return Conditional(both.reshape(4, 4, levels**4, levels**4), early.dark)


def herald_model(round_: Conditional, *, loaded: bool = True) -> HeraldModel:
    """What one round does, in the form of the closed forms; ``loaded``: the levels are microwave photons."""
    clicks = {click: round_.cause(click) for click in product(WHY, WHY)}
    ready = {click: load(state, 2) if loaded else state for click, state in clicks.items()}
    patterns = {
        "c": _heralded("c", round_.state("c"), ready["photon", "none"], ready["dark", "none"], loaded),
        "d": _heralded("d", round_.state("d"), ready["none", "photon"], ready["none", "dark"], loaded),
        "both": _both(ready),
    }
    return HeraldModel(patterns, ready)


def _heralded(port: Port, modes: Matrix, photon: Matrix, dark: Matrix, loaded: bool) -> Heralded:
    p = _trace(photon + dark)
    if p <= 0:
        return Heralded(0.0, photon, dark, nan, nan)
    fock = psi_overlap(fock_corner(modes, 2) if loaded else modes, SIGN[port]) / p
    return Heralded(p, photon, dark, fock, psi_overlap(photon + dark, SIGN[port]) / p)


def _both(ready: dict[tuple[Cause, Cause], Matrix]) -> Heralded:
    photon = ready["photon", "photon"] + ready["photon", "dark"] + ready["dark", "photon"]
    dark = ready["dark", "dark"]
    return Heralded(_trace(photon + dark), photon, dark, nan, nan)


def barrett_kok_numbers(rounds: Conditional) -> BarrettKok:
    """Probability and fidelity over the four heralding patterns."""
    states = {(x, y): rounds.state(x, y) for x in PORTS for y in PORTS}
    p = sum(_trace(state) for state in states.values())
    good = sum(psi_overlap(state, SIGN[x] * SIGN[y]) for (x, y), state in states.items())
    return BarrettKok(p, good / p, good / p) if p > 0 else BarrettKok(0.0, nan, nan)


def time_bin_numbers(rounds: Conditional) -> TimeBin:
    """Raw and post-selected numbers over the four heralding patterns."""
    p, sums = 0.0, np.zeros(4)  # good and kept in Fock space, then loaded
    for x, y in product(PORTS, PORTS):
        state = rounds.state(x, y)
        p += _trace(state)
        for place, qubits in enumerate((fock_corner(state, 4), load(state, 4))):
            logical = one_per_node(qubits)
            sums[2 * place] += psi_overlap(logical, SIGN[x] * SIGN[y])
            sums[2 * place + 1] += _trace(logical)
    if p <= 0:
        return TimeBin(0.0, nan, nan, nan, nan, nan, nan)
    good, kept, good_loaded, kept_loaded = sums.tolist()
    return TimeBin(
        probability=p,
        fidelity=good / p,
        fidelity_measured=good_loaded / p,
        post_selected_fidelity=good / kept if kept > 0 else nan,
        post_selected_fidelity_measured=good_loaded / kept_loaded if kept_loaded > 0 else nan,
        post_selection_probability=kept / p,
        post_selection_probability_measured=kept_loaded / p,
    )


def _trace(state: Matrix) -> float:
    return float(np.trace(state).real)
