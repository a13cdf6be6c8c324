# SPDX-License-Identifier: Apache-2.0
"""What a comparator makes of pulses and noise: a detector box's trigger level, a tagger's threshold.

Pulse heights and noise are normal. White noise below a bandwidth B crosses a level upwards
B/sqrt(3) exp(-level²/(2 sigma²)) times a second (S. O. Rice, Bell Syst. Tech. J. 24, 46 (1945), eq. 3.3-11).
"""

from __future__ import annotations

from math import erfc, exp, hypot, sqrt

from heraldlink_physics.errors import within


def passing(height_V: float, spread_V: float, noise_V: float, level_V: float) -> float:
    """Probability that a pulse on top of the noise reaches the level, 0..1.

    ``height_V``, ``spread_V``: mean and rms of the heights; ``noise_V``: rms of the noise; all >= 0.
    """
    within("height_V", height_V, 0)
    within("spread_V", spread_V, 0)
    within("noise_V", noise_V, 0)
    sigma_V = hypot(spread_V, noise_V)
    if sigma_V == 0:
        return 1.0 if height_V >= level_V else 0.0
    return erfc((level_V - height_V) / sigma_V / sqrt(2)) / 2


def noise_crossings_Hz(noise_V: float, bandwidth_Hz: float, level_V: float) -> float:
    """How often a second noise alone crosses the level upwards."""
    within("noise_V", noise_V, 0)
    within("bandwidth_Hz", bandwidth_Hz, 0)
    if noise_V == 0:
        return 0.0
    return bandwidth_Hz / sqrt(3) * exp(-((level_V / noise_V) ** 2) / 2)
