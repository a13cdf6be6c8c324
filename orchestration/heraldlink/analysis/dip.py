# SPDX-License-Identifier: Apache-2.0
"""Coincidences that photons alone made, for a HOM dip: uncorrelated clicks taken out exactly."""

from __future__ import annotations

from math import sqrt

import numpy as np

from heraldlink.analysis.attempts import Clicks
from heraldlink.calibration.measured import Measured
from heraldlink.errors import RunFailed


def photon_coincidences(lit: Clicks, dark: Clicks) -> Measured:
    """Probability per attempt that photons make both detectors click.

    ``dark``: the same gate without light. An uncorrelated click leaves detector k silent with probability
    q_k, independent of photons, so that silences divide: P = 1 - S_c/q_c - S_d/q_d + S_cd/(q_c q_d), with
    S the shares of attempts in which the detectors stay silent. Raises RunFailed without attempts.
    """
    if not (lit.attempts and dark.attempts) or max(dark.c, dark.d) == dark.attempts:
        raise RunFailed(
            "coincidences: there are no attempts, or a detector clicks in all of them without light"
        )
    q_c, q_d = 1 - dark.c / dark.attempts, 1 - dark.d / dark.attempts
    silent = 1 - 1 / q_c - 1 / q_d + 1 / (q_c * q_d)
    weights = np.array([silent, 1 - 1 / q_d, 1 - 1 / q_c, 1.0])  # of none, c alone, d alone, both
    counts = np.array([lit.attempts - lit.any, lit.c - lit.both, lit.d - lit.both, lit.both])
    share = counts / lit.attempts
    value = float(weights @ share)
    variance = (float(weights**2 @ share) - value**2) / lit.attempts
    s_cd = float(share[0])
    for q, other, silent_share, seen in (
        (q_c, q_d, 1 - lit.c / lit.attempts, dark.c),
        (q_d, q_c, 1 - lit.d / lit.attempts, dark.d),
    ):
        slope = (silent_share - s_cd / other) / q**2
        variance += slope**2 * max(q * (1 - q), (1 if seen == 0 else 0) / dark.attempts) / dark.attempts
    return Measured(value, sqrt(max(0.0, variance)))
