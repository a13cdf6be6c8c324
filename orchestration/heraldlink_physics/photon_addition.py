# SPDX-License-Identifier: Apache-2.0
"""What one detected optical photon of a pulsed pair source tells about the microwave mode.

The two modes are Gaussian with <a_o† a_o> = n(1+m), <a_m† a_m> = m + n(1+m), <a_o a_m>² = n(1+n)(1+m)², n the
mean pairs and m the thermal occupation. Without a click the microwave mode keeps its mean less
η<a_o a_m>²/(1 + η<a_o† a_o>); what a click means follows from the average of both.
"""

from __future__ import annotations

from dataclasses import dataclass

from heraldlink_physics.errors import PhysicsError, within
from heraldlink_physics.model import MOST_PHOTONS


@dataclass(frozen=True, slots=True)
class Addition:
    """One pulse and its click."""

    click_probability: float
    """Per pulse, dark counts included."""
    added_photons: float
    """Mean microwave photons given a click, less the mean of all pulses; before losses of the microwave."""
    microwave_photons: float
    """Mean of all pulses, before losses."""


def photon_addition(n_bar: float, n_thermal: float, efficiency: float, dark: float = 0.0) -> Addition:
    """Exact for a threshold detector; a rare click without dark counts adds 1 + n_thermal photons.

    `efficiency` from pair to click and `dark` per pulse are 0..1. Raises PhysicsError if nothing can click.
    """
    within("n_bar", n_bar, 0, MOST_PHOTONS)
    within("n_thermal", n_thermal, 0, MOST_PHOTONS)
    within("efficiency", efficiency, 0, 1)
    within("dark", dark, 0, 1)
    optical = n_bar * (1 + n_thermal)
    microwave = n_thermal + optical
    pull = efficiency * n_bar * (1 + n_bar) * (1 + n_thermal) ** 2 / (1 + efficiency * optical)
    silent = (1 - dark) / (1 + efficiency * optical)
    if silent == 1:
        raise PhysicsError("a click is impossible: needs pairs and an efficiency above 0, or dark counts")
    clicks = (dark + efficiency * optical) / (1 + efficiency * optical)
    return Addition(clicks, pull * silent / clicks, microwave)
