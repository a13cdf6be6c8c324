# SPDX-License-Identifier: Apache-2.0
"""A dilution refrigerator's mixing chamber under the heat of a pump."""

from __future__ import annotations

from math import exp, sqrt

from heraldlink_physics.errors import within


def mixing_chamber_K(base_K: float, heat_W: float, cooling_W_per_K2: float) -> float:
    """Steady temperature under a heat load, K, of a mixing chamber that rests at ``base_K`` without it.

    Its cooling power is ``cooling_W_per_K2`` T² (84 W s/(mol K²) times the circulation rate of helium 3:
    Pobell, Matter and Methods at Low Temperatures, 3rd ed., equation 7.26), less the heat that leaks in
    and holds it at ``base_K``. Raises PhysicsError for negative loads and for no cooling.
    """
    within("base_K", base_K, 1e-6)
    within("heat_W", heat_W, 0)
    within("cooling_W_per_K2", cooling_W_per_K2, 1e-12)
    return sqrt(base_K**2 + heat_W / cooling_W_per_K2)


def relaxed(now_K: float, target_K: float, elapsed_s: float, time_constant_s: float) -> float:
    """Temperature after ``elapsed_s`` on its way from ``now_K`` to ``target_K`` (one exponential)."""
    within("elapsed_s", elapsed_s, 0)
    within("time_constant_s", time_constant_s, 1e-9)
    return target_K + (now_K - target_K) * exp(-elapsed_s / time_constant_s)
